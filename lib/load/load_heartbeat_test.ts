import assert from "node:assert/strict";
import fc from "fast-check";
import { unwrap } from "../base/parsed.ts";
import { utf8 } from "../base/bytes.ts";
import { parseMessage } from "../signaling/parse_message.ts";
import { readLoadHeartbeat, writeLoadHeartbeat } from "./load_heartbeat.ts";

const FROM = { sessionId: "6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55", peerId: "11111111-1111-4111-8111-111111111111" };

Deno.test("load heartbeat: what is written is read again, as text and as bytes [ARC-SIG-heartbeat-sender-fields]", () => {
  const time = fc.double({ min: 0, max: 1e12, noNaN: true });
  fc.assert(fc.property(fc.nat(), time, time, fc.nat(2000), (sequence, sentMs, dueMs, sizeBytes) => {
    const text = writeLoadHeartbeat({ sequence, sentMs, dueMs }, FROM, 1_700_000_000_000, sizeBytes);
    for (const unit of [text, utf8(text)]) assert.deepEqual(readLoadHeartbeat(unit), { sequence, sentMs, dueMs });
    assert.ok(text.length <= Math.max(sizeBytes, 320), `${text.length} bytes for ${sizeBytes}`);
    assert.equal(unwrap(parseMessage(text)).type, "HEARTBEAT");
  }));
});

Deno.test("load heartbeat: any text, and the heartbeats of others, are not ours", () => {
  fc.assert(fc.property(fc.string(), (text) => void readLoadHeartbeat(text)));
  const other = `{"type":"HEARTBEAT","session_id":"${FROM.sessionId}","sequence":1,"pad":"zz","timestamp":1}`;
  assert.equal(readLoadHeartbeat(other), undefined);
  assert.equal(readLoadHeartbeat(other.replace('"zz"', '"5 00"')), undefined);
});
