/** Servers that are broken in one way each: what the judge of exchanges must find. */
import assert from "node:assert/strict";
import { Breach } from "../../../lib/fuzz/target.ts";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { Exchange } from "./exchange.ts";

const STOP = EXAMPLES.STREAM_STOP.full;
const { stream_id: _, ...STOP_WITHOUT_STREAM } = STOP;

/** An ERROR of clause 5.2.8 to a message. */
function error(to: { readonly type: string; readonly timestamp: number }, change: object): object {
  const { session_id, timestamp } = EXAMPLES.ERROR.full;
  const in_reply_to = { type: to.type, timestamp: to.timestamp };
  return {
    type: "ERROR",
    code: "bad_message",
    message: "$.stream_id is missing",
    session_id,
    in_reply_to,
    timestamp,
    ...change,
  };
}

/** The breach that an answer to a question is; undefined where it is none. */
function breach(question: object | string, ...answers: (object | string)[]): Breach | undefined {
  const exchange = new Exchange("tcp");
  const text = (message: object | string) => typeof message === "string" ? message : JSON.stringify(message);
  exchange.sent(JSON.stringify(EXAMPLES.HEARTBEAT.full), true);
  exchange.sent(text(question));
  for (const answer of answers) exchange.received(text(answer));
  try {
    exchange.judge();
    return undefined;
  } catch (thrown) {
    assert.ok(thrown instanceof Breach);
    return thrown;
  }
}

Deno.test("fuzz exchange: a malformed message is answered with its code, a well-formed one with another", () => {
  assert.equal(breach(STOP_WITHOUT_STREAM, error(STOP, {})), undefined);
  assert.equal(breach(STOP, error(STOP, { code: "unknown_stream", message: "no such stream" })), undefined);
  assert.equal(breach(STOP, error(STOP, { code: "rate_limited", message: "later" })), undefined);
});

Deno.test("fuzz exchange finds codes that are not due: ARC-SIG-error-codes, ARC-SIG-message-tables", () => {
  assert.equal(breach(STOP_WITHOUT_STREAM, error(STOP, { code: "bad_json" }))?.rule, "ARC-SIG-error-codes");
  assert.equal(breach(STOP_WITHOUT_STREAM, error(STOP, { code: "unknown_stream" }))?.rule, "ARC-SIG-error-codes");
  assert.equal(breach(STOP, error(STOP, {}))?.rule, "ARC-SIG-message-tables");
  assert.equal(breach(STOP, error(STOP, { code: "oops" }))?.rule, "ARC-SIG-error-codes");
});

Deno.test("fuzz exchange finds a bad_message without a path: ARC-SIG-error-path", () => {
  assert.equal(breach(STOP_WITHOUT_STREAM, error(STOP, { message: "wrong" }))?.rule, "ARC-SIG-error-path");
});

Deno.test("fuzz exchange finds an ERROR about what was never sent: ARC-SIG-error-fields", () => {
  const other = { type: STOP.type, timestamp: STOP.timestamp + 1 };
  assert.equal(breach(STOP_WITHOUT_STREAM, error(other, {}))?.rule, "ARC-SIG-error-fields");
  assert.equal(breach("{", error(STOP, { in_reply_to: undefined, code: "bad_json" })), undefined);
});

Deno.test("fuzz exchange finds an ERROR for an ERROR: ARC-SIG-error-not-for-error", () => {
  const wrong = { ...EXAMPLES.ERROR.full, code: 7 };
  assert.equal(breach(wrong, error(EXAMPLES.ERROR.full, {}))?.rule, "ARC-SIG-error-not-for-error");
  assert.equal(breach(wrong, error(STOP, { in_reply_to: undefined }))?.rule, "ARC-SIG-error-not-for-error");
});

Deno.test("fuzz exchange finds answers that are malformed, that say internal, and that break a rule of captures", () => {
  assert.equal(breach(STOP, { type: "ACK" })?.oracle, "response");
  assert.equal(breach(STOP, "{")?.oracle, "response");
  assert.equal(breach(STOP, error(STOP, { code: "internal", message: "" }))?.oracle, "exception");
  const { session_id, sequence, challenge, timestamp } = EXAMPLES.HEARTBEAT.full;
  const times = { original_timestamp: timestamp, response_timestamp: timestamp, latency_ms: 1 };
  const ack = { type: "HEARTBEAT_ACK", session_id, sequence, challenge, ...times };
  assert.equal(breach(STOP, ack)?.rule, "ARC-SIG-heartbeat-latency");
});
