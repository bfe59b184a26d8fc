import assert from "node:assert/strict";
import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { text, untext } from "../testing/streams.ts";
import type { Envelope } from "../units/envelope.ts";
import { unwrapText } from "./phoenix_unwrap.ts";

function unwrapped(message: string): { unit: string; envelope: Envelope | undefined } {
  const found: { unit: string; envelope: Envelope | undefined }[] = [];
  const pool = concatBytes(text("[[["), text(message), text("]]]"));
  unwrapText(pool, 3, 3 + text(message).length, {
    unit: (bytes, start, end, envelope) => {
      assert.ok(equalBytes(bytes, pool), "the unit is borrowed, not copied");
      found.push({ unit: untext(bytes.subarray(start, end)), envelope });
    },
    note: () => assert.fail("no note"),
  });
  assert.equal(found.length, 1);
  return found[0];
}

Deno.test("ARC-TRANSPORT-phoenix-frame: the unit is the payload as it stands in the frame, byte for byte", () => {
  const { unit, envelope } = unwrapped('["1", "é2","arcrtc:x","HEARTBEAT", {"type" :"HEARTBEAT","a":[1]} ]');
  assert.equal(unit, '{"type" :"HEARTBEAT","a":[1]}');
  assert.deepEqual(envelope, {
    kind: "phoenix",
    joinRef: "1",
    ref: "é2",
    topic: "arcrtc:x",
    event: "HEARTBEAT",
    hasMessage: true,
  });
});

Deno.test("ARC-TRANSPORT-phoenix-reply: the channel's own frames have no message, but a reply may refuse with one", () => {
  for (const event of ["phx_join", "phx_leave", "phx_close", "phx_error", "heartbeat"]) {
    const frame = `[null,"3","phoenix","${event}",{"type":"CONNECT"}]`;
    const { unit, envelope } = unwrapped(frame);
    assert.equal(unit, frame);
    assert.equal(envelope?.kind === "phoenix" && envelope.hasMessage, false);
  }
  const ok = unwrapped('["1","2","arcrtc:x","phx_reply",{"status":"ok","response":{}}]').envelope;
  assert.ok(ok?.kind === "phoenix" && ok.status === "ok" && !ok.hasMessage);
  const refusal = unwrapped('["1","2","arcrtc:x","phx_reply",{"status":"error","response":{"type":"ERROR"}}]');
  assert.equal(refusal.unit, '{"type":"ERROR"}');
  assert.ok(refusal.envelope?.kind === "phoenix" && refusal.envelope.status === "error" && refusal.envelope.hasMessage);
});

Deno.test("phoenix: what is no frame is a unit as it came", () => {
  const deep = `[null,null,"t","e",${"[".repeat(30)}${"]".repeat(30)}]`;
  for (const message of ['{"type":"ACK"}', "[1,2]", '[null,null,1,"e",{}]', '[null,null,"t","e"', "", "\u0000", deep]) {
    assert.deepEqual(unwrapped(message), { unit: message, envelope: undefined });
  }
  assert.ok(unwrapped('[null,null,"t","e",7]').envelope?.kind === "phoenix");
});
