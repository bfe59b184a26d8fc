/** The report for programs: everything, transcripts of what did not pass included. */
import { RULES } from "../registry.ts";
import type { BreachRecord, CaseResult, SuiteResult } from "../results.ts";
import type { TranscriptEntry } from "../transcript.ts";
import type { ReportStyle } from "./report.ts";
import { isOnlySlow } from "./tally.ts";
import type { CaseDocument, ReportDocument } from "./report_schema.ts";

export const SPEC_VERSION = "1.0";

export function jsonReport(result: SuiteResult, style: ReportStyle): string {
  return `${JSON.stringify(documentOf(result, style), null, 2)}\n`;
}

function documentOf(result: SuiteResult, { version, verbose }: ReportStyle): ReportDocument {
  const { subjects, implementation, seed, strict, elapsedMs, tables, stale, interrupted } = result;
  return {
    schema: "arcrtc.conformance/1",
    suite: { version, spec_version: SPEC_VERSION },
    subjects,
    implementation: implementation ?? null,
    seed,
    strict,
    elapsed_ms: elapsedMs,
    interrupted,
    dialects: tables.map(({ dialect, from, counts, results }) => ({
      dialect,
      from,
      counts,
      cases: results.map((one) => caseJson(one, verbose)),
    })),
    stale_known_failing: [...stale],
  };
}

function caseJson(result: CaseResult, verbose: boolean): CaseDocument {
  const { id, area, title, needs, level, clause, requirements, verdict, known, why, breaches } = result;
  return {
    id,
    area,
    title,
    needs,
    level,
    clause,
    requirements: requirements.map(ruleJson),
    verdict,
    known_failing: known,
    why: why ?? null,
    breaches: breaches.map(breachJson),
    checks: result.checks,
    measures: result.measures.map((measure) => ({ ...measure })),
    elapsed_ms: result.elapsedMs,
    ...(verbose || (verdict !== "pass" && !isOnlySlow(result)) ? { transcript: result.transcript.map(entryJson) } : {}),
  };
}

type EntryDocument = NonNullable<CaseDocument["transcript"]>[number];

export function ruleJson(id: string): CaseDocument["requirements"][number] {
  return { id, text: RULES.get(id)?.text ?? null };
}

/** A copy, as the schema has it. */
export function breachJson({ at, expected, got }: BreachRecord): CaseDocument["breaches"][number] {
  return { ...(at === undefined ? {} : { at }), expected, got };
}

export function entryJson(entry: TranscriptEntry): EntryDocument {
  if (entry.kind !== "asked") return entry;
  const { request, answer, problem, ...rest } = entry;
  return {
    ...rest,
    request: { ...request },
    ...(answer === undefined ? {} : { answer: { ...answer } }),
    ...(problem === undefined ? {} : { problem }),
  };
}
