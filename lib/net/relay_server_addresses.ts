/**
 * One numbering for all that a relay sends to:
 *
 * ```
 *   0 ... first UDP socket's | second UDP socket's | ... | TCP and TLS connections ... capacity-1
 * ```
 */
import type { AddressTable } from "../base/address_table.ts";
import { NONE, type RelayAddresses, type RelaySource } from "../relay/relay_addresses.ts";
import { isIp } from "../signaling/messages/address.ts";
import { addressKey } from "./address_key.ts";

export class RelayAddressBook implements RelayAddresses {
  readonly capacity: number;
  /** The first number of the connections; those below are of UDP. */
  readonly firstStream: number;
  readonly #udp: readonly { readonly base: number; readonly table: AddressTable }[];
  readonly #streams: (RelaySource | undefined)[];
  /** First in, first out, so that a number rests before it means somebody else. */
  readonly #freeStreams: number[];

  constructor(udp: readonly AddressTable[], streamCapacity: number) {
    let base = 0;
    this.#udp = udp.map((table) => {
      const entry = { base, table };
      base += table.capacity;
      return entry;
    });
    this.firstStream = base;
    this.capacity = base + streamCapacity;
    this.#streams = new Array<RelaySource | undefined>(streamCapacity).fill(undefined);
    this.#freeStreams = Array.from({ length: streamCapacity }, (_, i) => i);
  }

  /** The number of the first address of UDP socket `i`. */
  udpBase(i: number): number {
    return this.#udp[i].base;
  }

  /** Numbers a connection; {@link NONE} when all numbers are taken, or its address cannot be written. */
  openStream(host: string, port: number, transport: "tcp" | "tls"): number {
    const source = sourceOf(host, port, transport);
    if (source === undefined) return NONE;
    const i = this.#freeStreams.shift();
    if (i === undefined) return NONE;
    this.#streams[i] = source;
    return this.firstStream + i;
  }

  /** Gives connection `i` of the numbers {@link firstStream} + `i` its meaning, where somebody else gives numbers out. */
  placeStream(i: number, host: string, port: number, transport: "tcp" | "tls"): void {
    this.#streams[i] = sourceOf(host, port, transport);
  }

  closeStream(address: number): void {
    const i = address - this.firstStream;
    if (this.#streams[i] === undefined) return;
    this.#streams[i] = undefined;
    this.#freeStreams.push(i);
  }

  describe(address: number): RelaySource | undefined {
    if (address >= this.firstStream) return this.#streams[address - this.firstStream];
    const { base, table } = this.#udpOf(address);
    const known = table.describe(address - base);
    return known === undefined ? undefined : sourceOf(known.host, known.port, "udp");
  }

  pin(address: number): void {
    if (address >= this.firstStream) return;
    const { base, table } = this.#udpOf(address);
    table.pin(address - base);
  }

  unpin(address: number): void {
    if (address >= this.firstStream) return;
    const { base, table } = this.#udpOf(address);
    table.unpin(address - base);
  }

  #udpOf(address: number): { readonly base: number; readonly table: AddressTable } {
    let i = this.#udp.length - 1;
    while (this.#udp[i].base > address) i--;
    return this.#udp[i];
  }
}

/** Undefined for what no message could name: a source port of 0, an address that is none. */
function sourceOf(host: string, port: number, transport: RelaySource["transport"]): RelaySource | undefined {
  const ip = plainIp(host);
  return port > 0 && isIp(ip) ? { ip, port, limitKey: addressKey(ip), transport } : undefined;
}

/** Without a zone, which means nothing to anybody else, and IPv4 as such: dual-stack sockets show `::ffff:1.2.3.4`. */
export function plainIp(host: string): string {
  const address = host.split("%")[0];
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
