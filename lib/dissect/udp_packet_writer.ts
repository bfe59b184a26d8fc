/**
 * UDP packets for captures of datagrams that were seen at a socket.
 *
 * ```
 * source port | destination port | length | checksum
 * ```
 */
import type { HostPort } from "../base/address_table.ts";
import { writeU16 } from "../base/bytes.ts";
import type { Parsed } from "../base/parsed.ts";
import { writeIpPacket } from "./ip_packet_writer.ts";

const UDP = { name: "UDP", protocol: 17, headerBytes: 8, checksumAt: 6 };

/** A datagram as IP would carry it; faults as {@link writeIpPacket} has them. */
export function writeUdpPacket(
  source: HostPort,
  destination: HostPort,
  payload: Uint8Array,
): Parsed<Uint8Array<ArrayBuffer>> {
  return writeIpPacket(source.host, destination.host, UDP, payload, (packet, at) => {
    writeU16(packet, at, source.port);
    writeU16(packet, at + 2, destination.port);
    writeU16(packet, at + 4, UDP.headerBytes + payload.length);
  });
}
