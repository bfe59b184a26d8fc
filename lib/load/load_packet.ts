/**
 * What a load generator sends through a relay: full ArcRTP packets, one stream for each session and class, that look like
 * protected media to whoever forwards them. The payload begins with a mark, by which the receiving end knows them again.
 *
 * ```
 *  0         16      20        24         28            36            44
 * +---------+-------+---------+----------+-------------+-------------+----------- - -
 * | ArcRTP  | run   | session | sequence | sent, f64   | due, f64    | filling
 * +---------+-------+---------+----------+-------------+-------------+----------- - -
 * ```
 *
 * Times are monotonic ms of the one process that is both ends. The sequence counts the packets of one session and class;
 * the RTP sequence number is its lower 16 bits.
 */
import { readU32, writeU32 } from "../base/bytes.ts";
import { ARCRTP_MIN_HEADER_BYTES, ArcRtpView, Priority, writeArcRtpHeader } from "../packet/arcrtp.ts";
import { RTP_FIXED_HEADER_BYTES } from "../packet/rtp_header.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";

const SESSION_AT = 4;
const SEQUENCE_AT = 8;
const SENT_AT = 12;
const DUE_AT = 20;
const MARK_BYTES = 28;

/** A packet has no room for its mark below this. */
export const MIN_LOAD_PACKET_BYTES: number = ARCRTP_MIN_HEADER_BYTES + MARK_BYTES;

/** As a session would number them: audio, which is what PR 0 is for, and video. */
const AUDIO = { payloadType: 111, ticksPerMs: 48 } as const;
const VIDEO = { payloadType: 96, ticksPerMs: 90 } as const;

/** Which packet of a run one is. */
export interface LoadPlace {
  /** 0, 1, 2 ... */
  readonly session: number;
  /** PR, 0..3. */
  readonly priority: number;
  /** 0, 1, 2 ... of this session and class. */
  readonly sequence: number;
}

/** Writes packets; allocates nothing for each. */
export class LoadPacketWriter {
  readonly #runId: number;
  readonly #fields = {
    marker: false,
    payloadType: 0,
    sequenceNumber: 0,
    timestamp: 0,
    ssrc: 0,
    quality: 0,
    priority: 0,
    keyPhase: 0,
    payload: new Uint8Array(0),
  };

  /** `runId` tells this run's packets from those of another, u32. */
  constructor(runId: number) {
    this.#runId = runId >>> 0;
  }

  /** Writes header and mark at `out[at..]`, {@link MIN_LOAD_PACKET_BYTES}; what is behind is filling and left as it is. */
  write(out: Uint8Array, at: number, place: LoadPlace, dueMs: number): void {
    const { session, priority, sequence } = place;
    const media = priority === Priority.critical ? AUDIO : VIDEO;
    const fields = this.#fields;
    fields.payloadType = media.payloadType;
    fields.sequenceNumber = sequence & 0xffff;
    fields.timestamp = Math.floor(dueMs * media.ticksPerMs) >>> 0;
    fields.ssrc = ssrcOf(session, priority);
    fields.priority = priority;
    const mark = at + writeArcRtpHeader(fields, out, at);
    writeU32(out, mark, this.#runId);
    writeU32(out, mark + SESSION_AT, session);
    writeU32(out, mark + SEQUENCE_AT, sequence);
    writeF64(out, mark + DUE_AT, dueMs);
  }
}

/** Notes in the packet at `bytes[at..]` when it leaves: right before it does, so that no wait of our own counts. */
export function stampSent(bytes: Uint8Array, at: number, sentMs: number): void {
  writeF64(bytes, at + ARCRTP_MIN_HEADER_BYTES + SENT_AT, sentMs);
}

/** When the packet was due, for whoever stamps it. */
export function dueMsOf(bytes: Uint8Array, at: number): number {
  return readF64(bytes, at + ARCRTP_MIN_HEADER_BYTES + DUE_AT);
}

/** PR of the packet at `bytes[at..]`, which has no extension: {@link LoadPacketWriter} writes none. */
export function priorityOf(bytes: Uint8Array, at: number): number {
  return (bytes[at + RTP_FIXED_HEADER_BYTES] >>> 4) & 3;
}

/** Each session and class has one of its own, never 0. */
export function ssrcOf(session: number, priority: number): number {
  return (session * PRIORITIES + priority + 1) >>> 0;
}

/** Reads packets of one run; keep one and use it for every packet. */
export class LoadPacketReader implements LoadPlace {
  session = 0;
  priority = 0;
  sequence = 0;
  sentMs = 0;
  dueMs = 0;
  readonly #runId: number;
  readonly #view = new ArcRtpView();

  constructor(runId: number) {
    this.#runId = runId >>> 0;
  }

  /** False where the unit at `bytes[start..end)` is no packet of the run. */
  parse(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (end - start < MIN_LOAD_PACKET_BYTES || !this.#view.parse(bytes, start, end)) return false;
    const mark = this.#view.payloadStart;
    if (end - mark < MARK_BYTES || readU32(bytes, mark) !== this.#runId) return false;
    this.priority = this.#view.priority;
    this.session = readU32(bytes, mark + SESSION_AT);
    this.sequence = readU32(bytes, mark + SEQUENCE_AT);
    this.sentMs = readF64(bytes, mark + SENT_AT);
    this.dueMs = readF64(bytes, mark + DUE_AT);
    return this.#view.ssrc === ssrcOf(this.session, this.priority);
  }
}

const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** In the machine's own byte order: nobody else reads it. */
function writeF64(out: Uint8Array, at: number, value: number): void {
  float[0] = value;
  out.set(floatBytes, at);
}

function readF64(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < floatBytes.length; i++) floatBytes[i] = bytes[at + i];
  return float[0];
}
