/**
 * Which rules have cases: generated as `COVERAGE.md` (`deno task generate`), and checked for the clauses that are done.
 *
 * A passive case does not count: in a capture nobody asks for what a rule is about.
 */
import type { Case } from "./case.ts";
import { isWithin } from "./coverage.ts";
import type { Requirement } from "./requirements.ts";

/**
 * Clauses, each with its sub-clauses, all of whose observable rules have a case.
 *
 * Add a clause when its last case lands; the list never shrinks.
 */
export const COMPLETE_CLAUSES: readonly string[] = [
  "1", // units
  "2", // ArcRTP
  "3", // keys
  "4", // ArcSRTP
  "5", // messages of signaling
  "6", // signaling transports
  "7", // paths
  "8.1", // relay tokens and proofs
  "8.2", // binding
  "8.4", // checks at the relay
  "8.5", // priority and limits
  "9", // quality
  "10", // loss, FEC, jitter, metrics
  "12", // dialects, counters and knobs
];

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

/** The rules of complete clauses that no case asks for, and clauses without any rule; empty when all is well. */
export function coverageProblems(coverage: readonly RuleCoverage[], complete: readonly string[]): readonly string[] {
  const isComplete = ({ clause }: Requirement) => complete.some((prefix) => isWithin(clause, prefix));
  return [
    ...coverage.filter(({ rule, cases }) => isComplete(rule) && needsCase(rule) && cases.length === 0)
      .map(({ rule }) => `${rule.clause} ${rule.id}: no case asks for it`),
    ...complete.filter((clause) => !coverage.some(({ rule }) => isWithin(rule.clause, clause)))
      .map((clause) => `clause ${clause} has no rule`),
  ];
}

/** The text of `COVERAGE.md`. */
export function coverageText(coverage: readonly RuleCoverage[]): string {
  const needed = coverage.filter(({ rule }) => needsCase(rule));
  const covered = needed.filter(({ cases }) => cases.length > 0);
  const clauses = [...new Set(coverage.map(({ rule }) => rule.clause))];
  const sections = clauses.map((clause) => {
    const own = coverage.filter(({ rule }) => rule.clause === clause);
    return `## ${clause} ${own[0].rule.title}\n\n\`\`\`\n${own.map(ruleLine).join("\n")}\n\`\`\`\n`;
  });
  return [
    "# Rules and their cases\n",
    "Generated from `cases/` by `deno task generate`; do not edit. Passive cases stand in parentheses: they judge a capture,",
    "where nobody asks for what a rule is about, so they do not count.\n",
    `Of ${needed.length} rules that somebody outside can observe, ${covered.length} have a case.\n`,
    ...sections,
  ].join("\n");
}

function ruleLine({ rule, cases, passive }: RuleCoverage): string {
  const shown = [...cases, ...passive.map((id) => `(${id})`)].join(" ");
  return `${rule.level.padEnd(6)} ${rule.id}: ${shown !== "" ? shown : needsCase(rule) ? "none" : "not observable"}`;
}
