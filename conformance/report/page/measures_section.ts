/** What was measured, beside what the specification wants of it. */
import { dataTable } from "../../../lib/html/data_table.ts";
import { type Html, html } from "../../../lib/html/html.ts";
import { figure, isOver, type Measure } from "../../measure.ts";
import type { SuiteResult } from "../../results.ts";

/** Undefined where nothing was. */
export function measuresBody({ tables }: SuiteResult): Html | undefined {
  const cards = tables.flatMap(({ dialect, results }) => {
    const rows = results.flatMap(({ id, measures }) => measures.map((measure) => rowOf(id, measure)));
    if (rows.length === 0) return [];
    return [html`<div class="card">${
      dataTable({
        caption: `Dialect ${dialect}; counts against nobody`,
        columns: [
          { heading: "measured" },
          { heading: "figure", isNumber: true },
          { heading: "at most", isNumber: true },
          { heading: "budget" },
        ],
        rows,
      })
    }</div>`];
  });
  return cards.length === 0 ? undefined : html`${cards}`;
}

function rowOf(id: string, measure: Measure) {
  const { name, value, unit, most } = measure;
  const bound = most === undefined ? ["-", "-"] : [`${figure(most)} ${unit}`, isOver(measure) ? "over" : "within"];
  const what = html`${name}<br><code class="soft">${id}</code>`;
  return { cells: [what, `${figure(value)} ${unit}`, ...bound] };
}
