/** Runs remote targets: at a bounded rate, one case after the other, what fails shrunk against the other side itself. */
import { writeCase } from "../../../lib/fuzz/case_text.ts";
import { TargetFuzzer } from "../../../lib/fuzz/fuzzer.ts";
import { shrinkCase } from "../../../lib/fuzz/shrink.ts";
import { type CaseOutcome, type Failure, failureOf, type FuzzCase, type Oracle } from "../../../lib/fuzz/target.ts";
import { againWhileBusy, watchLateness } from "../../../conformance/run/busy_host.ts";
import { systemClock } from "../../../lib/net/clock.ts";
import { CliError } from "../../ui/cli_error.ts";
import type { Finding } from "../finding_files.ts";
import type { TargetProgress } from "../worker_protocol.ts";
import { delay, type RemoteTarget } from "./remote_target.ts";

export interface RemoteRun {
  readonly seed: number;
  readonly countEach: number;
  readonly endMs: number;
  /** Cases a second; Infinity for as fast as answers come. */
  readonly rate: number;
  readonly signal: AbortSignal;
}

export interface RemoteEvents {
  progress(progress: TargetProgress): void;
  finding(finding: Finding): void;
}

/** How often a failing case is tried before and after it was shrunk. */
const TRIES = 5;
/** Tries of each candidate where the case does not fail always. */
const FLAKY_TRIES = 3;
const MAX_SHRINK_PROBES = 1000;
/** A case that is slow or brings silence takes its time at each probe. */
const MAX_SHRINK_MS = 10_000;
const TURN_CASES = 20;
/** A finding at the end of the run is still made small. */
const SHRINK_AFTER_END_MS = 30_000;

