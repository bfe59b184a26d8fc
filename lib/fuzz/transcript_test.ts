import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { EXAMPLES } from "../signaling/examples.ts";
import { Breach } from "./target.ts";
import { Transcript } from "./transcript.ts";

const json = (message: object) => utf8(JSON.stringify(message));
const HEARTBEAT = EXAMPLES.HEARTBEAT.full;

function ack(change: object = {}): Uint8Array {
  const { session_id, sequence, challenge, timestamp } = HEARTBEAT;
  const times = { original_timestamp: timestamp, response_timestamp: timestamp + 3, latency_ms: 3 };
  return json({ type: "HEARTBEAT_ACK", session_id, sequence, challenge, ...times, ...change });
}

/** The rule that the other side breaks with `theirs`, in answer to a HEARTBEAT. */
function ruleBrokenBy(...theirs: Uint8Array[]): string | undefined {
  const transcript = new Transcript(false);
  transcript.sent(json(HEARTBEAT), 0, "tcp");
  theirs.forEach((unit, i) => transcript.received(unit, 10 + i, "tcp"));
  try {
    transcript.judge();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Breach);
    return error.rule;
  }
}

Deno.test("fuzz transcript: what the other side breaks is found by the rules of captures, with their id", () => {
  assert.equal(ruleBrokenBy(ack()), undefined);
  assert.equal(ruleBrokenBy(ack({ latency_ms: 4 })), "ARC-SIG-heartbeat-latency");
  assert.equal(ruleBrokenBy(ack({ challenge: "0011223344556677" })), "ARC-SIG-heartbeat-answer");
  assert.equal(ruleBrokenBy(json({ ...EXAMPLES.ERROR.full, code: "oops" })), "ARC-SIG-error-codes");
});

Deno.test("fuzz transcript: what we break ourselves is no finding", () => {
  const transcript = new Transcript(true);
  transcript.sent(Uint8Array.of(0x80, 200, 0, 9), 0, "udp");
  transcript.sent(json({ ...HEARTBEAT, challenge: undefined }), 1, "udp");
  transcript.sent(json({ ...EXAMPLES.ERROR.full, code: "oops" }), 2, "udp");
  transcript.judge();
  transcript.received(json(EXAMPLES.DISCONNECT.full), 3, "udp");
  assert.throws(() => transcript.judge(), { rule: "ARC-SEAL-clear-units" });
});
