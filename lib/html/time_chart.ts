/**
 * A figure over time as inline SVG: lines, steps or stacked bars. Its values are those of a table of the page, which is what
 * screen readers are sent to and what the page's script reads out under the pointer.
 */
import { type Html, html } from "./html.ts";
import { type Ticks, ticksTo, timeTicks } from "./ticks.ts";

export type Tone = "tone1" | "tone2" | "tone3" | "tone4" | "alarm" | "shade1" | "shade2" | "shade3" | "shade4";

export interface ChartSeries {
  readonly name: string;
  readonly tone: Tone;
  /** One for each moment; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
  /** The table's column that has the same values. */
  readonly column: number;
}

export interface TimeChart {
  readonly title: string;
  /** What stands beside the title while nothing is pointed at, such as the greatest value. */
  readonly summary: string;
  readonly unit: string;
  /** `dots` are for values that are few and apart. */
  readonly kind: "line" | "step" | "bars" | "dots";
  /** Id of the table with the values. */
  readonly table: string;
  /** Stretch of time that the chart shows. */
  readonly fromS: number;
  readonly toS: number;
  /** Start of the first value, and how long each stands for. */
  readonly originS: number;
  readonly widthS: number;
  readonly series: readonly ChartSeries[];
  /** Marks of the y axis, where they are not to go by the values. */
  readonly marks?: readonly { readonly value: number; readonly text: string }[];
  /** True where 0 is at the top. */
  readonly isInverted?: boolean;
}

const WIDTH = 400;
const HEIGHT = 150;
const LEFT = 44;
const RIGHT = WIDTH - 8;
const TOP = 10;
const BOTTOM = HEIGHT - 22;

export function timeChart(chart: TimeChart): Html {
  const { title, summary, unit, series, table, fromS, toS } = chart;
  const y = yAxis(chart);
  const time = timeTicks(fromS, toS);
  const columns = series.map(({ column }) => column).join(",");
  const label = `${title}. ${summary}. The values are in the table below; the arrow keys read them out.`;
  return html`
    <figure>
    <figcaption><b>${title}</b> <output>${summary}</output></figcaption>
    <svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" tabindex="0" aria-label="${label}" data-table="${table}" data-columns="${columns}" data-unit="${unit ===
        ""
      ? ""
      : ` ${unit}`}" data-from="${fromS}" data-to="${toS}" data-left="${LEFT}" data-right="${RIGHT}">
    ${y.marks.map(({ value, text }) =>
      html`
        <path class="grid" d="M${LEFT} ${number(y.at(value))}H${RIGHT}" />
        <text x="${LEFT - 6}" y="${number(y.at(value) + 4)}" text-anchor="end">${text}</text>
      `
    )}${time.values.map((value) => timeMark(chart, value, time))}<path class="base" d="M${LEFT} ${BOTTOM}H${RIGHT}"/>
    ${chart.kind === "bars" ? bars(chart, y) : series.map((each) => line(chart, each, y))}
    <line class="cursor" x1="0" x2="0" y1="${TOP}" y2="${BOTTOM}"/>
    </svg>
    ${series.length > 1 &&
      html`<ul class="legend">${series.map(({ name, tone }) => html`<li class="${tone}">${name}</li>`)}</ul>`}
    </figure>
  `;
}

function timeMark(chart: TimeChart, value: number, ticks: Ticks): Html {
  const x = xOf(chart, value);
  const anchor = x > RIGHT - 24 ? "end" : x < LEFT + 12 ? "start" : "middle";
  return html`
    <text x="${number(x)}" y="${HEIGHT - 6}" text-anchor="${anchor}">${ticks.text(value)}</text>
  `;
}

interface YAxis {
  readonly marks: readonly { readonly value: number; readonly text: string }[];
  at(value: number): number;
}

function yAxis({ kind, series, marks, isInverted }: TimeChart): YAxis {
  const moments = series[0]?.values.length ?? 0;
  let most = 0;
  for (let i = 0; i < moments; i++) {
    const values = series.map(({ values }) => values[i] ?? 0);
    most = Math.max(most, kind === "bars" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values));
  }
  const ticks = ticksTo(most);
  const max = marks === undefined ? ticks.max : Math.max(...marks.map(({ value }) => value));
  return {
    marks: marks ?? ticks.values.map((value) => ({ value, text: ticks.text(value) })),
    at(value) {
      const share = Math.min(1, Math.max(0, value / max));
      return isInverted ? TOP + share * (BOTTOM - TOP) : BOTTOM - share * (BOTTOM - TOP);
    },
  };
}

function xOf({ fromS, toS }: TimeChart, timeS: number): number {
  return LEFT + ((timeS - fromS) / (toS - fromS)) * (RIGHT - LEFT);
}

/** From middle to middle of what values stand for; a gap where there is none, a dot for one alone. */
function line(chart: TimeChart, { values, tone }: ChartSeries, y: YAxis): Html {
  const { kind, originS, widthS } = chart;
  let path = "";
  let dots = "";
  values.forEach((value, i) => {
    if (value === undefined) return;
    const start = originS + i * widthS;
    const height = number(y.at(value));
    const isFirst = values[i - 1] === undefined;
    if (kind === "step") {
      const [left, right] = [number(xOf(chart, start)), number(xOf(chart, start + widthS))];
      path += isFirst ? `M${left} ${height}H${right}` : `V${height}H${right}`;
      return;
    }
    const x = number(xOf(chart, start + widthS / 2));
    if (kind === "dots" || (isFirst && values[i + 1] === undefined)) {
      dots += `M${x} ${height}m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0z`;
    } else path += `${isFirst ? "M" : "L"}${x} ${height}`;
  });
  return html`${
    path !== "" && html`
      <path class="line ${tone}" d="${path}" />
    `
  }${
    dots !== "" && html`
      <path class="dots ${tone}" d="${dots}" />
    `
  }`;
}

function bars(chart: TimeChart, y: YAxis): Html {
  const { series, originS, widthS } = chart;
  const below: number[] = [];
  const paths = series.map(({ values, tone }) => {
    let path = "";
    values.forEach((value, i) => {
      if (value === undefined || value === 0) return;
      const base = below[i] ?? 0;
      below[i] = base + value;
      const left = xOf(chart, originS + i * widthS);
      const width = xOf(chart, originS + (i + 1) * widthS) - left;
      const [low, high] = [y.at(base), y.at(base + value)];
      // What is there is to be seen, however little.
      const height = Math.max(1, low - high);
      path += `M${number(left)} ${number(low)}h${number(Math.max(0.6, width * 0.9))}v${number(-height)}h${
        number(-Math.max(0.6, width * 0.9))
      }z`;
    });
    return path === "" ? undefined : html`
      <path class="bars ${tone}" d="${path}" />
    `;
  });
  return html`${paths}`;
}

function number(value: number): number {
  return Math.round(value * 10) / 10;
}
