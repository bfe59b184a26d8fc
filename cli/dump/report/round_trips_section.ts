/** Round trips of each session, as they were seen where the capture was made. */
import type { RoundTrips, WayRoundTrips } from "../../../lib/dissect/report/round_trips.ts";
import { dataTable } from "../../../lib/html/data_table.ts";
import { type Html, html } from "../../../lib/html/html.ts";
import { timeChart } from "../../../lib/html/time_chart.ts";
import { bucketsOf, fixed, greatest } from "./plot_values.ts";

export function roundTripsBody(trips: RoundTrips, durationS: number): Html {
  const sessions = Map.groupBy(trips.ways, ({ sessionId }) => sessionId);
  if (sessions.size === 0) {
    return html`
      <div class="card">
        <p class="soft">No HEARTBEAT was answered in this capture, nor a sender report that can be read.</p>
      </div>
    `;
  }
  return html`
    <p
      class="soft">From where the capture was made to the one that answers, and back: HEARTBEAT and its answer, and RTCP reports where they can be read.</p>
    ${[...sessions].map(([sessionId, ways], i) =>
      html`
        <article class="card">
          <h3>Session <code>${sessionId}</code></h3>
          <div class="charts">${ways.map((way, k) => wayCharts(way, durationS, `trips-${i + 1}-${k + 1}`))}</div>
        </article>
      `
    )}${trips.further > 0 && html`<p class="soft">${trips.further} round trips over further ways are not shown.</p>`}
  `;
}

function wayCharts(way: WayRoundTrips, durationS: number, id: string): Html {
  const { answerer, transport, grid, heartbeatMs, rtcpMs } = way;
  const buckets = bucketsOf(grid);
  const heartbeats = buckets.map((i) => heartbeatMs.mean(i));
  const reports = buckets.map((i) => rtcpMs.mean(i));
  const seen = buckets.filter((i) => heartbeats[i] !== undefined || reports[i] !== undefined);
  const series = [
    { name: "HEARTBEAT", tone: "tone1" as const, values: heartbeats, column: 1 },
    { name: "RTCP", tone: "tone2" as const, values: reports, column: 2 },
  ].filter(({ values }) => values.some((value) => value !== undefined));
  return html`
    <div>${timeChart({
      title: `${answerer} over ${transport}`,
      summary: greatest([...heartbeats, ...reports], "ms"),
      unit: "ms",
      kind: "dots",
      table: id,
      fromS: 0,
      toS: Math.max(durationS, grid.widthS),
      originS: grid.originS,
      widthS: grid.widthS,
      series,
    })}<details><summary>Values (${seen.length} moments)</summary>
    ${dataTable({
      id,
      caption: `Round trips to ${answerer} over time`,
      columns: ["time s", "HEARTBEAT ms", "RTCP ms"].map((heading) => ({ heading, isNumber: true })),
      rows: seen.map((i) => ({
        at: grid.startS(i) + grid.widthS / 2,
        cells: [fixed(grid.startS(i), 1), fixed(heartbeats[i], 2), fixed(reports[i], 2)],
      })),
    })}</details></div>
  `;
}
