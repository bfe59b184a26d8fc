/** Bad input between good: a vector behind each shows that the testee is there still, and as it was. */
import type { Check } from "../../case.ts";
import { vectorCheck, vectorsOf } from "../../vector_case.ts";

/** Puts a valid vector of the op behind each check. */
export function withVectors(op: string, checks: readonly Check[]): readonly Check[] {
  const vector = vectorsOf(op, "arcrtc-1.0").find(({ test }) => test.result === "valid");
  if (vector === undefined) throw new Error(`there is no valid vector of ${op}`);
  return checks.flatMap((check) => [check, { ...vectorCheck(vector), name: `behind ${check.name}` }]);
}