/** A case against the other side; what is thrown is its outcome, but for errors that are the user's. */
export async function runRemoteCase(target: RemoteTarget, units: FuzzCase): Promise<CaseOutcome> {
  try {
    return { kind: "passed", behaviour: await target.run(units) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    return { kind: "failed", failure: failureOf(target.name, error) };
  }
}

/** The same for a new case, which may leave something behind. */
async function runNewCase(target: RemoteTarget, units: FuzzCase): Promise<CaseOutcome> {
  const outcome = await runRemoteCase(target, units);
  if (outcome.kind === "failed") return outcome;
  try {
    target.leftBehind?.();
    return outcome;
  } catch (error) {
    return { kind: "failed", failure: failureOf(target.name, error) };
  }
}

export async function fuzzRemote(
  targets: readonly RemoteTarget[],
  run: RemoteRun,
  events: RemoteEvents,
): Promise<void> {
  let turns = targets.map((target) => ({ target, fuzzer: new TargetFuzzer(target, { seed: run.seed }), busyMs: 0 }));
  const isOver = () => performance.now() >= run.endMs || run.signal.aborted;
  const clock = systemClock();
  const watch = () => watchLateness(clock);
  let dueMs = performance.now();
  try {
    while (!isOver() && turns.some(({ fuzzer }) => fuzzer.executions < run.countEach)) {
      for (const turn of turns) {
        const { target, fuzzer } = turn;
        const startMs = performance.now();
        let isGone = false;
        for (let i = 0; i < TURN_CASES && !isGone && !isOver() && fuzzer.executions < run.countEach; i++) {
          await delay(Math.max(0, dueMs - performance.now()));
          dueMs = Math.max(dueMs + 1000 / run.rate, performance.now());
          const [units] = fuzzer.nextBatch(1);
          const outcome = await againWhileBusy(() => runNewCase(target, units), isLate, watch);
          if (outcome.kind === "passed" || fuzzer.failures.has(outcome.failure.signature)) {
            fuzzer.executed(units, outcome);
            continue;
          }
          isGone = !await isAlive(target);
          const reproduced = isGone
            ? untried(units, outcome.failure)
            : await investigate(target, units, outcome.failure, run);
          if (isHostsFault(reproduced)) {
            fuzzer.executed(units, SLOW_ONCE);
            continue;
          }
          fuzzer.executed(units, outcome);
          const found = findingOf(target, units, fuzzer.executions, run.seed, reproduced);
          events.finding({ ...found, ...await disputeOf(target, reproduced.smallest, isGone) });
        }
        turn.busyMs += performance.now() - startMs;
        events.progress({
          name: target.name,
          executions: fuzzer.executions,
          newBehaviours: fuzzer.newBehaviours,
          corpus: fuzzer.corpus.size,
          coveredBytes: 0,
          busyMs: turn.busyMs,
        });
        // Whatever is sent to one that is gone fails, and says nothing.
        if (isGone) turns = turns.filter((other) => other !== turn);
      }
    }
  } finally {
    for (const target of targets) await target.close();
  }
}

/** Oracles of a side that does not answer, whatever it is asked. */
const GONE: ReadonlySet<Oracle> = new Set(["crash", "hang", "silence"]);

/** What is well-formed must be answered, be it wrongly, or the other side has not come back. */
async function isAlive(target: RemoteTarget): Promise<boolean> {
  const outcome = await runRemoteCase(target, target.seeds()[0] ?? []);
  return outcome.kind === "passed" || !GONE.has(outcome.failure.oracle);
}

/** What each of two programs says to the smallest case. */
async function disputeOf(target: RemoteTarget, smallest: FuzzCase, isGone: boolean): Promise<Partial<Finding>> {
  const dispute = isGone ? undefined : await target.tell?.(smallest);
  if (dispute === undefined) return {};
  return dispute.rule === undefined ? { dispute } : { dispute, rule: dispute.rule };
}

interface Reproduced {
  readonly smallest: FuzzCase;
  /** Of the smallest case. */
  readonly failure: Failure;
  readonly failed: number;
  readonly tried: number;
}

/** Oracles that a busy host can set off: then the case is run again. */
const TIMED_ORACLES: ReadonlySet<Oracle> = new Set(["slow", "silence", "hang"]);

function isLate(outcome: CaseOutcome): boolean {
  return outcome.kind === "failed" && TIMED_ORACLES.has(outcome.failure.oracle);
}

/** A case that was slow and never again: whatever held it up was not the case. */
function isHostsFault({ failure, failed }: Reproduced): boolean {
  return failure.oracle === "slow" && failed === 0;
}

const SLOW_ONCE: CaseOutcome = { kind: "passed", behaviour: "slow once" };

const untried = (units: FuzzCase, failure: Failure): Reproduced => ({ smallest: units, failure, failed: 1, tried: 1 });

/** Tries again, makes the case small, and says how often it fails. */
async function investigate(
  target: RemoteTarget,
  units: FuzzCase,
  failure: Failure,
  run: RemoteRun,
): Promise<Reproduced> {
  const isOver = () => performance.now() >= run.endMs + SHRINK_AFTER_END_MS || run.signal.aborted;
  let latest = failure;
  const fails = async (candidate: FuzzCase) => {
    const outcome = await runRemoteCase(target, candidate);
    if (outcome.kind === "passed" || outcome.failure.signature !== failure.signature) return false;
    latest = outcome.failure;
    return true;
  };
  const count = async (candidate: FuzzCase) => {
    let failed = 0;
    for (let i = 0; i < TRIES && !isOver(); i++) if (await fails(candidate)) failed++;
    return failed;
  };
  const before = await count(units);
  if (before === 0) return { smallest: units, failure, failed: 0, tried: TRIES };
  const tries = before === TRIES ? 1 : FLAKY_TRIES;
  const shrinking = shrinkCase(units, target.shape);
  const shrinkEndMs = performance.now() + MAX_SHRINK_MS;
  const mustEnd = () => performance.now() >= shrinkEndMs || isOver();
  let smallest = units;
  let step = shrinking.next();
  for (let probes = 0; !step.done && probes < MAX_SHRINK_PROBES && !mustEnd(); probes++) {
    const candidate = step.value;
    let stillFails = false;
    for (let i = 0; i < tries && !stillFails; i++) stillFails = await fails(candidate);
    if (stillFails) smallest = candidate;
    step = shrinking.next(stillFails);
  }
  const failed = smallest === units ? before : await count(smallest);
  return { smallest, failure: latest, failed, tried: TRIES };
}

function findingOf(
  target: RemoteTarget,
  units: FuzzCase,
  execution: number,
  seed: number,
  { smallest, failure, failed, tried }: Reproduced,
): Finding {
  return {
    target: target.name,
    ...failure,
    ...target.where,
    seed,
    execution,
    case: writeCase(smallest),
    original: writeCase(units),
    reproduced: { failed, tried },
  };
}
