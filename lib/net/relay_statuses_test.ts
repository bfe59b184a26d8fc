import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { STATUS_EXAMPLES } from "../signaling/examples.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import { RelayStatuses } from "./relay_statuses.ts";
import { MemoryBus } from "./testing/memory_bus.ts";

Deno.test("ARC-RELAY-status: a relay that falls silent on the bus has no known load any more, once told", async () => {
  const bus = new MemoryBus();
  const events = { up: () => {}, down: () => {} };
  const [server, relay] = [bus.open(events), bus.open(events)];
  const heard: unknown[] = [];
  const { promise: silent, resolve } = Promise.withResolvers<void>();
  const reports = {
    reported: (n: number, report: unknown) => heard.push([n, report]),
    failed(n: number, message: string) {
      heard.push([n, message]);
      resolve();
    },
  };
  const statuses = new RelayStatuses([undefined, "relay-2"], server, reports, 20);
  const status = { ...STATUS_EXAMPLES.RELAY_STATUS.full, relay_id: "relay-2", load: 0.5, healthy: false };
  relay.publish("arcrtc.relay.relay-2.status", utf8(writeMessage(status)));
  await silent;
  assert.deepEqual(heard, [[1, { load: 0.5, isDraining: true }], [1, undefined], [1, "no RELAY_STATUS for 0.02 s"]]);
  statuses.close();
});
