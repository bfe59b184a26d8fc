/** The thread that runs cases. It never waits for anything but coverage, so that a core is used whole. */
import { CaseSlot } from "./case_slot.ts";
import { CoverageProbe } from "./coverage_probe.ts";
import type { WorkerOrder, WorkerReport } from "./worker_protocol.ts";

const post = (report: WorkerReport): void => (self as unknown as Worker).postMessage(report);

addEventListener("message", async (event) => {
  const { data } = event as MessageEvent<WorkerOrder>;
  const coverage = data.usesCoverage ? await CoverageProbe.start() : undefined;
  // What is imported before counting begins is not counted.
  const { runTargets } = await import("./target_turns.ts");
  post({ kind: "ready" });
  await runTargets(data, new CaseSlot(data.memory), coverage, post);
  post({ kind: "done" });
});
