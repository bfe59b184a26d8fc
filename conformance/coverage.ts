/**
 * The check that rules are tested: every MUST of the covered clauses has a test or vector that names it, and no test
 * names a rule that does not exist.
 */

import type { Requirement } from "./requirements.ts";
import { type Mention, scanMentions, type SourceFile } from "./coverage_scan.ts";

/**
 * The clauses whose rules must be tested, each with all of its sub-clauses.
 *
 * Add a clause when the code that honours it lands; the list never shrinks.
 */
export const COVERED_CLAUSES: readonly string[] = [
  "1", // units
  "2", // ArcRTP
  "3", // keys
  "4", // ArcSRTP
  "5.1", // JSON rules
  "5.2", // message tables
  "5.3", // requests, answers, repetition
  "5.4", // errors
  "5.5", // states
  "5.6.1", // sealed JSON
  "5.7", // payload types and formats
  "6.1", // WebSocket
  "6.4", // the server
  "7", // paths
  "8.1", // relay tokens and proofs
  "8.2", // binding
  "8.3", // forwarding
  "8.5", // priority and limits
  "8.6", // load and selection
  "9", // quality
  "10", // loss, FEC, jitter, metrics
  "12.2", // counters and knobs
];

/** Where tests live, and what is not a test of the protocol: these files hold ids as samples. */
const TEST_FOLDERS = ["lib", "cli", "conformance"] as const;
const VECTOR_FOLDER = "fixtures/vectors";
const SAMPLE_FILES: ReadonlySet<string> = new Set([
  "conformance/requirements_test.ts",
  "conformance/coverage_scan_test.ts",
  "conformance/coverage_test.ts",
  "conformance/case_coverage_test.ts",
  "conformance/registry_test.ts",
]);

/** Outcome of {@linkcode checkCoverage}. */
export interface Coverage {
  /** Rules that must be tested: every MUST of the covered clauses that anybody can observe. */
  readonly required: readonly Requirement[];
  /** Those of them that nothing names, in the order of the specification. */
  readonly uncovered: readonly Requirement[];
  /** Ids that tests name and the specification does not have. */
  readonly unknown: readonly Mention[];
  /** Entries of the clause list under which the specification has no rule. */
  readonly staleClauses: readonly string[];
}

/** Compares the rules with the ids that tests name. */
export function checkCoverage(
  requirements: readonly Requirement[],
  mentions: readonly Mention[],
  coveredClauses: readonly string[],
): Coverage {
  const known = new Set(requirements.map((requirement) => requirement.id));
  const named = new Set(mentions.map((mention) => mention.id));
  const required = requirements.filter((requirement) =>
    requirement.level === "MUST" && requirement.observable !== "none" &&
    coveredClauses.some((clause) => isWithin(requirement.clause, clause))
  );
  return {
    required,
    uncovered: required.filter((requirement) => !named.has(requirement.id)),
    unknown: mentions.filter((mention) => !known.has(mention.id)),
    staleClauses: coveredClauses.filter((clause) =>
      !requirements.some((requirement) => isWithin(requirement.clause, clause))
    ),
  };
}

/** What is wrong, for people, or undefined when nothing is. */
export function describeCoverage({ required, uncovered, unknown, staleClauses }: Coverage): string | undefined {
  const parts: string[] = [];
  if (uncovered.length > 0) {
    parts.push(
      `${uncovered.length} of ${required.length} rules that must be tested are named by no test:`,
      ...uncovered.map(({ clause, id }) => `  ${clause.padEnd(6)} ${id}`),
    );
  }
  if (unknown.length > 0) {
    parts.push(
      `${unknown.length} id(s) that tests name are not in SPEC.md:`,
      ...unknown.map(({ id, path }) => `  ${id} in ${path}`),
    );
  }
  if (staleClauses.length > 0) parts.push(`covered clauses without any rule: ${staleClauses.join(", ")}`);
  return parts.length === 0 ? undefined : parts.join("\n");
}

/** Reads every test file and vector below the repository's root and returns the ids that they name. */
export function readMentions(root: URL): Mention[] {
  const files: SourceFile[] = [];
  for (const folder of TEST_FOLDERS) collect(root, folder, /_test\.ts$/, files);
  collect(root, VECTOR_FOLDER, /\.json$/, files);
  return scanMentions(files.filter((file) => !SAMPLE_FILES.has(file.path)));
}

/** `5.2.1` is within `5.2` and within itself; `5.20` is not within `5.2`. */
export function isWithin(clause: string, prefix: string): boolean {
  return clause === prefix || clause.startsWith(`${prefix}.`);
}

function collect(root: URL, folder: string, name: RegExp, files: SourceFile[]): void {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(new URL(`${folder}/`, root))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  // Directory order differs between file systems; messages should not.
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) collect(root, path, name, files);
    else if (name.test(entry.name)) files.push({ path, text: Deno.readTextFileSync(new URL(path, root)) });
  }
}
