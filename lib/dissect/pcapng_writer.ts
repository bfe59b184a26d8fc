/**
 * Writes pcapng (draft-ietf-opsawg-pcapng), one section with one interface of bare IP packets, big-endian. Pure: each
 * function answers the bytes of one block, for the caller to append to its file.
 *
 * ```
 * every block:  u32 type | u32 length | body | options | u32 length      padded to 4 bytes
 * section header 0x0A0D0D0A, interface 1, enhanced packet 6, decryption secrets 10
 * ```
 *
 * **Keys inside.** A decryption secrets block of type {@link ARC_SECRETS_TYPE} holds the lines of an ArcRTC key log (see
 * `arcrtc peer --keylog`) as UTF-8 text. It must stand before the packets that it opens. Whoever has such a file can read
 * the media in it.
 */
import { concatBytes, EMPTY_BYTES, utf8, writeU16, writeU32 } from "../base/bytes.ts";

const SECTION_HEADER = 0x0a0d_0d0a;
export const INTERFACE_DESCRIPTION = 1;
export const ENHANCED_PACKET = 6;
const DECRYPTION_SECRETS = 10;

const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
/** Packets begin with their IPv4 or IPv6 header. */
const LINKTYPE_RAW = 101;
/** "ArcK": our own number; nobody has registered it. */
export const ARC_SECRETS_TYPE = 0x4172_634b;

const OPTION_END = 0;
const OPTION_COMMENT = 1;
const OPTION_USER_APPLICATION = 4;
export const OPTION_TIME_RESOLUTION = 9;
const OPTION_INTERFACE_NAME = 2;
const OPTION_PACKET_FLAGS = 2;

/** Type, length, length again. */
const BLOCK_OVERHEAD_BYTES = 12;

/** Where a packet went, as the flags word of its block says it. */
const DIRECTION_FLAG = { in: 1, out: 2 } as const;

export interface CapturedPacket {
  /** From its IP header on; borrowed. */
  readonly bytes: Uint8Array;
  readonly direction: "in" | "out";
  /** Fractions are kept to the microsecond. */
  readonly unixMs: number;
  /** For whoever reads the capture. */
  readonly comment?: string;
}

/** What a file begins with: section header and the one interface. `application` is who writes it. */
export function writePcapngHeader(application: string, interfaceName: string): Uint8Array<ArrayBuffer> {
  const description = new Uint8Array(8);
  writeU16(description, 0, LINKTYPE_RAW);
  return concatBytes(
    writePcapngSection(application),
    pcapngBlock(INTERFACE_DESCRIPTION, description, pcapngOptions([OPTION_INTERFACE_NAME, utf8(interfaceName)])),
  );
}

/** The section header alone: interfaces follow. */
export function writePcapngSection(application: string): Uint8Array<ArrayBuffer> {
  const section = new Uint8Array(16);
  writeU32(section, 0, BYTE_ORDER_MAGIC);
  writeU16(section, 4, 1);
  // The section's length is not known while it is written: -1.
  section.fill(0xff, 8);
  return pcapngBlock(SECTION_HEADER, section, pcapngOptions([OPTION_USER_APPLICATION, utf8(application)]));
}

export function writePcapngPacket({ bytes, direction, unixMs, comment }: CapturedPacket): Uint8Array<ArrayBuffer> {
  const microseconds = Math.round(unixMs * 1000);
  const body = new Uint8Array(20 + padded(bytes.length));
  writeU32(body, 4, Math.floor(microseconds / 0x1_0000_0000));
  writeU32(body, 8, microseconds % 0x1_0000_0000);
  writeU32(body, 12, bytes.length);
  writeU32(body, 16, bytes.length);
  body.set(bytes, 20);
  const flags = new Uint8Array(4);
  writeU32(flags, 0, DIRECTION_FLAG[direction]);
  const comments = comment === undefined ? [] : [[OPTION_COMMENT, utf8(comment)] as const];
  return pcapngBlock(ENHANCED_PACKET, body, pcapngOptions(...comments, [OPTION_PACKET_FLAGS, flags]));
}

/** Lines of a key log, each with its line end. */
export function writePcapngSecrets(keyLog: string): Uint8Array<ArrayBuffer> {
  return writePcapngSecretsOf(ARC_SECRETS_TYPE, utf8(keyLog));
}

/** Secrets of any type, as they are. */
export function writePcapngSecretsOf(type: number, secrets: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(8 + padded(secrets.length));
  writeU32(body, 0, type);
  writeU32(body, 4, secrets.length);
  body.set(secrets, 8);
  return pcapngBlock(DECRYPTION_SECRETS, body);
}

/** A block with its options, if it has any, behind its body, whose length is a multiple of 4. */
export function pcapngBlock(
  type: number,
  body: Uint8Array,
  trailer: Uint8Array = EMPTY_BYTES,
): Uint8Array<ArrayBuffer> {
  const length = BLOCK_OVERHEAD_BYTES + body.length + trailer.length;
  const bytes = new Uint8Array(length);
  writeU32(bytes, 0, type);
  writeU32(bytes, 4, length);
  bytes.set(body, 8);
  bytes.set(trailer, 8 + body.length);
  writeU32(bytes, length - 4, length);
  return bytes;
}

/** Options with their end. */
export function pcapngOptions(...list: readonly (readonly [code: number, value: Uint8Array])[]): Uint8Array {
  const parts = list.map(([code, value]) => {
    const option = new Uint8Array(4 + padded(value.length));
    writeU16(option, 0, code);
    writeU16(option, 2, value.length);
    option.set(value, 4);
    return option;
  });
  const end = new Uint8Array(4);
  writeU16(end, 0, OPTION_END);
  return concatBytes(...parts, end);
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
