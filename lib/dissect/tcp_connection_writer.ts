/**
 * TCP packets for captures of byte streams that were seen at a socket: made up, but such that whoever puts them in order
 * again gets the streams. Nothing is lost or sent twice, and each packet acknowledges all before it.
 */
import type { HostPort } from "../base/address_table.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { MAX_SEGMENT_BYTES, writeTcpPacket } from "./tcp_packet_writer.ts";

const FIN = 0x01;
const SYN = 0x02;
const PUSH = 0x08;
const ACK = 0x10;

interface End {
  readonly address: HostPort;
  /** The next byte that it sends. */
  sequence32: number;
}

/** One connection, from its first packet to its last. */
export class TcpConnectionWriter {
  readonly #client: End;
  readonly #server: End;

  /** Both hosts are IP addresses of one family: without packets where they are not. */
  constructor(client: HostPort, server: HostPort) {
    this.#client = { address: client, sequence32: 0 };
    this.#server = { address: server, sequence32: 0 };
  }

  /** The handshake. */
  open(): Uint8Array[] {
    const [client, server] = [this.#client, this.#server];
    return [
      ...this.#packet(client, server, SYN),
      ...this.#packet(server, client, SYN | ACK),
      ...this.#packet(client, server, ACK),
    ];
  }

  /** Bytes as they were read from one side; copied. */
  data(isFromClient: boolean, bytes: Uint8Array): Uint8Array[] {
    const [from, to] = this.#ends(isFromClient);
    const packets: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += MAX_SEGMENT_BYTES) {
      packets.push(...this.#packet(from, to, PUSH | ACK, bytes.subarray(at, at + MAX_SEGMENT_BYTES)));
    }
    return packets;
  }

  /** One side sends nothing more. */
  end(isFromClient: boolean): Uint8Array[] {
    const [from, to] = this.#ends(isFromClient);
    return this.#packet(from, to, FIN | ACK);
  }

  #ends(isFromClient: boolean): readonly [from: End, to: End] {
    return isFromClient ? [this.#client, this.#server] : [this.#server, this.#client];
  }

  #packet(from: End, to: End, flags: number, payload: Uint8Array = EMPTY_BYTES): Uint8Array[] {
    const packet = writeTcpPacket(from.address, to.address, {
      sequence32: from.sequence32,
      acknowledgement32: (flags & ACK) === 0 ? 0 : to.sequence32,
      flags,
      payload,
    });
    const isCounted = (flags & (SYN | FIN)) !== 0;
    from.sequence32 = (from.sequence32 + payload.length + (isCounted ? 1 : 0)) >>> 0;
    return packet.ok ? [packet.value] : [];
  }
}
