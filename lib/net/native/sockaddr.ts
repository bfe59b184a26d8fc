/**
 * `struct sockaddr_in` and `sockaddr_in6`. The family is in the machine's order (little), port and address in the wire's.
 *
 * ```
 *            0        2      4         8              24
 *   IPv4     family   port   address   (8 of zero)
 *   IPv6     family   port   flow      address (16)   scope
 * ```
 */
import { readU16, writeU16 } from "../../base/bytes.ts";
import type { HostPort } from "../../base/address_table.ts";
import { ipv4Text, ipv6Text } from "../../dissect/network/ip_text.ts";
import { parseIp } from "../../dissect/ip_packet_writer.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";

export type Family = typeof AF_INET | typeof AF_INET6;

/** Room for either. */
export const SOCKADDR_BYTES = 28;
const BYTES_OF: Readonly<Record<Family, number>> = { [AF_INET]: 16, [AF_INET6]: 28 };

export function sockaddrBytes(family: Family): number {
  return BYTES_OF[family];
}

export function familyOf(host: string): Family {
  return host.includes(":") ? AF_INET6 : AF_INET;
}

/** Writes an address as a socket of `family` takes it; false for one that it cannot reach. */
export function writeSockaddr({ host, port }: HostPort, family: Family, out: Uint8Array, at: number): boolean {
  const ip = parseIp(host);
  if (ip === undefined || (family === AF_INET && ip.length !== 4)) return false;
  out.fill(0, at, at + SOCKADDR_BYTES);
  out[at] = family;
  writeU16(out, at + 2, port);
  if (family === AF_INET) {
    out.set(ip, at + 4);
    return true;
  }
  if (ip.length === 4) out.fill(0xff, at + 18, at + 20);
  out.set(ip, at + 24 - ip.length);
  return true;
}

/** The address at `at`; IPv4 at an IPv6 socket as `::ffff:1.2.3.4`. */
export function readSockaddr(b: Uint8Array, at: number): HostPort {
  const host = b[at] === AF_INET ? ipv4Text(b, at + 4) : ipv6Text(b, at + 8);
  return { host, port: readU16(b, at + 2) };
}
