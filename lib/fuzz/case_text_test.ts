import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { parseCase, parseCorpus, writeCase } from "./case_text.ts";

Deno.test("cases as text: every case comes back, empty units too", () => {
  for (const units of [[new Uint8Array(0)], [new Uint8Array([0]), new Uint8Array(0), new Uint8Array([255, 1])]]) {
    assert.deepEqual(unwrap(parseCase(writeCase(units))), units);
  }
});

Deno.test("cases as text: comments and empty lines are passed over, anything else is refused", () => {
  assert.equal(unwrap(parseCorpus("# why\n\nAA -\nAQ\n")).length, 2);
  assert.equal(parseCorpus("AA\n!\n").ok, false);
  assert.equal(parseCase("  ").ok, false);
});
