/** The live line of a call: what goes out, what comes in, how well. */
import type { MediaStats } from "../../lib/session/media_stats.ts";
import type { CallTally } from "./call_tally.ts";
import { formatBitrate, formatMs, formatShare } from "./figures_text.ts";
import { formatPercentiles, percentiles } from "./call_summary.ts";

export function liveFigures(stats: MediaStats | undefined, rttMs: number | undefined, tally: CallTally): string {
  if (stats === undefined) return "waiting for the peer";
  const sending = stats.sending.flatMap(({ rung, tracks }) =>
    tracks.map((track) =>
      `${track.codec}${track.kind === "video" ? ` rung ${rung}` : ""} ${formatBitrate(track.bitrateBps)}`
    )
  );
  const receiving = stats.receiving.flatMap(({ tracks }) => tracks);
  const parts: string[] = [];
  if (sending.length > 0) parts.push(`out ${sending.join(", ")}`);
  if (receiving.length > 0) {
    const rates = receiving.map(({ codec, bitrateBps }) => `${codec} ${formatBitrate(bitrateBps)}`).join(", ");
    const loss = Math.max(...receiving.map((track) => track.loss));
    const jitterMs = Math.max(...receiving.map((track) => track.jitterMs));
    parts.push(`in ${rates}`, `loss ${formatShare(loss)}`, `jitter ${formatMs(jitterMs)} ms`);
  }
  if (rttMs !== undefined) parts.push(`RTT ${formatMs(rttMs)} ms`);
  const e2e = percentiles(tally.e2e);
  if (e2e !== null) parts.push(`e2e ${formatPercentiles(e2e)} ms`);
  return parts.join(" | ") || "connected";
}
