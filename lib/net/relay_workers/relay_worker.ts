/** The program of a relay's worker thread: it gets its setup in a message and then never looks at messages again. */
import { WorkerLoop } from "./worker_loop.ts";
import type { WorkerNote, WorkerSetup } from "./worker_messages.ts";

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: { readonly data: WorkerSetup }) => void) | null;
  postMessage(note: WorkerNote): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
const tell = (note: WorkerNote) => scope.postMessage(note);

scope.onmessage = ({ data }) => {
  try {
    const loop = new WorkerLoop(data, tell);
    tell({ kind: "ready" });
    loop.run();
  } catch (error) {
    tell({ kind: "broken", message: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
  tell({ kind: "stopped" });
  scope.close();
};
