/** The report for programs: everything, transcripts of what did not pass included. */
import { RULES } from "../registry.ts";
import type { CaseResult, SuiteResult } from "../results.ts";
import type { ReportStyle } from "./report.ts";

export function jsonReport(result: SuiteResult, { version, verbose }: ReportStyle): string {
  const { subjects, implementation, seed, strict, elapsedMs, tables, stale, interrupted } = result;
  const document = {
    schema: "arcrtc.conformance/1",
    suite: { version, spec_version: "1.0" },
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
    stale_known_failing: stale,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function caseJson(result: CaseResult, verbose: boolean): object {
  const { id, area, title, needs, level, clause, requirements, verdict, known, why, breaches } = result;
  return {
    id,
    area,
    title,
    needs,
    level,
    clause,
    requirements: requirements.map((rule) => ({ id: rule, text: RULES.get(rule)?.text ?? null })),
    verdict,
    known_failing: known,
    why: why ?? null,
    breaches,
    checks: result.checks,
    elapsed_ms: result.elapsedMs,
    ...(verbose || verdict !== "pass" ? { transcript: result.transcript } : {}),
  };
}
