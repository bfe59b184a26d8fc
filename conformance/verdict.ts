/** What the suite can say of a case, and which of it counts against a testee. */
import type { Level } from "./requirements.ts";

export const VERDICTS = ["pass", "fail", "weak", "info", "unsupported", "skipped", "error"] as const;

export type Verdict = (typeof VERDICTS)[number];

export const VERDICT_MEANING: Readonly<Record<Verdict, string>> = {
  pass: "The testee did what the rule asks.",
  fail: "A MUST is broken.",
  weak: "A SHOULD is not followed; counts as failed with --strict.",
  info: "A MAY is not made use of, or a figure is over its budget.",
  unsupported: "The testee says so, and says the same of an op that nobody has: it is believed.",
  skipped: "The case could not be run against this testee; the reason stands with it.",
  error: "The suite itself went wrong.",
};

/** What a breach of a rule amounts to. */
export function verdictOfBreach(level: Level): "fail" | "weak" | "info" {
  switch (level) {
    case "MUST":
      return "fail";
    case "SHOULD":
      return "weak";
    case "MAY":
      return "info";
  }
}

/** True where a verdict makes the run fail. */
export function countsAgainst(verdict: Verdict, strict: boolean): boolean {
  return verdict === "fail" || verdict === "error" || (strict && verdict === "weak");
}

/** True where the testee was really put to the test. */
export function isJudged(verdict: Verdict): boolean {
  return verdict !== "skipped" && verdict !== "unsupported" && verdict !== "error";
}
