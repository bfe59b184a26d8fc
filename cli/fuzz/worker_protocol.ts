/** What the threads say to one another: one runs cases and nothing else, the other watches it. */
import type { Failure } from "../../lib/fuzz/target.ts";

/** From the watcher, once. */
export interface WorkerOrder {
  readonly targets: readonly string[];
  readonly seed: number;
  /** Executions of each target; Infinity where only time ends the run. */
  readonly countEach: number;
  /** Targets take turns of so many milliseconds. */
  readonly sliceMs: number;
  readonly usesCoverage: boolean;
  /** Heap of the worker beyond which it has grown too much, bytes. */
  readonly maxHeapBytes: number;
  readonly corpus?: string;
  /** Where the corpus goes that has grown; it is written at the end. */
  readonly memory: SharedArrayBuffer;
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
  /** Cases found by a target, one a line, at the end of its run. */
  | { readonly kind: "corpus"; readonly target: string; readonly cases: readonly string[] }
  | { readonly kind: "done" };
