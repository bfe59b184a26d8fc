/** Places in a message: where the value of a JSON path stands, and how far a malformed text could be read. */
import { parseJsonDocument } from "../../lib/signaling/json.ts";
import type { JsonSpan } from "../../lib/signaling/json_value.ts";
import type { FieldNode } from "../../lib/packet/field_node.ts";
import { dissectMessage } from "../../lib/signaling/dissect_message.ts";
import { isSealed, SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";

const SEGMENT = /\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g;

/** The first byte of the value, or of the innermost object around it that is there; undefined where nothing is. */
export function offsetOfPath(unit: Uint8Array, path: string | undefined): number | undefined {
  if (path === undefined) return undefined;
  const document = parseJsonDocument(isSealed(unit) ? unit.subarray(0, unit.length - SEAL_OVERHEAD_BYTES) : unit);
  if (!document.ok) return undefined;
  let here: JsonSpan = document.value.span;
  for (const [, name, index, quoted] of path.matchAll(SEGMENT)) {
    const key = name ?? (quoted === undefined ? undefined : JSON.parse(quoted));
    const next = index === undefined ? here.members?.get(key) : here.items?.[Number(index)];
    if (next === undefined) break;
    here = next;
  }
  return here.start;
}

/** The fields of a malformed JSON text up to `faultOffset`, and what is left of it as one field. */
export function dissectUpTo(bytes: Uint8Array, faultOffset: number): FieldNode[] {
  const { end, closers } = lastWholeValue(bytes, faultOffset);
  const left: FieldNode[] = end >= bytes.length ? [] : [{
    name: "arcsig.malformed",
    label: "Malformed",
    bitOffset: 8 * end,
    bitLength: 8 * (bytes.length - end),
    value: bytes.subarray(end),
  }];
  if (end === 0) return left;
  const repaired = new Uint8Array(end + closers.length);
  repaired.set(bytes.subarray(0, end));
  repaired.set(closers, end);
  return [...dissectMessage(repaired).map((node) => cutAt(8 * end, node)), ...left];
}

const [QUOTE, COMMA, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22,
  0x2c,
  0x5c,
  0x5b,
  0x5d,
  0x7b,
  0x7d,
];

/** The end of the last value that is whole before `limit`, and what would close the objects and lists around it. */
function lastWholeValue(bytes: Uint8Array, limit: number): { readonly end: number; readonly closers: number[] } {
  const open: number[] = [];
  let best = { end: 0, closers: [] as number[] };
  let inString = false;
  for (let i = 0; i < Math.min(limit, bytes.length); i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      open.push(byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST);
    } else if (byte === COMMA) {
      best = { end: i, closers: open.toReversed() };
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      open.pop();
      best = { end: i + 1, closers: open.toReversed() };
    }
  }
  return best;
}

function cutAt(bitEnd: number, node: FieldNode): FieldNode {
  const children = node.children?.map((child) => cutAt(bitEnd, child));
  const cut = { ...node, bitLength: Math.min(node.bitLength, bitEnd - node.bitOffset) };
  return children === undefined ? cut : { ...cut, children };
}
