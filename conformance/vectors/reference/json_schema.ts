/**
 * As much of JSON Schema 2020-12 as our schemas use. It finds the first fault in the order in which a schema lists its
 * properties, and drops what the schema does not list.
 */
import { isIPv4, isIPv6 } from "node:net";
import type { Fault } from "./judge.ts";
import type { Value } from "./strict_json.ts";

export interface Schema {
  readonly $ref?: string;
  readonly $defs?: { readonly [name: string]: Schema };
  readonly type?: string | readonly string[];
  readonly const?: Value;
  readonly enum?: readonly Value[];
  readonly not?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly dependentRequired?: { readonly [name: string]: readonly string[] };
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Keywords that the code below reads, and those that say nothing about a value. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ..."$ref $defs type const enum not anyOf oneOf if then else properties required dependentRequired".split(" "),
  ..."additionalProperties items minItems maxItems uniqueItems minLength maxLength pattern".split(" "),
  ..."format minimum maximum $schema $id title description".split(" "),
]);

/** The first fault of `value`; undefined when there is none. */
export function findFault(schema: Schema, value: Value, path = "$", root: Schema = schema): Fault | undefined {
  for (const keyword of Object.keys(schema)) if (!KEYWORDS.has(keyword)) throw new Error(`Unknown keyword ${keyword}`);
  if (schema.$ref !== undefined) return findFault(resolve(schema.$ref, root), value, path, root);
  const bad = (reason: string): Fault => ({ reason, path });
  if (schema.oneOf !== undefined || (schema.anyOf !== undefined && isChoice(schema.anyOf))) {
    return findFault(chosen(schema.oneOf ?? schema.anyOf ?? [], value), value, path, root);
  }
  if (schema.const !== undefined && schema.const !== value) {
    return bad(typeof schema.const === typeof value ? "bad_value" : "bad_type");
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) return bad("bad_type");
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return bad(typeof schema.enum[0] === typeof value ? "bad_value" : "bad_type");
  }
  const inside = Array.isArray(value)
    ? findFaultInList(schema, value, path, root)
    : typeof value === "object" && value !== null
    ? findFaultInObject(schema, value, path, root)
    : isOutOfBounds(schema, value)
    ? bad("bad_value")
    : undefined;
  if (inside !== undefined) return inside;
  if (schema.not !== undefined && findFault(schema.not, value, path, root) === undefined) return bad("bad_value");
  if (schema.anyOf !== undefined && schema.anyOf.every((each) => findFault(each, value, path, root) !== undefined)) {
    return bad("bad_value");
  }
}

function resolve(reference: string, root: Schema): Schema {
  const target = root.$defs?.[reference.replace("#/$defs/", "")];
  if (target === undefined) throw new Error(`Cannot resolve ${reference}`);
  return target;
}

function isChoice(options: readonly Schema[]): boolean {
  return options.every((option) => option.properties !== undefined);
}

/** The option whose constants the value has; the first one where none fits. */
function chosen(options: readonly Schema[], value: Value): Schema {
  const fits = (option: Schema) =>
    typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(option.properties ?? {}).every(([name, { const: constant }]) =>
      constant === undefined || value[name] === constant ||
      (value[name] === undefined && !(option.required ?? []).includes(name))
    );
  return options.find(fits) ?? options[0];
}

function isOfType(value: Value, type: string): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    default:
      throw new Error(`Unknown type ${type}`);
  }
}

function isOutOfBounds(schema: Schema, value: Value): boolean {
  if (typeof value === "number") return value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity);
  if (typeof value !== "string") return false;
  return value.length < (schema.minLength ?? 0) || value.length > (schema.maxLength ?? Infinity) ||
    (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) ||
    (schema.format === "ipv4" && !isIPv4(value)) ||
    (schema.format === "ipv6" && !(isIPv6(value) && !value.includes("%")));
}

function findFaultInList(schema: Schema, list: Value[], path: string, root: Schema): Fault | undefined {
  for (const [i, item] of list.entries()) {
    const fault = schema.items && findFault(schema.items, item, `${path}[${i}]`, root);
    if (fault !== undefined) return fault;
  }
  const isRepeated = schema.uniqueItems === true &&
    new Set(list.map((item) => JSON.stringify(item))).size < list.length;
  const tooFew = list.length < (schema.minItems ?? 0);
  if (isRepeated || tooFew || list.length > (schema.maxItems ?? Infinity)) return { reason: "bad_value", path };
}

function findFaultInObject(
  schema: Schema,
  object: { [name: string]: Value },
  path: string,
  root: Schema,
): Fault | undefined {
  const required = new Set(schema.required);
  for (const [name, others] of Object.entries(schema.dependentRequired ?? {})) {
    if (Object.hasOwn(object, name)) { for (const other of others) required.add(other); }
  }
  if (schema.if !== undefined) {
    const branch = findFault(schema.if, object, path, root) === undefined ? schema.then : schema.else;
    for (const name of branch?.required ?? []) required.add(name);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const inner = `${path}.${name}`;
    if (Object.hasOwn(object, name)) {
      const fault = findFault(property, object[name], inner, root);
      if (fault !== undefined) return fault;
    } else if (required.has(name)) return { reason: "missing_field", path: inner };
  }
  for (const [name, value] of Object.entries(object)) {
    if (Object.hasOwn(schema.properties ?? {}, name)) continue;
    if (schema.additionalProperties === false) return { reason: "bad_value", path: `${path}.${name}` };
    const fault = typeof schema.additionalProperties === "object"
      ? findFault(schema.additionalProperties, value, `${path}.${name}`, root)
      : undefined;
    if (fault !== undefined) return fault;
  }
  for (const name of required) {
    if (!Object.hasOwn(object, name)) return { reason: "missing_field", path: `${path}.${name}` };
  }
}

/** A valid value with only what the schema lists. */
export function pruned(schema: Schema, value: Value): Value {
  const options = schema.oneOf ?? schema.anyOf;
  if (options !== undefined && isChoice(options)) return pruned(chosen(options, value), value);
  if (Array.isArray(value)) return value.map((item) => pruned(schema.items ?? {}, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).filter(([name]) => Object.hasOwn(value, name))
      .map(([name, property]) => [name, pruned(property, value[name])]),
  );
}
