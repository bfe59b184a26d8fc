import assert from "node:assert/strict";
import registry from "../../conformance/requirements.json" with { type: "json" };
import { FAULT_REASONS } from "../../lib/base/parsed.ts";
import { ERROR_CODES } from "../../lib/signaling/error_codes.ts";
import { EXIT, EXIT_MEANING } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const explain = (...args: string[]) => runArgs(["explain", ...args]);

Deno.test("explain: every exit code by number and by name", async () => {
  for (const [name, code] of Object.entries(EXIT)) {
    const text = `exit code ${code} (${name})\n  ${EXIT_MEANING[name as keyof typeof EXIT]}\n`;
    for (const word of [String(code), name]) assert.ok((await explain(word)).out.includes(text), word);
  }
});

Deno.test("explain: every error code and fault reason; a word of both tables gets both", async () => {
  for (const { code, meaning } of ERROR_CODES) {
    assert.ok((await explain(code)).out.toLowerCase().includes(meaning.toLowerCase()), code);
  }
  for (const reason of FAULT_REASONS) {
    assert.match((await explain(reason)).out, new RegExp(`^fault reason ${reason}$`, "m"));
  }
  const { explanations } = JSON.parse((await explain("bad_json", "--json")).out);
  assert.deepEqual(explanations.map(({ kind }: { kind: string }) => kind), ["error_code", "fault_reason"]);
});

Deno.test("explain: a requirement in any case, quoted with level, clause and source", async () => {
  const rule = registry.requirements[0];
  for (const word of [rule.id, rule.id.toLowerCase()]) {
    const { out, exitCode } = await explain(word);
    assert.equal(exitCode, EXIT.ok);
    assert.ok(out.startsWith(`${rule.id}  ${rule.level}  clause ${rule.clause} ${rule.title}\n  ${rule.text}\n`), out);
  }
});

Deno.test("explain: a part of an id lists what contains it", async () => {
  const { explanations } = JSON.parse((await explain("reduced", "--json")).out);
  const expected = registry.requirements.filter(({ id }) => id.includes("reduced"));
  assert.ok(expected.length > 3);
  assert.deepEqual(explanations.map(({ word }: { word: string }) => word), expected.map(({ id }) => id));
});

Deno.test("explain: an unknown word: what was meant", async () => {
  const { exitCode, out, err } = await explain("rate_limted");
  assert.deepEqual([exitCode, out], [EXIT.usage, ""]);
  assert.equal(err, "error: nothing is known of 'rate_limted'\nhint: did you mean 'rate_limited'?\n");
  assert.match((await explain("zzzzzzzzz")).err, /hint: it takes an exit code/);
});
