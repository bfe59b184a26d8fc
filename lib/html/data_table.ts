/** Tables: a caption, headings that screen readers find, and a frame that scrolls where the table is too wide. */
import { type Html, html, type HtmlValue } from "./html.ts";

export interface TableColumn {
  readonly heading: string;
  readonly isNumber?: boolean;
}

export interface TableRow {
  readonly cells: readonly HtmlValue[];
  /** For the table of a chart: the moment that the row is about, in seconds. */
  readonly at?: number;
  /** Cells that are to catch the eye. */
  readonly alarms?: readonly number[];
}

export interface TableParts {
  readonly id?: string;
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
}

export function dataTable({ id, caption, columns, rows }: TableParts): Html {
  const heads = columns.map(({ heading, isNumber }) =>
    html`
      <th scope="col" ${classOf(isNumber, false)}>${heading}</th>
    `
  );
  const lines = rows.map(({ cells, at, alarms }) =>
    html`
      <tr${at === undefined ? undefined : html`
        data-at="${at}"
      `}>${cells.map((cell, i) =>
        html`<td${classOf(columns[i]?.isNumber, alarms?.includes(i) ?? false)}>${cell}</td>`
      )}</tr>
    `
  );
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${caption}">
      <table${id === undefined ? undefined : html`
        id="${id}"
      `}>
        <caption>${caption}</caption>
        <thead>
          <tr>${heads}</tr>
        </thead>
        <tbody>
    ${lines}</tbody>
        </table>
        </div>
  `;
}

function classOf(isNumber: boolean | undefined, isAlarm: boolean): Html | undefined {
  const names = [isNumber ? "n" : "", isAlarm ? "alarm" : ""].filter((name) => name !== "");
  return names.length === 0 ? undefined : html`
    class="${names.join(" ")}"
  `;
}
