/** `--list` and `--dry-run`: what a run would take, and what it would send. */
import type { Case } from "../../conformance/case.ts";
import { brief } from "../../conformance/expect.ts";
import type { RegisteredCase } from "../../conformance/registry.ts";
import { caseRng } from "../../conformance/run/case_rng.ts";
import type { Dialect } from "../../conformance/testee/rtp_json.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { textTable } from "../ui/table.ts";

export function listText(cases: readonly RegisteredCase[]): string {
  return textTable(cases.map(({ case: one, rule }) => [one.id, rule.level, rule.clause, one.needs, one.title]));
}

/** With a seed, the requests of each case too. */
export function listJson(cases: readonly RegisteredCase[], seed?: number): string {
  const entries = cases.map(({ case: one, area, rule }) => ({
    id: one.id,
    area,
    level: rule.level,
    clause: rule.clause,
    needs: one.needs,
    requirements: one.requirements,
    title: one.title,
    dialects: dialectsOf(one),
    ...(seed === undefined ? {} : { checks: plannedChecks(one, seed) }),
  }));
  return jsonDocument(envelope("conformance.list", { ...(seed === undefined ? {} : { seed }), cases: entries }));
}

/** Requests that are known before anything has been answered; a dialogue is a program and shows its title. */
export function dryRunText(cases: readonly RegisteredCase[], seed: number): string {
  return cases.map(({ case: one, rule }) => {
    const head = `${one.id}  ${rule.level} ${one.requirements.join(" ")}\n  ${one.title}\n`;
    if (one.needs !== "ops") return `${head}  needs: ${one.needs}\n`;
    const checks = plannedChecks(one, seed).map(({ name, request, expected }) =>
      `  ${name}: ${brief(request)}\n    -> ${expected}\n`
    );
    return head + checks.join("");
  }).join("\n");
}

/** What is asked before anything has been answered, in all dialects of the case. */
function plannedChecks(one: Case, seed: number) {
  if (one.needs !== "ops") return [];
  return dialectsOf(one).flatMap((dialect) =>
    one.checks({ dialect, rng: caseRng(seed, dialect, one.id) })
      .map(({ name, request, expected }) => ({ dialect, name, request, expected }))
  );
}

function dialectsOf({ dialects = ["arcrtc-1.0"] }: Case): readonly Dialect[] {
  return dialects;
}
