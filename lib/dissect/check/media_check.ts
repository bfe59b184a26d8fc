/** What the packets of a stream owe its announcement and one another. */
import { StampReader } from "../../packet/extensions.ts";
import { UnitKind } from "../../packet/demux.ts";
import { findCodec, FLEXFEC_PAYLOAD_TYPE, RTX_PAYLOAD_TYPE } from "../../media/codec.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { SsrcEntry } from "../model/session_registry.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, flowOf, type SessionBeginnings, streamSubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_STREAMS = 16_384;
/** Numbers of either kind that a second use is looked for among, and of how many streams. */
const RECENT = 1024;
const MAX_RECENT = 4096;
const FIRST_SLOTS = 16;
/** SPEC ARC-RTP-initial-sequence. */
const INITIAL_LIMIT = 0x8000;
/** A first packet this long after its announcement may not have been the first. */
const FIRST_WITHIN_S = 5;
/** What was on its way when the stream was stopped. */
const AFTER_STOP_S = 1;
/** SPEC ARC-QUALITY-default-ladder. */
const DEFAULT_RUNGS = 4;

/**
 * Remembers what was sent under the last numbers, to tell a repetition from another packet. Small at first: most of a million
 * streams in a hostile capture have one packet.
 */
class RecentUses {
  #hashes = new Int32Array(FIRST_SLOTS);
  #numbers = new Int32Array(FIRST_SLOTS).fill(-1);
  #taken = 0;

  /** True when the number was used shortly before by something else. */
  clashes(number16: number, hash: number): boolean {
    const slot = number16 % this.#numbers.length;
    if (this.#numbers[slot] === number16) return this.#hashes[slot] !== hash;
    this.#numbers[slot] = number16;
    this.#hashes[slot] = hash;
    if (++this.#taken === this.#numbers.length && this.#taken < RECENT) this.#grow();
    return false;
  }

  #grow(): void {
    const [numbers, hashes] = [this.#numbers, this.#hashes];
    this.#numbers = new Int32Array(RECENT).fill(-1);
    this.#hashes = new Int32Array(RECENT);
    numbers.forEach((number, i) => {
      if (number < 0) return;
      this.#numbers[number % RECENT] = number;
      this.#hashes[number % RECENT] = hashes[i];
    });
  }
}

interface Moment {
  readonly atS: number;
  readonly packet: number;
}

export class MediaCheck implements Check {
  readonly #findings: Findings;
  readonly #beginnings: SessionBeginnings;
  /** By flow and SSRC. */
  readonly #uses = new BoundedMap<string, RecentUses>(MAX_RECENT);
  /** SSRCs that have sent. */
  readonly #begun = new BoundedMap<number, true>(MAX_STREAMS);
  /** By flow. */
  readonly #transport = new BoundedMap<number, RecentUses>(MAX_RECENT);
  /** When streams were announced and stopped, by stream_id. */
  readonly #announcedS = new BoundedMap<string, number>(MAX_STREAMS);
  /** By session_id. */
  readonly #disconnects = new BoundedMap<string, Moment>(MAX_STREAMS);
  readonly #stops = new BoundedMap<string, Moment>(MAX_STREAMS);
  readonly #stamps = new StampReader();

  constructor(findings: Findings, beginnings: SessionBeginnings) {
    this.#findings = findings;
    this.#beginnings = beginnings;
  }

  unit(unit: UnitModel): void {
    const { message } = unit;
    if (message?.type === "STREAM_START" && this.#announcedS.get(message.stream_id) === undefined) {
      this.#announcedS.set(message.stream_id, unit.timeS);
    } else if (message?.type === "STREAM_STOP" && this.#stops.get(message.stream_id) === undefined) {
      this.#stops.set(message.stream_id, { atS: unit.timeS, packet: unit.unit.packet });
      this.#findings.judged("ARC-SIG-state-stop");
    } else if (message?.type === "DISCONNECT" && this.#disconnects.get(message.session_id) === undefined) {
      this.#disconnects.set(message.session_id, { atS: unit.timeS, packet: unit.unit.packet });
      this.#findings.judged("ARC-SIG-state-disconnect");
    } else if (unit.rtp !== undefined && unit.dialect === "arcrtc-1.0") this.#packet(unit);
  }

  #packet(unit: UnitModel): void {
    const { rtp, arc, entry } = unit;
    if (rtp === undefined || arc === undefined) return;
    const { ssrc, sequenceNumber } = rtp;
    this.#nonce(unit, ssrc, sequenceNumber);
    if (unit.unit.kind === UnitKind.arcrtp && arc.hasExtension) this.#transportSequence(unit, ssrc, sequenceNumber);
    if (entry === undefined) return;
    this.#begin(unit, entry, sequenceNumber);
    this.#format(unit, entry, rtp.payloadType, arc.priority);
    this.#ladder(unit, entry, arc.quality);
    this.#disconnected(unit, entry);
    const stop = this.#stops.get(entry.stream.id);
    if (stop !== undefined && unit.timeS > stop.atS + AFTER_STOP_S) {
      const lateMs = Math.round((unit.timeS - stop.atS) * 1000);
      this.#add("ARC-SIG-state-stop", unit, `a packet ${lateMs} ms after the STREAM_STOP of packet ${stop.packet}`);
    }
  }

  /** The same SSRC and sequence number twice, with different bytes: the same nonce twice (SPEC §3.4). */
  #nonce(unit: UnitModel, ssrc: number, sequence16: number): void {
    const key = `${flowOf(unit)} ${ssrc}`;
    const uses = this.#uses.obtain(key, () => new RecentUses());
    const { bytes, start, end } = unit.unit;
    // The header may be the same packet's reduced one: what lies at the end tells them apart.
    this.#findings.judged("ARC-KEY-index-continues");
    if (uses.clashes(sequence16, hashOf(bytes, Math.max(start, end - 32), end))) {
      const text = `two different packets with sequence number ${sequence16}: their nonce is the same`;
      this.#add("ARC-KEY-index-continues", unit, text);
    }
  }

