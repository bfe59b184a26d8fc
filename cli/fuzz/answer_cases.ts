/** What a thread that runs single cases says and is told. */
import { unwrap } from "../../lib/base/parsed.ts";
import { parseCase } from "../../lib/fuzz/case_text.ts";
import { type CaseOutcome, type FuzzTarget, runCase } from "../../lib/fuzz/target.ts";

export interface CaseOrder {
  readonly target: string;
  /** As text, see case_text.ts. */
  readonly case: string;
}

/** `ready` once, when the targets are loaded; then an outcome for each order. */
export type CaseReport = { readonly kind: "ready" } | CaseOutcome;

export function answerCases(findTarget: (name: string) => Pick<FuzzTarget, "name" | "run">): void {
  const post = (report: CaseReport): void => (self as unknown as Worker).postMessage(report);
  addEventListener("message", (event) => {
    const { target, case: line } = (event as MessageEvent<CaseOrder>).data;
    post(runCase(findTarget(target), unwrap(parseCase(line))));
  });
  post({ kind: "ready" });
}
