/** Every case of the suite, in the order of the specification. */
import registry from "./requirements.json" with { type: "json" };
import { areaOf, type Case } from "./case.ts";
import { ARCRTP_CASES } from "./cases/arcrtp/area.ts";
import { BUDGET_CASES } from "./cases/budget/area.ts";
import { BRIDGE_CASES } from "./cases/bridge/area.ts";
import { CALL_CASES } from "./cases/call/area.ts";
import { CAPTURE_CASES } from "./cases/capture/rules.ts";
import { DIALECT_CASES } from "./cases/dialect/area.ts";
import { JITTER_CASES } from "./cases/jitter/area.ts";
import { KEY_CASES } from "./cases/key/area.ts";
import { LOSS_CASES } from "./cases/loss/area.ts";
import { MEDIA_CASES } from "./cases/media/area.ts";
import { PATH_CASES } from "./cases/path/area.ts";
import { QUALITY_CASES } from "./cases/quality/area.ts";
import { RELAY_CASES } from "./cases/relay/area.ts";
import { ROBUSTNESS_CASES } from "./cases/robustness/area.ts";
import { RTCP_CASES } from "./cases/rtcp/area.ts";
import { SIGNALING_CASES } from "./cases/signaling/area.ts";
import { SRTP_CASES } from "./cases/srtp/area.ts";
import { TRANSPORT_CASES } from "./cases/transport/area.ts";
import { UNIT_CASES } from "./cases/unit/area.ts";
import type { Requirement } from "./requirements.ts";

/** Area by area. A new clause is listed by the `area.ts` of its folder, a new area by one line here. */
export const CASES: readonly Case[] = [
  ...UNIT_CASES,
  ...ARCRTP_CASES,
  ...KEY_CASES,
  ...SRTP_CASES,
  ...SIGNALING_CASES,
  ...MEDIA_CASES,
  ...TRANSPORT_CASES,
  ...QUALITY_CASES,
  ...RTCP_CASES,
  ...LOSS_CASES,
  ...JITTER_CASES,
  ...BRIDGE_CASES,
  ...DIALECT_CASES,
  ...CALL_CASES,
  ...PATH_CASES,
  ...RELAY_CASES,
  ...ROBUSTNESS_CASES,
  ...BUDGET_CASES,
  ...CAPTURE_CASES,
];

/** A case with what the specification says of it. */
export interface RegisteredCase {
  readonly case: Case;
  readonly area: string;
  /** The rule that it is about; level and clause are the rule's. */
  readonly rule: Requirement;
}

export const RULES: ReadonlyMap<string, Requirement> = new Map(
  (registry.requirements as Requirement[]).map((rule) => [rule.id, rule]),
);

/** @throws Error for a set of cases that {@link problemsOf} has something to say of. */
export function registerCases(cases: readonly Case[] = CASES): readonly RegisteredCase[] {
  const problems = problemsOf(cases);
  if (problems.length > 0) throw new Error(`the registry of cases has problems:\n${problems.join("\n")}`);
  return cases.map((one) => ({ case: one, area: areaOf(one), rule: ruleOf(one) }));
}

const ID = /^[a-z0-9_]+(?:-[a-z0-9_]+)*\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** What is wrong with a set of cases, one sentence each. */
export function problemsOf(cases: readonly Case[]): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { id, requirements, title, isAlone } of cases) {
    if (!ID.test(id)) problems.push(`${id}: an id is area/lower-case-words`);
    if (id.split(/[/-]/).some((word) => /^\d+$/.test(word))) problems.push(`${id}: ids are words, never ordinals`);
    if (seen.has(id)) problems.push(`${id}: two cases have this id`);
    seen.add(id);
    if (requirements.length === 0) problems.push(`${id}: it names no rule`);
    if (isAlone && requirements.some((rule) => RULES.get(rule)?.level !== "MAY")) {
      problems.push(`${id}: it measures, and time must not make anybody fail: all of its rules have to be a MAY`);
    }
    if (title.endsWith(".")) problems.push(`${id}: a title has no full stop`);
    for (const rule of requirements) if (!RULES.has(rule)) problems.push(`${id}: ${rule} is not in SPEC.md`);
  }
  return problems;
}

function ruleOf({ id, requirements }: Case): Requirement {
  const rule = RULES.get(requirements[0]);
  if (rule === undefined) throw new Error(`${id}: ${requirements[0]} is not in SPEC.md`);
  return rule;
}
