import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { parseStatus, writeMessage } from "../signaling/parse_message.ts";
import { LoadMeter, relayStatus } from "./load.ts";
import { media, RelayWorld, START_UNIX_MS } from "./testing/relay_world.ts";

const SELF = { relayId: "relay-1", endpoints: [{ address: "203.0.113.1", port: 3478, transport: "udp" }] } as const;

Deno.test("RELAY_STATUS: says sessions, bindings, rates and the share of the tightest limit, in a message of its schema", () => {
  const world = new RelayWorld({ maxSessions: 4, totalBps: 1_000_000 });
  const meter = new LoadMeter(world.relay, 0);
  const { caller } = world.pair();
  for (let i = 0; i < 100; i++) {
    world.send(caller, media(0, i, 500));
    world.advance(10);
  }
  meter.sample(999);
  assert.equal(meter.bitsPerSecond, 0, "too soon");
  meter.sample(1000);
  const status = relayStatus(world.relay, meter, SELF, START_UNIX_MS + 1000.5);
  assert.deepEqual(status, {
    type: "RELAY_STATUS",
    relay_id: "relay-1",
    healthy: true,
    load: 0.4,
    sessions: 1,
    bindings: 2,
    packets_per_s: 100,
    bits_per_s: 400_000,
    endpoints: SELF.endpoints,
    timestamp: START_UNIX_MS + 1000,
  });
  assert.deepEqual(unwrap(parseStatus(writeMessage(status))), status);
  meter.sample(2000);
  assert.equal(meter.load, 0.25, "sessions are now the tightest");
  world.relay.drain();
  assert.equal(relayStatus(world.relay, meter, SELF, 0).healthy, false);
});
