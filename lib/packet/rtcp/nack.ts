/**
 * Generic NACK (RFC 4585 §6.2.1): names lost packets by their 16-bit sequence numbers.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P| FMT = 1 |    PT = 205   |             length            |
 * +---+-+---------+---------------+-------------------------------+
 * |                     SSRC of packet sender                     |
 * +---------------------------------------------------------------+
 * |                     SSRC of media source                      |
 * +-------------------------------+-------------------------------+
 * |      packet id (PID)          | bit i: PID + i + 1 lost (BLP) |  one or more
 * +-------------------------------+-------------------------------+
 * ```
 */
import { readU16, readU32, writeU16 } from "../../base/bytes.ts";
import { ok, type Parsed } from "../../base/parsed.ts";
import { distance16 } from "../../base/serial.ts";
import { FEEDBACK_FIXED_BYTES, type FeedbackSources, writeFeedbackStart } from "./feedback.ts";
import { FMT_NACK, PT_RTPFB, type RtcpHeader, wrongLength } from "./header.ts";

/** One PID with its bitmask of the following lost packets: up to 17 packets. */
export interface NackItem {
  readonly pid16: number;
  readonly blp16: number;
}

/** `items` holds at least one. */
export interface Nack extends FeedbackSources {
  readonly kind: "nack";
  readonly items: readonly NackItem[];
}

/**
 * Packs lost sequence numbers, of any order and with repetitions, into the fewest items.
 *
 * All must lie within half the sequence space of the first one. Answers an empty list for none.
 */
export function packNackItems(lost: readonly number[]): NackItem[] {
  if (lost.length === 0) return [];
  const first = lost[0];
  const sorted = lost.map((sequence16) => distance16(first, sequence16)).sort((a, b) => a - b);
  const items: NackItem[] = [];
  let pid = sorted[0];
  let blp16 = 0;
  for (const position of sorted) {
    if (position - pid > 16) {
      items.push({ pid16: (first + pid) & 0xffff, blp16 });
      pid = position;
      blp16 = 0;
    } else if (position > pid) {
      blp16 |= 1 << (position - pid - 1);
    }
  }
  items.push({ pid16: (first + pid) & 0xffff, blp16 });
  return items;
}

/** The sequence numbers that the items name, in their order: at most 17 for each. */
export function unpackNackItems(items: readonly NackItem[]): number[] {
  const lost: number[] = [];
  for (const { pid16, blp16 } of items) {
    lost.push(pid16);
    for (let bit = 0; bit < 16; bit++) if ((blp16 >>> bit) & 1) lost.push((pid16 + bit + 1) & 0xffff);
  }
  return lost;
}

/** Fault: `bad_length` without a whole number of items, at least one. */
export function parseNack(b: Uint8Array, header: RtcpHeader): Parsed<Nack> {
  const at = header.offsetBytes;
  const fciBytes = header.contentEnd - at - FEEDBACK_FIXED_BYTES;
  if (fciBytes < 4 || fciBytes % 4 !== 0) return wrongLength("RTCP NACK", "at least 16 bytes", header);
  const items: NackItem[] = [];
  for (let i = at + FEEDBACK_FIXED_BYTES; i < header.contentEnd; i += 4) {
    items.push({ pid16: readU16(b, i), blp16: readU16(b, i + 2) });
  }
  return ok({ kind: "nack", senderSsrc: readU32(b, at + 4), mediaSsrc: readU32(b, at + 8), items });
}

export function nackBytes(packet: Nack): number {
  if (packet.items.length === 0) throw new RangeError("RTCP NACK: at least one item");
  return FEEDBACK_FIXED_BYTES + packet.items.length * 4;
}

/** Fills `out` from `at` and answers the bytes written. */
export function writeNack(packet: Nack, out: Uint8Array, at: number): number {
  const bytes = nackBytes(packet);
  writeFeedbackStart(out, at, PT_RTPFB, FMT_NACK, bytes, packet);
  packet.items.forEach(({ pid16, blp16 }, i) => {
    writeU16(out, at + FEEDBACK_FIXED_BYTES + i * 4, pid16);
    writeU16(out, at + FEEDBACK_FIXED_BYTES + i * 4 + 2, blp16);
  });
  return bytes;
}
