/**
 * Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): when each packet of a
 * path arrived, by the transport-wide sequence number of its header extension.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P| FMT =15 |    PT = 205   |             length            |
 * +---+-+---------+---------------+-------------------------------+
 * |                     SSRC of packet sender                     |
 * +---------------------------------------------------------------+
 * |                     SSRC of media source                      |
 * +-------------------------------+-------------------------------+
 * |     base sequence number      |      packet status count      |
 * +-------------------------------+---------------+---------------+
 * |        reference time, u24 in 64 ms           | feedback count|
 * +-------------------------------+---------------+---------------+
 * |      packet status chunk      |    packet status chunk ...    |
 * +---------------+---------------+-------------------------------+
 * |  small delta  |  large delta, s16  ...        |  zero bytes   |
 * +---------------+-------------------------------+---------------+
 * ```
 *
 * Deltas count 250 us from the arrival before; the first from the reference time.
 */
import { readU16, readU24, readU32, writeU16, writeU24 } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { nearest } from "../../base/serial.ts";
import { FEEDBACK_FIXED_BYTES, type FeedbackSources, writeFeedbackStart } from "./feedback.ts";
import { FMT_TRANSPORT_FEEDBACK, PT_RTPFB, type RtcpHeader, wrongLength } from "./header.ts";
import { LARGE_DELTA, packChunks, SMALL_DELTA, walkChunks } from "./transport_feedback_chunks.ts";

/** Everything before the first chunk. */
export const TRANSPORT_FEEDBACK_FIXED_BYTES = FEEDBACK_FIXED_BYTES + 8;
export const DELTA_TICK_US = 250;
/** One step of the reference time: 256 delta ticks. */
export const REFERENCE_TICK_US = 64_000;
const TICKS_PER_REFERENCE = REFERENCE_TICK_US / DELTA_TICK_US;

/** One packet that arrived. */
export interface ReceivedStatus {
  readonly sequence16: number;
  /** Since the arrival before, in 250 us: -32768..32767. */
  readonly deltaTicks: number;
}

/** Packets in `baseSequence16 .. + statusCount - 1` that are not in `received` did not arrive. */
export interface TransportFeedback extends FeedbackSources {
  readonly kind: "transport_feedback";
  readonly baseSequence16: number;
  /** Packets told of, arrived or not: 1..65535. */
  readonly statusCount: number;
  /** In 64 ms on the reporter's clock, modulo 2^24. */
  readonly referenceTime24: number;
  /** Counts the feedback packets, modulo 256. */
  readonly feedbackCount8: number;
  /** In the order of their sequence numbers, which is not always that of their arrival. */
  readonly received: readonly ReceivedStatus[];
}

/**
 * Work and memory are linear in the bytes, whatever the status count says.
 *
 * Faults: `bad_length` (chunks or deltas run past the end, or a word or more is left over), `bad_value` (a status count of
 * zero, or the reserved status).
 */
