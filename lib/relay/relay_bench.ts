/**
 * What the relay itself costs, without sockets: `deno bench -A lib/relay/relay_bench.ts`. An iteration is one batch of 64
 * packets, of 64 sessions. The baseline is the least that any relay must do: one look-up of the destination.
 *
 * Over loopback sockets, with the bare loop beside it: `deno run -A lib/net/relay_server_bench.ts`.
 */
import { PacketBatch } from "../base/batch.ts";
import { SeededRng } from "../base/rng.ts";
import { nobleBackend } from "../crypto/backend_noble.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import type { RelayLimits } from "./limits.ts";
import { Relay } from "./relay.ts";
import { FakeAddresses, media, reducedMedia, SECRET, START_UNIX_MS, uuidOf } from "./testing/relay_world.ts";

const PACKETS = 64;

function relayWith(limits: Partial<RelayLimits>) {
  const addresses = new FakeAddresses(4096);
  const relay = new Relay({
    relayId: "bench",
    secret: SECRET,
    unixOffsetMs: START_UNIX_MS,
    addresses,
    crypto: nobleBackend,
    rng: new SeededRng(1),
    limits: { sessionBps: Infinity, sessionPps: Infinity, maxSessions: 1000, bindingsPerSource: 10_000, ...limits },
    nowMs: 0,
  });
  for (let i = 0; i < PACKETS; i++) {
    for (const peerId of [uuidOf(0xc1), uuidOf(0xc2)]) {
      const address = addresses.add("192.0.2.1", addresses.sources.length + 1);
      relay.bindings.bind({ sessionId: uuidOf(i), peerId, address, limitKey: "192.0.2.1" }, 0);
    }
  }
  return relay;
}

function batchOf(unit: Uint8Array): PacketBatch {
  const batch = new PacketBatch(PACKETS);
  for (let i = 0; i < PACKETS; i++) batch.push(unit, 2 * i);
  return batch;
}

/** The batch as it came from the socket: forwarding has put destinations in. */
function renew(batch: PacketBatch, bytes: number): void {
  batch.size = PACKETS;
  for (let i = 0; i < PACKETS; i++) {
    batch.addresses[i] = 2 * i;
    batch.lengths[i] = bytes;
  }
}

for (const bytes of [160, 1200]) {
  const group = `forward 64 x ${bytes} B`;
  const destination = Int32Array.from({ length: 4096 }, (_, i) => i ^ 1);
  const plain = batchOf(media(0, 1, bytes));
  Deno.bench("look-up alone", { group, baseline: true }, () => {
    renew(plain, bytes);
    for (let i = 0; i < plain.size; i++) plain.addresses[i] = destination[plain.addresses[i]];
  });
  for (const [name, unit] of [["full", media(0, 1, bytes)], ["reduced", reducedMedia(0, 1, bytes)]] as const) {
    const relay = relayWith({});
    const batch = batchOf(unit);
    Deno.bench(`${name} header`, { group }, () => {
      renew(batch, bytes);
      relay.packets(batch, 1);
      if (batch.size !== PACKETS) throw new Error("all must pass");
    });
  }
  // As much waits as comes and goes: each packet goes into the queue and out of it.
  const limited = relayWith({ totalBps: 1e9, queuePackets: 1024, queueMs: 1000 });
  const batch = batchOf(media(1, 1, bytes));
  const out = new PacketBatch(PACKETS, MAX_UNIT_BYTES);
  let nowMs = 1;
  const round = (stepMs: number) => {
    nowMs += stepMs;
    for (let peer = 0; peer < 2 * PACKETS; peer++) limited.bindings.heard(peer, nowMs);
    renew(batch, bytes);
    limited.packets(batch, nowMs);
    for (out.clear(); limited.pollPackets(out, nowMs) === PACKETS; out.clear());
  };
  for (let i = 0; limited.waiting < 4 * PACKETS; i++) round(0.001);
  Deno.bench("full header, through the queue", { group }, () => {
    round((PACKETS * bytes * 8) / 1e6);
    if (batch.size > 0) throw new Error("all must wait");
  });
}
