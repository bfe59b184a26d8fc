/** Full and reduced packets taken apart into field trees, by the field table. For tools; a receive path uses the views. */
import { type Fault, truncated } from "../base/parsed.ts";
import { ArcRtpView } from "./arcrtp.ts";
import { ElementCursor, ONE_BYTE_PROFILE } from "./extensions.ts";
import type { Dissection, FieldNode } from "./field_node.ts";
import { bytesNode, type FieldSpec, type PartSpec, readBits, readField } from "./field_spec.ts";
import {
  ARCRTP_PARTS,
  ELEMENT,
  ELEMENT_PADDING,
  ELEMENT_VALUE,
  ELEMENT_VALUES,
  ELEMENTS_IGNORED,
  EXTENSION,
  EXTENSION_DATA,
  PADDING,
  PAYLOAD,
  REDUCED,
  UNDISSECTED,
} from "./field_table.ts";
import { REDUCED_HEADER_BYTES } from "./reduced.ts";

/** Takes a full packet apart; the payload of an `encrypted` one is not searched for padding. Borrows `bytes`. */
export function dissectArcRtp(bytes: Uint8Array, options: { readonly encrypted?: boolean } = {}): Dissection {
  const view = new ArcRtpView();
  const faults: Fault[] = [];
  const isValid = view.parse(bytes) && (options.encrypted === true || view.stripPadding());
  if (!isValid) faults.push(view.fault());

  const reader = new PartReader(bytes);
  for (const part of ARCRTP_PARTS) {
    if (part.when !== undefined && reader.value(part.when) === 0) continue;
    const times = part.repeat === undefined ? 1 : reader.value(part.repeat);
    for (let i = 0; i < times; i++) {
      const children = reader.readFields(part);
      if (part === EXTENSION && !reader.ranOut) children.push(...readExtensionData(reader, faults));
      reader.push(part, children);
    }
  }
  if (reader.ranOut) reader.pushBytes(UNDISSECTED, bytes.length);
  reader.pushBytes(PAYLOAD, isValid ? view.payloadEnd : bytes.length);
  reader.pushBytes(PADDING, bytes.length);
  return { nodes: reader.nodes, faults };
}

/** Takes a unit with a reduced header apart. Borrows `bytes`. */
export function dissectReduced(bytes: Uint8Array): Dissection {
  const reader = new PartReader(bytes);
  reader.push(REDUCED, reader.readFields(REDUCED));
  reader.pushBytes(reader.ranOut ? UNDISSECTED : PAYLOAD, bytes.length);
  const faults = reader.ranOut ? [truncated("reduced header", REDUCED_HEADER_BYTES, bytes.length).fault] : [];
  return { nodes: reader.nodes, faults };
}

/** Reads parts one behind the other and collects their nodes. */
class PartReader {
  readonly bytes: Uint8Array;
  readonly nodes: FieldNode[] = [];
  /** The first byte that no node covers yet. */
  at = 0;
  /** True once a field did not fit: nothing is read from there on. */
  ranOut = false;

  /** Values of the fields read so far, for the conditions of later ones. */
  readonly #values = new Map<string, number>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The value of a field that has been read; 0 for one that the packet was too short for. */
  value(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  /** Reads the fields of the part that begins at {@link at}, as far as they are there, and moves behind them. */
  readFields(part: PartSpec): FieldNode[] {
    const partBit = 8 * this.at;
    const children: FieldNode[] = [];
    for (const field of part.fields) {
      if (field.when !== undefined && this.value(field.when) === 0) continue;
      const endBit = partBit + field.bitOffset + field.bitWidth;
      this.ranOut ||= endBit > 8 * this.bytes.length;
      if (this.ranOut) break;
      children.push(readField(field, this.bytes, partBit));
      this.#remember(field, partBit);
      this.at = endBit >>> 3;
    }
    return children;
  }

  #remember(field: FieldSpec, partBit: number): void {
    this.#values.set(field.name, readBits(this.bytes, partBit + field.bitOffset, field.bitWidth));
    for (const member of field.fields ?? []) this.#remember(member, partBit);
  }

  /** Adds a group of nodes, unless it is empty. */
  push(part: PartSpec, children: readonly FieldNode[]): void {
    if (children.length > 0) this.nodes.push(groupNode(part, children));
  }

  /** The bytes up to `end` as one node, if there are any; moves behind them. */
  takeBytes(field: FieldSpec, end: number): FieldNode[] {
    const start = this.at;
    if (start >= end) return [];
    this.at = end;
    return [bytesNode(field, this.bytes, start, end)];
  }

  pushBytes(field: FieldSpec, end: number): void {
    this.nodes.push(...this.takeBytes(field, end));
  }
}

function groupNode(part: PartSpec, children: readonly FieldNode[]): FieldNode {
  const first = children[0];
  const last = children[children.length - 1];
  const bitLength = last.bitOffset + last.bitLength - first.bitOffset;
  return { name: part.name, label: part.label, bitOffset: first.bitOffset, bitLength, children };
}

function readExtensionData(reader: PartReader, faults: Fault[]): FieldNode[] {
  const end = reader.at + 4 * reader.value("arcrtp.ext.words");
  reader.ranOut = end > reader.bytes.length;
  if (reader.ranOut) return [];
  if (reader.value("arcrtp.ext.profile") !== ONE_BYTE_PROFILE) return reader.takeBytes(EXTENSION_DATA, end);

  const nodes: FieldNode[] = [];
  const cursor = new ElementCursor();
  cursor.openData(reader.bytes, reader.at, end, 0);
  while (cursor.next()) {
    nodes.push(...reader.takeBytes(ELEMENT_PADDING, cursor.elementStart));
    nodes.push(readElement(reader, cursor));
  }
  nodes.push(...reader.takeBytes(ELEMENT_PADDING, cursor.elementStart));
  nodes.push(...reader.takeBytes(ELEMENTS_IGNORED, end));
  if (cursor.malformed) faults.push(cursor.fault());
  return nodes;
}

function readElement(reader: PartReader, cursor: ElementCursor): FieldNode {
  const partBit = 8 * cursor.elementStart;
  const children = reader.readFields(ELEMENT);
  const known = ELEMENT_VALUES[cursor.id];
  if (known !== undefined && known.bitWidth === 8 * (cursor.valueEnd - cursor.valueStart)) {
    children.push(readField(known, reader.bytes, partBit));
    reader.at = cursor.valueEnd;
  } else {
    children.push(...reader.takeBytes(ELEMENT_VALUE, cursor.valueEnd));
  }
  return groupNode(ELEMENT, children);
}
