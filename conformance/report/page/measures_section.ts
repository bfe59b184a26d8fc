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
        caption: `Figures of dialect ${dialect}: of this machine at that hour, and counted against nobody`,
        columns: [
          { heading: "case" },
          { heading: "measured" },
          { heading: "figure", isNumber: true },
          { heading: "unit" },
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
  const bound = most === undefined ? ["-", "-"] : [figure(most), isOver(measure) ? "over" : "within"];
  return { cells: [html`<code>${id}</code>`, name, figure(value), unit, ...bound] };
}
