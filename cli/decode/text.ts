/** A decoded unit for people: one line per field, aligned, and where it is malformed the fault with a pointer to it. */
import { toHex } from "../../lib/base/bytes.ts";
import type { FieldNode } from "../../lib/packet/field_node.ts";
import type { FieldSpec } from "../../lib/packet/field_spec.ts";
import { ARCRTP_FIELDS } from "../../lib/packet/field_table.ts";
import { shorten } from "../../lib/signaling/json_path.ts";
import type { painter } from "../ui/style.ts";
import type { DecodedUnit, UnitFault } from "./decode_unit.ts";
import { hexRows, hexText, isMostlyText, printable, visible } from "../../lib/base/hex_text.ts";
import { ruleText } from "./rules.ts";

export interface TextOptions {
  readonly paint: ReturnType<typeof painter>;
  /** Explanations are cut at this width, unless `verbose`. */
  readonly columns: number;
  /** Everything: whole values, descriptions and clauses. */
  readonly verbose: boolean;
}

const INLINE_BYTES = 16;
const MAX_DUMP_ROWS = 8;
const MAX_FIELD_COLUMNS = 36;
const MAX_VALUE_COLUMNS = { bits: 12, bytes: 38 };

export function unitToText(unit: DecodedUnit, options: TextOptions): string {
  const { paint } = options;
  const lines = [titleOf(unit, options), ...fieldLines(unit, options)];
  for (const note of unit.notes) lines.push(`${paint("yellow", "note")}   ${visible(note)}`);
  if (unit.fault !== undefined) lines.push(...faultLines(unit, unit.fault, options));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

function titleOf(unit: DecodedUnit, { paint }: TextOptions): string {
  const { reading, bytes, fault } = unit;
  const verdict = fault === undefined ? paint("green", "valid") : paint("red", "malformed");
  const dialect = "dialect" in reading ? `${reading.dialect}: ` : "";
  return `${paint("bold", visible(nameOf(unit)))}, ${bytes.length} bytes, ${verdict}   ${
    paint("dim", visible(dialect + reading.why))
  }`;
}

function nameOf({ reading, nodes, body }: DecodedUnit): string {
  switch (reading.kind) {
    case "arcrtp":
      return reading.dialect === "rtp" ? "RTP packet" : "ArcRTP packet";
    case "rtcp":
      return "RTCP compound";
    case "reduced":
      return "ArcRTP packet with reduced header";
    case "json": {
      const { message } = body as { message?: { type?: unknown } };
      const type = message?.type ?? nodes.find(({ name }) => name === "arcsig.type")?.value;
      return `${typeof type === "string" ? shorten(type, 32) : "JSON"} message`;
    }
    case "stun":
      return "STUN message";
    case "dtls":
      return "DTLS record";
    case "unknown":
      return "Unknown unit";
  }
}

/** A line of the table before it is laid out. */
interface Line {
  readonly at: number;
  readonly length: number;
  readonly field: string;
  readonly value: string;
  readonly meaning: string;
  readonly isGroup: boolean;
  /** Bytes to be dumped below the line. */
  readonly dump?: Uint8Array;
}

function fieldLines(unit: DecodedUnit, options: TextOptions): string[] {
  const isText = unit.reading.kind === "json";
  const lines = [...linesOf(unit.nodes, 0, unit, options)];
  if (lines.length === 0) return [];
  const { paint, columns, verbose } = options;
  const at = Math.max(4, ...lines.map((line) => String(line.at).length));
  const length = Math.max(4, ...lines.map((line) => String(line.length).length));
  const field = Math.min(MAX_FIELD_COLUMNS, Math.max(5, ...lines.map((line) => line.field.length)));
  const widest = isText ? MAX_VALUE_COLUMNS.bytes : MAX_VALUE_COLUMNS.bits;
  const leaves = lines.filter((line) => !line.isGroup);
  const value = Math.min(widest, Math.max(5, ...leaves.map((line) => line.value.length)));
  const row = (...[a, b, c]: string[]) => `${a.padStart(at)}  ${b.padStart(length)}  ${c.padEnd(field)}  `;
  const left = at + length + field + 6;
  const heading = row(isText ? "byte" : "bit", isText ? "len" : "bits", "field") + "value".padEnd(value) + "  meaning";
  const out = [paint("dim", heading)];
  for (const line of lines) {
    const start = row(String(line.at), String(line.length), line.field);
    if (line.isGroup) {
      out.push(paint("bold", start.trimEnd()) + start.slice(start.trimEnd().length) + paint("dim", line.value));
      continue;
    }
    const room = columns - left - Math.max(value, line.value.length) - 2;
    const meaning = verbose ? line.meaning : room < 8 ? "" : shorten(line.meaning, room - 1);
    out.push(`${start}${paint("cyan", line.value.padEnd(value))}  ${meaning}`);
    if (line.dump !== undefined) out.push(...dumpLines(line.dump, line.at / 8, at, options));
  }
  return out;
}

function* linesOf(
  nodes: readonly FieldNode[],
  depth: number,
  unit: DecodedUnit,
  options: TextOptions,
): Generator<Line> {
  const isText = unit.reading.kind === "json";
  const scale = isText ? 8 : 1;
  for (const node of nodes) {
    const place = { at: node.bitOffset / scale, length: node.bitLength / scale };
    const field = "  ".repeat(depth) + visible(isText ? wireName(node) : node.label);
    if (node.value === undefined) {
      const bytes = unit.bytes.subarray(node.bitOffset >>> 3, (node.bitOffset + node.bitLength + 7) >>> 3);
      yield { ...place, field, value: isText ? "" : hexText(bytes, INLINE_BYTES), meaning: "", isGroup: true };
    } else {
      yield { ...place, field, isGroup: false, ...valueOf(node, isText, options) };
    }
    yield* linesOf(node.children ?? [], depth + 1, unit, options);
  }
}

/** A member as it is spelled in the message; labels are for people who have no message before them. */
function wireName({ name, label }: FieldNode): string {
  return /^[["]/.test(label) || !name.startsWith("arcsig.") ? label : name.slice(name.lastIndexOf(".") + 1);
}

function valueOf(node: FieldNode, isText: boolean, { verbose }: TextOptions): Pick<Line, "value" | "meaning" | "dump"> {
  const { value } = node;
  if (value instanceof Uint8Array) return bytesOf(value, node, isText);
  if (typeof value === "boolean" && !isText) return { value: value ? "1" : "0", meaning: meaningOf(node, verbose) };
  const text = String(value);
  const shown = text === "" ? '""' : visible(text);
  return { value: verbose ? shown : shorten(shown, MAX_VALUE_COLUMNS.bytes - 1), meaning: meaningOf(node, verbose) };
}

function bytesOf(value: Uint8Array, node: FieldNode, isText: boolean): Pick<Line, "value" | "meaning" | "dump"> {
  const count = value.length === 1 ? "1 byte" : `${value.length} bytes`;
  const characters = isMostlyText(value) ? printable(value) : undefined;
  if (isText && characters !== undefined) return { value: count, meaning: characters };
  // The fault itself stands below the table.
  const text = node.name.endsWith(".malformed") ? undefined : node.text;
  if (value.length > INLINE_BYTES) return { value: count, meaning: text ?? "", dump: value };
  const parts = [toHexPairs(value), characters === undefined ? undefined : `|${characters}|`, text];
  return { value: count, meaning: parts.filter((part) => part !== undefined).join("  ") };
}

const SPECS: ReadonlyMap<string, FieldSpec> = new Map(ARCRTP_FIELDS.map((spec) => [spec.name, spec]));

function meaningOf(node: FieldNode, verbose: boolean): string {
  const spec = SPECS.get(node.name);
  if (spec === undefined) return node.text ?? "";
  if (!verbose) return node.text ?? spec.description;
  return [node.text, spec.description, `[${spec.clause}]`].filter((part) => part !== undefined).join("  ");
}

function toHexPairs(bytes: Uint8Array): string {
  return hexText(bytes, bytes.length);
}

function dumpLines(bytes: Uint8Array, offset: number, width: number, { paint, verbose }: TextOptions): string[] {
  const rows = hexRows(bytes, offset);
  const shown = verbose ? rows : rows.slice(0, MAX_DUMP_ROWS);
  const lines = shown.map(({ at, hex, ascii }) =>
    `${String(at).padStart(width + 8)}  ${paint("dim", `${hex.padEnd(47)}  |${ascii}|`)}`
  );
  const left = bytes.length - 16 * shown.length;
  if (left > 0) {
    lines.push(`${"".padStart(width + 8)}  ${paint("dim", `... ${left} more bytes; --verbose shows them`)}`);
  }
  return lines;
}

function faultLines(unit: DecodedUnit, fault: UnitFault, options: TextOptions): string[] {
  const { paint } = options;
  const places = [fault.path, fault.offset === undefined ? undefined : `byte ${fault.offset}`];
  const place = places.filter((part) => part !== undefined).join(", ");
  const lines = [
    `${paint("red", "fault")}  ${visible(`${fault.reason}${place === "" ? "" : ` at ${place}`}: ${fault.message}`)}`,
  ];
  if (fault.rule !== undefined) {
    const text = `${fault.rule}: ${ruleText(fault.rule) ?? ""}`;
    lines.push(`rule   ${options.verbose ? text : shorten(text, options.columns - 8)}`);
  }
  if (fault.offset !== undefined) lines.push(...pointer(unit, fault.offset, options));
  return lines;
}

/** The bytes around the fault with a mark below the one that it is about. */
function pointer({ bytes, reading }: DecodedUnit, offset: number, { paint }: TextOptions): string[] {
  const isText = reading.kind === "json";
  const step = isText ? 64 : 16;
  const at = Math.min(offset, bytes.length);
  const rowStart = Math.max(0, isText ? at - step / 2 : Math.floor((at === bytes.length ? at - 1 : at) / step) * step);
  const row = bytes.subarray(rowStart, rowStart + step);
  const shown = isText ? printable(row) : toHexPairs(row);
  const column = (at - rowStart) * (isText ? 1 : 3);
  const label = `${rowStart}  `.padStart(7);
  const mark = `${"".padStart(label.length + column)}${paint("red", isText ? "^" : "^^")} byte ${offset}`;
  return row.length === 0 ? [] : [label + shown, mark];
}

/** The tree as JSON: bytes in hex, places in bits. */
export function fieldToJson(node: FieldNode): object {
  const { value, children } = node;
  return {
    name: node.name,
    label: node.label,
    bit_offset: node.bitOffset,
    bit_length: node.bitLength,
    ...(value === undefined ? {} : { value: value instanceof Uint8Array ? toHex(value) : plainValue(value) }),
    ...(node.text === undefined ? {} : { text: node.text }),
    ...(children === undefined ? {} : { children: children.map(fieldToJson) }),
  };
}

function plainValue(value: number | bigint | boolean | string): number | boolean | string {
  return typeof value === "bigint" ? String(value) : value;
}
