import process from "node:process";

/** Share of one processor that this process used since the last call, 0..1: the loop runs on one. */
export function cpuMeter(nowMs: () => number): () => number {
  let last = process.cpuUsage();
  let lastMs = nowMs();
  let share = 0;
  return () => {
    const atMs = nowMs();
    // Shorter spans say more of the clock than of the work.
    if (atMs - lastMs < 200) return share;
    const used = process.cpuUsage(last);
    share = Math.min(1, (used.user + used.system) / 1000 / (atMs - lastMs));
    last = process.cpuUsage();
    lastMs = atMs;
    return share;
  };
}
