/**
 * As much of JSON Schema 2020-12 as the generated schemas use: a checker that owes nothing to the library's own checks, and
 * generators of values that a schema allows and of breaches that it forbids.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isIpv4, isIpv6 } from "../messages/address.ts";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../json_value.ts";

export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly enum?: readonly JsonValue[];
  readonly const?: JsonValue;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly if?: JsonSchema;
  readonly else?: JsonSchema;
}

const ANNOTATIONS = new Set(["$schema", "title", "description", "examples"]);

/** True where `value` satisfies `schema`. Fails on a keyword that it does not know, so that none passes unchecked. */
export function satisfies(schema: JsonSchema, value: JsonValue): boolean {
  for (const keyword of Object.keys(schema)) {
    assert.ok(ANNOTATIONS.has(keyword) || keyword in CHECKS, `unknown JSON Schema keyword ${keyword}`);
  }
  return Object.entries(CHECKS).every(([keyword, check]) => schema[keyword] === undefined || check(schema, value));
}

const number = (value: JsonValue, check: (n: number) => boolean) => typeof value !== "number" || check(value);
const text = (value: JsonValue, check: (t: string) => boolean) => typeof value !== "string" || check(value);
const list = (value: JsonValue, check: (l: readonly JsonValue[]) => boolean) => !isJsonList(value) || check(value);
const object = (value: JsonValue, check: (o: JsonObject) => boolean) => !isJsonObject(value) || check(value);
const defined = <T>(value: T | undefined): T => {
  assert.ok(value !== undefined);
  return value;
};

const CHECKS: Readonly<Record<string, (schema: JsonSchema, value: JsonValue) => boolean>> = {
  type: ({ type }, value) => hasType(defined(type), value),
  const: (schema, value) => schema.const === value,
  enum: (schema, value) => defined(schema.enum).includes(value),
  pattern: ({ pattern }, value) => text(value, (t) => new RegExp(defined(pattern), "u").test(t)),
  format: ({ format }, value) =>
    text(value, (t) => {
      assert.ok(format === "ipv4" || format === "ipv6");
      return format === "ipv4" ? isIpv4(t) : isIpv6(t);
    }),
  minimum: ({ minimum }, value) => number(value, (n) => n >= defined(minimum)),
  maximum: ({ maximum }, value) => number(value, (n) => n <= defined(maximum)),
  minLength: ({ minLength }, value) => text(value, (t) => [...t].length >= defined(minLength)),
  maxLength: ({ maxLength }, value) => text(value, (t) => [...t].length <= defined(maxLength)),
  minItems: ({ minItems }, value) => list(value, (l) => l.length >= defined(minItems)),
  maxItems: ({ maxItems }, value) => list(value, (l) => l.length <= defined(maxItems)),
  uniqueItems: (_, value) => list(value, (l) => new Set(l.map((item) => JSON.stringify(item))).size === l.length),
  items: ({ items }, value) => list(value, (l) => l.every((item) => satisfies(defined(items), item))),
  properties: ({ properties }, value) =>
    object(
      value,
      (o) => Object.entries(defined(properties)).every(([name, schema]) => !(name in o) || satisfies(schema, o[name])),
    ),
  required: ({ required }, value) => object(value, (o) => defined(required).every((name) => name in o)),
  dependentRequired: ({ dependentRequired }, value) =>
    object(
      value,
      (o) =>
        Object.entries(defined(dependentRequired)).every(([name, others]) =>
          !(name in o) || others.every((other) => other in o)
        ),
    ),
  oneOf: ({ oneOf }, value) => defined(oneOf).filter((each) => satisfies(each, value)).length === 1,
  anyOf: ({ anyOf }, value) => defined(anyOf).some((each) => satisfies(each, value)),
  not: ({ not }, value) => !satisfies(defined(not), value),
  if: (schema, value) =>
    satisfies(defined(schema.if), value) || schema.else === undefined || satisfies(schema.else, value),
  else: () => true,
};

