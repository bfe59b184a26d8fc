/** Which cases of a corpus reach code that no smaller one does: the corpus as it is kept. */
import { parseCase, writeCase } from "../../lib/fuzz/case_text.ts";
import { CoverageMap } from "../../lib/fuzz/coverage_map.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { type FuzzCase, runCase } from "../../lib/fuzz/target.ts";
import { CaseSlot } from "./case_slot.ts";
import { CoverageProbe } from "./coverage_probe.ts";

export interface MinimiseOrder {
  readonly target: string;
  /** Cases as text. */
  readonly cases: readonly string[];
  /** Of the {@link CaseSlot}: a case may never end. */
  readonly memory: SharedArrayBuffer;
}

export interface MinimiseReport {
  readonly kept: readonly string[];
  readonly coveredBytes: number;
  /** Cases that fail: they belong into findings, not into the corpus. */
  readonly failing: number;
}

/** The probe counts from the first target on; what one has loaded, the next has loaded too. */
let probe: CoverageProbe | undefined;

addEventListener("message", async (event) => {
  const { target: name, cases, memory } = (event as MessageEvent<MinimiseOrder>).data;
  probe ??= await CoverageProbe.start();
  const { findTarget } = await import("./target_table.ts");
  const target = findTarget(name);
  const slot = new CaseSlot(memory);
  const run = (units: FuzzCase) => {
    slot.begin(0, units);
    const outcome = runCase(target, units);
    slot.idle();
    return outcome;
  };
  const coverage = new CoverageMap();
  // What is made once, such as keys and schemas, belongs to no case.
  for (const units of target.seeds()) run(units);
  await probe.take();
  for (const units of target.seeds()) run(units);
  coverage.add(await probe.take());
  const kept: string[] = [];
  let failing = 0;
  const bySize = cases.toSorted((a, b) => a.length - b.length);
  for (const line of bySize) {
    const units = unwrap(parseCase(line));
    const outcome = run(units);
    const ranges = await probe.take();
    if (outcome.kind === "failed") failing++;
    else if (coverage.hasNews(ranges)) {
      coverage.add(ranges);
      kept.push(writeCase(units));
    }
  }
  const report: MinimiseReport = { kept, coveredBytes: coverage.coveredBytes, failing };
  (self as unknown as Worker).postMessage(report);
});
