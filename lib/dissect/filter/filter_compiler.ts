/**
 * A display filter as a function on units. Numbers at fixed places are compared as they lie in the packet; a field that
 * may be there several times passes when any of its values does, and `!=` when none of them is equal.
 */
import { parseHex } from "../../base/bytes.ts";
import { unreachable } from "../../base/unreachable.ts";
import { type FieldNode, type FieldValue, leavesOf } from "../../packet/field_node.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type CatalogField, FIELD_CATALOG, type FieldAccess } from "./field_catalog.ts";
import { failure, type Filtered, type Token } from "./filter_lexer.ts";
import { type Comparator, type FilterNode, parseFilter } from "./filter_parser.ts";

type NodeAccess = Extract<FieldAccess, { kind: "nodes" }>;

export type UnitFilter = (unit: UnitModel) => boolean;

export interface CompiledFilter {
  readonly test: UnitFilter;
  /** Fields that it names. */
  readonly fields: ReadonlySet<string>;
}

/** Reads and checks a filter. A fault points at the character that it is about. */
export function compileFilter(filter: string): Filtered<CompiledFilter> {
  const tree = parseFilter(filter);
  if (!tree.ok) return tree;
  const fields = new Set<string>();
  const test = compile(tree.value, fields);
  return test.ok ? { ok: true, value: { test: test.value, fields } } : test;
}

function compile(node: FilterNode, fields: Set<string>): Filtered<UnitFilter> {
  switch (node.kind) {
    case "and":
    case "or": {
      const left = compile(node.left, fields);
      if (!left.ok) return left;
      const right = compile(node.right, fields);
      if (!right.ok) return right;
      const [a, b] = [left.value, right.value];
      return done(node.kind === "and" ? (unit) => a(unit) && b(unit) : (unit) => a(unit) || b(unit));
    }
    case "not": {
      const inner = compile(node.inner, fields);
      if (!inner.ok) return inner;
      const test = inner.value;
      return done((unit) => !test(unit));
    }
    case "has": {
      const field = lookUp(node.field, fields);
      return field.ok ? done(presenceTest(field.value)) : field;
    }
    case "compare": {
      const field = lookUp(node.field, fields);
      return field.ok ? comparison(field.value, node.operator, node.value) : field;
    }
    case "in":
      return membership(node.field, node.values, fields);
    default:
      return unreachable(node);
  }
}

function membership(name: Token, values: readonly Token[], fields: Set<string>): Filtered<UnitFilter> {
  const field = lookUp(name, fields);
  if (!field.ok) return field;
  const tests: UnitFilter[] = [];
  for (const value of values) {
    const test = comparison(field.value, "==", value);
    if (!test.ok) return test;
    tests.push(test.value);
  }
  return done((unit) => tests.some((test) => test(unit)));
}

function lookUp({ text, offset, length }: Token, fields: Set<string>): Filtered<CatalogField> {
  const field = FIELD_CATALOG.get(text);
  if (field === undefined) return failure(offset, length, `no field is called ${JSON.stringify(text)}`, text);
  fields.add(text);
  return { ok: true, value: field };
}

function done(test: UnitFilter): Filtered<UnitFilter> {
  return { ok: true, value: test };
}

/** True where the unit has the field; for one that is true or false, where it is true. */
function presenceTest({ access, type }: CatalogField): UnitFilter {
  switch (access.kind) {
    case "number": {
      const { read } = access;
      return type === "bool" ? (unit) => read(unit) === 1 : (unit) => !Number.isNaN(read(unit));
    }
    case "text": {
      const { read } = access;
      return (unit) => read(unit) !== undefined;
    }
    case "nodes":
      return anyNode(access, (value) => type !== "bool" || value === true);
    default:
      return unreachable(access);
  }
}

function comparison(field: CatalogField, operator: Comparator, value: Token): Filtered<UnitFilter> {
  const { access, type } = field;
  if (type === "number" || type === "bool") {
    const wanted = numberOf(field, value);
    if (!wanted.ok) return wanted;
    if (operator === "contains" || operator === "matches") {
      return failure(value.offset, value.length, `${field.name} is a number: compare it with == or <`);
    }
    const test = numberTest(operator, wanted.value);
    if (access.kind === "number") {
      const { read } = access;
      return done((unit) => test(read(unit)));
    }
    if (access.kind === "nodes") return done(nodeTest(access, operator, (each) => test(toNumber(each))));
  }
  if (type === "bytes") {
    const test = bytesTest(field, operator, value);
    if (!test.ok) return test;
    return access.kind === "nodes" ? done(nodeTest(access, operator, test.value)) : done(() => false);
  }
  const test = textTest(field, operator, value);
  if (!test.ok) return test;
  const holds = test.value;
  if (access.kind === "text") {
    const { read } = access;
    return done((unit) => {
      const text = read(unit);
      return text !== undefined && holds(text);
    });
  }
  return access.kind === "nodes" ? done(nodeTest(access, operator, (each) => holds(String(each)))) : done(() => false);
}

