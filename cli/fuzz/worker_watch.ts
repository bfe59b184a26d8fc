/**
 * Starts the worker, listens to it, and looks whether it still moves: a case that never ends is a finding too, and is
 * learnt only from outside. The worker is then ended, the case made small, and another worker goes on without that target.
 */
import { writeCase } from "../../lib/fuzz/case_text.ts";
import type { CaseShape, FuzzCase } from "../../lib/fuzz/target.ts";
import { CaseSlot } from "./case_slot.ts";
import { shrinkHang } from "./hang_shrink.ts";
import type { TargetProgress, WorkerFinding, WorkerOrder, WorkerReport } from "./worker_protocol.ts";

export interface WatchEvents {
  progress(progress: TargetProgress): void;
  finding(finding: WorkerFinding): void;
  corpus(target: string, cases: readonly string[]): void;
}

export interface WatchOptions extends Omit<WorkerOrder, "memory"> {
  /** Of the whole run, milliseconds; Infinity where the count ends it. */
  readonly timeMs: number;
  /** A case that takes longer hangs. */
  readonly hangMs: number;
  readonly signal: AbortSignal;
  /** The worker's module; a knob for tests. */
  readonly worker?: URL;
  /** The module that runs cases which hang again; a knob for tests. */
  readonly replayWorker?: URL;
  readonly shapeOf: (target: string) => CaseShape;
}

const FUZZ_WORKER = new URL("./fuzz_worker.ts", import.meta.url);
const LOOK_MS = 250;
/** Loading targets and seeds, and shrinking at the end. */
const GRACE_MS = 10_000;

/** Runs to the end; answers when every worker is gone. */
export async function watchWorkers(options: WatchOptions, events: WatchEvents): Promise<void> {
  const endMs = performance.now() + options.timeMs;
  let targets = options.targets;
  for (;;) {
    const end = await watchOne({ ...options, targets }, endMs, events);
    if (end.kind !== "hang") return;
    events.finding(await hangFinding(end, options, endMs));
    // It would hang again: its stream of cases is the same.
    targets = targets.filter((name) => name !== end.target);
    if (targets.length === 0 || performance.now() >= endMs || options.signal.aborted) return;
  }
}

type WatchEnd = { readonly kind: "done" } | {
  readonly kind: "hang";
  readonly target: string;
  readonly units: FuzzCase;
};

function watchOne(options: WatchOptions, endMs: number, events: WatchEvents): Promise<WatchEnd> {
  const slot = new CaseSlot();
  const worker = new Worker((options.worker ?? FUZZ_WORKER).href, { type: "module" });
  const { targets, seed, countEach, sliceMs, usesCoverage, maxHeapBytes, corpus } = options;
  const order: WorkerOrder = {
    targets,
    seed,
    countEach,
    sliceMs,
    usesCoverage,
    maxHeapBytes,
    ...(corpus === undefined ? {} : { corpus }),
    memory: slot.memory,
  };
  return new Promise((resolve, reject) => {
    let begun = -1;
    let movedMs = performance.now();
    const finish = (end: WatchEnd) => {
      clearInterval(timer);
      worker.terminate();
      resolve(end);
    };
    const timer = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs >= endMs || options.signal.aborted) slot.stop();
      if (slot.begun !== begun || !slot.isRunning) {
        begun = slot.begun;
        movedMs = nowMs;
      } else if (nowMs - movedMs > options.hangMs) {
        const target = targets[slot.target];
        finish({ kind: "hang", target, units: slot.read() });
      }
      if (nowMs > endMs + GRACE_MS + options.hangMs) finish({ kind: "done" });
    }, LOOK_MS);
    worker.onmessage = ({ data }: MessageEvent<WorkerReport>) => {
      switch (data.kind) {
        case "progress":
          return events.progress(data.progress);
        case "finding":
          return events.finding(data.finding);
        case "corpus":
          return events.corpus(data.target, data.cases);
        case "done":
          return finish({ kind: "done" });
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      clearInterval(timer);
      worker.terminate();
      reject(new Error(`the fuzzing thread failed: ${event.message}`));
    };
    worker.postMessage(order);
  });
}

/** A finding at the end of the run is still made small. */
const SHRINK_AFTER_END_MS = 30_000;

async function hangFinding(
  { target, units }: Extract<WatchEnd, { kind: "hang" }>,
  { hangMs, shapeOf, signal, replayWorker }: WatchOptions,
  endMs: number,
): Promise<WorkerFinding> {
  const { units: smallest, failed, tried } = await shrinkHang(units, {
    target,
    shape: shapeOf(target),
    hangMs,
    mustStop: () => signal.aborted || performance.now() > endMs + SHRINK_AFTER_END_MS,
    ...(replayWorker === undefined ? {} : { worker: replayWorker }),
  });
  return {
    target,
    failure: {
      oracle: "hang",
      message: `a case did not end within ${hangMs / 1000} s`,
      signature: `${target} hang`,
    },
    original: writeCase(units),
    minimised: writeCase(smallest),
    execution: 0,
    reproduced: { failed, tried },
  };
}
