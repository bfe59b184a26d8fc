import assert from "node:assert/strict";
import { scanMentions, stringLiterals } from "./coverage_scan.ts";

function ids(text: string, path = "x_test.ts"): string[] {
  return scanMentions([{ path, text }]).map((mention) => mention.id);
}

Deno.test("an id in a test name, in a template and in data counts", () => {
  assert.deepEqual(ids('Deno.test("ARC-RTP-arc-block: follows the header", f);'), ["ARC-RTP-arc-block"]);
  assert.deepEqual(ids("Deno.test(`ARC-RTP-arc-block ${name}`, f);"), ["ARC-RTP-arc-block"]);
  assert.deepEqual(ids("const c = { requirement: 'ARC-KEY-ecdh-curve' };"), ["ARC-KEY-ecdh-curve"]);
});

Deno.test("an id in a comment does not count", () => {
  assert.deepEqual(ids("// ARC-RTP-arc-block\n/** ARC-RTP-version's test */ /* ARC-RTP-padding */ f();"), []);
  assert.deepEqual(ids('f("//"); // ARC-RTP-arc-block'), []);
});

Deno.test("an id counts once per file", () => {
  assert.deepEqual(ids('f("ARC-RTP-arc-block"); g("ARC-RTP-arc-block ARC-RTP-version")'), [
    "ARC-RTP-arc-block",
    "ARC-RTP-version",
  ]);
});

Deno.test("a sentence's full stop or comma is no part of an id", () => {
  assert.deepEqual(ids('f("breaks ARC-RTP-arc-block, ARC-RTP-version.")'), ["ARC-RTP-arc-block", "ARC-RTP-version"]);
});

Deno.test("in JSON a string that is an id as a whole counts, at any depth", () => {
  const text = JSON.stringify({
    about: "see ARC-RTP-version for more",
    requirements: ["ARC-RTP-arc-block"],
    cases: [{ requirements: ["ARC-SRTP-nonce"] }, { by_id: { "ARC-KEY-ecdh-curve": 1 } }],
  });
  assert.deepEqual(ids(text, "v.json").sort(), ["ARC-KEY-ecdh-curve", "ARC-RTP-arc-block", "ARC-SRTP-nonce"]);
});

Deno.test("JSON that does not parse is named with its path", () => {
  assert.throws(() => ids("{", "fixtures/vectors/v.json"), /Cannot parse fixtures\/vectors\/v\.json/);
});

Deno.test("stringLiterals keeps its place through quotes in comments, expressions, templates and escapes", () => {
  const cases: [source: string, literals: string[]][] = [
    ["// it's\nf('a')", ["a"]],
    ["/* \" */ 'a'", ["a"]],
    ["x.replace(/[\"'`/]/g, 'a')", ["a"]],
    ["const r = /\\/'/; 'a'", ["a"]],
    ["a / b; 'a' / c", ["a"]],
    ['"a\\"b" + "c"', ['a\\"b', "c"]],
    ["`a${ f({ x: `b` }, '}') }c`", ["a", "b", "}", "c"]],
    ["`a${b}c${d}e` + 'f'", ["a", "c", "e", "f"]],
    ["if (x) { 'a' }", ["a"]],
    ["'unclosed\n'a'", ["unclosed", "a"]],
  ];
  for (const [source, literals] of cases) assert.deepEqual(stringLiterals(source), literals, source);
});
