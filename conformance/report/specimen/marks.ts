/** Which bytes of a unit are wrong: where they differ, what a path names, where they stop making sense, what a rule is about. */
import { dissectArcRtp, dissectReduced } from "../../../lib/packet/dissect_arcrtp.ts";
import { UnitKind } from "../../../lib/packet/demux.ts";
import { type FieldNode, leavesOf } from "../../../lib/packet/field_node.ts";
import { ARCRTP_FIELDS } from "../../../lib/packet/field_table.ts";
import { parseRtcp } from "../../../lib/packet/rtcp/compound.ts";
import { parseMessage } from "../../../lib/signaling/parse_message.ts";
import type { Fault } from "../../../lib/base/parsed.ts";

/** Bytes `start..end` of a unit; empty at its end where something is missing there. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  /** The field, for people, where the bytes are one: `Sequence number (arcrtp.seq)`. */
  readonly field?: string;
  readonly why: string;
}

export interface Unit {
  readonly bytes: Uint8Array;
  readonly kind: UnitKind;
  readonly nodes: readonly FieldNode[];
  /** Only a receiver with keys can judge it. */
  readonly isProtected: boolean;
}

/**
 * Each field that holds other bytes than are due; without fields, each stretch of bytes. Of what is due the first bytes
 * may be known alone, and how many they are in all.
 */
export function marksOfDifference({ bytes, nodes }: Unit, due: Uint8Array, dueBytes: number): readonly Mark[] {
  const isKnown = (at: number) => at < due.length || at >= dueBytes;
  const differs = (at: number) => isKnown(at) && bytes[at] !== due[at];
  const marks: Mark[] = [];
  const leaves = [...leavesOf(nodes)];
  for (const leaf of leaves) {
    const { start, end } = bytesOf(leaf);
    const isOther = bitsDiffer(leaf, bytes, due, isKnown);
    if (isOther) marks.push(markOf(leaf, `${shownHex(due, start, end)} is due`));
  }
  if (leaves.length === 0) {
    for (let at = 0; at < bytes.length; at++) {
      if (!differs(at)) continue;
      let end = at + 1;
      while (end < bytes.length && differs(end)) end++;
      marks.push({ start: at, end, why: `${shownHex(due, at, end)} is due` });
      at = end;
    }
  }
  if (dueBytes > bytes.length) {
    const why = `${dueBytes - bytes.length} more of ${dueBytes} bytes are due`;
    marks.push({ start: bytes.length, end: bytes.length, why });
  }
  return marks;
}

function bitsDiffer(
  { bitOffset, bitLength }: FieldNode,
  bytes: Uint8Array,
  due: Uint8Array,
  isKnown: (at: number) => boolean,
): boolean {
  for (let bit = bitOffset; bit < bitOffset + bitLength; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (!isKnown(bit >> 3)) continue;
    if (((bytes[bit >> 3] ^ (due[bit >> 3] ?? ~bytes[bit >> 3])) & mask) !== 0) return true;
  }
  return false;
}

/** The words of the testee interface for fields that have others on the wire. */
const FIELD_OF: Readonly<Record<string, string>> = {
  padding: "arcrtp.p",
  extension: "arcrtp.x",
  csrc_count: "arcrtp.cc",
  payload_type: "arcrtp.pt",
  sequence_number: "arcrtp.seq",
  extension_header: "arcrtp.ext",
  key_phase: "arcrtp.flags",
  bandwidth_kbps: "arcrtp.bandwidth",
  loss_tenths: "arcrtp.loss",
};

/** The field that the path of a difference names: `$.header.sequence_number is 2, not 1`. */
export function marksOfPath({ nodes }: Unit, got: string): readonly Mark[] {
  const path = /^\$((?:\.\w+|\[\d+\])+) (?:is|has) /.exec(got)?.[1];
  if (path === undefined) return [];
  const names = [...path.matchAll(/\.(\w+)/g)].map(([, name]) => name).reverse();
  for (const name of names) {
    const found = find(nodes, (node) => node.name === FIELD_OF[name] || node.name.endsWith(`.${name}`));
    if (found !== undefined) return [markOf(found, got.slice(path.length + 2))];
  }
  return [];
}

