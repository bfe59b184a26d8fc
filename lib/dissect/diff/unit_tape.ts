/**
 * What has to be remembered of every unit of a capture to find it again in another one: a name, a moment, what it is of, and
 * hashes that tell whether its bytes are the same. Some 50 bytes a unit, up to a bound.
 *
 * A packet of media is named by its SSRC, sequence number and timestamp, which a header that a hop reduced or made full
 * does not change; of the extended sequence number two captures that begin at different moments would not agree. SRTCP is
 * named by its sender and index, everything else by its bytes; frames of a Phoenix channel itself have no name.
 */
import { UnitKind } from "../../packet/demux.ts";
import { REDUCED_HEADER_BYTES } from "../../packet/reduced.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { hashBytes, hashNumbers } from "./unit_hash.ts";

export interface TapeLimits {
  readonly units: number;
  readonly groups: number;
}

export const DEFAULT_TAPE_LIMITS: TapeLimits = { units: 1_000_000, groups: 4096 };

/** Units that belong together: a stream, the RTCP of a sender, messages of a type; in one direction of a conversation. */
export interface UnitGroup {
  readonly kind: "media" | "rtcp" | "message" | "other";
  /** Conversation and direction: the lowest bit turned is the other direction. */
  readonly flow: number;
  readonly source: string;
  readonly destination: string;
  readonly transport: string;
  readonly ssrc: number | undefined;
  /** `audio opus`, `HEARTBEAT sealed`, ... */
  readonly what: string;
}

/** What of a unit's content can be compared. */
const WHOLE = 1;
const BODY = 2;

/** Key of units that have no name. */
export const UNNAMED = -1;

const SEED_BYTES = 1;
const SEED_MEDIA = 2;
const SEED_SRTCP = 3;
const FIRST_CAPACITY = 4096;

export class UnitTape {
  count = 0;
  /** Units beyond the bounds. */
  untracked = 0;
  readonly groups: UnitGroup[] = [];
  /** Seconds from the capture's first unit to the last one on the tape: what can be compared ends there. */
  lastS = 0;
  /** Of the first unit, seconds since 1970, in two parts. */
  originS = 0;
  originNs = 0;

  /** By unit, in the order of the capture. */
  keys = new Float64Array(FIRST_CAPACITY);
  timesS = new Float64Array(FIRST_CAPACITY);
  groupOf = new Uint16Array(FIRST_CAPACITY);
  packets = new Uint32Array(FIRST_CAPACITY);
  /** Sequence number of media; 0 for others. */
  sequence16 = new Uint16Array(FIRST_CAPACITY);
  lengths = new Uint16Array(FIRST_CAPACITY);
  #bodies = new Float64Array(FIRST_CAPACITY);
  #wholes = new Float64Array(FIRST_CAPACITY);
  #content = new Uint8Array(FIRST_CAPACITY);

  readonly #limits: TapeLimits;
  readonly #groupIds = new Map<string, number>();

  constructor(limits: TapeLimits = DEFAULT_TAPE_LIMITS) {
    this.#limits = limits;
  }

  /** Takes the next unit, whatever it is. */
  handle(unit: UnitModel): void {
    if (this.count + this.untracked === 0) {
      this.originS = unit.originS;
      this.originNs = unit.originNs;
    }
    const group = this.count < this.#limits.units ? this.#group(unit) : undefined;
    if (group === undefined) {
      this.untracked++;
      return;
    }
    this.lastS = Math.max(this.lastS, unit.timeS);
    if (this.count === this.keys.length) this.#grow();
    const at = this.count++;
    this.timesS[at] = unit.timeS;
    this.groupOf[at] = group;
    this.packets[at] = unit.unit.packet;
    this.lengths[at] = unit.unit.length;
    this.sequence16[at] = unit.rtp?.sequenceNumber ?? 0;
    this.#name(unit, at);
  }

  /** True where what both captures have of the unit is not the same; where nothing can be compared, it is. */
  isAltered(at: number, other: UnitTape, otherAt: number): boolean {
    const both = this.#content[at] & other.#content[otherAt];
    if ((both & WHOLE) !== 0) return this.#wholes[at] !== other.#wholes[otherAt];
    return (both & BODY) !== 0 && this.#bodies[at] !== other.#bodies[otherAt];
  }

