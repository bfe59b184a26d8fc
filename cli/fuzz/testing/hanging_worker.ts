/** A worker whose second case never ends; for the test of the watch. */
import { hang } from "../../../lib/base/testing/hang.ts";
import { CaseSlot } from "../case_slot.ts";
import type { WorkerOrder } from "../worker_protocol.ts";

addEventListener("message", (event) => {
  const { targets, memory } = (event as MessageEvent<WorkerOrder>).data;
  const slot = new CaseSlot(memory);
  const hanging = targets.indexOf("hanging");
  slot.begin(0, [new Uint8Array([1])]);
  slot.idle();
  if (hanging < 0) return (self as unknown as Worker).postMessage({ kind: "done" });
  slot.begin(hanging, [new Uint8Array([1, 7, 8]), new Uint8Array(0)]);
  hang();
});
