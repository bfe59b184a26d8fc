/** TAP version 14: one line a case, a YAML block with what is wrong. */
import { RULES } from "../registry.ts";
import type { CaseResult, SuiteResult } from "../results.ts";
import { countsAgainst } from "../verdict.ts";
import { isAgainst } from "./tally.ts";

export function tapReport({ tables, subjects, seed, strict, stale, interrupted }: SuiteResult): string {
  const rows = tables.flatMap(({ dialect, results }) => results.map((result) => ({ dialect, result })));
  const lines = [
    "TAP version 14",
    `1..${rows.length + stale.length}`,
    ...Object.entries(subjects).map(([facet, subject]) => `# ${oneLine(`${facet}: ${subject}`)}`),
    `# seed: ${seed}`,
    ...rows.flatMap(({ dialect, result }, i) => caseLines(i + 1, dialect, result, strict)),
    ...stale.map(({ id, why }, i) =>
      `not ok ${rows.length + i + 1} - ${escaped(id)} is on the list of known failures: ${escaped(why)}`
    ),
    ...(interrupted ? ["Bail out! the run was ended early"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function caseLines(number: number, dialect: string, result: CaseResult, strict: boolean): string[] {
  const { id, title, verdict, known, why, measures } = result;
  const isKnownFailure = known && countsAgainst(verdict, strict);
  const isOk = !isAgainst(result, strict) && !isKnownFailure;
  const head = `${isOk ? "ok" : "not ok"} ${number} - ${dialect} ${id}: ${escaped(title)}`;
  if (verdict === "skipped" || verdict === "unsupported") return [`${head} # SKIP ${escaped(why ?? verdict)}`];
  const directive = isKnownFailure ? " # TODO on the list of known failures" : "";
  const isShort = verdict === "pass" && measures.length === 0;
  return isShort ? [head + directive] : [head + directive, ...yamlBlock(result)];
}

/** Every text is a JSON string, which is a YAML string too. */
function yamlBlock({ verdict, level, clause, requirements, breaches, why, seed, measures }: CaseResult): string[] {
  const text = (value: string) => JSON.stringify(value);
  return [
    "---",
    `verdict: ${verdict}`,
    `level: ${level}`,
    `clause: ${text(clause)}`,
    `rule: ${text(`${requirements[0]}: ${RULES.get(requirements[0])?.text ?? ""}`)}`,
    `seed: ${seed}`,
    ...(why === undefined ? [] : [`why: ${text(why)}`]),
    ...(breaches.length === 0 ? [] : ["breaches:"]),
    ...breaches.flatMap(({ at, expected, got }) => [
      `  - at: ${text(at ?? "")}`,
      `    expected: ${text(expected)}`,
      `    got: ${text(got)}`,
    ]),
    ...(measures.length === 0 ? [] : ["measures:"]),
    ...measures.flatMap(({ name, value, unit, most }) => [
      `  - name: ${text(name)}`,
      `    value: ${value}`,
      `    unit: ${text(unit)}`,
      ...(most === undefined ? [] : [`    most: ${most}`]),
    ]),
    "...",
  ].map((line) => `  ${line}`);
}

/** `#` begins a directive, a backslash escapes. */
function escaped(text: string): string {
  return oneLine(text).replace(/[\\#]/g, "\\$&");
}

function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ");
}
