/** Passive cases: every rule whose breach shows in a capture of two peers that nobody here controls. */
import { CAPTURE_RULE_IDS, CAPTURE_RULES } from "../../../lib/dissect/check/rules.ts";
import type { CaptureCase } from "../../case.ts";
import { DIALECTS } from "../../testee/rtp_json.ts";

/** Rules that ask something of receivers: a malformed unit in a capture breaks them, and nothing shows them kept. */
export const RECEIVER_RULES = [
  "ARC-UNIT-unknown-class",
  "ARC-RTP-reduced-layout",
  "ARC-SIG-json-duplicate-key",
  "ARC-SIG-json-missing-field",
  "ARC-SIG-json-unknown-type",
  "ARC-SIG-json-version",
  "ARC-SIG-json-size",
  "ARC-SIG-json-depth",
] as const;

export const CAPTURE_CASES: readonly CaptureCase[] = [
  ...CAPTURE_RULE_IDS.map((rule) => passive(rule, `The rule is kept by each ${CAPTURE_RULES[rule].occasion}`)),
  ...RECEIVER_RULES.map((rule) => passive(rule, "No unit gives its receiver occasion to refuse it by the rule")),
];

/** One case a rule: `ARC-RTP-reserved-zero` is `capture/rtp-reserved-zero`. */
function passive(rule: string, title: string): CaptureCase {
  const id = `capture/${rule.replace("ARC-", "").toLowerCase()}`;
  return { id, requirements: [rule], title, dialects: DIALECTS, needs: "capture" };
}
