/**
 * Puts an IP header in front of what it carries, for captures that are made and not taken.
 *
 * ```
 * IPv4  0x45 tos | length | id 0 | DF | ttl 64, protocol | checksum | source | destination
 * IPv6  6 class flow | payload length | next header, hops 64 | source | destination
 * ```
 */
import { writeU16, writeU32 } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";

const TTL = 64;
export const IPV4_HEADER_BYTES = 20;
export const IPV6_HEADER_BYTES = 40;

/** What an IP packet carries. */
export interface IpContent {
  /** TCP's, UDP's or another number. */
  readonly protocol: number;
  /** From its header on, the checksum in it 0; borrowed. */
  readonly bytes: Uint8Array;
  /** Where its checksum goes, which is over the addresses too; undefined for none. */
  readonly checksumAt?: number;
}

/**
 * The packet between two hosts, its checksums in place. `bad_value` where a host is no IP address or both are not of one
 * family (an IPv4 address inside IPv6 is taken for IPv4). A packet beyond 65535 bytes has the length 0, as a machine sees its
 * own packets that its network card is to cut up.
 */
export function writeIpPacket(
  source: string,
  destination: string,
  content: IpContent,
): Parsed<Uint8Array<ArrayBuffer>> {
  const from = parseIp(source);
  const to = parseIp(destination);
  if (from === undefined || to === undefined || from.length !== to.length) {
    return fault(
      "bad_value",
      `Cannot write packet: need two IP addresses of one family, got ${source} to ${destination}`,
    );
  }
  const { protocol, bytes, checksumAt } = content;
  const headerBytes = from.length === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const packet = new Uint8Array(headerBytes + bytes.length);
  packet.set(bytes, headerBytes);
  if (from.length === 4) writeIpv4(packet, from, to, protocol);
  else writeIpv6(packet, from, to, protocol, bytes.length);
  if (checksumAt !== undefined) {
    // Over the addresses, protocol and length as well (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1).
    const pseudo = sum(from, 0, from.length) + sum(to, 0, to.length) + protocol + bytes.length;
    const checksum = fold(pseudo + sum(packet, headerBytes, packet.length));
    // 0 would mean that there is none.
    writeU16(packet, headerBytes + checksumAt, checksum === 0 ? 0xffff : checksum);
  }
  return ok(packet);
}

function writeIpv4(packet: Uint8Array, from: Uint8Array, to: Uint8Array, protocol: number): void {
  const DONT_FRAGMENT = 0x4000;
  packet[0] = 0x45;
  writeU16(packet, 2, packet.length > 0xffff ? 0 : packet.length);
  writeU16(packet, 6, DONT_FRAGMENT);
  packet[8] = TTL;
  packet[9] = protocol;
  packet.set(from, 12);
  packet.set(to, 16);
  writeU16(packet, 10, fold(sum(packet, 0, IPV4_HEADER_BYTES)));
}

function writeIpv6(packet: Uint8Array, from: Uint8Array, to: Uint8Array, protocol: number, length: number): void {
  writeU32(packet, 0, 0x6000_0000);
  writeU16(packet, 4, length > 0xffff ? 0 : length);
  packet[6] = protocol;
  packet[7] = TTL;
  packet.set(from, 8);
  packet.set(to, 24);
}

/** Sum of 16-bit words; an odd byte at the end counts as the high half of one. */
function sum(b: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i += 2) total += (b[i] << 8) | (i + 1 < end ? b[i + 1] : 0);
  return total;
}

/** The ones' complement of the ones' complement sum (RFC 1071). */
function fold(total: number): number {
  let rest = total;
  while (rest > 0xffff) rest = (rest % 0x1_0000) + Math.floor(rest / 0x1_0000);
  return ~rest & 0xffff;
}

/** 4 or 16 bytes of an address as text; undefined when it is none. A zone (`%eth0`) is not looked at. */
export function parseIp(text: string): Uint8Array | undefined {
  const [address] = text.split("%", 1);
  if (!address.includes(":")) return parseIpv4(address);
  const lastColon = address.lastIndexOf(":");
  const tail = address.slice(lastColon + 1);
  const embedded = tail.includes(".") ? parseIpv4(tail) : undefined;
  if (tail.includes(".") && embedded === undefined) return undefined;
  const hex = embedded === undefined
    ? address
    : `${address.slice(0, lastColon + 1)}${hexWord(embedded, 0)}:${hexWord(embedded, 2)}`;
  const bytes = parseIpv6(hex);
  return bytes !== undefined && isMappedIpv4(bytes) ? bytes.slice(12) : bytes;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  const isAddress = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  return isAddress ? Uint8Array.from(parts, Number) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const words = halves.map((half) => half === "" ? [] : half.split(":"));
  const count = words.reduce((sum, half) => sum + half.length, 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  if (!words.flat().every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  const bytes = new Uint8Array(16);
  words[0].forEach((word, i) => writeU16(bytes, 2 * i, parseInt(word, 16)));
  const last = words[1] ?? [];
  last.forEach((word, i) => writeU16(bytes, 16 - 2 * (last.length - i), parseInt(word, 16)));
  return bytes;
}

function hexWord(b: Uint8Array, at: number): string {
  return ((b[at] << 8) | b[at + 1]).toString(16);
}

/** `::ffff:a.b.c.d`, as sockets of both families name IPv4. */
function isMappedIpv4(b: Uint8Array): boolean {
  return b.subarray(0, 10).every((byte) => byte === 0) && b[10] === 0xff && b[11] === 0xff;
}
