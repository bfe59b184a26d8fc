/** How late timers are: the system's, and ours that waits out the last stretch. */
import { systemClock } from "../../lib/net/clock.ts";
import { PreciseTimer } from "../../lib/net/precise_timer.ts";
import { type BenchRow, percentile } from "./bench_row.ts";

const WAIT_MS = 5;

export async function timerRows(seconds: number): Promise<BenchRow[]> {
  const count = Math.max(10, Math.round((seconds * 1000) / WAIT_MS));
  const clock = systemClock();
  const precise = new PreciseTimer(() => clock.nowMs());
  const ways: readonly [string, (untilMs: number) => Promise<void>][] = [
    ["setTimeout", () => new Promise((resolve) => setTimeout(resolve, WAIT_MS))],
    ["PreciseTimer, which media is sent by", (untilMs) => precise.until(untilMs)],
  ];
  const rows: BenchRow[] = [];
  for (const [subject, wait] of ways) {
    const lateMs: number[] = [];
    for (let i = 0; i < count; i++) {
      const untilMs = clock.nowMs() + WAIT_MS;
      await wait(untilMs);
      lateMs.push(clock.nowMs() - untilMs);
    }
    rows.push({
      area: "timer",
      subject,
      count,
      figures: { lateMsP50: percentile(lateMs, 50), lateMsP99: percentile(lateMs, 99) },
    });
  }
  precise.close();
  return rows;
}
