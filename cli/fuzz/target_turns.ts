/** Targets take turns; what fails is made small at once, and reported. */
import { writeCase } from "../../lib/fuzz/case_text.ts";
import { type FoundFailure, TargetFuzzer } from "../../lib/fuzz/fuzzer.ts";
import { shrinkWith } from "../../lib/fuzz/shrink.ts";
import { type Failure, type FuzzTarget, runCase } from "../../lib/fuzz/target.ts";
import type { CaseSlot } from "./case_slot.ts";
import type { CoverageProbe } from "./coverage_probe.ts";
import { seedsFor } from "./seed_files.ts";
import { findTarget } from "./target_table.ts";
import type { WorkerOrder, WorkerReport } from "./worker_protocol.ts";

const DEFAULT_BATCH_CASES = 128;
/** A look at the coverage takes as long as many cases do: where nothing is new, they come less often. */
const MAX_BATCH_CASES = 1024;
const MAX_SHRINK_PROBES = 3000;

class Turn {
  readonly target: FuzzTarget;
  readonly fuzzer: TargetFuzzer;
  busyMs = 0;
  readonly #slot: CaseSlot;
  readonly #coverage: CoverageProbe | undefined;
  readonly #countEach: number;
  readonly #reported = new Set<string>();
  #batchCases: number;

  constructor(name: string, number: number, order: WorkerOrder, slot: CaseSlot, coverage: CoverageProbe | undefined) {
    this.target = findTarget(name);
    this.#slot = slot;
    this.#coverage = coverage;
    this.#countEach = order.countEach ?? Infinity;
    this.#batchCases = this.target.batchCases ?? DEFAULT_BATCH_CASES;
    this.fuzzer = new TargetFuzzer(this.target, {
      seed: order.seed,
      seeds: seedsFor(this.target, order.corpus),
      beforeCase: (units) => slot.begin(number, units),
    });
  }

  get isDone(): boolean {
    return this.fuzzer.executions >= this.#countEach;
  }

  /** Runs one batch, and what is needed to learn which of its cases were new. */
  async batch(): Promise<void> {
    const { fuzzer } = this;
    const left = this.#countEach - fuzzer.executions;
    const size = Math.min(left, this.#batchCases);
    const before = fuzzer.newBehaviours;
    for (let cases = fuzzer.nextBatch(size); cases.length > 0; cases = fuzzer.nextProbe()) {
      fuzzer.run(cases, this.target);
      this.#slot.idle();
      fuzzer.covered(await this.#coverage?.take());
    }
    if (this.#coverage !== undefined) this.#adaptBatch(fuzzer.newBehaviours > before);
  }

  /** By what was found, not by time, so that the cases of a seed are the same on any machine. */
  #adaptBatch(hasNews: boolean): void {
    const { batchCases } = this.target;
    if (batchCases !== undefined) return;
    this.#batchCases = hasNews ? DEFAULT_BATCH_CASES : Math.min(2 * this.#batchCases, MAX_BATCH_CASES);
  }

  /** Failures that are new since the last call, made small. */
  *newFindings(number: number): Generator<Extract<WorkerReport, { kind: "finding" }>> {
    for (const found of this.fuzzer.failures.values()) {
      if (this.#reported.has(found.failure.signature)) continue;
      this.#reported.add(found.failure.signature);
      yield { kind: "finding", finding: this.#finding(found, number) };
    }
  }

  #finding({ failure, units, execution }: FoundFailure, number: number) {
    const { units: smallest } = shrinkWith(units, this.target.shape, (candidate) => {
      this.#slot.begin(number, candidate);
      const outcome = runCase(this.target, candidate);
      return outcome.kind === "failed" && outcome.failure.signature === failure.signature;
    }, MAX_SHRINK_PROBES);
    this.#slot.idle();
    return {
      target: this.target.name,
      failure,
      original: writeCase(units),
      minimised: writeCase(smallest),
      execution,
      // In this process a case fails always or never: it was shrunk by failing again.
      reproduced: { failed: 1, tried: 1 },
    };
  }
}

/** Runs until every target has had its executions or the slot says stop. */
export async function runTargets(
  order: WorkerOrder,
  slot: CaseSlot,
  coverage: CoverageProbe | undefined,
  post: (report: WorkerReport) => void,
): Promise<void> {
  const turns = order.targets.map((name, number) => new Turn(name, number, order, slot, coverage));
  // What loading has run is nobody's.
  await coverage?.take();
  while (!slot.mustStop && turns.some((turn) => !turn.isDone)) {
    for (const [number, turn] of turns.entries()) {
      const startMs = performance.now();
      while (!turn.isDone && !slot.mustStop && performance.now() - startMs < order.sliceMs) await turn.batch();
      watchHeap(turn, order.maxHeapBytes);
      for (const report of turn.newFindings(number)) post(report);
      turn.busyMs += performance.now() - startMs;
      post({ kind: "progress", progress: progressOf(turn) });
    }
  }
  if (order.corpus === undefined) return;
  for (const { target, fuzzer } of turns) {
    const cases = fuzzer.corpus.entries.filter(({ foundAt }) => foundAt > 0).map(({ units }) => writeCase(units));
    post({ kind: "corpus", target: target.name, cases });
  }
}

function progressOf({ target, fuzzer, busyMs }: Turn) {
  return {
    name: target.name,
    executions: fuzzer.executions,
    newBehaviours: fuzzer.newBehaviours,
    corpus: fuzzer.corpus.size,
    coveredBytes: fuzzer.coverage.coveredBytes,
    busyMs,
  };
}

/** The memory oracle: what is kept after a turn is held against a bound; the last case stands for those before it. */
function watchHeap({ target, fuzzer }: Turn, maxHeapBytes: number): void {
  const { heapUsed, external } = Deno.memoryUsage();
  if (heapUsed + external <= maxHeapBytes) return;
  const failure: Failure = {
    oracle: "memory",
    message: `the heap has grown to ${Math.round((heapUsed + external) / 1e6)} MB`,
    signature: `${target.name} memory heap`,
  };
  const last = fuzzer.corpus.entries.at(-1);
  fuzzer.failed(last?.units ?? [new Uint8Array(0)], failure);
}