export function parseTransportFeedback(b: Uint8Array, header: RtcpHeader): Parsed<TransportFeedback> {
  const start = header.offsetBytes;
  const end = header.contentEnd;
  if (end < start + TRANSPORT_FEEDBACK_FIXED_BYTES) {
    return wrongLength("RTCP transport feedback", `at least ${TRANSPORT_FEEDBACK_FIXED_BYTES} bytes`, header);
  }
  const baseSequence16 = readU16(b, start + 12);
  const statusCount = readU16(b, start + 14);
  if (statusCount === 0) {
    return fault("bad_value", "Cannot parse RTCP transport feedback: expected a status count of at least 1, got 0", {
      offset: start + 14,
    });
  }
  const positions: number[] = [];
  const symbols: number[] = [];
  // Each arrival takes a byte of delta at least, so a lie about their number ends the walk early.
  const deltaBytesLeft = end - start - TRANSPORT_FEEDBACK_FIXED_BYTES;
  let deltaBytes = 0;
  let reserved = false;
  let at = walkChunks(b, start + TRANSPORT_FEEDBACK_FIXED_BYTES, end, statusCount, (position, symbol) => {
    positions.push(position);
    symbols.push(symbol);
    deltaBytes += symbol;
    reserved = symbol > LARGE_DELTA;
    return !reserved && deltaBytes <= deltaBytesLeft;
  });
  if (reserved) {
    return fault("bad_value", "Cannot parse RTCP transport feedback: expected status 0, 1 or 2, got 3", {
      offset: start + TRANSPORT_FEEDBACK_FIXED_BYTES,
    });
  }
  if (at < 0) return wrongLength("RTCP transport feedback", `chunks and deltas for ${statusCount} packets`, header);
  if (at + deltaBytes > end || at + deltaBytes + 3 < end) {
    return wrongLength("RTCP transport feedback", `${at - start} bytes and ${deltaBytes} of deltas`, header);
  }
  const received: ReceivedStatus[] = [];
  for (let i = 0; i < positions.length; i++) {
    const small = symbols[i] === SMALL_DELTA;
    const deltaTicks = small ? b[at] : (readU16(b, at) << 16) >> 16;
    received.push({ sequence16: (baseSequence16 + positions[i]) & 0xffff, deltaTicks });
    at += small ? 1 : 2;
  }
  return ok({
    kind: "transport_feedback",
    senderSsrc: readU32(b, start + 4),
    mediaSsrc: readU32(b, start + 8),
    baseSequence16,
    statusCount,
    referenceTime24: readU24(b, start + 16),
    feedbackCount8: b[start + 19],
    received,
  });
}

function isSmall(deltaTicks: number): boolean {
  return deltaTicks >= 0 && deltaTicks <= 255;
}

/** @throws RangeError: a status outside of the count or out of order, or a delta that no field holds. */
function chunksOf(packet: TransportFeedback): number[] {
  const { statusCount, baseSequence16 } = packet;
  if (statusCount < 1 || statusCount > 0xffff) {
    throw new RangeError(`RTCP transport feedback: expected 1 to 65535 statuses, got ${statusCount}`);
  }
  const symbols = new Uint8Array(statusCount);
  let before = -1;
  for (const { sequence16, deltaTicks } of packet.received) {
    const position = (sequence16 - baseSequence16) & 0xffff;
    if (position <= before || position >= statusCount || deltaTicks < -0x8000 || deltaTicks > 0x7fff) {
      throw new RangeError(`RTCP transport feedback: cannot tell of packet ${sequence16} with delta ${deltaTicks}`);
    }
    symbols[position] = isSmall(deltaTicks) ? SMALL_DELTA : LARGE_DELTA;
    before = position;
  }
  return packChunks(symbols);
}

function bytesWith(packet: TransportFeedback, chunks: readonly number[]): number {
  const deltaBytes = packet.received.reduce((bytes, status) => bytes + (isSmall(status.deltaTicks) ? 1 : 2), 0);
  return (TRANSPORT_FEEDBACK_FIXED_BYTES + chunks.length * 2 + deltaBytes + 3) & ~3;
}

export function transportFeedbackBytes(packet: TransportFeedback): number {
  return bytesWith(packet, chunksOf(packet));
}

/** Fills `out` from `at` and answers the bytes written. */
export function writeTransportFeedback(packet: TransportFeedback, out: Uint8Array, at: number): number {
  const chunks = chunksOf(packet);
  const bytes = bytesWith(packet, chunks);
  writeFeedbackStart(out, at, PT_RTPFB, FMT_TRANSPORT_FEEDBACK, bytes, packet);
  writeU16(out, at + 12, packet.baseSequence16);
  writeU16(out, at + 14, packet.statusCount);
  writeU24(out, at + 16, packet.referenceTime24);
  out[at + 19] = packet.feedbackCount8;
  let next = at + TRANSPORT_FEEDBACK_FIXED_BYTES;
  for (const chunk of chunks) {
    writeU16(out, next, chunk);
    next += 2;
  }
  for (const { deltaTicks } of packet.received) {
    if (isSmall(deltaTicks)) out[next++] = deltaTicks;
    else {
      writeU16(out, next, deltaTicks & 0xffff);
      next += 2;
    }
  }
  out.fill(0, next, at + bytes);
  return bytes;
}

