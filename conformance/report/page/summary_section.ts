/** Area by area, one table for each dialect; and entries of known failures that are stale. */
import { dataTable } from "../../../lib/html/data_table.ts";
import { type Html, html } from "../../../lib/html/html.ts";
import type { CaseResult, DialectTable, SuiteResult } from "../../results.ts";
import { VERDICTS } from "../../verdict.ts";
import { byArea } from "../tally.ts";

export function summaryBody({ tables, stale }: SuiteResult): Html {
  return html`${tables.map(dialectTable)}${
    stale.length > 0 && html`
      <div class="card">
        <p><b>On the list of known failures, and wrongly so</b></p>
        <ul>${stale.map(({ id, why }) => html`<li><code>${id}</code>: ${why}</li>`)}</ul>
      </div>
    `
  }`;
}

function dialectTable(table: DialectTable): Html {
  const { dialect, from, results } = table;
  const columns = VERDICTS.filter((verdict) => results.some((result) => result.verdict === verdict));
  const rowOf = (name: string, own: readonly CaseResult[]) => {
    const counts = columns.map((verdict) => own.filter((result) => result.verdict === verdict).length);
    const took = own.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
    return {
      cells: [name, own.length, ...counts.map((count) => count === 0 ? "-" : count), took.toFixed(took < 10 ? 1 : 0)],
      alarms: columns.flatMap((verdict, i) =>
        (verdict === "fail" || verdict === "error") && counts[i] > 0 ? [i + 2] : []
      ),
    };
  };
  const areas = [...byArea(table)];
  return html`<div class="card">${
    dataTable({
      caption: `Dialect ${dialect} (${FROM[from]})`,
      columns: [
        { heading: "area" },
        { heading: "cases", isNumber: true },
        ...columns.map((verdict) => ({ heading: verdict, isNumber: true })),
        { heading: "took ms", isNumber: true },
      ],
      rows: [
        ...areas.map(([area, own]) => rowOf(area, own)),
        ...(areas.length > 1 ? [rowOf("all", results)] : []),
      ],
    })
  }</div>`;
}

const FROM: Readonly<Record<DialectTable["from"], string>> = {
  given: "as asked for",
  hello: "as its hello lists",
  capture: "as the capture is",
  default: "the default",
};
