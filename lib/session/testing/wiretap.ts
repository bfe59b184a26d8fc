/** A third party that holds the keys: reads every unit that passes between two planes, as the wire has it. */
import { PacketBudget, SrtpStreamKeys } from "../../crypto/srtp_keys.ts";
import { rtcpKeys, streamKeys } from "../../crypto/key_schedule.ts";
import { estimateIndex } from "../../crypto/packet_index.ts";
import { srtcpOverheadBytes, SrtcpReceiver } from "../../crypto/srtcp.ts";
import { SrtpReceiver } from "../../crypto/srtp_unprotect.ts";
import type { Authentication } from "../../crypto/suites.ts";
import { readU32 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { type ArcRtpFields, ArcRtpView } from "../../packet/arcrtp.ts";
import { classifyUnit, UnitKind } from "../../packet/demux.ts";
import { StampReader } from "../../packet/extensions.ts";
import { ReducedReceiver } from "../../packet/reduced_receiver.ts";
import { parseRtcp, type RtcpPacket } from "../../packet/rtcp/compound.ts";
import type { StreamStart } from "../../signaling/messages/stream_start.ts";
import { mediaSsrcs } from "../../signaling/messages/stream_start.ts";
import { BACKEND, CALLEE, CALLER, master, type PlanePair } from "./plane_pair.ts";

export interface TappedPacket {
  readonly kind: "packet";
  readonly from: "caller" | "callee";
  readonly atMs: number;
  readonly role: "media" | "rtx" | "fec";
  readonly wasReduced: boolean;
  readonly wireBytes: number;
  readonly index: number;
  readonly fields: ArcRtpFields;
  readonly payload: Uint8Array;
  readonly sendTime24: number | undefined;
  readonly transportSequence16: number | undefined;
  /** First byte of the Arc block, to see its reserved bits. */
  readonly arcByte: number;
}

export interface TappedRtcp {
  readonly kind: "rtcp";
  readonly from: "caller" | "callee";
  readonly atMs: number;
  readonly wireBytes: number;
  readonly senderSsrc: number;
  readonly index: number;
  readonly epoch: number;
  readonly packets: readonly RtcpPacket[];
}

type Tapped = TappedPacket | TappedRtcp;

/** Attach before anything is sent; then all that passes is in {@link packets} and {@link rtcp}. */
export class Wiretap {
  readonly packets: TappedPacket[] = [];
  readonly rtcp: TappedRtcp[] = [];
  /** Units that could not be read: a fault of the planes or of this reader. */
  unread = 0;
  readonly #authentication: Authentication;
  readonly #epochs: number;
  readonly #roles = new Map<number, { readonly streamId: string; readonly role: TappedPacket["role"] }>();
  readonly #receivers = new Map<number, SrtpReceiver>();
  readonly #rtcpReceivers = new Map<number, SrtcpReceiver>();
  readonly #keys = new Map<string, SrtpStreamKeys>();
  readonly #reduced = new ReducedReceiver();

  constructor(pair: PlanePair, starts: readonly StreamStart[], authentication: Authentication, epochs = 1) {
    this.#authentication = authentication;
    this.#epochs = epochs;
    for (const start of starts) {
      for (const ssrc of mediaSsrcs(start)) this.#roles.set(ssrc, { streamId: start.stream_id, role: "media" });
      for (const { ssrc } of start.rtx ?? []) this.#roles.set(ssrc, { streamId: start.stream_id, role: "rtx" });
      for (const { ssrc } of start.fec ?? []) this.#roles.set(ssrc, { streamId: start.stream_id, role: "fec" });
      for (const { context_id: contextId, ssrc, payload_type: payloadType, quality } of start.reduced_header ?? []) {
        this.#reduced.define({ contextId, ssrc, payloadType, quality });
      }
    }
    const before = pair.tap;
    pair.tap = (unit, from, nowMs) => {
      const tapped = this.#read(unit, from, nowMs);
      if (tapped === undefined) this.unread++;
      else if (tapped.kind === "packet") this.packets.push(tapped);
      else this.rtcp.push(tapped);
      return before?.(unit, from, nowMs) ?? "pass";
    };
  }

  of(role: TappedPacket["role"]): readonly TappedPacket[] {
    return this.packets.filter((packet) => packet.role === role);
  }

  #read(unit: Uint8Array, from: "caller" | "callee", atMs: number): Tapped | undefined {
    const pool = new Uint8Array(12 + unit.length);
    pool.set(unit, 12);
    const kind = classifyUnit(unit);
    if (kind === UnitKind.rtcp) return this.#readRtcp(pool, unit.length, from, atMs);
    const wasReduced = kind === UnitKind.reduced;
    if (wasReduced && !this.#reduced.expand(pool, 12, pool.length)) return undefined;
    const view = new ArcRtpView();
    if (!view.parse(pool, wasReduced ? 0 : 12, pool.length)) return undefined;
    const known = this.#roles.get(view.ssrc);
    if (known === undefined) return undefined;
    const receiver = this.#receivers.get(view.ssrc) ?? new SrtpReceiver(view.ssrc, atMs, { windowPackets: 4096 });
    this.#receivers.set(view.ssrc, receiver);
    const epoch = this.#epochOfPhase(view.keyPhase);
    const keys = this.#keysOf(`${epoch} ${known.streamId}`, () => streamKeys(master(epoch), known.streamId, SUITE));
    if (receiver.unprotect(keys, view, atMs) !== "ok") return undefined;
    const index = estimateIndex(view.sequenceNumber, receiver.highestIndex);
    this.#reduced.authenticated(view, index, wasReduced);
    const plainEnd = pool.length - keys.overheadBytes;
    view.parse(pool, view.start, plainEnd);
    const stamps = new StampReader();
    stamps.read(view);
    return {
      kind: "packet",
      from,
      atMs,
      role: known.role,
      wasReduced,
      wireBytes: unit.length,
      index,
      fields: view.fields(),
      payload: view.payload().slice(),
      sendTime24: stamps.sendTime24,
      transportSequence16: stamps.transportSequence16,
      arcByte: pool[view.arcStart],
    };
  }

  #readRtcp(pool: Uint8Array, length: number, from: "caller" | "callee", atMs: number): TappedRtcp | undefined {
    const senderSsrc = readU32(pool, 16);
    const receiver = this.#rtcpReceivers.get(senderSsrc) ?? new SrtcpReceiver(senderSsrc);
    this.#rtcpReceivers.set(senderSsrc, receiver);
    const peerId = from === "caller" ? CALLER : CALLEE;
    for (let epoch = this.#epochs - 1; epoch >= 0; epoch--) {
      const keys = this.#keysOf(`${epoch} rtcp ${peerId}`, () => rtcpKeys(master(epoch), peerId, SUITE));
      if (receiver.unprotect(keys, pool, 12, pool.length) !== "ok") continue;
      const packets = unwrap(parseRtcp(pool.subarray(12, pool.length - srtcpOverheadBytes(keys))));
      const index = receiver.highestIndex;
      return { kind: "rtcp", from, atMs, wireBytes: length, senderSsrc, index, epoch, packets };
    }
    return undefined;
  }

  #epochOfPhase(keyPhase: number): number {
    for (let epoch = this.#epochs - 1; epoch >= 0; epoch--) if ((epoch & 3) === keyPhase) return epoch;
    return 0;
  }

  #keysOf(name: string, derive: () => ReturnType<typeof streamKeys>): SrtpStreamKeys {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const keys = new SrtpStreamKeys(BACKEND, SUITE, this.#authentication, derive(), new PacketBudget());
    this.#keys.set(name, keys);
    return keys;
  }
}

const SUITE = "aes-128-gcm";
