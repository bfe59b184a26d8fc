import assert from "node:assert/strict";
import { toHex } from "../base/bytes.ts";
import type { CoveredRange } from "./coverage_map.ts";
import { TargetFuzzer } from "./fuzzer.ts";
import { Breach, demand, failureOf, type FuzzCase, type FuzzTarget } from "./target.ts";

function target(run: FuzzTarget["run"]): FuzzTarget {
  return {
    name: "test.bytes",
    area: "parser",
    summary: "",
    shape: "bytes",
    maxUnits: 1,
    seeds: () => [[new Uint8Array([1, 2, 3, 4])]],
    run,
  };
}

/** Every case of a run, in order. */
function casesOf(seed: number, count: number, run: FuzzTarget["run"]): string[] {
  const seen: string[] = [];
  const fuzzed = target((units) => {
    seen.push(toHex(units[0]));
    return run(units);
  });
  const fuzzer = new TargetFuzzer(fuzzed, { seed });
  while (fuzzer.executions < count) fuzzer.run(fuzzer.nextBatch(32), fuzzed);
  return seen;
}

Deno.test("fuzzer: one seed gives the same cases, another seed others", () => {
  const byLength = ([unit]: FuzzCase) => `${unit.length}`;
  assert.deepEqual(casesOf(5, 2000, byLength), casesOf(5, 2000, byLength));
  assert.notDeepEqual(casesOf(5, 2000, byLength), casesOf(6, 2000, byLength));
});

Deno.test("fuzzer: a case is kept when it behaves in a new way, and only then", () => {
  const fuzzed = target(([unit]) => unit.length > 6 ? "long" : "short");
  const fuzzer = new TargetFuzzer(fuzzed, { seed: 1 });
  for (let i = 0; i < 20; i++) fuzzer.run(fuzzer.nextBatch(64), fuzzed);
  assert.equal(fuzzer.newBehaviours, 2);
  assert.equal(fuzzer.corpus.size, 2);
});

Deno.test("fuzzer: of a batch that ran new code the one case is found that did it", () => {
  let ran: CoveredRange[] = [];
  const fuzzed = target(([unit]) => {
    ran.push({ script: "a", start: 0, end: 10 });
    if (unit.length === 3) ran.push({ script: "a", start: 20, end: 30 });
    return "same";
  });
  const fuzzer = new TargetFuzzer(fuzzed, { seed: 3 });
  for (let i = 0; i < 50; i++) {
    for (let batch = fuzzer.nextBatch(64); batch.length > 0; batch = fuzzer.nextProbe()) {
      ran = [];
      fuzzer.run(batch, fuzzed);
      fuzzer.covered(ran);
    }
  }
  assert.equal(fuzzer.executions, 1 + 49 * 64, "looking for it again counts for nothing");
  assert.deepEqual(fuzzer.corpus.entries.map(({ units }) => units[0].length), [4, 3]);
  assert.equal(fuzzer.coverage.coveredBytes, 20);
});

Deno.test("fuzzer: failures of one kind are one, whatever their numbers", () => {
  const fuzzed = target(([unit]) => {
    demand(unit.length < 9, "memory", () => `${unit.length} bytes are held`);
    if (unit.length === 0) throw new TypeError("cannot read nothing");
    return "ok";
  });
  const fuzzer = new TargetFuzzer(fuzzed, { seed: 2 });
  for (let i = 0; i < 20; i++) fuzzer.run(fuzzer.nextBatch(64), fuzzed);
  const kinds = [...fuzzer.failures.values()].map(({ failure }) => failure.oracle).sort();
  assert.deepEqual(kinds, ["exception", "memory"]);
  for (const { count } of fuzzer.failures.values()) assert.ok(count > 1);
});

Deno.test("fuzzer: a failure names no place of the machine that it was found on", () => {
  const failure = failureOf("x.y", new Error("at 17 of 0x2a"));
  assert.doesNotMatch(failure.stack ?? "", /file:|\/[a-z]+\/[a-z]+\/.*lib\/fuzz/);
  assert.equal(failureOf("x.y", new Breach("state", "at 3 of 4")).signature, "x.y state at N of N");
});
