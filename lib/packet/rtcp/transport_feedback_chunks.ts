/**
 * Packet status chunks of the transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.3, §3.1.4).
 *
 * ```
 *  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 * +-+---+-------------------------+
 * |0| S |       run length        |   run: S holds for 1..8191 packets
 * +-+---+-------------------------+
 * |1|0|    14 symbols of 1 bit    |   vector: 0 not received, 1 small delta
 * +-+-+---------------------------+
 * |1|1|     7 symbols of 2 bits   |   vector of S
 * +-+-+---------------------------+
 * ```
 */
import { readU16 } from "../../base/bytes.ts";

/** S: the packet did not arrive. */
export const NOT_RECEIVED = 0;
/** S: it arrived; its delta is one byte. */
export const SMALL_DELTA = 1;
/** S: it arrived; its delta is two bytes, signed. */
export const LARGE_DELTA = 2;

const MAX_RUN = 8191;

/**
 * Called with the position in the feedback (0 is the base sequence number) and the status of each packet that arrived;
 * false ends the walk.
 */
export type ArrivalVisitor = (position: number, symbol: number) => boolean;

/**
 * Walks chunks from `at` until `statusCount` packets are told of, and visits those that arrived; symbols beyond the count
 * are ignored. Answers the offset behind the last chunk, or -1 where the bytes end first or the visitor ended the walk.
 *
 * Work is bounded by the bytes and the visits, not by the count: runs of lost packets are stepped over.
 */
export function walkChunks(
  b: Uint8Array,
  at: number,
  end: number,
  statusCount: number,
  visit: ArrivalVisitor,
): number {
  let position = 0;
  while (position < statusCount) {
    if (end < at + 2) return -1;
    const chunk = readU16(b, at);
    at += 2;
    if ((chunk & 0x8000) === 0) {
      const runEnd = Math.min(statusCount, position + (chunk & 0x1fff));
      const symbol = chunk >>> 13;
      if (symbol === NOT_RECEIVED) position = runEnd;
      while (position < runEnd) if (!visit(position++, symbol)) return -1;
    } else {
      const bits = (chunk & 0x4000) === 0 ? 1 : 2;
      for (let shift = 14 - bits; shift >= 0 && position < statusCount; shift -= bits, position++) {
        const symbol = (chunk >>> shift) & (bits === 1 ? 1 : 3);
        if (symbol !== NOT_RECEIVED && !visit(position, symbol)) return -1;
      }
    }
  }
  return at;
}

/** How many of the symbols from `at` on equal the one at `at`, up to what a chunk holds. */
function runLength(symbols: Uint8Array, at: number): number {
  const limit = Math.min(symbols.length, at + MAX_RUN);
  let end = at + 1;
  while (end < limit && symbols[end] === symbols[at]) end++;
  return end - at;
}

function vectorChunk(symbols: Uint8Array, at: number, bits: 1 | 2): number {
  let chunk = bits === 1 ? 0x8000 : 0xc000;
  for (let shift = 14 - bits; shift >= 0 && at < symbols.length; shift -= bits) chunk |= symbols[at++] << shift;
  return chunk;
}

/**
 * Packs symbols into chunks, in one way for each list: a run where it tells of at least as many packets as a vector would
 * or of all that are left, else a vector of 14, else (a large delta among the next 14) a vector of 7.
 */
export function packChunks(symbols: Uint8Array): number[] {
  const chunks: number[] = [];
  for (let at = 0; at < symbols.length;) {
    const run = runLength(symbols, at);
    const oneBit = !symbols.subarray(at, at + 14).includes(LARGE_DELTA);
    if (run >= (oneBit ? 14 : 7) || run === symbols.length - at) {
      chunks.push((symbols[at] << 13) | run);
      at += run;
    } else if (oneBit) {
      chunks.push(vectorChunk(symbols, at, 1));
      at += 14;
    } else {
      chunks.push(vectorChunk(symbols, at, 2));
      at += 7;
    }
  }
  return chunks;
}

const SYMBOL_NAMES = ["not received", "small delta", "large delta", "reserved"] as const;

/** A chunk in words, for people: `5 x small delta`, or one character for each symbol of a vector. */
export function describeChunk(chunk: number): string {
  if ((chunk & 0x8000) === 0) return `${chunk & 0x1fff} x ${SYMBOL_NAMES[(chunk >>> 13) & 3]}`;
  const bits = (chunk & 0x4000) === 0 ? 1 : 2;
  let text = "";
  for (let shift = 14 - bits; shift >= 0; shift -= bits) text += (chunk >>> shift) & (bits === 1 ? 1 : 3);
  return text;
}
