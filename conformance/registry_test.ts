import assert from "node:assert/strict";
import { SeededRng } from "../lib/base/rng.ts";
import type { Case, Check } from "./case.ts";
import { stringLiterals } from "./coverage_scan.ts";
import { CASES, problemsOf, registerCases } from "./registry.ts";
import { isOnlySlow } from "./report/tally.ts";
import { REQUIREMENT_ID } from "./requirements.ts";
import { runCases } from "./run/testing.ts";
import { globPattern, selectCases } from "./selection.ts";

Deno.test("the cases of the suite are registered without a problem", () => {
  assert.deepEqual(problemsOf(CASES), []);
});

Deno.test("problemsOf finds bad ids, duplicates, unknown rules and titles that end like sentences", () => {
  const one = (id: string, rule = "ARC-RTP-version", title = "t"): Case => ({
    id,
    requirements: rule === "" ? [] : [rule],
    title,
    needs: "ops",
    checks: () => [],
  });
  const problems = problemsOf([
    one("a/b"),
    one("a/b"),
    one("b"),
    one("a/case-2"),
    one("a/c", "ARC-RTP-no"),
    one("a/d", ""),
    one("a/e", undefined, "T."),
    { ...one("a/f"), isAlone: true },
    { ...one("a/g", "ARC-BUDGET-packet"), isAlone: true },
  ]);
  assert.deepEqual(problems, [
    "a/b: two cases have this id",
    "b: an id is area/lower-case-words",
    "a/case-2: ids are words, never ordinals",
    "a/c: ARC-RTP-no is not in SPEC.md",
    "a/d: it names no rule",
    "a/e: a title has no full stop",
    "a/f: it measures, and time must not make anybody fail: all of its rules have to be a MAY",
  ]);
});

Deno.test("every ops case has checks with distinct names, and the same for the same seed", () => {
  for (const one of CASES) {
    if (one.needs !== "ops") continue;
    for (const dialect of one.dialects ?? (["arcrtc-1.0"] as const)) {
      const make = (seed: number): readonly Check[] => one.checks({ dialect, rng: new SeededRng(seed) });
      const names = make(1).map(({ name }) => name);
      assert.notEqual(names.length, 0, one.id);
      assert.equal(new Set(names).size, names.length, `${one.id}: two checks have one name`);
      const requests = make(1).map(({ request }) => request);
      assert.deepEqual(make(1).map(({ request }) => request), requests, one.id);
    }
  }
});

Deno.test("our own library supports and passes every ops case, in each dialect that its hello lists", async () => {
  const cases = CASES.filter(({ needs }) => needs === "ops");
  const { tables } = await runCases(cases, { dialect: undefined });
  assert.deepEqual(tables[0].dialect, "arcrtc-1.0");
  assert.ok(tables.every(({ from }) => from === "hello"));
  const results = tables.flatMap((table) => table.results);
  assert.ok(results.length >= cases.length);
  // What is only slow is not wrong.
  const wrong = results.filter((result) => result.verdict !== "pass" && !isOnlySlow(result));
  assert.deepEqual(wrong.map(({ id, verdict, why, breaches }) => ({ id, verdict, why, breaches })), []);
});

Deno.test("every rule that a finding of a capture can name has its passive case", () => {
  const folder = new URL("../lib/dissect/check/", import.meta.url);
  const named = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => !name.endsWith("_test.ts"))
    .flatMap((name) => stringLiterals(Deno.readTextFileSync(new URL(name, folder))))
    .flatMap((text) => text.match(REQUIREMENT_ID) ?? []);
  const passive = CASES.filter(({ needs }) => needs === "capture").map(({ requirements: [rule] }) => rule);
  assert.deepEqual(passive.toSorted(), [...new Set(named)].toSorted());
});

Deno.test("a selection narrows by each of its wishes and widens by their entries", () => {
  const all = registerCases();
  const ids = (wish: Parameters<typeof selectCases>[1]) => selectCases(all, wish).map(({ case: one }) => one.id);
  assert.equal(ids({}).length, all.length);
  assert.ok(ids({ ids: ["unit/frame-*"] }).every((id) => id.startsWith("unit/frame-")));
  assert.deepEqual(ids({ ids: ["unit/frame-close", "unit/no-such"] }), ["unit/frame-close"]);
  assert.deepEqual(ids({ ids: ["unit/*"], needs: ["relay"] }), ids({ areas: ["unit"], needs: ["relay"] }));
  assert.ok(ids({ requirements: ["ARC-TRANSPORT-tcp"] }).includes("unit/stream-framing-served"));
  assert.deepEqual(ids({ levels: ["MAY"], areas: ["unit"] }), []);
  assert.match("a.b/c", globPattern("a.*"));
  assert.doesNotMatch("axb/c", globPattern("a.*"));
});
