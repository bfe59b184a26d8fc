/** Fuzzing whose second case is in a loop without end; see spinning_child.ts. */
import { CaseSlot } from "../case_slot.ts";
import type { WorkerOrder } from "../worker_protocol.ts";
import { spin } from "./spin.ts";

addEventListener("message", (event) => {
  const { targets, memory } = (event as MessageEvent<WorkerOrder>).data;
  const slot = new CaseSlot(memory);
  const spinning = targets.indexOf("spinning");
  slot.begin(0, [new Uint8Array([1])]);
  slot.idle();
  if (spinning < 0) return (self as unknown as Worker).postMessage({ kind: "done" });
  slot.begin(spinning, [new Uint8Array([1, 7, 8]), new Uint8Array(0)]);
  spin();
});
