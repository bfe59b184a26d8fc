/**
 * Puts IP and UDP headers before a payload, for captures of traffic that was seen at a socket and never as packets.
 *
 * ```
 * UDP   source port | destination port | length | checksum
 * ```
 */
import { writeU16 } from "../base/bytes.ts";
import type { HostPort } from "../base/address_table.ts";
import { fault, type Parsed } from "../base/parsed.ts";
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES, writeIpPacket } from "./ip_packet_writer.ts";

const PROTOCOL_UDP = 17;
const UDP_HEADER_BYTES = 8;
const CHECKSUM_AT = 6;

/** As {@link writeIpPacket}; `too_large` where the payload does not fit. */
export function writeUdpPacket(
  source: HostPort,
  destination: HostPort,
  payload: Uint8Array,
): Parsed<Uint8Array<ArrayBuffer>> {
  const ipBytes = source.host.includes(":") ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES;
  const length = UDP_HEADER_BYTES + payload.length;
  if (ipBytes + length > 0xffff) {
    return fault("too_large", `Cannot write UDP packet: ${payload.length} bytes do not fit`);
  }
  const bytes = new Uint8Array(length);
  writeU16(bytes, 0, source.port);
  writeU16(bytes, 2, destination.port);
  writeU16(bytes, 4, length);
  bytes.set(payload, UDP_HEADER_BYTES);
  return writeIpPacket(source.host, destination.host, { protocol: PROTOCOL_UDP, bytes, checksumAt: CHECKSUM_AT });
}
