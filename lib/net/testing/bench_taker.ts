/** A worker that takes packets over from another thread, out of a ring or by message, and counts them. */
import { PacketBatch } from "../../base/batch.ts";
import { SharedRing } from "../relay_workers/shared_ring.ts";

export interface TakeOver {
  readonly by: "ring" | "messages";
  readonly memory: SharedArrayBuffer;
  /** Packets that came; 1 when no more will; bursts that were put into the ring. */
  readonly seen: Int32Array;
}

const BURST = 64;

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<TakeOver>) => void) | null;
  postMessage(message: string): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data: { by, memory, seen } }: MessageEvent<TakeOver>) => {
  if (by === "messages") {
    scope.onmessage = () => {
      Atomics.add(seen, 0, 1);
      Atomics.notify(seen, 0);
    };
    return scope.postMessage("ready");
  }
  scope.postMessage("ready");
  const ring = new SharedRing(memory);
  const batch = new PacketBatch(BURST);
  while (Atomics.load(seen, 1) === 0) {
    const bursts = Atomics.load(seen, 2);
    batch.clear();
    for (let slot = ring.front(); slot >= 0 && batch.size < BURST; slot = ring.front()) {
      ring.take(slot, batch, 0);
      ring.release();
    }
    if (batch.size === 0) {
      Atomics.wait(seen, 2, bursts, 1);
      continue;
    }
    Atomics.add(seen, 0, batch.size);
    Atomics.notify(seen, 0);
  }
};
