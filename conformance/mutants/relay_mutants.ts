/** Our own relay over a network card that does things to its datagrams. */
import type { PacketBatch } from "../../lib/base/batch.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import type { DatagramTransport } from "../../lib/net/datagram.ts";
import { RelayServer } from "../../lib/net/relay_server.ts";
import { openUdp } from "../../lib/net/udp_deno.ts";
import { relayDriver } from "../drive/relay_world.ts";
import type { Mutant, MutantHead } from "./mutant.ts";

const SECRET = new Uint8Array(32).fill(0x61);
const ANY_PORT = { host: "127.0.0.1", port: 0 };

/** The relay with a UDP transport that `change` makes of the right one. */
function relayMutant(head: MutantHead, change: (transport: DatagramTransport) => DatagramTransport): Mutant {
  return {
    ...head,
    async start() {
      const server = await RelayServer.start({
        relayId: "mutant",
        secret: SECRET,
        crypto: nobleBackend,
        udp: [ANY_PORT],
        tcp: [ANY_PORT],
        openUdp: (options) => change(openUdp(options)),
      });
      const { udp: [udp], tcp: [tcp] } = server.listening;
      return {
        subjects: { relay: relayDriver({ udp, tcp, secret: SECRET, trust: {} }) },
        stop: () => server.stop(),
      };
    },
  };
}

/** The transport with a look at each batch that leaves, which may be changed. */
function sendingThrough(transport: DatagramTransport, change: (batch: PacketBatch) => void): DatagramTransport {
  return {
    addresses: transport.addresses,
    local: transport.local,
    counters: transport.counters,
    receive: (batch) => transport.receive(batch),
    send: (batch) => {
      change(batch);
      return transport.send(batch);
    },
    close: () => transport.close(),
  };
}

const CUT_BYTES = 1200;

export const RELAY_MUTANTS: readonly Mutant[] = [
  relayMutant(
    {
      id: "relay/cuts-large-units",
      broken: `forwards no more than ${CUT_BYTES} bytes of a unit`,
      breaks: ["ARC-UNIT-media-size", "ARC-UNIT-datagram"],
    },
    (transport) =>
      sendingThrough(transport, (batch) => {
        for (let i = 0; i < batch.size; i++) batch.lengths[i] = Math.min(batch.lengths[i], CUT_BYTES);
      }),
  ),
];