/** The place where our own reader refuses the unit; or `offset`, where the testee says that it does. */
export function marksOfFault(unit: Unit, offset?: number): readonly Mark[] {
  const own = offset === undefined && !unit.isProtected ? faultOf(unit) : undefined;
  if (own?.path !== undefined) {
    const name = own.path.replaceAll(/\[\d+\]/g, ".item").replace("$", "arcsig");
    const field = find(unit.nodes, (node) => node.name === name);
    if (field !== undefined) return [markOf(field, `${own.reason}: ${own.message}`)];
  }
  const at = offset ?? own?.offset;
  if (at === undefined) return [];
  const why = own === undefined ? "refused here" : `${own.reason}: ${own.message}`;
  const { bytes, nodes } = unit;
  if (at >= bytes.length) return [{ start: bytes.length, end: bytes.length, why }];
  const leaf = [...leavesOf(nodes)].find((node) => bytesOf(node).start <= at && at < bytesOf(node).end);
  if (leaf === undefined) return [{ start: at, end: at + 1, why }];
  // A run of bytes is not wrong as a whole.
  return [leaf.value instanceof Uint8Array ? { start: at, end: at + 1, field: nameOf(leaf), why } : markOf(leaf, why)];
}

function faultOf({ bytes, kind }: Unit): Fault | undefined {
  switch (kind) {
    case UnitKind.arcrtp:
      return dissectArcRtp(bytes).faults[0];
    case UnitKind.reduced:
      return dissectReduced(bytes).faults[0];
    case UnitKind.rtcp: {
      const parsed = parseRtcp(bytes);
      return parsed.ok ? undefined : parsed.fault;
    }
    case UnitKind.json: {
      const parsed = parseMessage(bytes);
      return parsed.ok ? undefined : parsed.fault;
    }
    default:
      return undefined;
  }
}

const RULE_OF_FIELD: ReadonlyMap<string, string> = new Map(ARCRTP_FIELDS.map(({ name, clause }) => [name, clause]));

/** The fields that the field table gives to one of these rules. */
export function marksOfRules({ nodes }: Unit, rules: readonly string[]): readonly Mark[] {
  const marks: Mark[] = [];
  for (const node of leavesOf(nodes)) {
    const rule = RULE_OF_FIELD.get(node.name);
    if (rule !== undefined && rules.includes(rule)) marks.push(markOf(node, `${rule} is about it`));
  }
  return marks;
}

/** The members of a message that are not as `a message TYPE with {...}` says. */
export function marksOfMessage({ bytes, nodes }: Unit, expected: string): readonly Mark[] {
  const [, type, fields] = /^a message (\S+)(?: with (\{.*\}))?$/.exec(expected) ?? [];
  if (type === undefined) return [];
  const due: Record<string, unknown> = { type, ...parsed(fields) };
  const message = parsed(new TextDecoder().decode(bytes));
  const marks: Mark[] = [];
  for (const [name, value] of Object.entries(due)) {
    if (JSON.stringify(message[name]) === JSON.stringify(value)) continue;
    const node = nodes.find((one) => one.name === `arcsig.${name}`);
    const why = `${JSON.stringify(value)} is due`;
    marks.push(
      node === undefined ? { start: bytes.length, end: bytes.length, why: `${name} is missing` } : markOf(node, why),
    );
  }
  return marks;
}

function parsed(text: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}

function find(nodes: readonly FieldNode[], isIt: (node: FieldNode) => boolean): FieldNode | undefined {
  for (const node of nodes) {
    const found = isIt(node) ? node : find(node.children ?? [], isIt);
    if (found !== undefined) return found;
  }
}

function markOf(node: FieldNode, why: string): Mark {
  return { ...bytesOf(node), field: nameOf(node), why };
}

function nameOf({ label, name }: FieldNode): string {
  return `${label} (${name})`;
}

function bytesOf({ bitOffset, bitLength }: FieldNode): { readonly start: number; readonly end: number } {
  return { start: bitOffset >> 3, end: Math.ceil((bitOffset + bitLength) / 8) };
}

const MAX_SHOWN_BYTES = 16;

function shownHex(bytes: Uint8Array, start: number, end: number): string {
  if (start >= bytes.length) return "nothing";
  const shown = bytes.subarray(start, Math.min(end, start + MAX_SHOWN_BYTES));
  return Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join(" ") +
    (end - start > MAX_SHOWN_BYTES ? " ..." : "");
}
