/** Runs one case again and again in a thread of its own, so that one that never ends can be ended. */
import { parseCase } from "../../lib/fuzz/case_text.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { type CaseOutcome, runCase } from "../../lib/fuzz/target.ts";
import { findTarget } from "./target_table.ts";

export interface ReplayOrder {
  readonly target: string;
  readonly case: string;
  readonly times: number;
}

addEventListener("message", (event) => {
  const { target, case: line, times } = (event as MessageEvent<ReplayOrder>).data;
  const units = unwrap(parseCase(line));
  const outcomes: CaseOutcome[] = Array.from({ length: times }, () => runCase(findTarget(target), units));
  (self as unknown as Worker).postMessage(outcomes);
});