/** One arrival as the reporter saw it. */
export interface TransportArrival {
  /** Transport-wide sequence number, unwrapped. */
  readonly sequence: number;
  /** On the reporter's clock; not negative. */
  readonly arrivalUs: number;
}

/**
 * Makes a feedback packet of arrivals in ascending order of sequence number, from `baseSequence` (at most the first of
 * them) on. It takes as many as one packet can tell of: `taken` is less than all where an arrival is more than 8 s from
 * the one before, or the sequence numbers reach too far. At least one is taken.
 */
export function buildTransportFeedback(
  sources: FeedbackSources,
  feedbackCount8: number,
  baseSequence: number,
  arrivals: readonly TransportArrival[],
): { readonly feedback: TransportFeedback; readonly taken: number } {
  if (arrivals.length === 0) throw new RangeError("RTCP transport feedback: at least one arrival");
  // Rounding each arrival, not each delta, keeps errors from adding up.
  const firstTick = Math.round(arrivals[0].arrivalUs / DELTA_TICK_US);
  const referenceTime = Math.floor(firstTick / TICKS_PER_REFERENCE);
  const base = Math.max(baseSequence, arrivals[0].sequence - 0xfffe);
  const received: ReceivedStatus[] = [];
  let tick = referenceTime * TICKS_PER_REFERENCE;
  let end = base;
  for (const arrival of arrivals) {
    const arrivalTick = Math.round(arrival.arrivalUs / DELTA_TICK_US);
    const deltaTicks = arrivalTick - tick;
    if (deltaTicks < -0x8000 || deltaTicks > 0x7fff || arrival.sequence - base >= 0xffff) break;
    received.push({ sequence16: arrival.sequence & 0xffff, deltaTicks });
    tick = arrivalTick;
    end = arrival.sequence + 1;
  }
  return {
    feedback: {
      kind: "transport_feedback",
      senderSsrc: sources.senderSsrc,
      mediaSsrc: sources.mediaSsrc,
      baseSequence16: base & 0xffff,
      statusCount: end - base,
      referenceTime24: referenceTime & 0xffffff,
      feedbackCount8: feedbackCount8 & 0xff,
      received,
    },
    taken: received.length,
  };
}

/** Called with each packet told of; `arrivalUs` is NaN where it did not arrive. */
export type TransportStatusVisitor = (sequence16: number, arrivalUs: number) => void;

/**
 * Visits every packet that the feedback tells of, in order of sequence number. Arrival times are on the reporter's clock,
 * unwrapped next to `nearUs` (the answer of the call before; 0 at first). Answers the reference time in us.
 */
export function visitTransportFeedback(
  feedback: TransportFeedback,
  nearUs: number,
  visit: TransportStatusVisitor,
): number {
  const near = Math.floor(nearUs / REFERENCE_TICK_US);
  const referenceUs = (nearUs === 0 ? feedback.referenceTime24 : nearest(feedback.referenceTime24, near, 24)) *
    REFERENCE_TICK_US;
  let arrivalUs = referenceUs;
  let next = 0;
  for (let position = 0; position < feedback.statusCount; position++) {
    const sequence16 = (feedback.baseSequence16 + position) & 0xffff;
    const status = next < feedback.received.length ? feedback.received[next] : undefined;
    if (status?.sequence16 === sequence16) {
      arrivalUs += status.deltaTicks * DELTA_TICK_US;
      visit(sequence16, arrivalUs);
      next++;
    } else visit(sequence16, NaN);
  }
  return referenceUs;
}
