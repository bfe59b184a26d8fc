/** The comparison as a table with a row for each unit that passes, or should, from one capture to the other. */
import type { CaptureDiff, DiffRow } from "../../../lib/dissect/diff/capture_diff.ts";
import type { UnitTape } from "../../../lib/dissect/diff/unit_tape.ts";
import { hex32 } from "../../../lib/base/bytes.ts";
import type { TextBuffer } from "../text_buffer.ts";

const COLUMNS =
  "direction,kind,what,ssrc,sequence_number,verdict,altered,reordered,extra_copies,packet_a,packet_b,time_a_s,time_b_s,delay_ms,bytes";

export function diffCsv(diff: CaptureDiff, a: UnitTape, b: UnitTape, out: TextBuffer): void {
  out.text(`${COLUMNS}\n`);
  for (const row of diff.rows()) out.text(`${cells(row, a, b).join(",")}\n`);
}

function cells(row: DiffRow, a: UnitTape, b: UnitTape): (string | number)[] {
  const { direction, group, verdict, isAltered, isReordered, extraCopies, delayS } = row;
  const [tape, at] = row.a === undefined ? [b, row.b ?? 0] : [a, row.a];
  return [
    direction,
    group.kind,
    // Words of ours and names of messages and codecs: no comma, no quote.
    group.what.replace(/[^\w .:+/-]/g, "?"),
    group.ssrc === undefined ? "" : hex32(group.ssrc),
    group.kind === "media" ? tape.sequence16[at] : "",
    verdict,
    Number(isAltered),
    Number(isReordered),
    extraCopies,
    row.a === undefined ? "" : a.packets[row.a],
    row.b === undefined ? "" : b.packets[row.b],
    row.a === undefined ? "" : a.timesS[row.a].toFixed(6),
    row.b === undefined ? "" : b.timesS[row.b].toFixed(6),
    delayS === undefined ? "" : (1000 * delayS).toFixed(3),
    tape.lengths[at],
  ];
}
