import assert from "node:assert/strict";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { ask, engineCases, freshTestee, type Row, testRows } from "../testing.ts";

const STOP = EXAMPLES.STREAM_STOP.minimal;
const parse = (json: unknown, more: object = {}) => ({
  op: "signaling.parse",
  json: typeof json === "string" ? json : JSON.stringify(json),
  ...more,
});
const write = (message: unknown, more: object = {}) => ({ op: "signaling.write", message, ...more });

const ROWS: readonly Row[] = [
  {
    name: "a message, unknown fields dropped",
    request: parse({ ...STOP, extra: 1 }),
    answer: { ok: { message: STOP } },
  },
  { name: "no JSON", request: parse("nonsense"), answer: { fault: { reason: "bad_json", offset: 0, path: "$" } } },
  {
    name: "ARC-SIG-json-duplicate-key: the same key twice",
    request: parse('{"type":"ACK","type":"ACK"}'),
    answer: { fault: { reason: "duplicate_key", offset: 14, path: "$.type" } },
  },
  {
    name: "ARC-SIG-json-missing-field: a field that is not there",
    request: parse({ ...STOP, reason: undefined }),
    answer: { fault: { reason: "missing_field", path: "$.reason" } },
  },
  {
    name: "ARC-SIG-json-unknown-enum: a value that is not in the list",
    request: parse({ ...STOP, reason: "bored" }),
    answer: { fault: { reason: "bad_value", path: "$.reason" } },
  },
  {
    name: "ARC-SIG-json-null: null is of the wrong type",
    request: parse({ ...STOP, timestamp: null }),
    answer: { fault: { reason: "bad_type", path: "$.timestamp" } },
  },
  {
    name: "ARC-SIG-json-unknown-type",
    request: parse({ ...STOP, type: "STREAM_PAUSE" }),
    answer: { fault: { reason: "unknown_type", path: "$.type" } },
  },
  {
    name: "ARC-SIG-json-version: another major version",
    request: parse({ ...EXAMPLES.CONNECT.minimal, version: "2.0" }),
    answer: { fault: { reason: "bad_version", path: "$.version" } },
  },
  {
    name: "ARC-SIG-json-utf8: bytes that are no UTF-8",
    request: { op: "signaling.parse", hex: "7b22ff227d" },
    answer: { fault: { reason: "bad_json", offset: 0 } },
  },
  {
    name: "ARC-SIG-json-size: one byte too many",
    request: parse(`{"type":"ACK","pad":"${"x".repeat(65_535)}"}`),
    answer: { fault: { reason: "too_large", offset: 65_535 } },
  },
  {
    name: "write: fields in the table's order",
    request: write(reversed(STOP)),
    answer: { ok: { json: JSON.stringify(STOP) } },
  },
  {
    name: "write: a wrong field",
    request: write({ ...STOP, stream_id: "x" }),
    answer: { fault: { reason: "bad_value", path: "$.stream_id" } },
  },
  { name: "write: no object", request: write(7), answer: { fault: { reason: "bad_type", path: "$" } } },
  { name: "write: no message", request: { op: "signaling.write" }, answer: { error: "$.message must be present" } },
  {
    name: "write: longer than a message may be",
    request: write({
      ...EXAMPLES.CONNECT.minimal,
      capabilities: { ...EXAMPLES.CONNECT.minimal.capabilities, codecs: Array(3000).fill("a".repeat(32)) },
    }),
    answer: { fault: { reason: "too_large" } },
  },
];

function reversed(message: object): object {
  return Object.fromEntries(Object.entries(message).reverse());
}

testRows("signaling", ROWS);

Deno.test("ARC-SIG-message-round-trip: every example message goes through write and parse unchanged", () => {
  const testee = freshTestee();
  for (const message of Object.values(EXAMPLES).flatMap(({ minimal, full }) => [minimal, full])) {
    const { json } = ask(testee, write(message)).ok as { json: string };
    assert.deepEqual(ask(testee, parse(json)), { ok: { message } });
  }
});

interface EngineParse {
  readonly id: string;
  readonly json: string;
  readonly result: { readonly accept: boolean; readonly reserialized?: string };
}

Deno.test("ARC-DIALECT-armoricore-messages: the engine's verdict and text of every vector", () => {
  const testee = freshTestee();
  for (const { id, json, result } of engineCases<EngineParse>("signaling_parse")) {
    const answer = ask(testee, parse(json, { dialect: "armoricore" }));
    assert.equal("ok" in answer, result.accept, `${id}: ${JSON.stringify(answer)}`);
    if (!result.accept) continue;
    const written = ask(testee, write((answer.ok as { message: object }).message, { dialect: "armoricore" }));
    assert.deepEqual(written, { ok: { json: result.reserialized } }, id);
  }
});

Deno.test("signaling.write answers a value nested without end", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const answer = freshTestee().answerLine(`{"id":1,"op":"signaling.write","message":${deep}}`);
  assert.match(answer, /^\{"id":1,"fault":\{"reason":"too_large"/);
});
