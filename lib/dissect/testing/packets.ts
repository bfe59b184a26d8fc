/** Packets for tests, layer by layer. Made from the RFCs' drawings, so that they share no mistake with the readers. */
import { concatBytes, EMPTY_BYTES, parseHex, writeU16, writeU32 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { parseIp } from "../ip_packet_writer.ts";

export function hex(text: string): Uint8Array {
  return unwrap(parseHex(text.replace(/\s/g, "")));
}

export function address(text: string): Uint8Array {
  const bytes = parseIp(text);
  if (bytes === undefined) throw new Error(`no address: ${text}`);
  return bytes;
}

export interface Ends {
  readonly from?: string;
  readonly to?: string;
}

export interface Ipv4Options extends Ends {
  readonly protocol?: number;
  readonly options?: Uint8Array;
  readonly id?: number;
  readonly moreFragments?: boolean;
  /** In bytes. */
  readonly fragmentOffset?: number;
  /** What the total length field says, where it lies. */
  readonly totalLength?: number;
}

export function ipv4(payload: Uint8Array, o: Ipv4Options = {}): Uint8Array {
  const options = o.options ?? EMPTY_BYTES;
  const header = new Uint8Array(20 + options.length);
  header[0] = 0x40 | (header.length / 4);
  writeU16(header, 2, o.totalLength ?? header.length + payload.length);
  writeU16(header, 4, o.id ?? 0);
  writeU16(header, 6, (o.moreFragments ? 0x2000 : 0) | ((o.fragmentOffset ?? 0) / 8));
  header[8] = 64;
  header[9] = o.protocol ?? 17;
  header.set(address(o.from ?? "10.0.0.1"), 12);
  header.set(address(o.to ?? "10.0.0.2"), 16);
  header.set(options, 20);
  return concatBytes(header, payload);
}

/** Extension headers: [number, bytes without the next-header field]. */
export type Extension = readonly [number: number, rest: Uint8Array];

export interface Ipv6Options extends Ends {
  readonly protocol?: number;
  readonly extensions?: readonly Extension[];
}

export function ipv6(payload: Uint8Array, o: Ipv6Options = {}): Uint8Array {
  const extensions = o.extensions ?? [];
  const protocol = o.protocol ?? 17;
  const chain = extensions.map(([, rest], i) => concatBytes(Uint8Array.of(extensions[i + 1]?.[0] ?? protocol), rest));
  const body = concatBytes(...chain, payload);
  const header = new Uint8Array(40);
  header[0] = 0x60;
  writeU16(header, 4, body.length);
  header[6] = extensions[0]?.[0] ?? protocol;
  header[7] = 64;
  header.set(address(o.from ?? "2001:db8::1"), 8);
  header.set(address(o.to ?? "2001:db8::2"), 24);
  return concatBytes(header, body);
}

/** Everything of an IPv6 fragment header behind its next-header field. */
export function fragmentExtension(offset: number, more: boolean, id: number): Extension {
  const rest = new Uint8Array(7);
  writeU16(rest, 1, offset | (more ? 1 : 0));
  writeU32(rest, 3, id);
  return [44, rest];
}

export interface Ports {
  readonly fromPort?: number;
  readonly toPort?: number;
}

export function udp(payload: Uint8Array, { fromPort = 5000, toPort = 6000 }: Ports = {}, length = 8 + payload.length) {
  const header = new Uint8Array(8);
  writeU16(header, 0, fromPort);
  writeU16(header, 2, toPort);
  writeU16(header, 4, length);
  return concatBytes(header, payload);
}

export interface TcpOptions extends Ports {
  readonly seq: number;
  readonly ack?: number;
  readonly syn?: boolean;
  readonly fin?: boolean;
  readonly rst?: boolean;
  /** Bytes of TCP options, a multiple of 4. */
  readonly options?: Uint8Array;
}

export function tcp(payload: Uint8Array, o: TcpOptions): Uint8Array {
  const options = o.options ?? EMPTY_BYTES;
  const header = new Uint8Array(20 + options.length);
  writeU16(header, 0, o.fromPort ?? 40_000);
  writeU16(header, 2, o.toPort ?? 4000);
  writeU32(header, 4, o.seq >>> 0);
  writeU32(header, 8, (o.ack ?? 0) >>> 0);
  header[12] = (header.length / 4) << 4;
  header[13] = (o.fin ? 1 : 0) | (o.syn ? 2 : 0) | (o.rst ? 4 : 0) | (o.ack === undefined ? 0 : 16);
  header.set(options, 20);
  return concatBytes(header, payload);
}

const MACS = hex("020000000001 020000000002");

/** `vlans` are tag types and ids, outermost first. */
export function ethernet(ip: Uint8Array, vlans: readonly (readonly [type: number, id: number])[] = []): Uint8Array {
  const etherType = ip[0] >>> 4 === 6 ? 0x86dd : 0x0800;
  const types = [...vlans.map(([type]) => type), etherType];
  const tags = vlans.map(([, id], i) => Uint8Array.of(id >>> 8, id, types[i + 1] >>> 8, types[i + 1]));
  return concatBytes(MACS, Uint8Array.of(types[0] >>> 8, types[0]), ...tags, ip);
}
