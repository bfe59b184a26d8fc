/**
 * Fuzzes one target: makes cases, runs them in batches, keeps those that behave in a new way.
 *
 * The coverage of a batch is asked for by whoever drives the fuzzer, because it can only be had from outside. A batch
 * with news is halved and run again until the cases are found that made them:
 *
 * ```ts
 * for (let batch = fuzzer.nextBatch(size); batch.length > 0; batch = fuzzer.nextProbe()) {
 *   fuzzer.run(batch, target);
 *   fuzzer.covered(await takeCoverage());   // or fuzzer.covered(undefined): judged by outcomes alone
 * }
 * ```
 *
 * The n-th case depends on seed, seeds and cases before it, never on time: a run is reproduced by its seed and count.
 */
import { makeCase } from "./case_maker.ts";
import { Corpus } from "./corpus.ts";
import { CoverageMap, type CoveredRange } from "./coverage_map.ts";
import { SeededCaseRandom, seedFor } from "./case_random.ts";
import {
  type CaseOutcome,
  type CaseRandom,
  type CaseSpec,
  type Failure,
  type FuzzCase,
  type FuzzTarget,
  runCase,
} from "./target.ts";

export interface FoundFailure {
  readonly failure: Failure;
  readonly units: FuzzCase;
  /** Which execution of the target it was, from 1. */
  readonly execution: number;
  /** How many cases have failed in this way so far. */
  count: number;
}

export interface FuzzerOptions {
  readonly seed: number;
  /** Besides the target's own. */
  readonly seeds?: readonly FuzzCase[];
  /** Called with each case before it runs, so that one that never ends is known. */
  readonly beforeCase?: (units: FuzzCase) => void;
}

/** Behaviours that are told apart; a target with endless words for what it does would fill the memory. */
const MAX_BEHAVIOURS = 20_000;
const MAX_FAILURES = 200;

export class TargetFuzzer {
  readonly target: CaseSpec;
  readonly corpus = new Corpus();
  /** By signature. */
  readonly failures = new Map<string, FoundFailure>();
  readonly coverage = new CoverageMap();
  executions = 0;
  /** Cases that were kept because they did something new, by code or by outcome. */
  newBehaviours = 0;
  readonly #random: CaseRandom;
  readonly #beforeCase: (units: FuzzCase) => void;
  readonly #behaviours = new Set<string>();
  readonly #kept = new WeakSet<FuzzCase>();
  readonly #seeds: FuzzCase[];
  /** What the last run was of, and what of it is still to be looked into. */
  #current: readonly FuzzCase[] = [];
  readonly #probes: (readonly FuzzCase[])[] = [];
  #isProbing = false;
  #isOfSeeds = false;
  #batchRanges: readonly CoveredRange[] = [];

  constructor(target: CaseSpec, { seed, seeds = [], beforeCase = () => {} }: FuzzerOptions) {
    this.target = target;
    this.#random = new SeededCaseRandom(seedFor(seed, target.name));
    this.#beforeCase = beforeCase;
    this.#seeds = [...target.seeds(), ...seeds].filter((units) => units.length > 0).reverse();
  }

  /** Cases to run next: first the seeds, then made ones; never both in one batch. */
  nextBatch(size: number): readonly FuzzCase[] {
    this.#isProbing = false;
    this.#isOfSeeds = this.#seeds.length > 0;
    const batch: FuzzCase[] = [];
    if (this.#isOfSeeds) {
      while (batch.length < size && this.#seeds.length > 0) batch.push(...this.#seeds.splice(-1));
      for (const seed of batch) this.corpus.add(seed, 0, this.#random);
      return batch;
    }
    while (batch.length < size) batch.push(makeCase(this.target, this.corpus, this.#random));
    return batch;
  }

  /** A part of the last batch that is to run again; empty when all is known. */
  nextProbe(): readonly FuzzCase[] {
    this.#isProbing = true;
    const probe = this.#probes.pop();
    if (probe !== undefined) return probe;
    this.coverage.add(this.#batchRanges);
    this.#batchRanges = [];
    return [];
  }

  /** Runs cases of a target in this process; failures are noted. */
  run(batch: readonly FuzzCase[], target: FuzzTarget): void {
    this.#current = batch;
    for (const units of batch) {
      this.#beforeCase(units);
      const outcome = runCase(target, units);
      if (!this.#isProbing) this.executed(units, outcome);
    }
  }

  /** Takes how a case went that was run elsewhere. */
  executed(units: FuzzCase, outcome: CaseOutcome): void {
    this.executions++;
    if (outcome.kind === "failed") this.failed(units, outcome.failure);
    else this.#judge(units, outcome.behaviour);
  }

  /** Takes the code that ran since the last call; undefined where that is not known. */
  covered(ranges: readonly CoveredRange[] | undefined): void {
    if (ranges === undefined || !this.coverage.hasNews(ranges)) return;
    // Seeds are kept whatever they do.
    if (this.#isOfSeeds) return this.coverage.add(ranges);
    if (!this.#isProbing) this.#batchRanges = ranges;
    const batch = this.#current;
    if (batch.length === 1) {
      this.coverage.add(ranges);
      this.#keep(batch[0]);
      return;
    }
    const half = batch.length >>> 1;
    this.#probes.push(batch.slice(half), batch.slice(0, half));
  }

  /** Notes a failure that was seen from outside, such as a hang. */
  failed(units: FuzzCase, failure: Failure): void {
    const known = this.failures.get(failure.signature);
    if (known !== undefined) known.count++;
    else if (this.failures.size < MAX_FAILURES) {
      this.failures.set(failure.signature, { failure, units: copied(units), execution: this.executions, count: 1 });
    }
  }

  #judge(units: FuzzCase, behaviour: string): void {
    if (this.#behaviours.has(behaviour) || this.#behaviours.size >= MAX_BEHAVIOURS) return;
    this.#behaviours.add(behaviour);
    this.#keep(units);
  }

  #keep(units: FuzzCase): void {
    this.newBehaviours++;
    // Seeds are in the corpus already; another case may be new by its outcome first, and then by its code.
    if (this.#isOfSeeds || this.#kept.has(units)) return;
    this.#kept.add(units);
    this.corpus.add(copied(units), Math.max(1, this.executions), this.#random);
  }
}

/** What is kept leaves the page that made cases share. */
function copied(units: FuzzCase): FuzzCase {
  return units.map((unit) => unit.slice());
}
