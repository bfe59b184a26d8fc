import assert from "node:assert/strict";
import type { Case } from "./case.ts";
import { caseCoverage, COMPLETE_CLAUSES, coverageProblems, coverageText } from "./case_coverage.ts";
import { CASES, RULES } from "./registry.ts";
import type { Requirement } from "./requirements.ts";

Deno.test("every observable rule of the complete clauses has a case", () => {
  assert.deepEqual(coverageProblems(caseCoverage(RULES.values(), CASES), COMPLETE_CLAUSES), []);
});

function rule(id: string, rest: Partial<Requirement> = {}): Requirement {
  const { clause = "2.1", observable = "wire" } = rest;
  return { id, level: "MUST", area: "RTP", clause, title: "Title", text: "x", seed: null, observable };
}

const RULE_SET = [
  rule("ARC-RTP-asked"),
  rule("ARC-RTP-watched"),
  rule("ARC-RTP-hidden", { observable: "none" }),
  rule("ARC-RTP-elsewhere", { clause: "2.10" }),
];
const CASE_SET: readonly Case[] = [
  { id: "a/asked", requirements: ["ARC-RTP-asked"], title: "t", needs: "ops", checks: () => [] },
  { id: "capture/watched", requirements: ["ARC-RTP-watched"], title: "t", needs: "capture" },
];

Deno.test("a rule of a complete clause without a case is a problem; passive cases and other clauses do not count", () => {
  const coverage = caseCoverage(RULE_SET, CASE_SET);
  assert.deepEqual(coverageProblems(coverage, ["2.1", "9"]), [
    "2.1 ARC-RTP-watched: no case asks for it",
    "clause 9 has no rule",
  ]);
});

Deno.test("coverage is told rule by rule", () => {
  const text = coverageText(caseCoverage(RULE_SET, CASE_SET));
  assert.match(text, /Of 3 rules that somebody outside can observe, 1 have a case\./);
  assert.match(text, /^MUST {3}ARC-RTP-asked: a\/asked$/m);
  assert.match(text, /^MUST {3}ARC-RTP-watched: \(capture\/watched\)$/m);
  assert.match(text, /^MUST {3}ARC-RTP-hidden: not observable$/m);
  assert.match(text, /^MUST {3}ARC-RTP-elsewhere: none$/m);
});
