/** The table of `--streams`. */
import { dataTable } from "../../../lib/html/data_table.ts";
import { type Html, html } from "../../../lib/html/html.ts";
import { STREAM_ALIGN, STREAM_HEADINGS, streamCells, type StreamRow } from "../stream_report.ts";

const MAX_SHOWN = 200;
/** Of the columns: how many packets are missing, and their share. */
const LOST_COLUMNS = [4, 5];

export function streamsBody(rows: readonly StreamRow[], untracked: number): Html {
  if (rows.length === 0) {
    return html`
      <div class="card">
        <p class="soft">There is no media in this capture.</p>
      </div>
    `;
  }
  const notes = [
    rows.length > MAX_SHOWN ? `... and ${rows.length - MAX_SHOWN} more: arcrtc dump --streams --json has them.` : "",
    untracked > 0 ? `${untracked} packets of further streams were not told apart.` : "",
  ];
  return html`<div class="card">${
    dataTable({
      caption: "Each SSRC in one direction between two endpoints",
      columns: STREAM_HEADINGS.map((heading, i) => ({
        heading: heading === "" ? "lost %" : heading,
        isNumber: STREAM_ALIGN[i] === "right",
      })),
      rows: rows.slice(0, MAX_SHOWN).map((row) => ({
        cells: streamCells(row),
        alarms: row.lost > 0 ? LOST_COLUMNS : [],
      })),
    })
  }${notes.map((note) => note !== "" && html`<p class="soft">${note}</p>`)}</div>`;
}
