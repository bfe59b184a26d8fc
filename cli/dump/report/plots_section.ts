/** Each stream over time: rate, loss, jitter, delay, rung and priority, with their values in a table. */
import type { SessionRegistry, SsrcEntry } from "../../../lib/dissect/model/session_registry.ts";
import { hex32 } from "../../../lib/base/bytes.ts";
import { MAX_PLOTTED_STREAMS } from "../../../lib/dissect/report/stream_plots.ts";
import type { StreamSeries } from "../../../lib/dissect/report/stream_series.ts";
import { dataTable } from "../../../lib/html/data_table.ts";
import { type Html, html } from "../../../lib/html/html.ts";
import { type ChartSeries, type TimeChart, timeChart } from "../../../lib/html/time_chart.ts";
import { streamRow } from "../stream_report.ts";
import { bucketsOf, fixed, greatest } from "./plot_values.ts";

const RUNGS = [0, 1, 2, 3].map((value) => ({ value, text: `Q${value}` }));
const PRIORITIES = ["critical", "high", "medium", "low"] as const;
const SHADES = ["shade1", "shade2", "shade3", "shade4"] as const;

export function plotsBody(series: readonly StreamSeries[], registry: SessionRegistry, durationS: number): Html {
  if (series.length === 0) {
    return html`
      <div class="card">
        <p class="soft">There is no media in this capture.</p>
      </div>
    `;
  }
  return html`
    <p
      class="soft">Delay is counted from the least of the stream: what it is in all cannot be known at one end (see arcrtc dump --diff).</p>
    ${series.map((each, i) =>
      streamCard(each, registry.ssrc(each.stats.ssrc), durationS, `stream-${i + 1}`)
    )}${series.length === MAX_PLOTTED_STREAMS &&
      html`<p class="soft">Plots are made of ${MAX_PLOTTED_STREAMS} streams; the table above has further ones.</p>`}
  `;
}

function streamCard(series: StreamSeries, entry: SsrcEntry | undefined, durationS: number, id: string): Html {
  const { stats, grid } = series;
  const row = streamRow(stats, entry);
  const buckets = bucketsOf(grid);
  const rate = buckets.map((i) => series.bitsPerSecond(i) / 1000);
  const loss = buckets.map((i) => scaled(series.lossFraction(i), 100));
  const jitter = buckets.map((i) => series.jitterMs.max(i));
  const delay = buckets.map((i) => series.delayMs(i));
  const rung = buckets.map((i) => series.rung.max(i));
  const priority = series.priority.map((column) => buckets.map((i) => column.count(i)));
  const common = {
    table: id,
    fromS: 0,
    toS: Math.max(durationS, grid.widthS),
    originS: grid.originS,
    widthS: grid.widthS,
  };
  const one = (name: string, tone: ChartSeries["tone"], values: ChartSeries["values"], column: number) => [
    { name, tone, values, column },
  ];
  const charts: TimeChart[] = [
    {
      ...common,
      title: "Bit rate",
      summary: `mean ${row.bitrate_bps === null ? "-" : (row.bitrate_bps / 1000).toFixed(1)} kbit/s`,
      unit: "kbit/s",
      kind: "line",
      series: one("Bit rate", "tone1", rate, 1),
    },
    {
      ...common,
      title: "Missing packets",
      summary: `${row.lost} of ${row.expected}, ${(100 * row.loss).toFixed(1)} %`,
      unit: "%",
      kind: "bars",
      series: one("Missing", "alarm", loss, 2),
    },
    {
      ...common,
      title: "Interarrival jitter",
      summary: greatest(jitter, "ms"),
      unit: "ms",
      kind: "line",
      series: one("Jitter", "tone3", jitter, 3),
    },
    {
      ...common,
      title: series.delaySource === "send time" ? "Delay (send time)" : "Delay (RTP clock)",
      summary: series.delaySource === undefined ? "not known" : greatest(delay, "ms"),
      unit: "ms",
      kind: "line",
      series: one("Delay", "tone2", delay, 4),
    },
    {
      ...common,
      title: "Rung",
      summary: `${row.quality_switches} switches; Q0 is the best`,
      unit: "",
      kind: "step",
      series: one("Rung", "tone4", rung, 5),
      marks: RUNGS,
      isInverted: true,
    },
    {
      ...common,
      title: "Packets by priority",
      summary: PRIORITIES.map((name, i) => row.priority[i] > 0 ? `${name} ${row.priority[i]}` : "").filter(Boolean)
        .join(
          ", ",
        ),
      unit: "packets",
      kind: "bars",
      series: PRIORITIES.map((name, i) => ({ name, tone: SHADES[i], values: priority[i], column: 6 + i }))
        .filter((_, i) => row.priority[i] > 0),
    },
  ];
  const name = [row.role ?? `payload type ${row.payload_types.join(", ")}`, row.codec ?? ""].join(" ").trim();
  return html`
    <article class="card" aria-labelledby="${id}-name">
      <h3 id="${id}-name">${name} <code class="soft">${hex32(stats.ssrc)}</code></h3>
      <p class="soft">${row.source} to ${row.destination}${row.stream !== null &&
        html`, stream <code>${row.stream}</code>`}</p>
      <div class="charts">${charts.map(timeChart)}</div>
      <details><summary>Values (${buckets.length} moments of ${fixed(grid.widthS, 1)} s)</summary>
    ${dataTable({
      id,
      caption: `${name} ${hex32(stats.ssrc)} over time`,
      columns: ["time s", "kbit/s", "missing %", "jitter ms", "delay ms", "rung", ...PRIORITIES].map((heading) => ({
        heading,
        isNumber: true,
      })),
      rows: buckets.map((i) => ({
        at: grid.startS(i) + grid.widthS / 2,
        cells: [
          fixed(grid.startS(i), 1),
          fixed(rate[i], 1),
          fixed(loss[i], 1),
          fixed(jitter[i], 2),
          fixed(delay[i], 2),
          rung[i] === undefined ? "-" : `Q${rung[i]}`,
          ...priority.map((values) => values[i]),
        ],
      })),
    })}</details>
    </article>
  `;
}

function scaled(value: number | undefined, times: number): number | undefined {
  return value === undefined ? undefined : value * times;
}
