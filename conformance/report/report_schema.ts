/**
 * The form of the JSON report, once: `json.ts` is typed by it, `fixtures/schemas/conformance-report.schema.json` is
 * generated from it.
 */
import * as v from "valibot";
import { LEVELS } from "../requirements.ts";
import { VERDICTS } from "../verdict.ts";

export const FACETS = ["ops", "server", "relay", "peer", "capture"] as const;

const TEXT = v.string();
export const COUNT_SCHEMA = v.pipe(v.number(), v.integer(), v.minValue(0));
export const DURATION_SCHEMA = v.pipe(v.number(), v.minValue(0), v.description("Milliseconds."));
export const SEED_SCHEMA = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff));
/** Whatever the testee was asked or has answered. */
const ANY_OBJECT = v.looseObject({});

export const RULE_SCHEMA = v.strictObject({ id: TEXT, text: v.nullable(TEXT) });

export const BREACH_SCHEMA = v.strictObject({
  at: v.optional(v.pipe(TEXT, v.description("The check of the case, or who in a capture."))),
  expected: TEXT,
  got: TEXT,
});

export const TRANSCRIPT_ENTRY_SCHEMA = v.variant("kind", [
  v.strictObject({
    kind: v.literal("asked"),
    check: TEXT,
    request: ANY_OBJECT,
    answer: v.optional(v.pipe(ANY_OBJECT, v.description("Absent where no answer came."))),
    expected: TEXT,
    problem: v.optional(TEXT),
    atMs: DURATION_SCHEMA,
  }),
  ...(["sent", "received"] as const).map((kind) =>
    v.strictObject({ kind: v.literal(kind), line: TEXT, hex: TEXT, text: v.optional(TEXT), atMs: DURATION_SCHEMA })
  ),
  ...(["opened", "closed", "note"] as const).map((kind) =>
    v.strictObject({ kind: v.literal(kind), line: v.optional(TEXT), text: TEXT, atMs: DURATION_SCHEMA })
  ),
]);

const MEASURE = v.strictObject({
  name: TEXT,
  value: v.number(),
  unit: v.pipe(TEXT, v.description("ms, 1/s, or what is counted.")),
  most: v.optional(v.pipe(v.number(), v.description("What the specification wants it to be at most."))),
});

const CASE = v.strictObject({
  id: TEXT,
  area: TEXT,
  title: TEXT,
  needs: v.picklist(FACETS),
  level: v.picklist(LEVELS),
  clause: TEXT,
  requirements: v.array(RULE_SCHEMA),
  verdict: v.picklist(VERDICTS),
  known_failing: v.boolean(),
  why: v.nullable(TEXT),
  breaches: v.array(BREACH_SCHEMA),
  checks: COUNT_SCHEMA,
  measures: v.pipe(v.array(MEASURE), v.description("Figures, of a case that measures; they never count against it.")),
  elapsed_ms: DURATION_SCHEMA,
  transcript: v.optional(
    v.pipe(
      v.array(TRANSCRIPT_ENTRY_SCHEMA),
      v.description("Of cases that did not pass and were not only slow; of all with --verbose."),
    ),
  ),
});

const COUNTS = v.strictObject(
  Object.fromEntries(VERDICTS.map((verdict) => [verdict, COUNT_SCHEMA])) as Record<
    (typeof VERDICTS)[number],
    typeof COUNT_SCHEMA
  >,
);

export const SUBJECTS_SCHEMA = v.pipe(
  v.strictObject(
    Object.fromEntries(FACETS.map((facet) => [facet, v.optional(TEXT)])) as Record<
      (typeof FACETS)[number],
      v.OptionalSchema<typeof TEXT, undefined>
    >,
  ),
  v.description("What was tested."),
);

export const IMPLEMENTATION_SCHEMA = v.nullable(v.strictObject({ name: TEXT, version: TEXT }));

export const REPORT_SCHEMA = v.pipe(
  v.strictObject({
    schema: v.literal("arcrtc.conformance/1"),
    suite: v.strictObject({ version: TEXT, spec_version: TEXT }),
    subjects: SUBJECTS_SCHEMA,
    implementation: IMPLEMENTATION_SCHEMA,
    seed: SEED_SCHEMA,
    strict: v.boolean(),
    elapsed_ms: DURATION_SCHEMA,
    interrupted: v.pipe(v.boolean(), v.description("True where the run was ended before its last case.")),
    dialects: v.array(v.strictObject({
      dialect: TEXT,
      from: v.picklist(["given", "hello", "capture", "default"]),
      counts: COUNTS,
      cases: v.array(CASE),
    })),
    stale_known_failing: v.array(v.strictObject({ id: TEXT, why: TEXT })),
  }),
  v.title("Report of arcrtc conformance --json"),
  v.description("What a run has found: one table of verdicts for each dialect."),
);

export type ReportDocument = v.InferOutput<typeof REPORT_SCHEMA>;
export type CaseDocument = v.InferOutput<typeof CASE>;