function numberOf({ name, type, values }: CatalogField, { text, offset, length, kind }: Token): Filtered<number> {
  const named = values?.indexOf(text) ?? -1;
  if (named >= 0) return { ok: true, value: named };
  if (type === "bool" && (text === "true" || text === "false")) return { ok: true, value: text === "true" ? 1 : 0 };
  const isNumber = kind === "word" && /^(?:-?\d+(?:\.\d+)?|0x[0-9a-f]+)$/i.test(text);
  if (isNumber) return { ok: true, value: Number(text) };
  const known = values === undefined ? "" : ` or one of ${values.join(", ")}`;
  const wanted = type === "bool" ? "true or false" : `a number${known}`;
  return failure(offset, length, `${name} is compared with ${wanted}`);
}

/** NaN, which a field that is not there reads as, passes none of them. */
function numberTest(operator: Comparator, wanted: number): (value: number) => boolean {
  switch (operator) {
    case "==":
      return (value) => value === wanted;
    case "!=":
      return (value) => value < wanted || value > wanted;
    case ">":
      return (value) => value > wanted;
    case ">=":
      return (value) => value >= wanted;
    case "<":
      return (value) => value < wanted;
    case "<=":
      return (value) => value <= wanted;
    default:
      return () => false;
  }
}

function toNumber(value: FieldValue): number {
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint" ? Number(value) : NaN;
}

function textTest(field: CatalogField, operator: Comparator, value: Token): Filtered<(text: string) => boolean> {
  const wanted = value.text;
  switch (operator) {
    case "==":
      return { ok: true, value: (text) => text === wanted };
    case "!=":
      return { ok: true, value: (text) => text !== wanted };
    case "contains":
      return { ok: true, value: (text) => text.includes(wanted) };
    case "matches":
      return patternTest(value);
    default:
      return failure(value.offset, value.length, `${field.name} is text: compare it with ==, contains or matches`);
  }
}

function patternTest({ text, offset, length }: Token): Filtered<(text: string) => boolean> {
  try {
    const pattern = new RegExp(text);
    return { ok: true, value: (each) => pattern.test(each) };
  } catch {
    return failure(offset, length, "this is no regular expression");
  }
}

function bytesTest(field: CatalogField, operator: Comparator, value: Token): Filtered<(value: FieldValue) => boolean> {
  const bytes = parseHex(value.text.replace(/[:\s]/g, ""));
  if (!bytes.ok) return failure(value.offset, value.length, `${field.name} is compared with bytes in hex`);
  const wanted = bytes.value;
  const equal = (each: Uint8Array, at: number) => wanted.every((byte, i) => each[at + i] === byte);
  switch (operator) {
    case "==":
      return {
        ok: true,
        value: (each) => each instanceof Uint8Array && each.length === wanted.length && equal(each, 0),
      };
    case "!=":
      return {
        ok: true,
        value: (each) => each instanceof Uint8Array && !(each.length === wanted.length && equal(each, 0)),
      };
    case "contains":
      return {
        ok: true,
        value: (each) => {
          if (!(each instanceof Uint8Array)) return false;
          for (let at = 0; at + wanted.length <= each.length; at++) if (equal(each, at)) return true;
          return false;
        },
      };
    default:
      return failure(value.offset, value.length, `${field.name} is bytes: compare it with == or contains`);
  }
}

/** `!=` wants all of the values to differ, all others any to pass; without the field nothing passes. */
function nodeTest(access: NodeAccess, operator: Comparator, test: (value: FieldValue) => boolean): UnitFilter {
  return operator === "!=" ? everyNode(access, test) : anyNode(access, test);
}

function anyNode({ name, unitKinds }: NodeAccess, test: (value: FieldValue) => boolean): UnitFilter {
  return (unit) => {
    if (!unitKinds.includes(unit.unit.kind)) return false;
    for (const node of leavesOf(unit.nodes)) if (holdsOn(node, name, test)) return true;
    return false;
  };
}

function everyNode({ name, unitKinds }: NodeAccess, test: (value: FieldValue) => boolean): UnitFilter {
  return (unit) => {
    if (!unitKinds.includes(unit.unit.kind)) return false;
    let count = 0;
    for (const node of leavesOf(unit.nodes)) {
      if (node.name !== name) continue;
      if (!holdsOn(node, name, test)) return false;
      count++;
    }
    return count > 0;
  };
}

function holdsOn(node: FieldNode, name: string, test: (value: FieldValue) => boolean): boolean {
  return node.name === name && node.value !== undefined && test(node.value);
}
