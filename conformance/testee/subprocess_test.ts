import assert from "node:assert/strict";
import type { OpsCase } from "../case.ts";
import { answers } from "../expect.ts";
import { resultsOf, runCases } from "../run/testing.ts";
import { TesteeFailure } from "./ops_testee.ts";
import { splitCommand, subprocess } from "./subprocess.ts";

const PROGRAM = new URL("bad_testee.ts", import.meta.url).pathname;

function command(fault: string): string {
  return `'${Deno.execPath()}' run --no-config --no-lock '${PROGRAM}' ${fault}`;
}

function oneCase(id: string): OpsCase {
  const check = { name: "stats", request: { op: "stats" }, ...answers({}) };
  return { id, requirements: ["ARC-RTP-version"], title: "t", needs: "ops", checks: () => [check] };
}

/** Two cases with one testee: the second shows that the run goes on. */
async function seen(fault: string, patienceMs: number): Promise<string[]> {
  const ops = subprocess(command(fault), patienceMs);
  const result = await runCases([oneCase("a/first"), oneCase("a/second")], { subjects: { ops }, jobs: 1 });
  return resultsOf(result).map(({ verdict, breaches, why }) => `${verdict}: ${breaches[0]?.got ?? why}`);
}

/** Long enough for any answer that comes; the one that never comes is waited for so long. */
const PATIENCE_MS = 20_000;
const SHORT_MS = 1500;

for (
  const [fault, got] of [
    ["dies", /^fail: died: it ended with exit code 3; it said: out of luck$/],
    ["floods", /^fail: flooded: its output is an endless line/],
    ["chatters", /^fail: (flooded: its output is \d+ lines at once|rubbish)/],
    ["no-json", /^fail: rubbish: it answers request 3 with rubbish$/],
    ["other-id", /^fail: rubbish: it answers request 3 with \{"id":4,"ok":\{\}\}$/],
    ["two-forms", /^fail: rubbish: the answer has ok and fault of ok, fault, unsupported, error/],
    ["declines", /^unsupported: stats: everything$/],
  ] as const
) {
  Deno.test(`subprocess: a testee that ${fault} gets its verdict, is started again, and the run goes on`, async () => {
    const verdicts = await seen(fault, PATIENCE_MS);
    assert.equal(verdicts.length, 2);
    for (const verdict of verdicts) {
      assert.match(verdict, fault === "no-json" || fault === "other-id" ? anyId(got) : got);
    }
  });
}

/** The second case's request has another id. */
function anyId(pattern: RegExp): RegExp {
  return new RegExp(pattern.source.replace("request 3", "request \\d+").replace('"id":4', '"id":\\d+'));
}

Deno.test("subprocess: a testee that hangs is given up when its time is over, and the run goes on", async () => {
  const verdicts = await seen("hangs", SHORT_MS);
  for (const verdict of verdicts) assert.match(verdict, /^fail: (hung: no answer within 1500 ms|gone: )/);
});

Deno.test("subprocess: a command that cannot be started, or ends at once, is told before any case", async () => {
  for (
    const [text, why] of [["no-such-program-anywhere", /cannot start/], [`'${Deno.execPath()}' --version`, /hello/]]
  ) {
    const ops = subprocess(String(text), PATIENCE_MS);
    await assert.rejects(runCases([oneCase("a/first")], { subjects: { ops } }), (error: Error) => {
      assert.ok(error instanceof TesteeFailure);
      assert.match(error.message, why as RegExp);
      return true;
    });
  }
});

Deno.test("splitCommand: words, quotes inside and around them, no shell", () => {
  assert.deepEqual(splitCommand(`a 'b c' "d 'e'" f="g h"  $HOME`), ["a", "b c", "d 'e'", "f=g h", "$HOME"]);
  assert.deepEqual(splitCommand("  "), []);
});
