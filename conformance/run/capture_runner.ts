/** Judges a rule by what the checks of a capture have found. */
import type { Finding } from "../../lib/dissect/check/findings.ts";
import type { CaptureCase } from "../case.ts";
import type { Level } from "../requirements.ts";
import type { Dialect } from "../testee/rtp_json.ts";
import type { Transcript } from "../transcript.ts";
import { broken, type Outcome, passed } from "./outcome.ts";

/** A capture that has been read and checked. */
export interface CheckedCapture {
  /** For people: the file. */
  readonly description: string;
  /** Of its traffic, where it tells; `arcrtc-1.0` is taken otherwise. */
  readonly dialect?: Dialect;
  readonly findings: readonly Finding[];
  readonly units: number;
  readonly packets: number;
}

export function judgeCapture(
  { requirements, title }: CaptureCase,
  capture: CheckedCapture,
  level: Level,
  transcript: Transcript,
): Outcome {
  const { units, packets } = capture;
  const own = capture.findings.filter(({ rule }) => requirements.includes(rule));
  transcript.noted("note", `${units} units of ${packets} packets were looked at`);
  if (own.length === 0) return { ...passed(), why: `no breach in ${units} units; nobody asked for one` };
  return broken(
    level,
    own.map(({ subject, message, packets: shown, count }) => ({
      at: subject,
      expected: title,
      got: `${message} (${count} times; packets ${shown.join(", ")})`,
    })),
  );
}
