/**
 * Fuzzing in a process of its own, so that it can be stopped. A case that never ends is a finding too: the process is then
 * killed, the case made small, and another process goes on without that target.
 *
 * Why no thread of this process does the fuzzing: `Worker.terminate()` of Deno does not stop one in a loop without end, nor
 * does that of `node:worker_threads`. It would take a core from all that comes after, which then would look slow.
 */
import { parseCase, writeCase } from "../../lib/fuzz/case_text.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import type { CaseShape, FuzzCase } from "../../lib/fuzz/target.ts";
import { CaseProcess, hangFailure } from "./case_process.ts";
import { type ChildKind, startChild } from "./child_process.ts";
import { shrinkHang } from "./hang_shrink.ts";
import { type LineProcess, said } from "./line_process.ts";
import type { FuzzOrder, FuzzReport, TargetProgress, WorkerFinding } from "./worker_protocol.ts";

export interface FuzzEvents {
  progress(progress: TargetProgress): void;
  finding(finding: WorkerFinding): void;
  corpus(target: string, cases: readonly string[]): void;
}

export interface FuzzProcessOptions {
  readonly order: FuzzOrder;
  /** Of the whole run, milliseconds; Infinity where the count ends it. */
  readonly timeMs: number;
  readonly signal: AbortSignal;
  readonly shapeOf: (target: string) => CaseShape;
  /** A knob for tests. */
  readonly start?: (kind: ChildKind) => LineProcess;
}

const LOOK_MS = 250;
/** Loading targets and seeds, and shrinking at the end. */
const GRACE_MS = 10_000;
/** A finding at the end of the run is still made small. */
const SHRINK_AFTER_END_MS = 30_000;

/** Runs to the end; answers when every process is gone. */
export async function fuzzInProcess(options: FuzzProcessOptions, events: FuzzEvents): Promise<void> {
  const endMs = performance.now() + options.timeMs;
  let { targets } = options.order;
  for (;;) {
    const hang = await runToHang({ ...options, order: { ...options.order, targets } }, endMs, events);
    if (hang === undefined) return;
    events.finding(await hangFinding(hang, options, endMs));
    // It would hang again: its stream of cases is the same.
    targets = targets.filter((name) => name !== hang.target);
    if (targets.length === 0 || performance.now() >= endMs || options.signal.aborted) return;
  }
}

interface Hang {
  readonly target: string;
  readonly units: FuzzCase;
}

/** One process, until it is done or a case of it hangs. */
async function runToHang(
  { order, signal, start = startChild }: FuzzProcessOptions,
  endMs: number,
  events: FuzzEvents,
): Promise<Hang | undefined> {
  const process = start("targets");
  let isGivenUp = false;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs >= endMs || signal.aborted) void process.write("enough");
    if (nowMs <= endMs + GRACE_MS + order.hangMs) return;
    isGivenUp = true;
    void process.kill();
  }, LOOK_MS);
  try {
    await process.write(JSON.stringify(order));
    for (;;) {
      const line = await process.next();
      // A terminal's Ctrl-C is for us, but ends a child that does not listen for it yet.
      if (isGivenUp || (line.kind === "ended" && signal.aborted)) return undefined;
      if (line.kind !== "line") throw new Error(`the process that fuzzes ended: ${said(line)}`);
      const report = JSON.parse(line.text) as FuzzReport;
      switch (report.kind) {
        case "ready":
          break;
        case "progress":
          events.progress(report.progress);
          break;
        case "finding":
          events.finding(report.finding);
          break;
        case "corpus":
          events.corpus(report.target, report.cases);
          break;
        case "hang":
          return { target: report.target, units: unwrap(parseCase(report.case)) };
        case "done":
          return undefined;
      }
    }
  } finally {
    clearInterval(timer);
    await process.kill();
  }
}

async function hangFinding(
  { target, units }: Hang,
  { order: { hangMs }, shapeOf, signal, start = startChild }: FuzzProcessOptions,
  endMs: number,
): Promise<WorkerFinding> {
  const { units: smallest, failed, tried } = await shrinkHang(units, {
    cases: new CaseProcess(target, () => start("cases")),
    shape: shapeOf(target),
    hangMs,
    mustStop: () => signal.aborted || performance.now() > endMs + SHRINK_AFTER_END_MS,
  });
  return {
    target,
    failure: hangFailure(target, hangMs),
    original: writeCase(units),
    minimised: writeCase(smallest),
    execution: 0,
    reproduced: { failed, tried },
  };
}
