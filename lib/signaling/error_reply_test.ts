import assert from "node:assert/strict";
import fc from "fast-check";
import { type Fault, FAULT_REASONS, unwrap } from "../base/parsed.ts";
import { ERROR_CODE_NAMES, ERROR_CODES, errorCodeRow, isErrorCode, readErrorCode } from "./error_codes.ts";
import { errorCodeOf, errorReply, faultToError } from "./error_reply.ts";
import { EXAMPLES } from "./examples.ts";
import type { ErrorMessage } from "./messages/outcome.ts";
import { parseMessage, parseMessageWithJson, writeMessage } from "./parse_message.ts";

function faultOf(input: string): Fault {
  const parsed = parseMessage(input);
  assert.ok(!parsed.ok, `accepted ${input}`);
  return parsed.fault;
}

/** The ERROR for an input that is refused. */
function replyTo(input: string, timestampMs: number): ErrorMessage | undefined {
  const parsed = parseMessageWithJson(input);
  assert.ok(!parsed.ok, `accepted ${input}`);
  return errorReply(parsed.json, parsed.fault, timestampMs);
}

Deno.test("ARC-SIG-error-codes: the table is the specification's, code by code", () => {
  const spec = Deno.readTextFileSync(new URL("../../conformance/SPEC.md", import.meta.url));
  const table = /### 5\.4\.1 Codes\s+```\n([\s\S]*?)```/.exec(spec)?.[1] ?? "";
  const rows = table.trim().split("\n").slice(1).map((line) => {
    const [, code, meaning] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return { code, meaning };
  });
  assert.deepEqual(rows.map(({ code }) => code), [...ERROR_CODE_NAMES]);
  for (const { code, meaning } of rows) {
    assert.ok(isErrorCode(code));
    assert.ok(meaning.startsWith(errorCodeRow(code).meaning), `${code}: ${meaning}`);
  }
  assert.ok(ERROR_CODES.every(({ when }) => when.length > 20));
});

Deno.test("ARC-SIG-error-unknown-code: a code that is not in the table counts as internal", () => {
  for (const code of ERROR_CODE_NAMES) assert.equal(readErrorCode(code), code);
  for (const code of ["teapot", "", "BAD_JSON", "toString"]) assert.equal(readErrorCode(code), "internal");
  const later = { ...EXAMPLES.ERROR.full, code: "teapot" };
  assert.deepEqual(unwrap(parseMessage(writeMessage(later))), later);
});

Deno.test("ARC-SIG-error-path: the text of a bad_message names the path of the first fault", () => {
  const connect = EXAMPLES.CONNECT.full;
  const faults = [
    [{ ...connect, capabilities: { ...connect.capabilities, encryption: [1] } }, "$.capabilities.encryption[0]"],
    [{ ...connect, peer_id: undefined }, "$.peer_id"],
    [{ type: 1 }, "$.type"],
    [[], "$"],
  ] as const;
  for (const [json, path] of faults) {
    const error = faultToError(faultOf(JSON.stringify(json)));
    assert.equal(error.code, "bad_message");
    assert.ok(error.message.includes(path), error.message);
  }
  const bare = faultToError({ reason: "bad_value", path: "$.x", message: "wrong" });
  assert.equal(bare.message, "$.x: wrong");
});

Deno.test("ARC-SIG-error-codes: every fault has a code, and its ERROR is a message", () => {
  for (const reason of FAULT_REASONS) {
    assert.ok(isErrorCode(errorCodeOf(reason)), reason);
    const reply = errorReply({}, { reason, message: "x".repeat(5000) }, 7);
    assert.ok(reply);
    assert.deepEqual(unwrap(parseMessage(writeMessage(reply))), reply);
  }
});

Deno.test("ARC-SIG-error-fields: an ERROR repeats what identifies the faulty message, as far as it had it", () => {
  const reply = (json: unknown) => replyTo(JSON.stringify(json), 99);
  const { session_id, stream_id, timestamp } = EXAMPLES.STREAM_STOP.full;
  const full = reply({ ...EXAMPLES.STREAM_STOP.full, reason: "x" });
  assert.deepEqual(full && { ...full, message: "" }, {
    type: "ERROR",
    code: "bad_message",
    message: "",
    session_id,
    in_reply_to: { type: "STREAM_STOP", timestamp, stream_id },
    timestamp: 99,
  });
  const partial = reply({ type: "NOPE", session_id: "x", timestamp: 1.5, stream_id: 7 });
  assert.deepEqual(partial?.in_reply_to, { type: "NOPE" });
  assert.equal(partial?.session_id, undefined);
  assert.deepEqual(replyTo(` {"type":"ACK"}`, 99)?.in_reply_to, { type: "ACK" });
  assert.equal(replyTo(`{"type":"ACK"`, 99)?.in_reply_to, undefined);
  assert.equal(reply({ type: "x".repeat(33) })?.in_reply_to, undefined);
  assert.equal(reply([1])?.in_reply_to, undefined);
  const heartbeat = { ...EXAMPLES.HEARTBEAT.minimal, sequence: -1 };
  assert.equal(reply(heartbeat)?.session_id, undefined, "the nil session_id is not one that an ERROR may carry");
});

Deno.test("ARC-SIG-error-not-for-error: an ERROR, however faulty, is not answered", () => {
  const input = JSON.stringify({ type: "ERROR", code: 7 });
  assert.equal(replyTo(input, 1), undefined);
});

Deno.test("errors: the ERROR for any refused input is a message that can be sent", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.json().map((text) => `{"type":"ACK","x":${text}}`)), (input) => {
      const parsed = parseMessageWithJson(input);
      if (parsed.ok) return;
      const reply = errorReply(parsed.json, parsed.fault, 1);
      if (reply !== undefined) assert.deepEqual(unwrap(parseMessage(writeMessage(reply))), reply);
    }),
    { seed: 41, numRuns: 300 },
  );
});
