/** A relay on a host of the simulated network: for tests of sessions. */
import { AddressTable } from "../../base/address_table.ts";
import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { nobleBackend } from "../../crypto/backend_noble.ts";
import { issueRelayToken } from "../../crypto/relay_token.ts";
import { Relay } from "../../relay/relay.ts";
import type { RelaySource } from "../../relay/relay_addresses.ts";
import type { Host, Network } from "../../sim/network.ts";
import type { SimStream, StreamStack } from "../../sim/stream.ts";
import { framedListener, sendFramed } from "./sim_streams.ts";

const SECRET = utf8("relay secret of thirty-two bytes");
const PORT = 3478;
const TLS_PORT = 5349;
const TICK_MS = 100;

export interface SimRelayOptions {
  readonly id: string;
  readonly ip: string;
  readonly priority: number;
  /** How it is named to peers; its address when absent. */
  readonly name?: string;
  /** How it can be reached; UDP alone when absent. TLS is TCP by another name here. */
  readonly transports?: readonly ("udp" | "tcp" | "tls")[];
}

/** What a relay of the simulation can number: connections come after addresses. */
const MAX_ADDRESSES = 256;
const MAX_STREAMS = 1024;

export class SimRelay {
  readonly host: Host;
  readonly options: SimRelayOptions;
  readonly relay: Relay;
  /** Units that went through. */
  forwarded = 0;
  isDead = false;

  readonly #streams = new Map<number, SimStream>();
  #nextStream = MAX_ADDRESSES;

  constructor(network: Network, stack: StreamStack, options: SimRelayOptions, unixOffsetMs: number) {
    this.options = options;
    this.host = network.addHost(options.id, { ip: options.ip });
    const table = new AddressTable(MAX_ADDRESSES);
    this.relay = new Relay({
      relayId: options.id,
      secret: SECRET,
      unixOffsetMs,
      addresses: {
        capacity: MAX_ADDRESSES + MAX_STREAMS,
        describe: (number) => {
          const stream = this.#streams.get(number)?.remote;
          const address = stream === undefined ? table.describe(number) : { host: stream.ip, port: stream.port };
          if (address === undefined) return undefined;
          const transport: RelaySource["transport"] = stream === undefined ? "udp" : "tcp";
          return { ip: address.host, port: address.port, limitKey: address.host, transport };
        },
        pin: (number) => number >= MAX_ADDRESSES || table.pin(number),
        unpin: (number) => number >= MAX_ADDRESSES || table.unpin(number),
      },
      crypto: nobleBackend,
      rng: new SeededRng(5),
      nowMs: network.clock.nowMs,
    });
    const batch = new PacketBatch(1);
    const out = new PacketBatch(32);
    const arrived = (unit: Uint8Array, address: number, nowMs: number) => {
      if (this.isDead) return;
      batch.clear();
      batch.push(unit, address);
      this.relay.packets(batch, nowMs);
      this.forwarded += batch.size;
      send(batch);
      flush(nowMs);
    };
    const socket = this.host.bindUdp(PORT, (data, from, nowMs) => {
      arrived(data, table.intern(from.ip, from.port), nowMs);
    });
    for (const [port, transport] of [[PORT, "tcp"], [TLS_PORT, "tls"]] as const) {
      if (options.transports?.includes(transport) !== true) continue;
      stack.listen(this.host, port, (stream) => {
        const address = this.#nextStream++;
        this.#streams.set(address, stream);
        return framedListener({
          unit: (unit, nowMs) => arrived(unit, address, nowMs),
          ended: () => {
            this.relay.closed(address, network.clock.nowMs);
            this.#streams.delete(address);
          },
        });
      });
    }
    const send = (packets: PacketBatch) => {
      for (let i = 0; i < packets.size; i++) {
        const stream = this.#streams.get(packets.addresses[i]);
        if (stream !== undefined) sendFramed(stream, packets.packet(i));
        const to = table.describe(packets.addresses[i]);
        if (to !== undefined) socket.send(packets.packet(i), network.endpoints.of(to.host, to.port));
      }
    };
    const flush = (nowMs: number) => {
      for (;;) {
        out.clear();
        if (this.relay.pollAnswers(out) + this.relay.pollPackets(out, nowMs) === 0) break;
        send(out);
      }
      while (this.relay.poll() !== undefined);
    };
    const tick = () => {
      if (!this.isDead) {
        this.relay.timeout(network.clock.nowMs);
        flush(network.clock.nowMs);
      }
      network.clock.after(TICK_MS, tick);
    };
    tick();
  }

  /** Takes it off the network, or brings it back: connections notice when nothing is answered any more. */
  kill(isDead = true): void {
    this.isDead = isDead;
    this.host.isUp = !isDead;
  }

  /** The entries of `relay_servers` for a peer, with its own token. */
  entriesFor(sessionId: string, peerId: string) {
    const expiresS = 4_000_000_000;
    const { id, name, ip, priority, transports = ["udp"] } = this.options;
    const address = name ?? ip;
    const token = issueRelayToken(SECRET, { sessionId, peerId, expiresS });
    return transports.map((transport) => {
      const port = transport === "tls" ? TLS_PORT : PORT;
      return { id, address, port, priority, transport, token, expires: expiresS };
    });
  }
}