  #transportSequence(unit: UnitModel, ssrc: number, sequence16: number): void {
    const { arc } = unit;
    if (arc === undefined || !this.#stamps.read(arc)) return;
    const number = this.#stamps.transportSequence16;
    if (number === undefined) return;
    const flow = flowOf(unit);
    const uses = this.#transport.obtain(flow, () => new RecentUses());
    this.#findings.judged("ARC-RTP-ext-transport-sequence-counter");
    if (uses.clashes(number, (Math.imul(ssrc, 31) + sequence16) | 0)) {
      const text = `transport-wide sequence number ${number} is on two different packets`;
      this.#add("ARC-RTP-ext-transport-sequence-counter", unit, text);
    }
  }

  #begin(unit: UnitModel, entry: SsrcEntry, sequence16: number): void {
    const { ssrc, stream } = entry;
    if (this.#begun.get(ssrc) === true) return;
    this.#begun.set(ssrc, true);
    const announcedS = this.#announcedS.get(stream.id);
    const isFirst = announcedS !== undefined && unit.timeS - announcedS < FIRST_WITHIN_S &&
      stream.start.roc === undefined &&
      this.#beginnings.has(stream.session.id);
    if (isFirst) this.#findings.judged("ARC-RTP-initial-sequence");
    if (isFirst && sequence16 >= INITIAL_LIMIT) {
      this.#add("ARC-RTP-initial-sequence", unit, `the first sequence number is ${sequence16}, it must be below 32768`);
    }
  }

  #format(unit: UnitModel, entry: SsrcEntry, payloadType: number, priority: number): void {
    const announced = payloadTypesOf(entry);
    this.#findings.judged("ARC-RTP-priority-values");
    if (announced.length > 0) this.#findings.judged("ARC-RTP-unknown-payload-type");
    if (announced.length > 0 && !announced.includes(payloadType)) {
      const text = `payload type ${payloadType}, announced is ${announced.join(", ")}`;
      this.#add("ARC-RTP-unknown-payload-type", unit, text);
    }
    const isWrong = entry.role === "audio"
      ? priority !== 0
      : entry.role === "fec"
      ? priority !== 3
      : entry.role === "video" && priority === 0;
    if (isWrong) this.#add("ARC-RTP-priority-values", unit, `PR ${priority} on ${entry.role}`);
  }

  /** SPEC ARC-QUALITY-index-range. */
  #ladder(unit: UnitModel, { role, stream }: SsrcEntry, quality: number): void {
    if (role !== "audio" && role !== "video") return;
    const rungs = stream.start.quality_ladder?.length ?? DEFAULT_RUNGS;
    this.#findings.judged("ARC-QUALITY-index-range");
    if (quality >= rungs) {
      this.#add("ARC-QUALITY-index-range", unit, `Q ${quality}, and the stream's ladder has ${rungs} rungs`);
    }
  }

  /** SPEC ARC-SIG-state-disconnect. */
  #disconnected(unit: UnitModel, { stream }: SsrcEntry): void {
    const end = this.#disconnects.get(stream.session.id);
    if (end === undefined || unit.timeS <= end.atS + AFTER_STOP_S) return;
    const lateMs = Math.round((unit.timeS - end.atS) * 1000);
    this.#add("ARC-SIG-state-disconnect", unit, `a packet ${lateMs} ms after the DISCONNECT of packet ${end.packet}`);
  }

  #add(rule: RuleId, unit: UnitModel, message: string): void {
    this.#findings.add(rule, streamSubject(unit), unit.unit.packet, message);
  }
}

/** What a STREAM_START says of an SSRC; empty where it says nothing. */
function payloadTypesOf({ role, ssrc, stream }: SsrcEntry): readonly number[] {
  const { codec, rtx = [], fec = [] } = stream.start;
  if (role === "rtx") {
    return rtx.filter((each) => each.ssrc === ssrc).map((each) => each.payload_type ?? RTX_PAYLOAD_TYPE);
  }
  if (role === "fec") {
    return fec.filter((each) => each.ssrc === ssrc).map((each) => each.payload_type ?? FLEXFEC_PAYLOAD_TYPE);
  }
  if (role === "rtcp") return [];
  const block = codec[role];
  const payloadType = block?.payload_type ?? findCodec(block?.name ?? "")?.payloadType;
  return payloadType === undefined ? [] : [payloadType];
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x0100_0193);
  return hash;
}
