/** Judges a rule by what the checks of a capture have found. */
import type { Finding } from "../../lib/dissect/check/findings.ts";
import type { RuleVerdict } from "../../lib/dissect/check/rules.ts";
import type { CaptureCase } from "../case.ts";
import type { Level } from "../requirements.ts";
import type { Dialect } from "../testee/rtp_json.ts";
import type { Transcript } from "../transcript.ts";
import { broken, type Outcome, passed, skipped } from "./outcome.ts";

/** A capture that has been read and checked. */
export interface CheckedCapture {
  /** For people: the file. */
  readonly description: string;
  /** Of its traffic, where it tells; `arcrtc-1.0` is taken otherwise. */
  readonly dialect?: Dialect;
  readonly findings: readonly Finding[];
  readonly verdicts: readonly RuleVerdict[];
  readonly units: number;
  readonly packets: number;
}

export function judgeCapture(
  { requirements, title }: CaptureCase,
  capture: CheckedCapture,
  level: Level,
  transcript: Transcript,
): Outcome {
  const breaches = capture.findings.filter(({ rule }) => requirements.includes(rule));
  const occasions = capture.verdicts.filter(({ rule }) => requirements.includes(rule))
    .reduce((sum, verdict) => sum + verdict.occasions, 0);
  transcript.noted("note", `${occasions} occasions in ${capture.units} units of ${capture.packets} packets`);
  if (breaches.length > 0) {
    return broken(
      level,
      breaches.map(({ subject, message, packets, count }) => ({
        at: subject,
        expected: title,
        got: `${message} (${count} times; packets ${packets.join(", ")})`,
      })),
      occasions,
    );
  }
  return occasions === 0 ? skipped("nothing in the capture shows the rule") : passed(occasions);
}
