/**
 * JSON Schemas of all messages, generated from the schemas that the library itself checks with.
 *
 * `deno run --allow-read --allow-write lib/signaling/generate_schemas.ts` writes `fixtures/schemas/`; with `--check` it
 * only compares, and fails where a file is not current.
 */
import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import { MESSAGE_SCHEMAS, STATUS_SCHEMAS } from "./messages/registry.ts";

/** The file that holds every message of a peer. */
export const INDEX_NAME = "arcrtc-messages.schema.json";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

const CONFIG: ConversionConfig = {
  target: "draft-2020-12",
  typeMode: "input",
  // What these check stands in metadata beside them where JSON Schema has words for it, else in the description.
  ignoreActions: ["check", "finite"],
};

type JsonSchema = Record<string, unknown>;

/** File name to text, the index first. Pure. */
export function generateSchemas(): ReadonlyMap<string, string> {
  const messages = Object.entries(MESSAGE_SCHEMAS).map(([type, schema]) => [type, schemaOf(type, schema)] as const);
  const statuses = Object.entries(STATUS_SCHEMAS).map(([type, schema]) => [type, schemaOf(type, schema)] as const);
  const index: JsonSchema = {
    $schema: DRAFT,
    title: "ArcSignaling message",
    description: "Any message of ArcRTC 1.0. Fields that are not listed are ignored.",
    oneOf: messages.map(([type]) => ({ $ref: `#/$defs/${type}` })),
    $defs: Object.fromEntries(messages),
  };
  const files = new Map([[INDEX_NAME, print(index)]]);
  for (const [type, schema] of [...messages, ...statuses]) {
    files.set(`${type}.schema.json`, print({ $schema: DRAFT, ...schema }));
  }
  return files;
}

function schemaOf(type: string, schema: Parameters<typeof toJsonSchema>[0]): JsonSchema {
  const { $schema: _, description, ...rest } = toJsonSchema(schema, CONFIG);
  return { title: type, description, ...rest };
}

function print(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (import.meta.main) {
  const folder = new URL("../../fixtures/schemas/", import.meta.url);
  const stale: string[] = [];
  for (const [name, text] of generateSchemas()) {
    const file = new URL(name, folder);
    if (!Deno.args.includes("--check")) {
      Deno.mkdirSync(folder, { recursive: true });
      Deno.writeTextFileSync(file, text);
    } else if (readIfThere(file) !== text) stale.push(name);
  }
  if (stale.length > 0) {
    console.error(`Not current: ${stale.join(", ")}. Run deno run -RW lib/signaling/generate_schemas.ts`);
    Deno.exit(1);
  }
}

function readIfThere(file: URL): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return undefined;
  }
}
