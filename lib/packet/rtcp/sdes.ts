/**
 * Source description, SDES (RFC 3550 §6.5).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P|   SC    |    PT = 202   |             length            |
 * +---+-+---------+---------------+-------------------------------+  \
 * |                             SSRC                              |   |
 * +---------------+---------------+-------------------------------+   | SC chunks
 * |  item type    |    length     |  text ...                     |   |
 * +---------------+---------------+-------------------------------+   |
 * |  more items; then 1 to 4 zero bytes up to a word boundary     |  /
 * +---------------------------------------------------------------+
 * ```
 */
import { readU32, writeU32 } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { checkCount, PT_SDES, RTCP_HEADER_BYTES, type RtcpHeader, writeRtcpHeader, wrongLength } from "./header.ts";

/** The item that names a source for as long as it lives. */
export const SDES_CNAME = 1;

/** Longest text of one item. */
export const MAX_SDES_TEXT_BYTES = 255;

export interface SdesItem {
  /** 1 CNAME, 2 NAME, 3 EMAIL, 4 PHONE, 5 LOC, 6 TOOL, 7 NOTE, 8 PRIV: 1..255. */
  readonly itemType: number;
  /** UTF-8 by rule, any bytes in practice; at most 255. A view of the packet where it was parsed. */
  readonly text: Uint8Array;
}

export interface SdesChunk {
  readonly ssrc: number;
  readonly items: readonly SdesItem[];
}

export interface SourceDescription {
  readonly kind: "sdes";
  readonly chunks: readonly SdesChunk[];
}

/** Fault: `bad_length` where a chunk or item overruns the packet, lacks its end, or leaves bytes. Texts borrow `b`. */
export function parseSdes(b: Uint8Array, header: RtcpHeader): Parsed<SourceDescription> {
  const end = header.contentEnd;
  let at = header.offsetBytes + RTCP_HEADER_BYTES;
  const chunks: SdesChunk[] = [];
  for (let i = 0; i < header.count; i++) {
    if (end < at + 8) return wrongLength("RTCP SDES", `chunk ${i + 1} of ${header.count}`, header);
    const ssrc = readU32(b, at);
    at += 4;
    const items: SdesItem[] = [];
    while (at < end && b[at] !== 0) {
      if (end < at + 2 || end < at + 2 + b[at + 1]) return wrongLength("RTCP SDES", "a complete item", header);
      items.push({ itemType: b[at], text: b.subarray(at + 2, at + 2 + b[at + 1]) });
      at += 2 + b[at + 1];
    }
    if (at >= end) return wrongLength("RTCP SDES", "a zero byte after the items", header);
    // At least one zero byte ends the list; the rest fills the word, counted from the packet's own start.
    at += 4 - ((at - header.offsetBytes) & 3);
    chunks.push({ ssrc, items });
  }
  if (at !== end) {
    return fault("bad_length", `Cannot parse RTCP SDES: ${header.count} chunks end at byte ${at}, packet at ${end}`, {
      offset: at,
    });
  }
  return ok({ kind: "sdes", chunks });
}

function chunkBytes(chunk: SdesChunk): number {
  let bytes = 4;
  for (const item of chunk.items) {
    if (item.text.length > MAX_SDES_TEXT_BYTES) {
      throw new RangeError(`RTCP SDES text: at most ${MAX_SDES_TEXT_BYTES} bytes, got ${item.text.length}`);
    }
    bytes += 2 + item.text.length;
  }
  return bytes + 4 - (bytes & 3);
}

export function sdesBytes(packet: SourceDescription): number {
  checkCount("RTCP SDES chunks", packet.chunks.length);
  return packet.chunks.reduce((bytes, chunk) => bytes + chunkBytes(chunk), RTCP_HEADER_BYTES);
}

/** Fills `out` from `at` and answers the bytes written. */
export function writeSdes(packet: SourceDescription, out: Uint8Array, at: number): number {
  const bytes = sdesBytes(packet);
  writeRtcpHeader(out, at, PT_SDES, packet.chunks.length, bytes);
  let chunkAt = at + RTCP_HEADER_BYTES;
  for (const chunk of packet.chunks) {
    const chunkEnd = chunkAt + chunkBytes(chunk);
    writeU32(out, chunkAt, chunk.ssrc);
    let itemAt = chunkAt + 4;
    for (const item of chunk.items) {
      out[itemAt] = item.itemType;
      out[itemAt + 1] = item.text.length;
      out.set(item.text, itemAt + 2);
      itemAt += 2 + item.text.length;
    }
    out.fill(0, itemAt, chunkEnd);
    chunkAt = chunkEnd;
  }
  return bytes;
}
