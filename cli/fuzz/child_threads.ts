/**
 * A child's side: a thread runs cases, and this one listens. When the standard input is at its end the parent has gone, in
 * whatever way, and so do we: {@link runCases} and {@link runTargets} then return although a case may run for ever, and the
 * program has to exit.
 */
import { writeCase } from "../../lib/fuzz/case_text.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { jsonLine } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { CaseSlot, watchSlot } from "./case_slot.ts";
import type { FuzzOrder, FuzzReport, WorkerOrder } from "./worker_protocol.ts";

const CASE_WORKER = new URL("./case_worker.ts", import.meta.url);
const FUZZ_WORKER = new URL("./fuzz_worker.ts", import.meta.url);
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** A line in is a case, a line out how it went; see answer_cases.ts. `module` is a knob for tests. */
export async function runCases(io: Io, module = CASE_WORKER): Promise<void> {
  const worker = startThread(module, (report) => io.stdout(jsonLine(report)));
  for await (const line of linesOfParent(io)) worker.postMessage(JSON.parse(line));
}

/**
 * The first line in is a {@link FuzzOrder}, any other says that it is enough; lines out are {@link FuzzReport}s. The thread
 * that fuzzes cannot tell which of its cases does not end, so this one looks. `module` is a knob for tests.
 */
export async function runTargets(io: Io, module = FUZZ_WORKER): Promise<void> {
  const slot = new CaseSlot();
  const report = (report: FuzzReport) => io.stdout(jsonLine(report));
  const worker = startThread(module, report);
  let isOrdered = false;
  for await (const line of linesOfParent(io)) {
    if (isOrdered) {
      slot.stop();
      continue;
    }
    isOrdered = true;
    const { hangMs, ...order } = JSON.parse(line) as FuzzOrder;
    watchSlot(slot, hangMs, (target, units) => {
      report({ kind: "hang", target: order.targets[target], case: writeCase(units) });
    });
    worker.postMessage({ ...order, memory: slot.memory } satisfies WorkerOrder);
  }
}

/** What fails in it ends the process. */
function startThread<T>(module: URL, onReport: (report: T) => void): Worker {
  const worker = new Worker(module.href, { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<T>) => onReport(data);
  return worker;
}

async function* linesOfParent(io: Io): AsyncGenerator<string> {
  // A terminal's Ctrl-C is for us too; the parent asks for what there is, and then ends us.
  onInterrupt(() => {});
  for await (const line of io.stdinLines(MAX_LINE_BYTES)) if (line.kind === "line") yield line.text;
}
