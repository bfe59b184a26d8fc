/** The tables of the plugin: Wireshark's fields with their masks, and the parts that packets are made of. */
import type { FieldSpec, PartSpec } from "../../packet/field_spec.ts";
import { ARCRTP_FIELDS, ARCRTP_PARTS, ELEMENT, ELEMENT_VALUES, EXTENSION, REDUCED } from "../../packet/field_table.ts";
import { messageFields } from "../filter/message_fields.ts";
import { CLEAR_RTCP_FIELDS } from "../model/dissect_unit.ts";
import { lua, type LuaValue } from "./lua_text.ts";

/** `rtcp.` belongs to Wireshark's own dissector, whose fields have other names and types. */
export const RTCP_PREFIX = "arcrtcp.";

export function wiresharkName(name: string): string {
  return name.startsWith("rtcp.") ? RTCP_PREFIX + name.slice("rtcp.".length) : name;
}

const CLEAR_RTCP: readonly FieldSpec[] = CLEAR_RTCP_FIELDS.map((field) => ({
  ...field,
  name: wiresharkName(field.name),
}));

/** Fields without a spec of their own, by their kind in Wireshark. */
const OTHER_FIELDS: readonly (readonly [name: string, kind: "bytes" | "string" | "uint64", label: string])[] = [
  ["arcsrtp.ciphertext", "bytes", "Ciphertext"],
  ["arcsrtp.tag", "bytes", "AEAD tag"],
  ["arcsrtp.hmac", "bytes", "HMAC tag"],
  ["seal.counter", "uint64", "Counter of the seal"],
  ["seal.tag", "bytes", "Tag of the seal"],
  ["arcsig.malformed", "bytes", "Malformed message"],
  ["arcrtcp.malformed", "bytes", "Malformed RTCP"],
  ["phoenix.topic", "string", "Topic"],
  ["phoenix.event", "string", "Event"],
  ["phoenix.ref", "string", "Reference"],
  ["phoenix.status", "string", "Status"],
];

const SRTCP_INDEX: readonly FieldSpec[] = [
  {
    name: "arcsrtcp.e",
    label: "E",
    type: "bool",
    bitOffset: 0,
    bitWidth: 1,
    description: "The compound is encrypted.",
    clause: "ARC-SRTP-srtcp-layout",
  },
  {
    name: "arcsrtcp.index",
    label: "SRTCP index",
    type: "uint",
    bitOffset: 1,
    bitWidth: 31,
    description: "Counts the sender's compounds.",
    clause: "ARC-SRTP-srtcp-layout",
  },
];

/** Declarations of all fields, by their name. */
export function luaFields(): string {
  const lines = [
    ...[...ARCRTP_FIELDS, ...CLEAR_RTCP, ...SRTCP_INDEX].map((field) => declaration(field)),
    ...OTHER_FIELDS.map(([name, kind, label]) => [name, `ProtoField.${kind}(${lua(name)}, ${lua(label)})`] as const),
    ...[...messageFields()].map(([name, kind]) => {
      const type = { number: "double", bool: "bool", text: "string" }[kind];
      return [name, `ProtoField.${type}(${lua(name)}, ${lua(name.slice(name.lastIndexOf(".") + 1))})`] as const;
    }),
  ];
  return lines.map(([name, text]) => `fields[${lua(name)}] = ${text}\n`).join("");
}

/** A field of some bits is read out of the bytes that it touches, under a mask. */
function declaration(field: FieldSpec): readonly [name: string, text: string] {
  const { name, label, type, bitOffset, bitWidth, values } = field;
  const description = `${field.description} (${field.clause})`;
  if (type === "bytes") return [name, `ProtoField.bytes(${lua(name)}, ${lua(label)}, base.NONE, ${lua(description)})`];
  const bytes = Math.floor((bitOffset + bitWidth + 7) / 8) - Math.floor(bitOffset / 8);
  const mask = maskOf(bitOffset, bitWidth, bytes);
  if (type === "bool") {
    const args = [lua(name), lua(label), String(8 * bytes), "nil", mask ?? "nil", lua(description)];
    return [name, `ProtoField.bool(${args.join(", ")})`];
  }
  const names = values === undefined ? "nil" : `{ ${values.map((value, i) => `[${i}] = ${lua(value)}`).join(", ")} }`;
  const base = type === "hex" ? "base.HEX" : "base.DEC";
  const args = [lua(name), lua(label), base, names, mask ?? "nil", lua(description)];
  return [name, `ProtoField.uint${8 * bytes}(${args.join(", ")})`];
}

/** Undefined where the field fills its bytes. */
export function maskOf(bitOffset: number, bitWidth: number, bytes: number): string | undefined {
  if (bitWidth === 8 * bytes) return undefined;
  const behind = 8 * bytes - (bitOffset & 7) - bitWidth;
  return `0x${((2 ** bitWidth - 1) * 2 ** behind).toString(16).padStart(2 * bytes, "0")}`;
}

/** The parts of packets and the known elements of the extension. */
export function luaParts(): string {
  const values = Object.entries(ELEMENT_VALUES).flatMap(([id, field]) =>
    field === undefined ? [] : [`element_values[${id}] = ${lua(fieldTable(field))}\n`]
  );
  return [
    `local arcrtp_parts = {\n${ARCRTP_PARTS.map((part) => `  ${lua(partTable(part))},\n`).join("")}}\n`,
    `local extension_name = ${lua(EXTENSION.name)}\n`,
    `local element_part = ${lua(partTable(ELEMENT))}\n`,
    `local reduced_part = ${lua(partTable(REDUCED))}\n`,
    `local clear_rtcp_part = ${lua({ label: "SRTCP", fields: CLEAR_RTCP.map(fieldTable) })}\n`,
    `local srtcp_index_part = ${lua({ label: "Index", fields: SRTCP_INDEX.map(fieldTable) })}\n`,
    "local element_values = {}\n",
    ...values,
  ].join("");
}

function partTable({ name, label, when, repeat, fields }: PartSpec): LuaValue {
  return { name, label, when, times: repeat, fields: fields.map(fieldTable) };
}

function fieldTable({ name, bitOffset, bitWidth, when, scale, fields }: FieldSpec): LuaValue {
  return {
    name,
    bit: bitOffset,
    width: bitWidth,
    when,
    step: scale?.step,
    unit: scale?.unit,
    members: fields?.map(fieldTable),
  };
}
