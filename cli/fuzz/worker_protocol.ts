/**
 * What is said about fuzzing, between threads and between processes: a thread runs cases and nothing else, another one of
 * the same process watches it, and the parent tells the user.
 */
import type { Failure } from "../../lib/fuzz/target.ts";

/** From the watching thread, once. */
export interface WorkerOrder {
  readonly targets: readonly string[];
  readonly seed: number;
  /** Executions of each target; left out where only time ends the run. */
  readonly countEach?: number;
  /** Targets take turns of so many milliseconds. */
  readonly sliceMs: number;
  readonly usesCoverage: boolean;
  /** Heap of the worker beyond which it has grown too much, bytes. */
  readonly maxHeapBytes: number;
  /** A directory with further cases; the cases that are new to it are told at the end. */
  readonly corpus?: string;
  /** Of the {@link CaseSlot}. */
  readonly memory: SharedArrayBuffer;
}

/** From the parent, once. */
export interface FuzzOrder extends Omit<WorkerOrder, "memory"> {
  /** A case that takes longer hangs. */
  readonly hangMs: number;
}

/** One target's figures so far. */
export interface TargetProgress {
  readonly name: string;
  readonly executions: number;
  readonly newBehaviours: number;
  readonly corpus: number;
  /** Units of source that have run. */
  readonly coveredBytes: number;
  /** Time spent on it, milliseconds. */
  readonly busyMs: number;
}

/** A failure that has been made small. */
export interface WorkerFinding {
  readonly target: string;
  readonly failure: Failure;
  /** As text, see case_text.ts. */
  readonly original: string;
  readonly minimised: string;
  /** Which execution of its target it was. */
  readonly execution: number;
  /** Of `tried` runs of the case `failed` did. */
  readonly reproduced: { readonly failed: number; readonly tried: number };
}

export type WorkerReport =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly progress: TargetProgress }
  | { readonly kind: "finding"; readonly finding: WorkerFinding }
  /** Cases found by a target, at the end of its run. */
  | { readonly kind: "corpus"; readonly target: string; readonly cases: readonly string[] }
  | { readonly kind: "done" };

/** What the parent is told. */
export type FuzzReport =
  | WorkerReport
  /** The case does not end: nothing will come any more. */
  | { readonly kind: "hang"; readonly target: string; readonly case: string };
