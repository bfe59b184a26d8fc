import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { type ArmoricoreMessage, parseArmoricoreMessage, writeArmoricoreMessage } from "./armoricore_messages.ts";
import { EXAMPLES } from "./examples.ts";
import { MESSAGE_TYPES } from "./messages/registry.ts";
import { parseMessage, writeMessage } from "./parse_message.ts";

interface ParseCase {
  readonly id: string;
  readonly json: string;
  readonly result: { readonly accept: true; readonly reserialized: string } | {
    readonly accept: false;
    readonly error: string;
  };
}

function vectors<T>(name: string): readonly T[] {
  const url = new URL(`../../fixtures/armoricore/${name}.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url)).cases;
}

Deno.test("ARC-DIALECT-armoricore-messages: every message vector is accepted or refused as by the engine, and written back byte for byte", () => {
  const cases = vectors<ParseCase>("signaling_parse");
  assert.ok(cases.length >= 160);
  for (const { id, json, result } of cases) {
    const parsed = parseArmoricoreMessage(json);
    assert.equal(parsed.ok, result.accept, `${id}: ${parsed.ok ? "accepted" : parsed.fault.message}`);
    if (parsed.ok && result.accept) assert.equal(writeArmoricoreMessage(parsed.value), result.reserialized, id);
  }
});

Deno.test("ARC-DIALECT-armoricore-messages: every text that the engine writes is read, and written back byte for byte from any order of fields", () => {
  const cases = vectors<{ readonly id: string; readonly json: string }>("signaling_serialize");
  assert.ok(cases.length >= 25);
  for (const { id, json } of cases) {
    const message = unwrap(parseArmoricoreMessage(json));
    assert.equal(writeArmoricoreMessage(message), json, id);
    assert.deepEqual(message, JSON.parse(json), id);
    const shuffled = Object.fromEntries(Object.entries(message).toReversed()) as unknown as ArmoricoreMessage;
    assert.equal(writeArmoricoreMessage(shuffled), json, id);
    assert.equal(writeArmoricoreMessage(unwrap(parseArmoricoreMessage(utf8(json)))), json, id);
  }
});

Deno.test("armoricore: a message may be a list of its type and fields, and so may the objects in it", () => {
  const id = "550e8400-e29b-41d4-a716-446655440000";
  const list = ["DISCONNECT", id, "TIMEOUT", null];
  assert.deepEqual(unwrap(parseArmoricoreMessage(JSON.stringify(list))), {
    type: "DISCONNECT",
    session_id: id,
    reason: "TIMEOUT",
    message: null,
  });
  const nested = ["CONNECT", "1.0", id, id, [["opus"], [], [], 7, true], [["r", "a", 1, 2]]];
  const connect = unwrap(parseArmoricoreMessage(JSON.stringify(nested)));
  assert.ok(connect.type === "CONNECT");
  assert.deepEqual(connect.relay_servers, [{ id: "r", address: "a", port: 1, priority: 2 }]);
  assert.equal(connect.capabilities.max_bitrate, 7);
  const refused: [unknown, string][] = [
    [["DISCONNECT", id, "TIMEOUT"], "bad_type $"],
    [[...list, 1], "bad_type $"],
    [["DISCONNECT", id, "timeout", null], "bad_value $[2]"],
    [[], "missing_field $.type"],
  ];
  for (const [json, expected] of refused) {
    const parsed = parseArmoricoreMessage(JSON.stringify(json));
    assert.ok(!parsed.ok);
    assert.equal(`${parsed.fault.reason} ${parsed.fault.path}`, expected);
  }
});

Deno.test("ARC-DIALECT-names: each dialect's reader refuses what only the other writes", () => {
  const cases = vectors<{ readonly id: string; readonly json: string }>("signaling_serialize");
  for (const { id, json } of cases) assert.ok(!parseMessage(json).ok, id);
  for (const type of MESSAGE_TYPES) {
    assert.ok(!parseArmoricoreMessage(writeMessage(EXAMPLES[type].full)).ok, type);
  }
});

Deno.test("armoricore: never throws on text, bytes or changed vectors", () => {
  const texts = vectors<{ readonly json: string }>("signaling_parse").map(({ json }) => json);
  const changed = fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.string({ maxLength: 3 })).map(
    ([text, at, piece]) => {
      const i = at % (text.length + 1);
      return text.slice(0, i) + piece + text.slice(i + 1);
    },
  );
  fc.assert(
    fc.property(fc.oneof(changed, fc.json(), fc.string()), (text) => {
      const parsed = parseArmoricoreMessage(text);
      if (parsed.ok) {
        assert.deepEqual(unwrap(parseArmoricoreMessage(writeArmoricoreMessage(parsed.value))), parsed.value);
      }
    }),
    { seed: 1009, numRuns: 500 },
  );
});
