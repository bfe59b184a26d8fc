/**
 * A UDP port that answers HEARTBEATs to the server and nothing else, so that the way to it can be measured (SPEC
 * ARC-TRANSPORT-server-udp-heartbeat). It never sends more than it gets, nor more often: no use to whoever forges sources.
 */
import type { HostPort } from "../base/address_table.ts";
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import { NIL_UUID } from "../base/uuid.ts";
import { heartbeatAck } from "../signaling/heartbeat_ack.ts";
import { isIp } from "../signaling/messages/address.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import { AddressRate, type AddressRateLimits } from "./address_rate.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";

export const UDP_HEARTBEAT_LIMITS: AddressRateLimits = { perAddress: 50, overall: 5000 };

/** Plain numbers that only grow. */
export interface UdpHeartbeatCounters {
  answered: number;
  /** No HEARTBEAT to the server, or one that is shorter than its answer. */
  dropped: number;
  /** Beyond the rate of its address or of all. */
  limited: number;
}

/**
 * The answer to a unit from `from`: a HEARTBEAT_ACK with `observed`, when the unit is a plain HEARTBEAT with the nil
 * session_id that is at least as long; otherwise undefined, and nothing must be sent. SPEC ARC-RELAY-nil-heartbeat,
 * ARC-RELAY-nil-heartbeat-size.
 */
export function answerNilHeartbeat(unit: Uint8Array, from: HostPort, unixMs: number): Uint8Array | undefined {
  // A source port of 0, which only a forger has, cannot be answered or written down.
  if (unit[0] !== 0x7b || from.port === 0 || !isIp(from.host)) return undefined;
  const parsed = parseMessage(unit);
  if (!parsed.ok || parsed.value.type !== "HEARTBEAT" || parsed.value.session_id !== NIL_UUID) return undefined;
  const ack = heartbeatAck(parsed.value, Math.floor(unixMs), { ip: from.host, port: from.port });
  const answer = utf8(writeMessage(ack));
  return answer.length <= unit.length ? answer : undefined;
}

export class UdpHeartbeats {
  readonly counters: UdpHeartbeatCounters = { answered: 0, dropped: 0, limited: 0 };
  readonly local: HostPort;
  /** Resolves when the port is closed, rejects when the system takes it away. */
  readonly ended: Promise<void>;
  readonly #socket: DatagramTransport;
  readonly #clock: Clock;
  readonly #rate: AddressRate;

  /** Answers on `socket`, which it owns from here on. */
  constructor(socket: DatagramTransport, clock: Clock, limits: AddressRateLimits = UDP_HEARTBEAT_LIMITS) {
    this.#socket = socket;
    this.#clock = clock;
    this.#rate = new AddressRate(limits, clock.nowMs());
    this.local = socket.local;
    this.ended = this.#run();
  }

  close(): void {
    this.#socket.close();
  }

  async #run(): Promise<void> {
    const incoming = new PacketBatch(32);
    const outgoing = new PacketBatch(32);
    while (await this.#socket.receive(incoming)) {
      outgoing.clear();
      for (let i = 0; i < incoming.size; i++) this.#take(incoming.packet(i), incoming.addresses[i], outgoing);
      if (outgoing.size > 0) await this.#socket.send(outgoing);
    }
  }

  #take(unit: Uint8Array, address: number, outgoing: PacketBatch): void {
    const from = this.#socket.addresses.describe(address);
    const nowMs = this.#clock.nowMs();
    if (from === undefined || unit[0] !== 0x7b) {
      this.counters.dropped++;
    } else if (!this.#rate.admit(from.host, nowMs)) {
      this.counters.limited++;
    } else {
      const answer = answerNilHeartbeat(unit, from, nowMs + this.#clock.unixOffsetMs);
      if (answer !== undefined && outgoing.push(answer, address)) this.counters.answered++;
      else this.counters.dropped++;
    }
  }
}
