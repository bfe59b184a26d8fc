/**
 * A failing case in one file, for somebody who was not there: what was asked or sent and what came, byte for byte and with
 * times, the seed, what was tested. `arcrtc conformance replay FILE` runs it again.
 *
 * It holds the keys that the suite made up for the case, and no other secret: of tokens the signature is taken out.
 */
import * as v from "valibot";
import { LEVELS } from "../requirements.ts";
import { SPEC_VERSION } from "../report/json.ts";
import {
  BREACH_SCHEMA,
  COUNT_SCHEMA,
  DURATION_SCHEMA,
  FACETS,
  IMPLEMENTATION_SCHEMA,
  RULE_SCHEMA,
  SEED_SCHEMA,
  TRANSCRIPT_ENTRY_SCHEMA,
} from "../report/report_schema.ts";
import { breachJson, entryJson, ruleJson } from "../report/json.ts";
import { withoutSignatures } from "../transcript.ts";
import type { CaseResult, SuiteResult } from "../results.ts";
import { DIALECTS } from "../testee/rtp_json.ts";
import { VERDICTS } from "../verdict.ts";

export const CAPSULE_SCHEMA = v.pipe(
  v.strictObject({
    schema: v.literal("arcrtc.capsule/1"),
    suite: v.strictObject({ version: v.string(), spec_version: v.string() }),
    case: v.strictObject({
      id: v.string(),
      title: v.string(),
      needs: v.picklist(FACETS),
      level: v.picklist(LEVELS),
      clause: v.string(),
      requirements: v.array(RULE_SCHEMA),
    }),
    dialect: v.picklist(DIALECTS),
    seed: SEED_SCHEMA,
    timeout_ms: v.pipe(DURATION_SCHEMA, v.description("The longest wait for one answer, --timeout.")),
    silence_ms: v.pipe(DURATION_SCHEMA, v.description("How long nothing had to come, --silence.")),
    subject: v.pipe(v.string(), v.description("What was tested, for people; no secret of it is kept.")),
    implementation: IMPLEMENTATION_SCHEMA,
    verdict: v.picklist(VERDICTS),
    why: v.nullable(v.string()),
    breaches: v.array(BREACH_SCHEMA),
    elapsed_ms: DURATION_SCHEMA,
    left_out: v.pipe(COUNT_SCHEMA, v.description("Entries of the transcript that a file of bounded size cannot hold.")),
    transcript: v.array(TRANSCRIPT_ENTRY_SCHEMA),
  }),
  v.title("A failing case of arcrtc conformance"),
  v.description("Written by arcrtc conformance --capsules DIR, run again by arcrtc conformance replay FILE."),
);

export type Capsule = v.InferOutput<typeof CAPSULE_SCHEMA>;

/** What of a run is not in its result. */
export interface RunSetting {
  readonly version: string;
  readonly patienceMs: number;
  readonly silenceMs: number;
}

/** Of the transcript, as JSON; the rest of a capsule is small. */
const MAX_TRANSCRIPT_CHARACTERS = 1024 * 1024;

export function capsuleOf(result: CaseResult, dialect: string, run: SuiteResult, setting: RunSetting): Capsule {
  const { id, title, needs, level, clause, requirements, verdict, why, breaches, elapsedMs, seed } = result;
  const transcript = keptEntries(result);
  return {
    schema: "arcrtc.capsule/1",
    suite: { version: setting.version, spec_version: SPEC_VERSION },
    case: { id, title, needs, level, clause, requirements: requirements.map(ruleJson) },
    dialect: DIALECTS.find((one) => one === dialect) ?? "arcrtc-1.0",
    seed,
    timeout_ms: setting.patienceMs,
    silence_ms: setting.silenceMs,
    subject: run.subjects[needs] ?? "",
    implementation: needs === "ops" ? run.implementation ?? null : null,
    verdict,
    why: why ?? null,
    breaches: breaches.map(breachJson),
    elapsed_ms: elapsedMs,
    left_out: result.transcript.length - transcript.length,
    transcript,
  };
}

/** The text of its file. */
export function capsuleText(capsule: Capsule): string {
  return `${withoutSignatures(JSON.stringify(capsule, null, 2))}\n`;
}

/** `arcrtc-1.0.arcrtp.padding-count.json`; ids are words. */
export function capsuleFileName({ dialect, case: { id } }: Capsule): string {
  return `${dialect}.${id.replace("/", ".")}.json`;
}

/** Reads a capsule; a sentence where the text is none. */
export function parseCapsule(text: string): Capsule | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `it is no JSON: ${error instanceof Error ? error.message : error}`;
  }
  const parsed = v.safeParse(CAPSULE_SCHEMA, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  return `${v.getDotPath(issue) ?? "it"}: expected ${issue.expected}, got ${issue.received}`;
}

/** All entries where they fit; else those that are wrong first, then the latest. */
function keptEntries({ transcript, breaches }: CaseResult): Capsule["transcript"] {
  const wrong = new Set(breaches.map(({ at }) => at));
  const entries = transcript.map((entry, i) => {
    const json = entryJson(entry);
    return { i, json, isWrong: entry.kind === "asked" && wrong.has(entry.check), size: JSON.stringify(json).length };
  });
  const order = [...entries].sort((a, b) => Number(b.isWrong) - Number(a.isWrong) || b.i - a.i);
  let room = MAX_TRANSCRIPT_CHARACTERS;
  const kept = new Set<number>();
  for (const { i, size } of order) {
    if (size > room) continue;
    room -= size;
    kept.add(i);
  }
  return entries.filter(({ i }) => kept.has(i)).map(({ json }) => json);
}
