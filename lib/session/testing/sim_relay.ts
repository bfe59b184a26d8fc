/** A relay on a host of the simulated network: for tests of sessions. */
import { AddressTable } from "../../base/address_table.ts";
import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { nobleBackend } from "../../crypto/backend_noble.ts";
import { issueRelayToken } from "../../crypto/relay_token.ts";
import { Relay } from "../../relay/relay.ts";
import type { Host, Network } from "../../sim/network.ts";

const SECRET = utf8("relay secret of thirty-two bytes");
const PORT = 3478;
const TICK_MS = 100;

export interface SimRelayOptions {
  readonly id: string;
  readonly ip: string;
  readonly priority: number;
}

export class SimRelay {
  readonly host: Host;
  readonly options: SimRelayOptions;
  readonly relay: Relay;
  /** Units that went through. */
  forwarded = 0;
  isDead = false;

  constructor(network: Network, options: SimRelayOptions, unixOffsetMs: number) {
    this.options = options;
    this.host = network.addHost(options.id, { ip: options.ip });
    const table = new AddressTable();
    this.relay = new Relay({
      relayId: options.id,
      secret: SECRET,
      unixOffsetMs,
      addresses: {
        capacity: table.capacity,
        describe(number) {
          const address = table.describe(number);
          if (address === undefined) return undefined;
          return { ip: address.host, port: address.port, limitKey: address.host, transport: "udp" };
        },
        pin: (number) => table.pin(number),
        unpin: (number) => table.unpin(number),
      },
      crypto: nobleBackend,
      rng: new SeededRng(5),
      nowMs: network.clock.nowMs,
    });
    const batch = new PacketBatch(1);
    const out = new PacketBatch(32);
    const socket = this.host.bindUdp(PORT, (data, from, nowMs) => {
      if (this.isDead) return;
      batch.clear();
      batch.push(data, table.intern(from.ip, from.port));
      this.relay.packets(batch, nowMs);
      this.forwarded += batch.size;
      send(batch);
      flush(nowMs);
    });
    const send = (packets: PacketBatch) => {
      for (let i = 0; i < packets.size; i++) {
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

  /** The entry of `relay_servers` for a peer, with its own token. */
  entryFor(sessionId: string, peerId: string) {
    const expiresS = 4_000_000_000;
    const { id, ip: address, priority } = this.options;
    const token = issueRelayToken(SECRET, { sessionId, peerId, expiresS });
    return { id, address, port: PORT, priority, transport: "udp", token, expires: expiresS };
  }
}
