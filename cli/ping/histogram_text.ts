/** A picture of delays for a terminal: one bar for each range, ranges that grow with the delay. */
import type { DelayHistogram } from "../../lib/probe/delay_histogram.ts";
import { formatDelay } from "./ping_figures.ts";

const MOST_BARS = 12;
/** Neighbouring edges differ by at least this factor: the histogram itself knows delays to 0.2 %. */
const LEAST_RATIO = 1.02;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Lines without their ends; empty where nothing was recorded. */
export function histogramLines(histogram: DelayHistogram, columns: number): string[] {
  const { count, minMs, maxMs } = histogram;
  if (count === 0) return [];
  // A delay of nothing has no logarithm.
  const lowMs = Math.max(minMs, 1e-4);
  const ratio = Math.max(maxMs, lowMs) / lowMs;
  const bars = Math.max(1, Math.min(MOST_BARS, Math.floor(Math.log(ratio) / Math.log(LEAST_RATIO))));
  const edges = Array.from({ length: bars + 1 }, (_, i) => lowMs * ratio ** (i / bars));
  const counts = edges.slice(0, -1).map((fromMs, i) =>
    histogram.countBetween(i === 0 ? 0 : fromMs, i === bars - 1 ? Infinity : edges[i + 1])
  );
  const labels = edges.slice(0, -1).map((fromMs, i) => `${formatDelay(fromMs)} - ${formatDelay(edges[i + 1])} ms`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const countWidth = String(Math.max(...counts)).length;
  const room = Math.max(8, Math.min(60, columns - labelWidth - countWidth - 5));
  const most = Math.max(...counts);
  return counts.map((n, i) =>
    `${labels[i].padStart(labelWidth)}  ${String(n).padStart(countWidth)}  ${bar((n / most) * room)}`.trimEnd()
  );
}

/** A bar of so many columns, in eighths; what is not nothing is seen. */
function bar(columns: number): string {
  const eighths = columns === 0 ? 0 : Math.max(1, Math.round(columns * 8));
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}
