/** The badge of shields.io (endpoint form): how many of the judged cases are kept. */
import type { SuiteResult } from "../results.ts";
import { against, judgedAndKept } from "./tally.ts";

export function badgeReport(result: SuiteResult): string {
  const { judged, kept } = judgedAndKept(result);
  const isGood = against(result).length + result.stale.length === 0;
  const badge = judged === 0
    ? { message: "nothing judged", color: "lightgrey" }
    : { message: `${kept}/${judged}`, color: isGood ? (kept === judged ? "brightgreen" : "yellow") : "red" };
  return `${JSON.stringify({ schemaVersion: 1, label: "ArcRTC", ...badge })}\n`;
}
