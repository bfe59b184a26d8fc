/** Runs a case of an in-process target in another thread; a hang is an outcome like others. */
import type { CaseOutcome } from "../../lib/fuzz/target.ts";
import type { ReplayOrder } from "./replay_worker.ts";

export function replayInThread(order: ReplayOrder, hangMs: number): Promise<readonly CaseOutcome[]> {
  const worker = new Worker(new URL("./replay_worker.ts", import.meta.url).href, { type: "module" });
  return new Promise((resolve, reject) => {
    const hung: CaseOutcome = {
      kind: "failed",
      failure: {
        oracle: "hang",
        message: `the case did not end within ${hangMs / 1000} s`,
        signature: `${order.target} hang`,
      },
    };
    const timer = setTimeout(() => end([hung]), hangMs);
    const end = (outcomes: readonly CaseOutcome[]) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(outcomes);
    };
    worker.onmessage = ({ data }: MessageEvent<readonly CaseOutcome[]>) => end(data);
    worker.onerror = (event) => {
      event.preventDefault();
      clearTimeout(timer);
      worker.terminate();
      reject(new Error(event.message));
    };
    worker.postMessage(order);
  });
}
