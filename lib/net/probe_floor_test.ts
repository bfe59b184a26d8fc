import assert from "node:assert/strict";
import { FLOOR_SAMPLES, type FloorKind, measureFloors } from "./probe_floor.ts";
import { probeSettings } from "./testing/probe_peer.ts";

Deno.test("probe floor: every way of asking has one, measured over loopback, and nothing stays open", async () => {
  const kinds: readonly FloorKind[] = [
    { protocol: "udp", format: undefined, method: "heartbeat" },
    { protocol: "tls", format: undefined, method: "heartbeat" },
    { protocol: "ws", format: "phoenix", method: "heartbeat" },
    { protocol: "wss", format: "plain", method: "websocket-ping" },
    { protocol: "tcp", format: undefined, method: "tcp-connect" },
    { protocol: "relay", format: undefined, method: "heartbeat" },
  ];
  const floors = await measureFloors(kinds, probeSettings({ timeoutMs: 4000 }));
  assert.deepEqual(floors.map(({ kind }) => kind), kinds);
  for (const { kind, missed, fromSent, sendLateness } of floors) {
    assert.equal(fromSent.count + missed, FLOOR_SAMPLES, `${kind.protocol} ${kind.method}`);
    assert.ok(fromSent.minMs > 0 && sendLateness.minMs >= 0);
  }
});
