/**
 * Cases that never end, made small: each candidate runs in a thread that is ended when it takes too long, and another
 * goes on. Candidates have less time than a case that counts as hanging; the smallest one is then held to that again.
 */
import { writeCase } from "../../lib/fuzz/case_text.ts";
import { shrinkCase } from "../../lib/fuzz/shrink.ts";
import type { CaseShape, FuzzCase } from "../../lib/fuzz/target.ts";
import type { ReplayOrder } from "./replay_worker.ts";

export interface ShrunkHang {
  readonly units: FuzzCase;
  readonly failed: number;
  readonly tried: number;
}

export interface HangShrinkOptions {
  readonly target: string;
  readonly shape: CaseShape;
  /** What takes longer hangs. */
  readonly hangMs: number;
  /** Asked before each candidate; a run that is being ended has no time for more. */
  readonly mustStop: () => boolean;
  /** A knob for tests. */
  readonly worker?: URL;
}

const REPLAY_WORKER = new URL("./replay_worker.ts", import.meta.url);
const TRIES = 3;
const MAX_PROBES = 400;
/** Candidates that hang are the dear ones. */
const MAX_HANGING_PROBES = 60;
const CANDIDATE_PART = 10;
const MIN_CANDIDATE_MS = 200;
/** Until a fresh thread has loaded the targets. */
const LOAD_MS = 60_000;

/** Answers the smallest case that was found, and how often it hung when it was given the whole time. */
export async function shrinkHang(units: FuzzCase, options: HangShrinkOptions): Promise<ShrunkHang> {
  const runner = new CaseRunner(options);
  try {
    const candidateMs = Math.min(options.hangMs, Math.max(MIN_CANDIDATE_MS, options.hangMs / CANDIDATE_PART));
    const smallest = await shrink(units, options, (candidate) => runner.hangs(candidate, candidateMs));
    const counted = await count(smallest, options, runner);
    // Slow is not hanging: what was only that does not stand for what was found.
    return counted.failed > 0 || smallest === units ? counted : await count(units, options, runner);
  } finally {
    runner.stop();
  }
}

async function count(units: FuzzCase, options: HangShrinkOptions, runner: CaseRunner): Promise<ShrunkHang> {
  let [failed, tried] = [0, 0];
  for (; tried < TRIES && (tried === 0 || !options.mustStop()); tried++) {
    if (await runner.hangs(units, options.hangMs)) failed++;
  }
  return { units, failed, tried };
}

async function shrink(
  units: FuzzCase,
  { shape, mustStop }: HangShrinkOptions,
  hangs: (candidate: FuzzCase) => Promise<boolean>,
): Promise<FuzzCase> {
  const shrinking = shrinkCase(units, shape);
  let smallest = units;
  let hung = 0;
  let step = shrinking.next();
  for (let probes = 0; !step.done && probes < MAX_PROBES && hung < MAX_HANGING_PROBES && !mustStop(); probes++) {
    const candidate = step.value;
    const stillHangs = await hangs(candidate);
    if (stillHangs) {
      smallest = candidate;
      hung++;
    }
    step = shrinking.next(stillHangs);
  }
  return smallest;
}

/** Runs cases in a thread, which lives as long as they end. */
class CaseRunner {
  readonly #target: string;
  readonly #url: URL;
  #worker: Worker | undefined;

  constructor({ target, worker = REPLAY_WORKER }: HangShrinkOptions) {
    this.#target = target;
    this.#url = worker;
  }

  async hangs(units: FuzzCase, limitMs: number): Promise<boolean> {
    if (this.#worker === undefined) {
      this.#worker = new Worker(this.#url.href, { type: "module" });
      // Not once: it answers when it has loaded, and the clock begins afterwards.
      await this.#ended(units, 0, LOAD_MS);
    }
    if (await this.#ended(units, 1, limitMs)) return false;
    this.stop();
    return true;
  }

  /** False where it does not end in time. A thread that fails has ended: that is another failure than this one. */
  #ended(units: FuzzCase, times: number, limitMs: number): Promise<boolean> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (isEnded: boolean) => {
        clearTimeout(timer);
        resolve(isEnded);
      };
      const timer = setTimeout(() => end(false), limitMs);
      worker.onmessage = () => end(true);
      worker.onerror = (event) => {
        event.preventDefault();
        this.stop();
        end(true);
      };
      const order: ReplayOrder = { target: this.#target, case: writeCase(units), times };
      worker.postMessage(order);
    });
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
