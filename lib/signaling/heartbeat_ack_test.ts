import assert from "node:assert/strict";
import { NIL_UUID } from "../base/uuid.ts";
import { heartbeatAck } from "./heartbeat_ack.ts";
import { parseMessage, writeMessage } from "./parse_message.ts";

const HEARTBEAT = { type: "HEARTBEAT", session_id: NIL_UUID, sequence: 7, timestamp: 5000 } as const;

Deno.test("ARC-SIG-heartbeat-answer ARC-SIG-heartbeat-latency: echoes sequence, challenge and timestamp; latency is the difference", () => {
  const ack = heartbeatAck({ ...HEARTBEAT, challenge: "0123456789abcdef", token: "secret", pad: "x" }, 5012);
  assert.deepEqual(ack, {
    type: "HEARTBEAT_ACK",
    session_id: NIL_UUID,
    sequence: 7,
    challenge: "0123456789abcdef",
    original_timestamp: 5000,
    response_timestamp: 5012,
    latency_ms: 12,
  });
  assert.equal(heartbeatAck(HEARTBEAT, 4000).latency_ms, -1000, "clocks differ, so it may be negative");
});

Deno.test("ARC-SIG-heartbeat-ack-fields: the answer is a message, with the observed address where it is told", () => {
  const observed = { ip: "192.0.2.1", port: 5 };
  for (const timestamp of [0, Number.MAX_SAFE_INTEGER]) {
    const ack = heartbeatAck({ ...HEARTBEAT, timestamp }, 1_700_000_000_000, observed);
    assert.deepEqual(parseMessage(writeMessage(ack)), { ok: true, value: ack });
  }
  assert.ok(!("observed" in heartbeatAck(HEARTBEAT, 1)));
});
