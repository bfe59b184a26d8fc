/** Who said what to whom: lanes from left to right, time from top to bottom; the same as a table for who cannot see it. */
import { dataTable } from "./data_table.ts";
import { type Html, html } from "./html.ts";

export interface SequenceStep {
  readonly time: string;
  readonly packet: number;
  /** Lanes by their index. */
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly about: string;
  /** Drawn as a thick arrow. */
  readonly isMedia: boolean;
}

export interface SequenceParts {
  readonly title: string;
  readonly lanes: readonly string[];
  readonly steps: readonly SequenceStep[];
}

const TIMES = 112;
const LANE = 190;
const ROW = 24;
const HEAD = 34;
const ABOUT = 250;

export function sequenceChart({ title, lanes, steps }: SequenceParts): Html {
  const x = (lane: number) => TIMES + lane * LANE + LANE / 2;
  const last = x(lanes.length - 1);
  const width = last + LANE / 2 + ABOUT;
  const height = HEAD + (steps.length + 0.5) * ROW;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${title}">
      <svg class="wide" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
        aria-label="${title}; the table below says the same">
    <text x="0" y="16">time s</text><text x="${TIMES - 12}" y="16" text-anchor="end">packet</text>
    ${lanes.map((lane, i) =>
      html`
        <text class="strong" x="${x(i)}" y="16" text-anchor="middle">${lane}</text>
        <path class="base" d="M${x(i)} 26V${height}" />
      `
    )}${steps.map((step, i) => row(step, HEAD + (i + 0.6) * ROW, x, last))}</svg>
    </div>
    <details><summary>As a table (${steps.length} steps)</summary>
    ${dataTable({
      caption: title,
      columns: [
        { heading: "time s", isNumber: true },
        { heading: "packet", isNumber: true },
        { heading: "from" },
        { heading: "to" },
        { heading: "what" },
        { heading: "about" },
      ],
      rows: steps.map(({ time, packet, from, to, label, about }) => ({
        cells: [time, packet, lanes[from], lanes[to], label, about],
      })),
    })}</details>
  `;
}

function row(step: SequenceStep, y: number, x: (lane: number) => number, last: number): Html {
  const { time, packet, from, to, label, about, isMedia } = step;
  const text = html`
    <text x="0" y="${y + 4}">${time}</text>
    <text x="${TIMES - 12}" y="${y + 4}" text-anchor="end">${packet}</text>
    <text x="${last + 24}" y="${y + 4}">${about}</text>
  `;
  if (from === to) {
    return html`
      ${text}<text class="strong" x="${x(from) + 8}" y="${y + 4}">${label}</text>
    `;
  }
  const way = from < to ? 1 : -1;
  const [start, end] = [x(from), x(to) - way * 2];
  const middle = (start + end) / 2;
  // A guess from the middle of letters' widths: the ground behind the label only has to be about as wide.
  const halfLabel = label.length * 3.9 + 6;
  return html`
    ${text}<path class="line ${isMedia ? "tone2" : "tone1"}" ${isMedia && html`
      stroke-width="3"
    `}
      d="M${start} ${y}H${end}m${-7 * way}-4l${7 * way} 4l${-7 * way} 4" /><rect class="halo"
      x="${middle - halfLabel}" y="${y - 8}" width="${2 *
        halfLabel}" height="16" /><text class="strong" x="${middle}" y="${y + 4}"
      text-anchor="middle">${label}</text>
  `;
}