  #name(model: UnitModel, at: number): void {
    const { unit, rtp } = model;
    const { bytes, start, end } = unit;
    this.#content[at] = 0;
    if (rtp !== undefined) {
      this.keys[at] = hashNumbers(SEED_MEDIA, rtp.ssrc, rtp.sequenceNumber, rtp.timestamp);
      if (unit.cutBytes > 0) return;
      const isReduced = unit.kind === UnitKind.reduced;
      const body = isReduced ? start + REDUCED_HEADER_BYTES : rtp.payloadStart;
      this.#bodies[at] = hashBytes(bytes, body, end, SEED_BYTES);
      this.#wholes[at] = hashBytes(bytes, start, end, SEED_BYTES);
      this.#content[at] = isReduced ? BODY : BODY | WHOLE;
      return;
    }
    if (unit.envelope?.kind === "phoenix" && !unit.envelope.hasMessage) {
      // Said between a peer and its server alone; two peers are told the same words.
      this.keys[at] = UNNAMED;
      return;
    }
    const whole = hashBytes(bytes, start, end, SEED_BYTES);
    const { rtcp, ssrc } = model;
    if (ssrc !== undefined && (rtcp?.kind === "protected" || rtcp?.kind === "opened")) {
      this.keys[at] = hashNumbers(SEED_SRTCP, ssrc, rtcp.index);
      this.#wholes[at] = whole;
      this.#content[at] = unit.cutBytes > 0 ? 0 : WHOLE;
      return;
    }
    this.keys[at] = whole;
  }

  #group(model: UnitModel): number | undefined {
    const { unit, ssrc } = model;
    const flow = 2 * unit.conversation + unit.direction;
    const { kind, what } = kindOf(model);
    const own = kind === "media" || kind === "rtcp" ? ssrc : undefined;
    const key = `${flow} ${kind} ${own ?? what}`;
    const known = this.#groupIds.get(key);
    if (known !== undefined) return known;
    if (this.groups.length >= this.#limits.groups) return undefined;
    const { source, destination, transport } = unit;
    this.groups.push({ kind, flow, source: source.text, destination: destination.text, transport, ssrc: own, what });
    this.#groupIds.set(key, this.groups.length - 1);
    return this.groups.length - 1;
  }

  #grow(): void {
    const capacity = Math.min(this.#limits.units, 2 * this.keys.length);
    this.keys = grown(this.keys, new Float64Array(capacity));
    this.timesS = grown(this.timesS, new Float64Array(capacity));
    this.groupOf = grown(this.groupOf, new Uint16Array(capacity));
    this.packets = grown(this.packets, new Uint32Array(capacity));
    this.sequence16 = grown(this.sequence16, new Uint16Array(capacity));
    this.lengths = grown(this.lengths, new Uint16Array(capacity));
    this.#bodies = grown(this.#bodies, new Float64Array(capacity));
    this.#wholes = grown(this.#wholes, new Float64Array(capacity));
    this.#content = grown(this.#content, new Uint8Array(capacity));
  }
}

/** Of B's first unit from A's, in seconds: each tape counts from its own. Exact to the nanosecond. */
export function originDistanceS(a: UnitTape, b: UnitTape): number {
  return b.originS - a.originS + (b.originNs - a.originNs) / 1e9;
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

function kindOf(model: UnitModel): Pick<UnitGroup, "kind" | "what"> {
  const { entry, rtp, unit } = model;
  if (rtp !== undefined) {
    const { audio, video } = entry?.stream.start.codec ?? {};
    const codec = entry?.role === "audio" ? audio?.name : entry?.role === "video" ? video?.name : undefined;
    return { kind: "media", what: [entry?.role ?? `pt ${rtp.payloadType}`, codec ?? ""].join(" ").trim() };
  }
  if (unit.kind === UnitKind.rtcp) return { kind: "rtcp", what: "rtcp" };
  const type = (model.message ?? model.status ?? model.engineMessage)?.type;
  if (type !== undefined) return { kind: "message", what: model.isSealed ? `${type} sealed` : type };
  return { kind: "other", what: unit.envelope?.kind === "phoenix" ? unit.envelope.event : "other" };
}
