import assert from "node:assert/strict";
import type { Case } from "./case.ts";
import { caseCoverage, coverageProblems, coverageText } from "./case_coverage.ts";
import { CASES, RULES } from "./registry.ts";
import type { Requirement } from "./requirements.ts";
import { UNCOVERED_RULES } from "./uncovered_rules.ts";

Deno.test("every observable rule has a case, or a reason why it has none, and never both", () => {
  assert.deepEqual(coverageProblems(caseCoverage(RULES.values(), CASES), UNCOVERED_RULES), []);
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

Deno.test("a rule without a case and a reason is a problem; passive cases do not count", () => {
  const coverage = caseCoverage(RULE_SET, CASE_SET);
  assert.deepEqual(coverageProblems(coverage, { "ARC-RTP-elsewhere": "it is hard" }), [
    "2.1 ARC-RTP-watched: no case asks for it, and no reason is given",
  ]);
  assert.deepEqual(coverageProblems(coverage, { "ARC-RTP-elsewhere": "it is hard", "ARC-RTP-watched": "so too" }), []);
});

Deno.test("an entry of the list is a problem once its rule has a case, needs none or is gone, or without a reason", () => {
  const uncovered = {
    "ARC-RTP-watched": " ",
    "ARC-RTP-elsewhere": "it is hard",
    "ARC-RTP-asked": "once",
    "ARC-RTP-hidden": "nobody sees it",
    "ARC-RTP-gone": "it was hard",
  };
  assert.deepEqual(coverageProblems(caseCoverage(RULE_SET, CASE_SET), uncovered), [
    "ARC-RTP-watched: is in the list without a reason",
    "ARC-RTP-asked: a/asked asks for it; take it out of the list",
    "ARC-RTP-hidden: needs no case, but is in the list of rules without one",
    "ARC-RTP-gone: is not in SPEC.md, but in the list of rules without a case",
  ]);
});

Deno.test("coverage is told rule by rule", () => {
  const text = coverageText(caseCoverage(RULE_SET, CASE_SET), { "ARC-RTP-elsewhere": "it is hard" });
  assert.match(text, /Of 3 rules that somebody outside can observe, 1 have a case\./);
  assert.match(text, /^MUST {3}ARC-RTP-asked: a\/asked$/m);
  assert.match(text, /^MUST {3}ARC-RTP-watched: \(capture\/watched\) none: no reason is given$/m);
  assert.match(text, /^MUST {3}ARC-RTP-hidden: not observable$/m);
  assert.match(text, /^MUST {3}ARC-RTP-elsewhere: none: it is hard$/m);
});
