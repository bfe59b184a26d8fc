/** The field tree: what any unit looks like once it is taken apart for people, tools and captures. */
import type { Fault } from "../base/parsed.ts";

/** What a field holds. Byte fields borrow the unit's bytes. */
export type FieldValue = number | bigint | boolean | string | Uint8Array;

/** One field of a unit, or a group of fields, with its place in bits from the unit's first bit. */
export interface FieldNode {
  /** Stable dotted name, also the display filter's: `arcrtp.seq`. */
  readonly name: string;
  /** For people: `Sequence number`. */
  readonly label: string;
  readonly bitOffset: number;
  readonly bitLength: number;
  /** Absent on groups. */
  readonly value?: FieldValue;
  /** The value in words or units (`high`, `2500 kbps`), where it says more than the value. */
  readonly text?: string;
  /** In wire order, inside this node's bits. */
  readonly children?: readonly FieldNode[];
}

/** A unit taken apart. The leaves of its nodes cover every bit of the unit once, whatever its bytes are. */
export interface Dissection {
  readonly nodes: readonly FieldNode[];
  /** What is wrong with it. `bad_extension` alone leaves a packet valid (SPEC ARC-RTP-ext-bad-element). */
  readonly faults: readonly Fault[];
}

/** The leaves of a tree in wire order. */
export function* leavesOf(nodes: readonly FieldNode[]): Generator<FieldNode> {
  for (const node of nodes) {
    if (node.children === undefined) yield node;
    else yield* leavesOf(node.children);
  }
}

/** The first node called `name`, depth first in wire order. */
export function findField(nodes: readonly FieldNode[], name: string): FieldNode | undefined {
  for (const node of nodes) {
    if (node.name === name) return node;
    const inside = node.children && findField(node.children, name);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
