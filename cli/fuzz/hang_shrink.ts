/**
 * Cases that never end, made small. Candidates have less time than a case that counts as hanging; the smallest one is then
 * held to that again.
 */
import { shrinkCase } from "../../lib/fuzz/shrink.ts";
import type { CaseShape, FuzzCase } from "../../lib/fuzz/target.ts";
import type { CaseProcess } from "./case_process.ts";

export interface ShrunkHang {
  readonly units: FuzzCase;
  readonly failed: number;
  readonly tried: number;
}

export interface HangShrinkOptions {
  /** Runs them; stopped at the end. */
  readonly cases: CaseProcess;
  readonly shape: CaseShape;
  /** What takes longer hangs. */
  readonly hangMs: number;
  /** Asked before each candidate; a run that is being ended has no time for more. */
  readonly mustStop: () => boolean;
}

const TRIES = 3;
const MAX_PROBES = 400;
/** Candidates that hang are the dear ones. */
const MAX_HANGING_PROBES = 60;
const CANDIDATE_PART = 10;
const MIN_CANDIDATE_MS = 200;

/** Answers the smallest case that was found, and how often it hung when it was given the whole time. */
export async function shrinkHang(units: FuzzCase, options: HangShrinkOptions): Promise<ShrunkHang> {
  try {
    const candidateMs = Math.min(options.hangMs, Math.max(MIN_CANDIDATE_MS, options.hangMs / CANDIDATE_PART));
    const smallest = await shrink(units, options, candidateMs);
    const counted = await count(smallest, options);
    // Slow is not hanging: what was only that does not stand for what was found.
    return counted.failed > 0 || smallest === units ? counted : await count(units, options);
  } finally {
    await options.cases.stop();
  }
}

async function count(units: FuzzCase, { cases, hangMs, mustStop }: HangShrinkOptions): Promise<ShrunkHang> {
  let [failed, tried] = [0, 0];
  for (; tried < TRIES && (tried === 0 || !mustStop()); tried++) {
    if (await hangs(units, cases, hangMs)) failed++;
  }
  return { units, failed, tried };
}

async function shrink(
  units: FuzzCase,
  { cases, shape, mustStop }: HangShrinkOptions,
  candidateMs: number,
): Promise<FuzzCase> {
  const shrinking = shrinkCase(units, shape);
  let smallest = units;
  let hung = 0;
  let step = shrinking.next();
  for (let probes = 0; !step.done && probes < MAX_PROBES && hung < MAX_HANGING_PROBES && !mustStop(); probes++) {
    const candidate = step.value;
    const stillHangs = await hangs(candidate, cases, candidateMs);
    if (stillHangs) {
      smallest = candidate;
      hung++;
    }
    step = shrinking.next(stillHangs);
  }
  return smallest;
}

/** One that ends the process, or fails in another way, has ended: that is another failure than this one. */
async function hangs(units: FuzzCase, cases: CaseProcess, limitMs: number): Promise<boolean> {
  const outcome = await cases.run(units, limitMs);
  return outcome.kind === "failed" && outcome.failure.oracle === "hang";
}
