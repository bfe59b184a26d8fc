import assert from "node:assert/strict";
import { checkCoverage, COVERED_CLAUSES, describeCoverage, readMentions } from "./coverage.ts";
import { parseSpec, type Requirement } from "./requirements.ts";

function rule(id: string, clause: string, rest: Partial<Requirement> = {}): Requirement {
  return { id, level: "MUST", area: "RTP", clause, title: "t", text: "x", seed: null, observable: "wire", ...rest };
}

Deno.test("every MUST of the covered clauses has a test, and every named id exists", () => {
  const { requirements } = parseSpec(Deno.readTextFileSync(new URL("SPEC.md", import.meta.url)));
  const mentions = readMentions(new URL("../", import.meta.url));
  const message = describeCoverage(checkCoverage(requirements, mentions, COVERED_CLAUSES));
  if (message !== undefined) assert.fail(message);
});

Deno.test("checkCoverage finds the rules of covered clauses that no test names", () => {
  const requirements = [
    rule("ARC-RTP-named", "2.1"),
    rule("ARC-RTP-forgotten", "2.1.3"),
    rule("ARC-RTP-elsewhere", "2.10"),
    rule("ARC-RTP-advice", "2.1", { level: "SHOULD" }),
    rule("ARC-RTP-hidden", "2.1", { observable: "none", why: "w" }),
    rule("ARC-RTP-inside", "2.1", { observable: "testee" }),
  ];
  const mentions = [{ id: "ARC-RTP-named", path: "a_test.ts" }];
  const coverage = checkCoverage(requirements, mentions, ["2.1"]);
  assert.deepEqual(coverage.uncovered.map(({ id }) => id), ["ARC-RTP-forgotten", "ARC-RTP-inside"]);
  assert.equal(coverage.required.length, 3);
  assert.match(
    describeCoverage(coverage) ?? "",
    /^2 of 3 rules .*\n {2}2\.1\.3 {2}ARC-RTP-forgotten\n {2}2\.1 {4}ARC-RTP-inside$/,
  );
});

Deno.test("checkCoverage finds ids that do not exist, also outside of the covered clauses", () => {
  const mentions = [{ id: "ARC-RTP-named", path: "a_test.ts" }, { id: "ARC-RTP-namde", path: "b_test.ts" }];
  const coverage = checkCoverage([rule("ARC-RTP-named", "7.1")], mentions, []);
  assert.deepEqual(coverage.unknown, [{ id: "ARC-RTP-namde", path: "b_test.ts" }]);
  assert.match(describeCoverage(coverage) ?? "", /ARC-RTP-namde in b_test\.ts/);
});

Deno.test("checkCoverage finds covered clauses that hold no rule", () => {
  const coverage = checkCoverage([rule("ARC-RTP-named", "2.1")], [], ["2", "3.9"]);
  assert.deepEqual(coverage.staleClauses, ["3.9"]);
});

Deno.test("describeCoverage is silent when all is covered", () => {
  const coverage = checkCoverage([rule("ARC-RTP-named", "2.1")], [{ id: "ARC-RTP-named", path: "a_test.ts" }], ["2.1"]);
  assert.equal(describeCoverage(coverage), undefined);
});
