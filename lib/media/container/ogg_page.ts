/**
 * One Ogg page (RFC 3533 §6). All integers little-endian.
 *
 * ```
 *  0 "OggS"   4 u8 version 0   5 u8 flags (1 continued packet, 2 first page, 4 last page)
 *  6 i64 granule position: of the last packet that ends on this page; -1 where none does
 * 14 u32 serial number of the stream   18 u32 page number   22 u32 CRC over the page, these bytes as zeros
 * 26 u8 n   27 n lacing values: a packet is as many 255s as fit and one below 255
 * ```
 */
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { hasMagic, readU32Le, writeMagic, writeU32Le, writeU64Le } from "./little_endian.ts";

export const OGG_HEADER_BYTES = 27;
export const OGG_MAX_SEGMENTS = 255;
const CRC_OFFSET = 22;

const CONTINUED = 1;
const FIRST = 2;
const LAST = 4;

export interface OggPage {
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Undefined where no packet ends on the page. */
  readonly granulePosition: number | undefined;
  readonly serial: number;
  readonly pageNumber: number;
  /** Borrowed from the page. */
  readonly lacing: Uint8Array;
  readonly body: Uint8Array;
}

/** Bytes of the page that begins at `b`, which must hold its header and lacing values: at least {@link oggHeaderBytes}. */
export function oggPageBytes(b: Uint8Array): number {
  let bytes = oggHeaderBytes(b);
  for (let i = OGG_HEADER_BYTES; i < OGG_HEADER_BYTES + b[26]; i++) bytes += b[i];
  return bytes;
}

/** Bytes of header and lacing values; `b` holds at least the first {@link OGG_HEADER_BYTES}. */
export function oggHeaderBytes(b: Uint8Array): number {
  return OGG_HEADER_BYTES + b[26];
}

/** The fault of bytes that begin no page; `b` holds at least {@link OGG_HEADER_BYTES}. */
export function checkOggHeader(b: Uint8Array): Parsed<true> {
  if (!hasMagic(b, 0, "OggS")) return fault("bad_value", "Cannot read Ogg page: it begins with no OggS", { offset: 0 });
  if (b[4] !== 0) return fault("bad_version", `Cannot read Ogg page: version ${b[4]}, expected 0`, { offset: 4 });
  return ok(true);
}

/** Reads a whole page; the views in it borrow `b`. Faults count their offset from the start of the page. */
export function parseOggPage(b: Uint8Array): Parsed<OggPage> {
  const crc = readU32Le(b, CRC_OFFSET);
  const computed = pageCrc(b);
  if (crc !== computed) {
    return fault("bad_value", `Cannot read Ogg page: CRC ${hex(computed)}, the page says ${hex(crc)}`, {
      offset: CRC_OFFSET,
    });
  }
  const low = readU32Le(b, 6);
  const high = readU32Le(b, 10);
  const isNone = low === 0xffff_ffff && high === 0xffff_ffff;
  if (!isNone && high >= 0x20_0000) {
    return fault("bad_value", "Cannot read Ogg page: its granule position is out of range", { offset: 6 });
  }
  const headerBytes = oggHeaderBytes(b);
  return ok({
    isContinued: (b[5] & CONTINUED) !== 0,
    isFirst: (b[5] & FIRST) !== 0,
    isLast: (b[5] & LAST) !== 0,
    granulePosition: isNone ? undefined : high * 0x1_0000_0000 + low,
    serial: readU32Le(b, 14),
    pageNumber: readU32Le(b, 18),
    lacing: b.subarray(OGG_HEADER_BYTES, headerBytes),
    body: b.subarray(headerBytes),
  });
}

/** Lacing values that a packet takes. */
export function segmentCount(packetBytes: number): number {
  return Math.floor(packetBytes / 255) + 1;
}

/** Writes a page of whole packets, at most {@link OGG_MAX_SEGMENTS} segments of them. Returns the page. */
export function writeOggPage(
  head: {
    readonly isFirst: boolean;
    readonly isLast: boolean;
    readonly granulePosition: number;
    readonly serial: number;
    readonly pageNumber: number;
  },
  packets: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const segments = packets.reduce((sum, packet) => sum + segmentCount(packet.length), 0);
  const bodyBytes = packets.reduce((sum, packet) => sum + packet.length, 0);
  const b = new Uint8Array(OGG_HEADER_BYTES + segments + bodyBytes);
  writeMagic(b, 0, "OggS");
  b[5] = (head.isFirst ? FIRST : 0) | (head.isLast ? LAST : 0);
  writeU64Le(b, 6, head.granulePosition);
  writeU32Le(b, 14, head.serial);
  writeU32Le(b, 18, head.pageNumber);
  b[26] = segments;
  let lacingAt = OGG_HEADER_BYTES;
  let bodyAt = OGG_HEADER_BYTES + segments;
  for (const packet of packets) {
    const full = segmentCount(packet.length) - 1;
    b.fill(255, lacingAt, lacingAt + full);
    b[lacingAt + full] = packet.length % 255;
    lacingAt += full + 1;
    b.set(packet, bodyAt);
    bodyAt += packet.length;
  }
  writeU32Le(b, CRC_OFFSET, pageCrc(b));
  return b;
}

/** CRC-32 with the polynomial 0x04C11DB7, most significant bit first, nothing inverted: Ogg's own kind. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let crc = i << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000_0000) !== 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

/** Continues `crc` over `from`..`to` of `b`. */
export function oggCrc(b: Uint8Array, from = 0, to: number = b.length, crc = 0): number {
  let value = crc;
  for (let i = from; i < to; i++) value = (value << 8) ^ CRC_TABLE[(value >>> 24) ^ b[i]];
  return value >>> 0;
}

const FOUR_ZEROS = new Uint8Array(4);

function pageCrc(b: Uint8Array): number {
  const before = oggCrc(b, 0, CRC_OFFSET);
  const over = oggCrc(FOUR_ZEROS, 0, 4, before);
  return oggCrc(b, CRC_OFFSET + 4, b.length, over);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
