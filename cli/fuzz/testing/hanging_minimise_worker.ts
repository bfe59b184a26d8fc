/** Never comes back from its first case; for the test of minimise-corpus. */
import { hang } from "../../../lib/base/testing/hang.ts";
import { CaseSlot } from "../case_slot.ts";
import type { MinimiseOrder } from "../minimise_worker.ts";

addEventListener("message", (event) => {
  new CaseSlot((event as MessageEvent<MinimiseOrder>).data.memory).begin(0, [new Uint8Array([1, 7])]);
  hang();
});
