/**
 * Which rules have cases: generated as `COVERAGE.md` (`deno task generate`), and checked: a rule that somebody outside can
 * observe has a case, or stands in `uncovered_rules.ts` with a reason.
 *
 * A passive case does not count: in a capture nobody asks for what a rule is about.
 */
import type { Case } from "./case.ts";
import type { Requirement } from "./requirements.ts";

export interface RuleCoverage {
  readonly rule: Requirement;
  /** Ids of the cases that ask for it. */
  readonly cases: readonly string[];
  /** Ids of the passive ones. */
  readonly passive: readonly string[];
}

/** Every rule with its cases, in the order of the specification. */
export function caseCoverage(rules: Iterable<Requirement>, cases: readonly Case[]): readonly RuleCoverage[] {
  return [...rules].map((rule) => {
    const own = cases.filter(({ requirements }) => requirements.includes(rule.id));
    const ids = (isPassive: boolean) =>
      own.filter(({ needs }) => (needs === "capture") === isPassive).map(({ id }) => id);
    return { rule, cases: ids(false), passive: ids(true) };
  });
}

/** True for a rule that somebody outside can observe: it needs a case. */
export function needsCase({ observable }: Requirement): boolean {
  return observable !== "none";
}

/** What is wrong with the cover and with the list of those that have none, by rule; empty when all is well. */
export function coverageProblems(
  coverage: readonly RuleCoverage[],
  uncovered: Readonly<Record<string, string>>,
): readonly string[] {
  const known = new Map(coverage.map((one) => [one.rule.id, one]));
  return [
    ...coverage.filter(({ rule, cases }) => needsCase(rule) && cases.length === 0 && !Object.hasOwn(uncovered, rule.id))
      .map(({ rule }) => `${rule.clause} ${rule.id}: no case asks for it, and no reason is given`),
    ...Object.entries(uncovered).flatMap(([id, reason]) => {
      const one = known.get(id);
      if (one === undefined) return [`${id}: is not in SPEC.md, but in the list of rules without a case`];
      if (!needsCase(one.rule)) return [`${id}: needs no case, but is in the list of rules without one`];
      if (one.cases.length > 0) return [`${id}: ${one.cases[0]} asks for it; take it out of the list`];
      return reason.trim() === "" ? [`${id}: is in the list without a reason`] : [];
    }),
  ];
}

/** The text of `COVERAGE.md`. */
export function coverageText(
  coverage: readonly RuleCoverage[],
  uncovered: Readonly<Record<string, string>> = {},
): string {
  const needed = coverage.filter(({ rule }) => needsCase(rule));
  const covered = needed.filter(({ cases }) => cases.length > 0);
  const clauses = [...new Set(coverage.map(({ rule }) => rule.clause))];
  const sections = clauses.map((clause) => {
    const own = coverage.filter(({ rule }) => rule.clause === clause);
    return `## ${clause} ${own[0].rule.title}\n\n\`\`\`\n${
      own.map((one) => ruleLine(one, uncovered)).join("\n")
    }\n\`\`\`\n`;
  });
  return [
    "# Rules and their cases\n",
    "Generated from `cases/` by `deno task generate`; do not edit. Passive cases stand in parentheses: they judge a capture,",
    "where nobody asks for what a rule is about, so they do not count.\n",
    `Of ${needed.length} rules that somebody outside can observe, ${covered.length} have a case.\n`,
    ...sections,
  ].join("\n");
}

function ruleLine({ rule, cases, passive }: RuleCoverage, uncovered: Readonly<Record<string, string>>): string {
  const shown = [...cases, ...passive.map((id) => `(${id})`)];
  if (!needsCase(rule)) shown.push("not observable");
  else if (cases.length === 0) shown.push(`none: ${uncovered[rule.id] ?? "no reason is given"}`);
  return `${rule.level.padEnd(6)} ${rule.id}: ${shown.join(" ")}`;
}
