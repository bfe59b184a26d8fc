import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { parseJson, parseJsonDocument } from "./json.ts";
import { formatPath } from "./json_path.ts";
import { isJsonList, isJsonObject, jsonDepth, type JsonSpan, type JsonValue, spanAt } from "./json_value.ts";

const SEED = 20_240_501;

function refused(input: string | Uint8Array, limits = {}): { reason: string; offset?: number; path?: string } {
  const parsed = parseJson(input, limits);
  assert.ok(!parsed.ok, `accepted ${JSON.stringify(input)}`);
  const { reason, offset, path } = parsed.fault;
  return { reason, offset, path };
}

Deno.test("json: reads what JSON.parse reads", () => {
  const texts = [
    "null",
    "true",
    "false",
    "0",
    "-0.5",
    "1e3",
    "1E+2",
    "12.5e-1",
    '""',
    '"a\\u00e9\\n\\t\\b\\f\\r\\"\\\\\\/"',
    '"\\ud83d\\ude00"',
    '"\u{1F600}"',
    "[]",
    "{}",
    "[1,[2,[3]],{}]",
    '{"a":{"b":[null,true]},"c":"d"}',
    ' \t\r\n{ "a" : [ 1 , 2 ] }\n',
    '{"b":1,"a":2,"10":3,"2":4}',
    '{"":0}',
  ];
  for (const text of texts) assert.deepEqual(unwrap(parseJson(text)), JSON.parse(text), text);
});

Deno.test("json: any value that JSON.stringify writes is read back equal, as text and as bytes", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: "grapheme" }), (value) => {
      const text = JSON.stringify(value);
      if (/\p{Noncharacter_Code_Point}/u.test(text)) return;
      // JSON text has no -0.
      const expected = JSON.parse(text);
      assert.deepEqual(unwrap(parseJson(text)), expected);
      assert.deepEqual(unwrap(parseJson(utf8(text))), expected);
    }),
    { seed: SEED, numRuns: 400 },
  );
});

Deno.test("json: two spellings of a number give one value", () => {
  assert.deepEqual(unwrap(parseJson("[-0,-0.0,0,1.0,10e-1,1e3]")), [0, 0, 0, 1, 1, 1000]);
  assert.ok(Object.is((unwrap(parseJson("[-0]")) as number[])[0], 0));
});

Deno.test("ARC-SIG-json-utf8: text that is no JSON is refused with the offset where it stops making sense", () => {
  const cases: [string, number, string][] = [
    ["", 0, "$"],
    ["   ", 3, "$"],
    ["nul", 0, "$"],
    ["truex", 4, "$"],
    ["01", 1, "$"],
    ["+1", 0, "$"],
    [".5", 0, "$"],
    ["1.", 1, "$"],
    ["0x1", 1, "$"],
    ["NaN", 0, "$"],
    ["-", 0, "$"],
    ["'a'", 0, "$"],
    ['"a', 2, "$"],
    ['"a\n"', 2, "$"],
    ['"\\x"', 1, "$"],
    ['"\\u12g4"', 1, "$"],
    ['"\\u12"', 1, "$"],
    ["[1,]", 3, "$[1]"],
    ["[1 2]", 3, "$[1]"],
    ["[", 1, "$[0]"],
    ["]", 0, "$"],
    ['{"a":1,}', 7, "$.a"],
    ['{"a" 1}', 5, "$.a"],
    ['{"a":}', 5, "$.a"],
    ["{a:1}", 1, '$[""]'],
    ['{"a":[1,{"b":tru}]}', 13, "$.a[1].b"],
    ["\ufeff{}", 0, "$"],
    ["/**/{}", 0, "$"],
    ["{}\u0000", 2, "$"],
    ["{}{}", 2, "$"],
    ["\u00a0{}", 0, "$"],
  ];
  for (const [text, offset, path] of cases) {
    assert.deepEqual(refused(text), { reason: "bad_json", offset, path }, JSON.stringify(text));
  }
});

