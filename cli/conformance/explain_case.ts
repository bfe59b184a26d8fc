/** `arcrtc conformance explain ID`: the clauses of a case, and what it asks. */
import { registerCases, RULES } from "../../conformance/registry.ts";
import { CliError } from "../ui/cli_error.ts";
import { nearestName } from "../ui/nearest_name.ts";
import { explain, explanationsText } from "../commands/explain.ts";
import { dryRunText } from "./list_cases.ts";

/** Requests that are shown. */
const MAX_LINES = 24;

/** @throws CliError for an id that is neither a case's nor a rule's. */
export function explainCase(id: string): string {
  const cases = registerCases();
  const found = cases.filter(({ case: one }) => one.id === id || one.requirements.includes(id));
  if (found.length === 0 && !RULES.has(id)) {
    const near = nearestName(id, cases.map(({ case: one }) => one.id));
    throw new CliError(
      "usage",
      `no case is named '${id}'`,
      near ? `did you mean '${near}'?` : "arcrtc conformance --list shows all ids",
    );
  }
  const rules = [...new Set(found.length === 0 ? [id] : found.flatMap(({ case: one }) => one.requirements))];
  const shown = found.map((one) => {
    const lines = dryRunText([one], 0).split("\n");
    const cut = lines.length > MAX_LINES
      ? [`  ... and ${lines.length - MAX_LINES} lines more: --dry-run shows them`]
      : [];
    return [...lines.slice(0, MAX_LINES), ...cut].join("\n");
  });
  const cited = explanationsText(rules.flatMap((rule) => explain(rule)));
  return `${shown.length === 0 ? "no case shows this rule\n" : shown.join("\n").trimEnd() + "\n"}\n${cited}`;
}
