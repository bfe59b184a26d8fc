/** What a case does now, beside what its capsule holds. */
import type { CaseResult } from "../results.ts";
import { isJudged } from "../verdict.ts";
import type { Capsule } from "./capsule.ts";

/**
 * `same`: it fails as it did. `different`: it fails in another way. `fixed`: it passes. `notRun`: it was skipped or is
 * unsupported, or the suite went wrong.
 */
export type ReplayOutcome = "same" | "different" | "fixed" | "notRun";

export interface Replay {
  readonly outcome: ReplayOutcome;
  /** True where the case asks for something else than it did then: it was changed, or what it asks hangs on answers. */
  readonly asksOtherwise: boolean;
}

export function compareReplay(capsule: Capsule, now: CaseResult): Replay {
  return { outcome: outcomeOf(capsule, now), asksOtherwise: asksOtherwise(capsule, now) };
}

function outcomeOf({ breaches, verdict, case: { needs } }: Capsule, now: CaseResult): ReplayOutcome {
  if (now.verdict === "pass") return "fixed";
  if (!isJudged(now.verdict)) return "notRun";
  const steady = needs === "ops" ? (text: string) => text : withoutChance;
  const words = (list: Capsule["breaches"] | CaseResult["breaches"]) =>
    JSON.stringify(list.map(({ at, expected, got }) => [at, steady(expected), steady(got)]));
  return verdict === now.verdict && words(breaches) === words(now.breaches) ? "same" : "different";
}

/** Sessions, ports, nonces and times of a dialogue are others each time. */
function withoutChance(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
    .replace(/[\w-]{20,}/g, "BYTES")
    .replace(/\d{5,}/g, "NUMBER");
}

/** Compares the requests that both have: of a dialogue nothing can be said. */
function asksOtherwise({ transcript }: Capsule, now: CaseResult): boolean {
  const before = new Map(
    transcript.flatMap((entry) => entry.kind === "asked" ? [[entry.check, JSON.stringify(entry.request)]] : []),
  );
  return now.transcript.some((entry) => {
    const request = entry.kind === "asked" ? before.get(entry.check) : undefined;
    return entry.kind === "asked" && request !== undefined && request !== JSON.stringify(entry.request);
  });
}