function hasType(type: string, value: JsonValue): boolean {
  switch (type) {
    case "object":
      return isJsonObject(value);
    case "array":
      return isJsonList(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    default:
      assert.fail(`unknown JSON Schema type ${type}`);
  }
}

/** Values that `schema` allows, optional members there or not. */
export function arbitraryOf(schema: JsonSchema): fc.Arbitrary<JsonValue> {
  return draft(schema).filter((value) => satisfies(schema, value));
}

function draft(schema: JsonSchema): fc.Arbitrary<JsonValue> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.oneOf !== undefined) return fc.oneof(...schema.oneOf.map(arbitraryOf));
  switch (schema.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.oneof(
        fc.constantFrom(defined(schema.minimum), defined(schema.maximum)),
        fc.integer({ min: Math.max(schema.minimum ?? 0, -1000), max: Math.min(schema.maximum ?? 0, 1_000_000) }),
      );
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: schema.minimum, max: schema.maximum })
        .map((value) => value + 0);
    case "string":
      return draftText(schema);
    case "array":
      return fc.array(arbitraryOf(defined(schema.items)), {
        minLength: schema.minItems,
        maxLength: Math.min(schema.maxItems ?? 4, 4),
      });
    default:
      return draftObject(schema);
  }
}

function draftText(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema.pattern !== undefined) {
    // Bare * and + would make endless names.
    return fc.stringMatching(new RegExp(schema.pattern.replace(/\+(?=\\|\$)/g, "{1,3}").replace("*$", "{0,20}$")));
  }
  if (schema.anyOf !== undefined) return fc.oneof(fc.ipV4(), fc.ipV6());
  // Host names are strings of a form that JSON Schema is not told.
  if (schema.maxLength === 253) return fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  return fc.string({ minLength: schema.minLength, maxLength: Math.min(schema.maxLength ?? 24, 24) });
}

function draftObject(schema: JsonSchema): fc.Arbitrary<JsonValue> {
  const members = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, each]) => [name, arbitraryOf(each)]),
  );
  return fc.record(members, { requiredKeys: [...(schema.required ?? [])] }).map((value) => ({ ...value }));
}

/** A value made wrong in one place. */
export interface Breach {
  readonly what: string;
  readonly path: readonly (string | number)[];
  readonly value: JsonValue;
  readonly reason: "missing_field" | "bad_type" | "bad_value";
}

/** Every way in which one member of `value` can break `schema` alone. `value` must satisfy it. */
export function* breachesOf(schema: JsonSchema, value: JsonValue): Generator<Breach> {
  const shape = schema.oneOf === undefined ? schema : defined(schema.oneOf.find((each) => satisfies(each, value)));
  if (isJsonObject(value)) {
    for (const [name, member] of Object.entries(shape.properties ?? {})) {
      if (!(name in value)) continue;
      if (shape.required?.includes(name)) {
        const { [name]: _, ...rest } = value;
        yield { what: `${name} missing`, path: [name], value: rest, reason: "missing_field" };
      }
      for (const breach of [...wrongValues(member), ...breachesOf(member, value[name])]) {
        yield { ...breach, path: [name, ...breach.path], value: { ...value, [name]: breach.value } };
      }
    }
  } else if (isJsonList(value)) {
    for (const [i, item] of value.entries()) {
      const items = defined(shape.items);
      for (const breach of [...wrongValues(items), ...breachesOf(items, item)]) {
        yield { ...breach, path: [i, ...breach.path], value: value.with(i, breach.value) };
      }
    }
  }
}

/** Wrong types, and values just outside of the bounds. */
function* wrongValues(schema: JsonSchema): Generator<Breach> {
  const words = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  const type = schema.type ?? (words === undefined ? "object" : typeof words[0]);
  const others: JsonValue[] = [null, "x", 1, true, {}, []].filter((other) => !hasType(type, other));
  for (const value of others) yield { what: "wrong type", path: [], value, reason: "bad_type" };
  const bad = (what: string, value: JsonValue): Breach => ({ what, path: [], value, reason: "bad_value" });
  if (type === "integer") yield { what: "fraction", path: [], value: 1.5, reason: "bad_type" };
  if (type === "boolean" && words !== undefined) yield bad("other", !words[0]);
  if (type === "string" && words !== undefined) yield bad("unknown word", "unheard-of");
  if (schema.minimum !== undefined) yield bad("too small", schema.minimum - (type === "integer" ? 1 : 0.001));
  if (schema.maximum !== undefined) yield bad("too large", schema.maximum + (type === "integer" ? 1 : 0.001));
  if (schema.maxLength !== undefined) yield bad("too long", "x".repeat(schema.maxLength + 1));
  if (schema.minLength !== undefined) yield bad("too short", "x".repeat(schema.minLength - 1));
  if (schema.pattern !== undefined) yield bad("another form", ",!");
  const isAddress = schema.anyOf !== undefined && type !== "object";
  if (schema.format !== undefined || isAddress) yield bad("another form", "256.1.1.1");
  if (schema.minItems !== undefined) yield bad("too short", []);
}
