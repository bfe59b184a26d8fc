/** A run for tests of reports: every verdict, in two dialects, of a testee that says hostile things. */
import type { Case } from "../case.ts";
import { answers, answersWith, refuses } from "../expect.ts";
import { parseKnownFailing } from "../known_failing.ts";
import type { SuiteResult } from "../results.ts";
import { ownOps, runCases } from "../run/testing.ts";
import { opOk, unsupported } from "../testee/testee.ts";
import type { ReportStyle } from "./report.ts";

/** Markup, the end of a CDATA section, half a surrogate pair, control characters, a TAP directive. */
export const HOSTILE = `"><script>document.title=1</script>]]> \ud800 \x1b[31m\u202e # SKIP`;

export const STYLE: ReportStyle = {
  paint: (_colour, text) => text,
  columns: 100,
  verbose: false,
  version: "0.0.0-test",
};

const MUST = "ARC-RTP-version";
const SHOULD = "ARC-RELAY-selection";
const MAY = "ARC-BUDGET-packet";

function ask(id: string, op: string, hex: string, due = answers({ kind: "stun" }), rule = MUST): Case {
  const check = { name: "only", request: { op, hex }, ...due };
  return { id, requirements: [rule], title: `t of ${id}`, needs: "ops", checks: () => [check] };
}

/** `x-y` of area `a` for each verdict; `a/fail-bytes` writes one byte wrongly, `a/fail-hostile` answers {@link HOSTILE}. */
export const REPORT_CASES: readonly Case[] = [
  { ...ask("a/pass", "unit.classify", "00"), dialects: ["arcrtc-1.0", "armoricore"] },
  ask("a/fail-accepted", "rtp.parse", "a06f03e80000bb801234567800000000aabb00", refuses(), "ARC-RTP-padding-count"),
  ask("a/fail-field", "rtp.parse", "806f03e80000bb801234567800000000", timestamp(48_001)),
  ask("a/fail-bytes", "rtp.write", "", answers({ hex: "806f03e80000bb801234567800000000" })),
  ask("a/fail-hostile", "hostile.op", "00"),
  ask("a/weak", "unit.classify", "80", answers({ kind: "stun" }), SHOULD),
  ask("a/unsupported", "nobody.has_it", "00"),
  ask("b/known", "unit.classify", "80"),
  { id: "b/skipped", requirements: [MUST], title: "t", needs: "server", run: () => Promise.resolve() },
  {
    ...ask("b/measured", "unit.classify", "00", answers({ kind: "stun" }), MAY),
    measures: (took) => [
      { name: "delay p50", value: 0.4567, unit: "ms", most: 1 },
      { name: "delay p99", value: 7.25, unit: "ms", most: 5 },
      { name: HOSTILE, value: took.length, unit: HOSTILE },
    ],
  } as Case,
  ask(
    "b/error",
    "unit.classify",
    "00",
    answersWith("anything", () => {
      throw new Error(`a bug ${HOSTILE}`);
    }),
  ),
];

function timestamp(due: number) {
  return answersWith("a timestamp", ({ header }) => {
    const { timestamp } = header as { readonly timestamp: number };
    return timestamp === due ? undefined : `$.header.timestamp is ${timestamp}, not ${due}`;
  });
}

export function reportRun(): Promise<SuiteResult> {
  const ops = ownOps((own) => ({
    ...own,
    "rtp.parse": (request, context) => {
      const lenient = request.text("hex").endsWith("00") && request.text("hex").startsWith("a0");
      return lenient ? opOk({}) : own["rtp.parse"](request, context);
    },
    "rtp.write": () => opOk({ hex: "806f03e80000bb801234567800800000" }),
    "hostile.op": () => opOk({ kind: HOSTILE }),
    "nobody.has_it": () => unsupported(HOSTILE),
  }));
  // The op that nobody has is not in its hello: it is believed.
  return runCases(REPORT_CASES, {
    subjects: { ops: { ...ops, description: `command '${HOSTILE}'` } },
    dialect: undefined,
    known: parseKnownFailing("b/known\na/pass\n"),
    seed: 7,
  });
}
