/** `--list` and `--dry-run`: what a run would take, and what it would send. */
import { SeededRng } from "../../lib/base/rng.ts";
import { brief } from "../../conformance/expect.ts";
import type { RegisteredCase } from "../../conformance/registry.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { textTable } from "../ui/table.ts";

export function listText(cases: readonly RegisteredCase[]): string {
  return textTable(cases.map(({ case: one, rule }) => [one.id, rule.level, rule.clause, one.needs, one.title]));
}

export function listJson(cases: readonly RegisteredCase[]): string {
  const entries = cases.map(({ case: one, area, rule }) => ({
    id: one.id,
    area,
    level: rule.level,
    clause: rule.clause,
    needs: one.needs,
    requirements: one.requirements,
    title: one.title,
    dialects: one.dialects ?? ["arcrtc-1.0"],
  }));
  return jsonDocument(envelope("conformance", { cases: entries }));
}

/** Requests that are known before anything has been answered; a dialogue is a program and shows its title. */
export function dryRunText(cases: readonly RegisteredCase[], seed: number): string {
  return cases.map(({ case: one, rule }) => {
    const head = `${one.id}  ${rule.level} ${one.requirements.join(" ")}\n  ${one.title}\n`;
    if (one.needs !== "ops") return `${head}  needs: ${one.needs}\n`;
    return head +
      (one.dialects ?? ["arcrtc-1.0"] as const).map((dialect) =>
        one.checks({ dialect, rng: new SeededRng(seed) }).map(({ name, request, expected }) =>
          `  ${name}: ${brief(request)}\n    -> ${expected}\n`
        ).join("")
      ).join("");
  }).join("\n");
}
