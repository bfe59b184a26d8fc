/**
 * As much of a TURN client (RFC 8656) as it takes to send through a TURN server: an allocation and one channel to one
 * peer, over UDP, without credentials. For benches that compare a relay with a TURN server.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |         STUN method           |       bytes behind 20         |      control: 20 bytes, then attributes
 * |                  magic cookie 2112a442                        |
 * |                  transaction id, 96 bits                      |
 * +-------------------------------+-------------------------------+
 * |       channel number          |       bytes behind 4          |      data
 * +-------------------------------+-------------------------------+
 * ```
 */
import type { Rng } from "../../base/rng.ts";
import type { HostPort } from "../../base/address_table.ts";
import { PacketBatch } from "../../base/batch.ts";
import { readU16, writeU16, writeU32 } from "../../base/bytes.ts";
import type { DatagramTransport } from "../datagram.ts";
import { NetError } from "../net_error.ts";
import { SystemRng } from "../system_rng.ts";

export const CHANNEL_HEADER_BYTES = 4;
/** The first number that a channel may have. */
const CHANNEL = 0x4000;

const COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const METHOD = { allocate: 0x003, channelBind: 0x009 } as const;
const SUCCESS = 0x100;
const ATTRIBUTE = { channelNumber: 0x000c, xorPeerAddress: 0x0012, requestedTransport: 0x0019 } as const;
const UDP = 17;
const IPV4 = 1;

const TRY_EVERY_MS = 500;
const TRIES = 8;

/** An allocation with its channel. Control answers are waited for here, so nobody else reads the socket meanwhile. */
export class TurnClient {
  readonly transport: DatagramTransport;
  /** The transport's number of the server. */
  readonly address: number;
  readonly #rng = new SystemRng();

  constructor(transport: DatagramTransport, server: HostPort) {
    this.transport = transport;
    this.address = transport.addresses.intern(server.host, server.port);
    transport.addresses.pin(this.address);
  }

  /** Allocates, and binds the channel to an IPv4 peer. Throws NetError. */
  async open(peer: HostPort): Promise<void> {
    for (const request of turnRequests(peer, this.#rng)) await this.#ask(request);
  }

  async #ask(request: Uint8Array): Promise<void> {
    const out = new PacketBatch(1, 256);
    const answer = new PacketBatch(1);
    out.push(request, this.address);
    let sendings = 0;
    const send = () => sendings++ < TRIES ? void this.transport.send(out) : this.transport.close();
    send();
    const timer = setInterval(send, TRY_EVERY_MS);
    try {
      while (await this.transport.receive(answer)) {
        if (isTurnAnswer(answer.packet(0), request)) return;
      }
    } finally {
      clearInterval(timer);
    }
    throw new NetError("unreachable", "the TURN server does not answer");
  }
}

/** What opens a way to an IPv4 peer, in this order, each after the answer to the one before: an allocation, a channel. */
export function turnRequests(peer: HostPort, rng: Rng): readonly Uint8Array[] {
  const transaction = () => rng.fill(new Uint8Array(12));
  const number = new Uint8Array(4);
  writeU16(number, 0, CHANNEL);
  return [
    writeStun(METHOD.allocate, transaction(), [
      { type: ATTRIBUTE.requestedTransport, value: Uint8Array.of(UDP, 0, 0, 0) },
    ]),
    writeStun(METHOD.channelBind, transaction(), [
      { type: ATTRIBUTE.channelNumber, value: number },
      { type: ATTRIBUTE.xorPeerAddress, value: xorAddress(peer) },
    ]),
  ];
}

/** True for the success that answers the request, false for what is about something else. Throws NetError for a refusal. */
export function isTurnAnswer(answer: Uint8Array, request: Uint8Array): boolean {
  const [type, method] = [readU16(answer, 0), readU16(request, 0)];
  if (type === (method | SUCCESS)) return true;
  if ((type & 0x3eef) === method) throw new NetError("refused", `the TURN server answers ${type.toString(16)}`);
  return false;
}

/** Writes the header of channel data; the data lies behind it. */
export function writeChannelHeader(out: Uint8Array, at: number, dataBytes: number): void {
  writeU16(out, at, CHANNEL);
  writeU16(out, at + 2, dataBytes);
}

interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

function writeStun(method: number, transaction: Uint8Array, attributes: readonly Attribute[]): Uint8Array {
  const bytes = attributes.reduce((sum, { value }) => sum + 4 + value.length, 0);
  const out = new Uint8Array(HEADER_BYTES + bytes);
  writeU16(out, 0, method);
  writeU16(out, 2, bytes);
  writeU32(out, 4, COOKIE);
  out.set(transaction, 8);
  let at = HEADER_BYTES;
  for (const { type, value } of attributes) {
    writeU16(out, at, type);
    writeU16(out, at + 2, value.length);
    out.set(value, at + 4);
    at += 4 + value.length;
  }
  return out;
}

function xorAddress({ host, port }: HostPort): Uint8Array {
  const value = new Uint8Array(8);
  value[1] = IPV4;
  writeU16(value, 2, port ^ (COOKIE >>> 16));
  const ip = host.split(".").reduce((word, byte) => (word << 8) | Number(byte), 0);
  writeU32(value, 4, (ip ^ COOKIE) >>> 0);
  return value;
}
