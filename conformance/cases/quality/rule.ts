/** SPEC clause 9.1: the adaptation rule. */
import type { Case } from "../../case.ts";
import { answers } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";

const OP = "quality.decide";

export const CASES: readonly Case[] = [
  vectorCase("quality/rule-lower", "ARC-QUALITY-rule-lower", OP, "Loss or delay beyond the bounds says lower"),
  vectorCase("quality/rule-higher", "ARC-QUALITY-rule-higher", OP, "Loss, delay and CPU below the bounds say higher"),
  vectorCase("quality/rule-current", "ARC-QUALITY-rule-current", OP, "The bounds themselves say current"),
  {
    id: "quality/rule-all",
    requirements: ["ARC-QUALITY-rule-current", "ARC-QUALITY-rule-lower", "ARC-QUALITY-rule-higher"],
    title: "Every combination of values at and beside the bounds is decided as the rule is written",
    needs: "ops",
    checks: () =>
      [0, 0.0099, 0.01, 0.05, 0.0501, 1].flatMap((packet_loss) =>
        [0, 49.9, 50, 100, 100.1].flatMap((rtt) =>
          [0, 0.49, 0.5, 1].map((cpu) => ({
            name: `loss ${packet_loss}, rtt ${rtt}, cpu ${cpu}`,
            request: { op: OP, packet_loss, rtt, cpu },
            ...answers({ level: decide(packet_loss, rtt, cpu) }),
          }))
        )
      ),
  },
];

function decide(loss: number, rtt: number, cpu: number): string {
  if (loss > 0.05 || rtt > 100) return "lower";
  return loss < 0.01 && rtt < 50 && cpu < 0.5 ? "higher" : "current";
}