Deno.test("ARC-SIG-json-utf8: bytes that are not UTF-8, unpaired surrogates and noncharacters are bad_json", () => {
  for (
    const bytes of [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [
      0x22,
      0xe2,
      0x82,
      0x22,
    ]]
  ) {
    assert.equal(refused(Uint8Array.from(bytes)).reason, "bad_json");
  }
  for (const text of ['"\\ud800"', '"\\udc00\\ud800"', '"x\ud800"', '{"\\ud800":1}', '"\\uffff"', '"\\ufdd0"']) {
    assert.equal(refused(text).reason, "bad_json", text);
  }
  assert.equal(unwrap(parseJson('"\\ud83d\ude00"')), "\u{1F600}");
  assert.equal(unwrap(parseJson('"\\ufffd"')), "\ufffd");
});

Deno.test("ARC-SIG-json-duplicate-key: a key that occurs twice is refused at any depth, however it is spelled", () => {
  const cases: [string, string, number][] = [
    ['{"a":1,"a":1}', "$.a", 7],
    ['{"a":1,"\\u0061":1}', "$.a", 7],
    ['{"x":[0,{"b":1,"c":2,"b":3}]}', "$.x[1].b", 21],
    ['{"__proto__":1,"__proto__":2}', "$.__proto__", 15],
    ['{"":1,"":2}', '$[""]', 6],
  ];
  for (const [text, path, offset] of cases) {
    assert.deepEqual(refused(text), { reason: "duplicate_key", offset, path }, text);
  }
  assert.ok(parseJson('{"a":{"a":1},"b":{"a":1}}').ok);
});

Deno.test("ARC-SIG-json-depth: 16 levels are read, the seventeenth is too_large", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.ok(parseJson(nested(16)).ok);
  assert.deepEqual(refused(nested(17)), { reason: "too_large", offset: 16, path: "$" + "[0]".repeat(16) });
  assert.equal(refused('{"a":'.repeat(17) + "1" + "}".repeat(17)).reason, "too_large");
  assert.ok(parseJson(nested(3), { maxDepth: 3 }).ok);
  assert.equal(refused(nested(4), { maxDepth: 3 }).reason, "too_large");
  // No depth overflows the stack of the program.
  assert.ok(parseJson(nested(30_000), { maxDepth: 30_000 }).ok);
});

Deno.test("ARC-SIG-json-size: 65,535 bytes are read, one more is too_large, counted in UTF-8", () => {
  const ascii = (bytes: number) => `"${"x".repeat(bytes - 2)}"`;
  assert.ok(parseJson(ascii(65_535)).ok);
  assert.deepEqual(refused(ascii(65_536)), { reason: "too_large", offset: 65_535, path: undefined });
  assert.equal(refused(utf8(ascii(65_536))).reason, "too_large");
  const wide = `"${"\u20ac".repeat(21_845)}"`;
  assert.ok(wide.length < 65_535);
  assert.equal(refused(wide).reason, "too_large");
  assert.equal(refused(utf8(wide)).reason, "too_large");
  assert.ok(parseJson(`"${"\u20ac".repeat(21_844)}"`).ok);
  assert.equal(refused("[1,2]", { maxBytes: 4 }).reason, "too_large");
  // Nothing of it is parsed before.
  assert.equal(refused("x".repeat(65_536)).reason, "too_large");
});

Deno.test("ARC-SIG-json-order: a number beyond the range of a double is refused at its place, the first fault of the text", () => {
  assert.deepEqual(refused('{"a":[1,-1e999]}'), { reason: "bad_value", offset: 8, path: "$.a[1]" });
  assert.equal(refused('[1e400,1,{"a":1,"a":1}').reason, "bad_value");
  assert.equal(refused('[{"a":1,"a":1},1e400').reason, "duplicate_key");
  assert.equal(refused("[x,1e400").reason, "bad_json");
  assert.equal(refused("[".repeat(17) + "1e400").reason, "too_large");
  assert.deepEqual(unwrap(parseJson("[1e308,-1.7976931348623157e308,1e-400]")), [1e308, -Number.MAX_VALUE, 0]);
});

