/**
 * Which packets of a capture carry units that were chosen. A first pass chooses, a second asks:
 *
 * ```
 * UDP      the packet of the unit, with all fragments of its datagram
 * TCP      every packet of the connection: a stream with holes could not be read again
 * ```
 */
import { formatHostPort } from "../../base/address_table.ts";
import { readU16 } from "../../base/bytes.ts";
import type { CapturedFrame } from "../capture/captured_frame.ts";
import { ipv4Text, ipv6Text } from "../network/ip_text.ts";
import { IpView, PROTOCOL_TCP } from "../network/ip_view.ts";
import { LinkView } from "../network/link_layer.ts";
import type { CapturedUnit } from "./captured_unit.ts";

/** Grows with the capture: one bit for each packet. */
class PacketSet {
  #bits = new Uint8Array(1024);

  add(number: number): void {
    const at = number >>> 3;
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bits.length, at + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[at] |= 1 << (number & 7);
  }

  has(number: number): boolean {
    return ((this.#bits[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }
}

export class PacketSelection {
  readonly #packets = new PacketSet();
  /** Connections by their two ends, in alphabetical order. */
  readonly #connections = new Set<string>();
  /** Datagrams in fragments, by addresses and id. */
  readonly #datagrams = new Set<string>();
  readonly #view = new PacketView();

  /** First pass: takes a unit that was chosen. */
  choose({ transport, packet, source, destination }: CapturedUnit): void {
    if (transport === "udp") this.#packets.add(packet);
    else this.#connections.add(pairOf(source.text, destination.text));
  }

  /** First pass: takes each packet behind its units. */
  seen(frame: CapturedFrame): void {
    if (!this.#packets.has(frame.number) || !this.#view.parse(frame)) return;
    const { fragments } = this.#view;
    if (fragments !== undefined) this.#datagrams.add(fragments);
  }

  /** Second pass: whether the packet belongs to what was chosen. */
  has(frame: CapturedFrame): boolean {
    if (this.#packets.has(frame.number)) return true;
    if (this.#connections.size === 0 && this.#datagrams.size === 0) return false;
    if (!this.#view.parse(frame)) return false;
    const { fragments, connection } = this.#view;
    if (fragments !== undefined) return this.#datagrams.has(fragments);
    return connection !== undefined && this.#connections.has(connection);
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** What a packet belongs to, by its headers alone. */
class PacketView {
  /** Of a fragment. */
  fragments: string | undefined = undefined;
  /** Of a TCP segment. */
  connection: string | undefined = undefined;
  readonly #link = new LinkView();
  readonly #ip = new IpView();

  parse({ linkType, bytes, start, end }: CapturedFrame): boolean {
    this.fragments = undefined;
    this.connection = undefined;
    const ip = this.#ip;
    if (!this.#link.parse(linkType, bytes, start, end) || !ip.parse(bytes, this.#link.ipStart, end)) return false;
    const text = ip.version === 4 ? ipv4Text : ipv6Text;
    const [source, destination] = [text(bytes, ip.sourceAt), text(bytes, ip.destinationAt)];
    if (ip.isFragment) this.fragments = `${source} ${destination} ${ip.protocol} ${ip.fragmentId}`;
    else if (ip.protocol === PROTOCOL_TCP && ip.payloadEnd - ip.payloadStart >= 4) {
      const from = { host: source, port: readU16(bytes, ip.payloadStart) };
      const to = { host: destination, port: readU16(bytes, ip.payloadStart + 2) };
      this.connection = pairOf(formatHostPort(from), formatHostPort(to));
    }
    return true;
  }
}
