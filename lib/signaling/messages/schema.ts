/**
 * The words that message schemas are written in. Each gives the type, the check and the JSON Schema at once.
 *
 * Every check carries the phrase that follows "expected" in a fault, so that no fault repeats what it refused: tokens and
 * keys pass through here.
 */
import * as v from "valibot";

/** Message types are read-only all the way down. */
export type DeepReadonly<T> = T extends readonly (infer Item)[] ? readonly DeepReadonly<Item>[]
  : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
  : T;

type Fields = Readonly<Record<string, unknown>>;

/** Makes fields required that the schema has as optional. */
export interface Demand<Key> {
  readonly keys: readonly Key[];
  /** Judges the object as it came in. */
  readonly when: (input: Fields) => boolean;
}

/**
 * An object with these fields, read in this order; others are dropped. Arrays, which JavaScript counts among the
 * objects, are refused.
 */
export function struct<const E extends v.ObjectEntries>(entries: E, demand?: Demand<keyof E>) {
  const schema = v.object(entries, "an object");
  const lenient = schema["~run"].bind(schema);
  const strict = demand === undefined ? undefined : v.object(requiring(entries, demand.keys), "an object");
  const run: typeof lenient = (dataset, config) => {
    if (Array.isArray(dataset.value)) {
      v._addIssue(schema, "type", dataset, config);
      return dataset as unknown as ReturnType<typeof lenient>;
    }
    if (strict !== undefined && demand?.when(fieldsOf(dataset.value))) {
      return strict["~run"](dataset, config) as ReturnType<typeof lenient>;
    }
    return lenient(dataset, config);
  };
  return Object.assign(schema, { "~run": run });
}

function requiring(entries: v.ObjectEntries, keys: readonly PropertyKey[]): v.ObjectEntries {
  const strict = { ...entries };
  for (const key of keys.map(String)) {
    const entry: { wrapped?: unknown } = strict[key] as { wrapped?: unknown };
    if (entry.wrapped !== undefined) strict[key] = entry.wrapped as v.GenericSchema;
  }
  return strict;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? value as Fields : {};
}

/** Two fields, both or neither. */
export function bothOrNeither<Key extends string>(one: Key, other: Key): Demand<Key> {
  return { keys: [one, other], when: (input) => one in input || other in input };
}

/** JSON Schema's words for {@link bothOrNeither}. */
export function bothOrNeitherInJsonSchema(one: string, other: string): Record<string, unknown> {
  return { dependentRequired: { [one]: [other], [other]: [one] } };
}

/**
 * One of several structs, told apart by field `key`. Faults come in the order of the fields: where `key` fits none, the
 * first option is read, and refuses it at its place.
 */
export function choice<const K extends string, const O extends v.VariantOptions<K>>(key: K, options: O) {
  const schema = v.variant(key, options, "an object");
  const run: typeof schema["~run"] = (dataset, config) => {
    const value = fieldsOf(dataset.value)[key];
    const option = options.find((each) => v.is((each as { entries: v.ObjectEntries }).entries[key], value));
    return (option ?? options[0])["~run"](dataset, config) as ReturnType<typeof schema["~run"]>;
  };
  return Object.assign(schema, { "~run": run });
}

/** Any finite number within the bounds. */
export function number(min: number, max: number, description: string) {
  const expected = Number.isFinite(min) ? `a number ${min}..${max}` : "a finite number";
  if (!Number.isFinite(min)) return v.pipe(v.number(expected), v.finite(expected), v.description(description));
  return v.pipe(
    v.number(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
    v.description(description),
  );
}

/** The value counts, not the spelling: `1.0` and `1e3` are integers (SPEC ARC-SIG-json-integer). */
export function integer(min: number, max: number, description: string) {
  const expected = `an integer ${min}..${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
    v.description(description),
  );
}

export function flag(description: string) {
  return v.pipe(v.boolean("true or false"), v.description(description));
}

/** A string of `min` to `max` UTF-16 code units. */
export function text(min: number, max: number, description: string) {
  const expected = `a string of ${min} to ${max} characters`;
  const bounded = v.pipe(v.string(expected), v.maxLength(max, expected), v.description(description));
  return min === 0 ? bounded : v.pipe(bounded, v.minLength(min, expected));
}

/** A string of a form that `expected` names in words. */
export function pattern(form: RegExp, expected: string, description: string) {
  return v.pipe(v.string(expected), v.regex(form, expected), v.description(description));
}

/** One of a closed set of words (SPEC ARC-SIG-json-unknown-enum). */
export function oneOf<const W extends readonly string[]>(words: W, description: string) {
  return v.pipe(v.picklist(words, `one of ${words.join(", ")}`), v.description(description));
}

/** A list of `min` to `max` items; without `max` the size of the message is the bound. */
export function list<const S extends v.GenericSchema>(item: S, description: string, min = 0, max = Infinity) {
  const expected = max < Infinity
    ? `a list of ${min} to ${max} items`
    : min > 0
    ? `a list of at least ${min}`
    : "a list";
  const any = v.pipe(v.array(item, expected), v.description(description));
  const some = min === 0 ? any : v.pipe(any, v.minLength(min, expected));
  return max === Infinity ? some : v.pipe(some, v.maxLength(max, expected));
}

const BASE64URL_ANY = "A-Za-z0-9_-";
/** Last characters whose unused low bits are zero, by the number of those bits. */
const BASE64URL_LAST: Readonly<Record<number, string>> = { 0: BASE64URL_ANY, 2: "AEIMQUYcgkosw048", 4: "AQgw" };

/** Base64url text of exactly `bytes` bytes, in its one spelling: no padding, unused bits zero. */
export function base64Url(bytes: number, description: string) {
  const characters = Math.ceil((bytes * 8) / 6);
  const last = BASE64URL_LAST[characters * 6 - bytes * 8];
  const form = new RegExp(`^[${BASE64URL_ANY}]{${characters - 1}}[${last}]$`);
  return pattern(form, `base64url of ${bytes} bytes`, description);
}