Deno.test("json: a member called __proto__ is a member and nothing else", () => {
  const value = unwrap(parseJson('{"__proto__":{"polluted":true},"a":1}'));
  assert.ok(isJsonObject(value));
  assert.deepEqual(Object.keys(value), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal((value as { polluted?: unknown }).polluted, undefined);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

Deno.test("json: offsets and spans count bytes where the input is bytes, code units where it is text", () => {
  const text = '{"\u20ac\u{1F600}":["\u00e9", 1x]}';
  assert.equal(refused(text).offset, text.indexOf("x"));
  assert.equal(refused(utf8(text)).offset, utf8(text.slice(0, text.indexOf("x"))).length);
});

function* values(value: JsonValue, span: JsonSpan): Generator<[JsonValue, JsonSpan]> {
  yield [value, span];
  if (isJsonList(value)) {
    assert.equal(span.items?.length, value.length);
    for (const [i, item] of value.entries()) yield* values(item, spanAt(span, [i]) as JsonSpan);
  } else if (isJsonObject(value)) {
    assert.equal(span.members?.size, Object.keys(value).length);
    for (const [key, item] of Object.entries(value)) yield* values(item, spanAt(span, [key]) as JsonSpan);
  }
}

Deno.test("json: the bytes of each span are the text of its value, and those of its name the name", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme" }), fc.constantFrom(0, 1), (input, indent) => {
      const bytes = utf8(JSON.stringify(input, null, indent));
      const document = parseJsonDocument(bytes);
      if (!document.ok) return;
      const text = (start: number, end: number) => JSON.parse(new TextDecoder().decode(bytes.subarray(start, end)));
      for (const [value, span] of values(document.value.value, document.value.span)) {
        assert.deepEqual(text(span.start, span.end), value);
        for (const [key, member] of span.members ?? []) {
          assert.ok(member.name !== undefined && member.name.end <= member.start);
          assert.equal(text(member.name.start, member.name.end), key);
        }
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});

Deno.test("json: a span tells numbers in digits alone from other spellings", () => {
  const { span } = unwrap(parseJsonDocument("[1,1.0,1e0,-1,0]"));
  assert.deepEqual(span.items?.map((item) => item.digitsOnly === true), [true, false, false, false, true]);
  assert.equal(spanAt(span, [9]), undefined);
  assert.equal(spanAt(span, ["a", 0]), undefined);
});

Deno.test("json: never throws, and answers alike for text and bytes", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), fc.json()), (text) => {
      const asText = parseJson(text);
      if (text.isWellFormed()) assert.deepEqual(parseJson(utf8(text)).ok, asText.ok);
    }),
    { seed: SEED, numRuns: 400 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      parseJson(bytes);
      parseJsonDocument(bytes);
    }),
    { seed: SEED, numRuns: 400 },
  );
});

Deno.test("json: every strict prefix and no other is refused as incomplete; a view in a dirty pool reads the same", () => {
  const bytes = utf8('{"type":"ACK","n":[1,2.5,-3e2],"s":"\u20ac\\u20ac","o":{"t":true,"f":false,"z":null}}');
  for (let end = 0; end < bytes.length; end++) assert.ok(!parseJson(bytes.subarray(0, end)).ok, `prefix of ${end}`);
  const pool = new SeededRng(SEED).fill(new Uint8Array(bytes.length + 64));
  pool.set(bytes, 17);
  assert.deepEqual(parseJson(pool.subarray(17, 17 + bytes.length)), parseJson(bytes));
});

Deno.test("json: paths quote odd names and cut long ones; depth counts objects and lists", () => {
  assert.equal(formatPath([]), "$");
  assert.equal(formatPath(["a", 0, "b c", "_x1", ""]), '$.a[0]["b c"]._x1[""]');
  assert.ok(formatPath(["k".repeat(10_000)]).length < 100);
  assert.equal(jsonDepth(1), 0);
  assert.equal(jsonDepth({ a: [{}], b: 1 }), 3);
});
