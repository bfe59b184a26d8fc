/** Units as CSV (RFC 4180): one line each, the columns being fields of the catalog. */
import { type CatalogField, FIELD_CATALOG, fieldValues } from "../../lib/dissect/filter/field_catalog.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { visible } from "../../lib/base/hex_text.ts";
import type { TextBuffer } from "./text_buffer.ts";

export const DEFAULT_COLUMNS: readonly string[] = [
  "packet",
  "time",
  "src",
  "dst",
  "transport",
  "kind",
  "session",
  "stream",
  "ssrc",
  "arcrtp.pt",
  "arcrtp.seq",
  "arcrtp.timestamp",
  "arcrtp.marker",
  "arcrtp.quality",
  "arcrtp.priority",
  "arcrtp.key_phase",
  "type",
  "length",
  "fault",
];

const COMMA = 0x2c;
/** Values of a field that a unit has several times stand in one column. */
const SEPARATOR = ";";
const NEEDS_QUOTES = /[",\r\n]/;
/** What can be written as it is: printable ASCII but quote and comma. */
const PLAIN = /^[ !#-+\--~]*$/;
const MAX_PACKED = 2 ** 32;

type WriteColumn = (unit: UnitModel) => void;

export class UnitTable {
  readonly #out: TextBuffer;
  readonly #columns: readonly CatalogField[];
  readonly #writers: readonly WriteColumn[];

  /** Every name is one of the catalog's: the caller has checked. */
  constructor(out: TextBuffer, names: readonly string[]) {
    this.#out = out;
    this.#columns = names.map((name) => FIELD_CATALOG.get(name)).filter((field) => field !== undefined);
    this.#writers = this.#columns.map((field) => this.#writerOf(field));
  }

  header(): void {
    this.#out.ascii(this.#columns.map((field) => field.name).join(","));
    this.#out.endLine();
  }

  write(model: UnitModel): void {
    const out = this.#out;
    const writers = this.#writers;
    for (let i = 0; i < writers.length; i++) {
      if (i > 0) out.byte(COMMA);
      writers[i](model);
    }
    out.endLine();
  }

  #writerOf(field: CatalogField): WriteColumn {
    const out = this.#out;
    const { access, name, type, values } = field;
    if (name === "time") return (unit) => this.#time(unit);
    if (access.kind === "text") {
      const { read } = access;
      // Most are the same from line to line, and looking through their characters costs more than writing them.
      let last = "";
      let isPlain = true;
      return (unit) => {
        const text = read(unit);
        if (text === undefined) return;
        if (text !== last) {
          last = text;
          isPlain = PLAIN.test(text);
        }
        if (isPlain) out.ascii(text);
        else this.#text(text);
      };
    }
    if (access.kind === "number" && type === "number" && values === undefined) {
      const { read } = access;
      return (unit) => {
        const value = read(unit);
        if (value >= 0 && value < MAX_PACKED && Number.isInteger(value)) out.decimal(value);
        else if (!Number.isNaN(value)) out.ascii(String(value));
      };
    }
    if (access.kind === "number") {
      const { read } = access;
      const words = values ?? ["false", "true"];
      return (unit) => {
        const value = read(unit);
        if (!Number.isNaN(value)) out.ascii(words[value] ?? String(value));
      };
    }
    return (unit) => this.#text(fieldValues(field, unit).join(SEPARATOR));
  }

  /** Nine digits: nothing is lost. */
  #time({ unit, originS, originNs }: UnitModel): void {
    const out = this.#out;
    let seconds = unit.timeS - originS;
    let ns = unit.timeNs - originNs;
    if (ns < 0) {
      seconds--;
      ns += 1_000_000_000;
    }
    if (seconds < 0) return out.ascii((seconds + ns / 1e9).toFixed(9));
    out.decimal(seconds);
    out.byte(0x2e);
    out.padded(ns, 9);
  }

  #text(value: string): void {
    const text = visible(value);
    this.#out.text(NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  }
}
