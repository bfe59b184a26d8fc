/** Messages made from their schemas: every choice, optional fields in and out, leaves from the examples and their bounds. */
import { utf8 } from "../base/bytes.ts";
import { EXAMPLES, STATUS_EXAMPLES } from "../signaling/examples.ts";
import { generateSchemas, INDEX_NAME } from "../signaling/generate_schemas.ts";
import type { CaseRandom } from "./target.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The keywords that the generated schemas use and that say something of a value. */
interface Schema {
  readonly type?: string;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** Texts of the examples by the name of their field: what a pattern would be hard to guess from. */
function exampleTexts(): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, string[]>();
  const gather = (name: string, value: unknown): void => {
    if (typeof value === "string") texts.set(name, [...(texts.get(name) ?? []), value]);
    else if (Array.isArray(value)) value.forEach((item) => gather(name, item));
    else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) gather(key, member);
    }
  };
  for (const { minimal, full } of [...Object.values(EXAMPLES), ...Object.values(STATUS_EXAMPLES)]) {
    gather("", minimal);
    gather("", full);
  }
  return texts;
}

interface Sources {
  readonly schemas: ReadonlyMap<string, Schema>;
  readonly texts: ReadonlyMap<string, readonly string[]>;
}

let sources: Sources | undefined;

function load(): Sources {
  if (sources !== undefined) return sources;
  const schemas = [...generateSchemas()].filter(([name]) => name !== INDEX_NAME)
    .map(([name, text]) => [name.replace(".schema.json", ""), JSON.parse(text) as Schema] as const);
  sources = { schemas: new Map(schemas), texts: exampleTexts() };
  return sources;
}

/** One message of `type` as JSON text. */
export function generateMessage(type: string, random: CaseRandom): Uint8Array {
  const schema = load().schemas.get(type);
  if (schema === undefined) throw new RangeError(`there is no message ${type}`);
  return utf8(JSON.stringify(valueOf(schema, "", random, 0)));
}

function valueOf(schema: Schema, name: string, random: CaseRandom, depth: number): Json {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return random.pick(schema.enum);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) {
    const chosen = valueOf(random.pick(choices), name, random, depth);
    if (schema.properties === undefined) return chosen;
    return { ...membersOf(schema, random, depth), ...(chosen as Members) };
  }
  switch (schema.type) {
    case "object":
      return membersOf(schema, random, depth);
    case "array": {
      const least = schema.minItems ?? 0;
      const most = Math.min(schema.maxItems ?? 4, least + 4);
      const count = least + random.below(most - least + 1);
      return Array.from({ length: count }, () => valueOf(schema.items ?? {}, name, random, depth + 1));
    }
    case "integer":
    case "number":
      return numberOf(schema, random);
    case "boolean":
      return random.bool();
    case "string":
      return textOf(schema, name, random);
    default:
      return membersOf(schema, random, depth);
  }
}

type Members = { readonly [key: string]: Json };

function membersOf(schema: Schema, random: CaseRandom, depth: number): Members {
  const { properties = {}, required = [] } = schema;
  const members: { [key: string]: Json } = {};
  for (const name in properties) {
    const isThere = required.includes(name) ? !random.oneIn(60) : random.bool();
    if (isThere) members[name] = valueOf(properties[name], name, random, depth + 1);
  }
  return members;
}

function numberOf({ type, minimum = 0, maximum = 2 ** 32 }: Schema, random: CaseRandom): number {
  const span = maximum - minimum;
  const any = minimum + (span > 2 ** 32 ? random.u32() : random.u32() % (span + 1));
  const value = random.pick([minimum, maximum, any, any, minimum + 1, random.oneIn(10) ? maximum + 1 : any]);
  return type === "number" && random.oneIn(4) ? value + 0.5 : value;
}

function textOf({ minLength = 0, maxLength = 20 }: Schema, name: string, random: CaseRandom): string {
  const known = load().texts.get(name);
  if (known !== undefined && !random.oneIn(8)) return random.pick(known);
  const length = random.pick([minLength, Math.min(maxLength, 300), minLength + random.below(8)]);
  return random.pick(["x", "0", "é", " ", "/"]).repeat(length);
}
