/** Bytes in rows of 16 with what is wrong marked, the marks in words, and all fields. */
import { hexRows, visible } from "../../../lib/base/hex_text.ts";
import { toHex } from "../../../lib/base/bytes.ts";
import { dataTable } from "../../../lib/html/data_table.ts";
import { type Html, html, NOTHING } from "../../../lib/html/html.ts";
import { type FieldNode, leavesOf } from "../../../lib/packet/field_node.ts";
import { placeOf } from "../specimen/marked_text.ts";
import type { Mark } from "../specimen/marks.ts";
import type { Specimen } from "../specimen/specimen.ts";
import { counted } from "../tally.ts";

/** Rows without marks that are shown: the first ones, and the neighbours of those with marks. */
const MAX_PLAIN_ROWS = 4;
const MAX_ROWS = 24;
const MAX_FIELDS = 64;
const MAX_VALUE = 80;

export function specimenBody({ what, bytes, nodes, marks }: Specimen): Html {
  return html`
    <figure class="bytes"><figcaption><b>${counted(bytes.length, "byte")} ${what}</b></figcaption>
    <pre class="scroll" tabindex="0" aria-label="Bytes ${what}">${shownRows(bytes, marks)}</pre>
    ${marks.length > 0 &&
      html`<ul class="marks">${
        marks.map((mark) =>
          html`<li><mark>${placeOf(mark, bytes.length)}</mark> ${
            mark.field !== undefined && html`
              <b>${mark.field}</b>:
            `
          }${mark.why}</li>`
        )
      }</ul>`}
    ${nodes.length > 0 && html`<details><summary>All fields</summary>${fieldTable(nodes)}</details>`}</figure>
  `;
}

/** Rows of 16 bytes; of a long unit those that have marks and their neighbours. */
function shownRows(bytes: Uint8Array, marks: readonly Mark[]): readonly Html[] {
  const rows = hexRows(bytes, 0);
  const last = rows.length - 1;
  const isMarked = (i: number) =>
    marks.some(({ start, end }) => start < 16 * i + 16 && end > 16 * i) ||
    (i === last && marks.some(({ start }) => start >= bytes.length));
  const isNear = (i: number) => i < MAX_PLAIN_ROWS || isMarked(i) || isMarked(i - 1) || isMarked(i + 1);
  const kept = rows.flatMap((row, i) => isNear(i) ? [{ ...row, i }] : []).slice(0, MAX_ROWS);
  return [
    ...kept.map(({ at, ascii, i }, k) => {
      const left = i - (k === 0 ? 0 : kept[k - 1].i + 1);
      const row = bytes.subarray(at, at + 16);
      const isEnd = i === last && marks.some(({ start }) => start >= bytes.length);
      const pad = " ".repeat(Math.max(1, 3 * (16 - row.length) + 2 - (isEnd ? 2 : 0)));
      const end = isEnd && exact` <mark class="end">\u00a0</mark>`;
      const pairs = markedPairs(row, at, marks);
      return exact`${elided(left)}${soft(at.toString(16).padStart(4, "0"))}  ${pairs}${end}${pad}${soft(ascii)}\n`;
    }),
    elided(rows.length - 1 - (kept.at(-1)?.i ?? -1)),
  ];
}

/** By another name the formatter leaves a template alone: in a `pre` every space counts. */
const exact = html;

function soft(text: string): Html {
  return exact`<span class="soft">${text}</span>`;
}

function elided(rows: number): Html {
  return rows <= 0 ? NOTHING : exact`${soft(`...   ${counted(rows, "row")} more`)}\n`;
}

/** The pairs of a row; neighbours of one mark stand in one mark. */
function markedPairs(row: Uint8Array, at: number, marks: readonly Mark[]): readonly Html[] {
  const isMarked = (i: number) => marks.some(({ start, end }) => start <= at + i && at + i < end);
  const runs: Html[] = [];
  for (let i = 0; i < row.length;) {
    let end = i + 1;
    while (end < row.length && isMarked(end) === isMarked(i)) end++;
    const text = (toHex(row.subarray(i, end)).match(/../g) ?? []).join(" ");
    const gap = end < row.length ? " " : "";
    runs.push(isMarked(i) ? html`<mark>${text}</mark>${gap}` : html`${text}${gap}`);
    i = end;
  }
  return runs;
}

function fieldTable(nodes: readonly FieldNode[]): Html {
  const leaves = [...leavesOf(nodes)];
  return dataTable({
    caption: leaves.length > MAX_FIELDS ? `The first ${MAX_FIELDS} of ${leaves.length} fields` : "Fields in wire order",
    columns: [{ heading: "byte", isNumber: true }, { heading: "field" }, { heading: "name" }, { heading: "value" }],
    rows: leaves.slice(0, MAX_FIELDS).map(({ bitOffset, label, name, value, text }) => ({
      cells: [
        bitOffset >> 3,
        label,
        html`<code>${name}</code>`,
        `${valueText(value)}${text === undefined ? "" : ` (${text})`}`,
      ],
    })),
  });
}

function valueText(value: FieldNode["value"]): string {
  const text = value instanceof Uint8Array ? toHex(value.subarray(0, MAX_VALUE)) : visible(String(value ?? ""));
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}...` : text;
}
