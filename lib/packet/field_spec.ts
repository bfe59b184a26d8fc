/**
 * How a wire format is written down as data: its fields once, for the dissector, the documentation and the generated
 * Wireshark plugin alike.
 */
import { readU32 } from "../base/bytes.ts";
import type { FieldNode } from "./field_node.ts";

/** One field. Bits count from the most significant one, as RFC drawings do. */
export interface FieldSpec {
  /** Stable dotted name, also the display filter's: `arcrtp.seq`. */
  readonly name: string;
  readonly label: string;
  /** `uint` and `hex` differ in how people read them; `bool` is one bit; `bytes` has no fixed width. */
  readonly type: "uint" | "hex" | "bool" | "bytes";
  /** From the first bit of the part that the field belongs to; left out for `bytes`. */
  readonly bitOffset: number;
  /** At most 32; 0 for `bytes`, which are as long as the packet leaves them. */
  readonly bitWidth: number;
  /** Names of the values from 0 on. */
  readonly values?: readonly string[];
  /** What one step of the value stands for: `{ step: 0.1, unit: "%" }`. */
  readonly scale?: { readonly step: number; readonly unit: string };
  /** Name of the flag that must be set for the field to be there. */
  readonly when?: string;
  /** Fields that share this field's bits, placed relative to the same part. */
  readonly fields?: readonly FieldSpec[];
  readonly description: string;
  /** Requirement id of SPEC.md, or RFC section. */
  readonly clause: string;
}

/** A run of fields. Parts follow one another on the wire, each as long as its fields that are there. */
export interface PartSpec {
  readonly name: string;
  readonly label: string;
  /** Name of the flag that must be set for the part to be there. */
  readonly when?: string;
  /** Name of the field that says how often the part is repeated. */
  readonly repeat?: string;
  readonly fields: readonly FieldSpec[];
}

/** Reads up to 32 bits as an unsigned integer, most significant bit first. The caller has checked the length. */
export function readBits(bytes: Uint8Array, bitOffset: number, bitWidth: number): number {
  const at = bitOffset >>> 3;
  const firstBit = bitOffset & 7;
  if (firstBit === 0 && bitWidth === 32) return readU32(bytes, at);
  let value = 0;
  for (let i = at; 8 * (i - at) < firstBit + bitWidth; i++) value = value * 256 + bytes[i];
  const bitsBehind = (8 - ((firstBit + bitWidth) & 7)) & 7;
  return Math.floor(value / 2 ** bitsBehind) % 2 ** bitWidth;
}

/** The field of fixed width as a node, `partBit` being the first bit of its part. */
export function readField(spec: FieldSpec, bytes: Uint8Array, partBit: number): FieldNode {
  const bitOffset = partBit + spec.bitOffset;
  const value = readBits(bytes, bitOffset, spec.bitWidth);
  return {
    name: spec.name,
    label: spec.label,
    bitOffset,
    bitLength: spec.bitWidth,
    value: spec.type === "bool" ? value === 1 : value,
    text: describe(spec, value),
    children: spec.fields?.map((field) => readField(field, bytes, partBit)),
  };
}

/** The bytes `start..end` as a node that borrows them. */
export function bytesNode(spec: FieldSpec, bytes: Uint8Array, start: number, end: number): FieldNode {
  const bitLength = 8 * (end - start);
  return { name: spec.name, label: spec.label, bitOffset: 8 * start, bitLength, value: bytes.subarray(start, end) };
}

function describe(spec: FieldSpec, value: number): string | undefined {
  if (spec.values !== undefined) return spec.values[value];
  if (spec.type === "hex") return `0x${value.toString(16).padStart(Math.ceil(spec.bitWidth / 4), "0")}`;
  if (spec.scale === undefined) return undefined;
  const { step, unit } = spec.scale;
  return `${Number((value * step).toFixed(6))} ${unit}`;
}
