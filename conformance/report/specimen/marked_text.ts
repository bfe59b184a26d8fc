/** A specimen for a terminal: rows of hex with carets below what is wrong, then each mark in words. */
import { hexRows, visible } from "../../../lib/base/hex_text.ts";
import type { Paint } from "../report.ts";
import type { Mark } from "./marks.ts";
import type { Specimen } from "./specimen.ts";

const ROW_BYTES = 16;
/** Rows without marks behind the first are left out. */
const MAX_ROWS = 6;

export function markedText({ what, bytes, marks }: Specimen, paint: Paint): readonly string[] {
  // A mark at the end of the unit points behind the last byte, into a row of its own where that one is full.
  const rows = [...hexRows(bytes, 0)];
  if (bytes.length % ROW_BYTES === 0) rows.push({ at: bytes.length, hex: "", ascii: "" });
  const isMarked = (at: number) => marks.some((mark) => covers(mark, at, at + ROW_BYTES));
  const shown = rows.filter(({ at }) => isMarked(at) || (at === 0 && bytes.length > 0)).slice(0, MAX_ROWS);
  return [
    `${counted(bytes.length)} ${what}:`,
    ...shown.flatMap(({ at, hex, ascii }) => {
      const line = `${at.toString(16).padStart(4, "0")}  ${hex.padEnd(3 * ROW_BYTES - 1)}  ${ascii}`;
      return isMarked(at) ? [line.trimEnd(), paint("red", `      ${carets(marks, at)}`)] : [line];
    }),
    ...marks.map((mark) =>
      `${paint("red", placeOf(mark, bytes.length))}${mark.field ? `, ${mark.field}` : ""}: ${visible(mark.why)}`
    ),
  ];
}

/** `byte 4`, `bytes 2 to 3`, `behind the last byte`; from 0. */
export function placeOf({ start, end }: Mark, length: number): string {
  if (start >= length) return "behind the last byte";
  return end - start === 1 ? `byte ${start}` : `bytes ${start} to ${end - 1}`;
}

function counted(bytes: number): string {
  return `${bytes} byte${bytes === 1 ? "" : "s"}`;
}

/** True where the mark has a byte in `from..to`, or is empty and stands there. */
function covers({ start, end }: Mark, from: number, to: number): boolean {
  return start < to && Math.max(end, start + 1) > from;
}

function carets(marks: readonly Mark[], rowAt: number): string {
  const places = Array.from(
    { length: ROW_BYTES },
    (_, i) => marks.some((mark) => covers(mark, rowAt + i, rowAt + i + 1)),
  );
  return places.map((isHere, i) => isHere ? (places[i + 1] ? "^^^" : "^^ ") : "   ").join("").trimEnd();
}
