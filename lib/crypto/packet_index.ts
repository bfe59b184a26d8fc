/**
 * The 48-bit packet index and the nonce made of it.
 *
 * An index is a plain number, `roc * 65536 + sequenceNumber`: 2^48 is far below 2^53, so it is exact. Only the sequence
 * number travels; the receiver estimates the rest.
 */
import { nearest } from "../base/serial.ts";

const SEQUENCE_SPAN = 0x1_0000;
const HALF_SPAN = 0x8000;

/** The last index there is: ROC 2^32-1, sequence number 65535. */
export const MAX_PACKET_INDEX = 2 ** 48 - 1;

/** No packet yet: the `highestIndex` of a state that has seen none. */
export const NO_INDEX = -1;

export function packetIndex(roc: number, seq16: number): number {
  return roc * SEQUENCE_SPAN + seq16;
}

/** Rollover counter of an index, 0..2^32-1. */
export function rocOf(index: number): number {
  return Math.floor(index / SEQUENCE_SPAN);
}

/** Sequence number of an index, 0..65535. */
export function seq16Of(index: number): number {
  return index % SEQUENCE_SPAN;
}

/**
 * The index that a sequence number most likely stands for, given the highest one known (RFC 3711 §3.3.1). A negative
 * answer, or one above {@link MAX_PACKET_INDEX}, stands for no packet: the sequence number lies before the stream's
 * first or behind its last.
 *
 * SPEC ARC-SRTP-index-estimate.
 */
export function estimateIndex(seq16: number, highestIndex: number): number {
  const index = nearest(seq16, highestIndex, 16);
  // Exactly half way around both are as near. RFC 3711 stays in the ROC of the highest index, `nearest` goes down.
  const isTieAbove = highestIndex - index === HALF_SPAN && seq16Of(highestIndex) < HALF_SPAN;
  return isTieAbove ? index + SEQUENCE_SPAN : index;
}

/**
 * Fills `nonce` (12 bytes, the caller's) for one packet, all suites alike.
 *
 * ```
 *    0   1   2   3   4   5   6   7   8   9  10  11
 *  +---+---+---+---+---+---+---+---+---+---+---+---+
 *  | 0   0 |     SSRC      |      ROC      |  SEQ  |   XOR salt
 *  +---+---+---+---+---+---+---+---+---+---+---+---+
 * ```
 *
 * SPEC ARC-SRTP-nonce; RFC 7714 §8.1.
 */
export function writePacketNonce(nonce: Uint8Array, salt: Uint8Array, ssrc: number, roc: number, seq16: number): void {
  nonce[0] = salt[0];
  nonce[1] = salt[1];
  nonce[2] = salt[2] ^ (ssrc >>> 24);
  nonce[3] = salt[3] ^ (ssrc >>> 16);
  nonce[4] = salt[4] ^ (ssrc >>> 8);
  nonce[5] = salt[5] ^ ssrc;
  nonce[6] = salt[6] ^ (roc >>> 24);
  nonce[7] = salt[7] ^ (roc >>> 16);
  nonce[8] = salt[8] ^ (roc >>> 8);
  nonce[9] = salt[9] ^ roc;
  nonce[10] = salt[10] ^ (seq16 >>> 8);
  nonce[11] = salt[11] ^ seq16;
}
