/** Which faults of `signaling.parse` stand for which error code: a rule fixes the code, words for a fault may be finer. */
import type { Expectation } from "../../case.ts";
import { refuses } from "../../expect.ts";

const REASONS = {
  too_large: ["too_large"],
  bad_json: ["bad_json", "duplicate_key"],
  bad_message: ["bad_message", "missing_field", "bad_type", "bad_value"],
  unknown_type: ["unknown_type"],
  unsupported_version: ["unsupported_version", "bad_version"],
} as const;

/** A code that the steps of clause 5.1 give. */
export type ParseCode = keyof typeof REASONS;

/** A fault that goes out as this code. */
export function refusedAs(code: ParseCode): Expectation {
  const allowed: readonly string[] = REASONS[code];
  const fault = refuses();
  return {
    expected: `a fault that is answered with ${code}`,
    judge: (answer) => {
      if (answer.kind !== "fault") return fault.judge(answer);
      const reason = String(answer.fault.reason);
      return allowed.includes(reason) ? undefined : `the reason is ${reason}, which is not ${code}`;
    },
  };
}
