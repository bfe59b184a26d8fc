/**
 * Puts IP and TCP headers before a piece of a stream (RFC 9293 §3.1).
 *
 * ```
 * source port | destination port | u32 sequence | u32 acknowledgement | offset 5, flags | window | checksum | 0
 * ```
 */
import type { HostPort } from "../base/address_table.ts";
import { writeU16, writeU32 } from "../base/bytes.ts";
import type { Parsed } from "../base/parsed.ts";
import { IPV6_HEADER_BYTES, writeIpPacket } from "./ip_packet_writer.ts";

const PROTOCOL_TCP = 6;
const TCP_HEADER_BYTES = 20;
const CHECKSUM_AT = 16;
const WINDOW = 0xffff;

/** As much as fits a packet of either family. */
export const MAX_SEGMENT_BYTES = 0xffff - IPV6_HEADER_BYTES - TCP_HEADER_BYTES;

export interface TcpSegment {
  readonly sequence32: number;
  readonly acknowledgement32: number;
  /** The byte of flags: CWR ECE URG ACK PSH RST SYN FIN. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** As {@link writeIpPacket}. */
export function writeTcpPacket(
  source: HostPort,
  destination: HostPort,
  segment: TcpSegment,
): Parsed<Uint8Array<ArrayBuffer>> {
  const { sequence32, acknowledgement32, flags, payload } = segment;
  const bytes = new Uint8Array(TCP_HEADER_BYTES + payload.length);
  writeU16(bytes, 0, source.port);
  writeU16(bytes, 2, destination.port);
  writeU32(bytes, 4, sequence32);
  writeU32(bytes, 8, acknowledgement32);
  bytes[12] = 0x50;
  bytes[13] = flags;
  writeU16(bytes, 14, WINDOW);
  bytes.set(payload, TCP_HEADER_BYTES);
  return writeIpPacket(source.host, destination.host, { protocol: PROTOCOL_TCP, bytes, checksumAt: CHECKSUM_AT });
}
