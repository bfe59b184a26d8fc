/** A parser that never ends where a 7 stands behind a 1; for the test of how hangs are made small. */
import { unwrap } from "../../../lib/base/parsed.ts";
import { hang } from "../../../lib/base/testing/hang.ts";
import { parseCase } from "../../../lib/fuzz/case_text.ts";
import type { ReplayOrder } from "../replay_worker.ts";

addEventListener("message", (event) => {
  const { case: line, times } = (event as MessageEvent<ReplayOrder>).data;
  for (const unit of times === 0 ? [] : unwrap(parseCase(line))) {
    const from = unit.indexOf(1);
    if (from >= 0 && unit.indexOf(7, from) >= 0) hang();
  }
  (self as unknown as Worker).postMessage([]);
});
