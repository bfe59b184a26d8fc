/** JSON Schemas of what the suite writes, from the schemas that type it. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { CAPSULE_SCHEMA } from "./capsule/capsule.ts";
import { REPORT_SCHEMA } from "./report/report_schema.ts";

/** File name to text. */
export function generateDocumentSchemas(): ReadonlyMap<string, string> {
  const schemas = { "conformance-report": REPORT_SCHEMA, "conformance-capsule": CAPSULE_SCHEMA };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      `${name}.schema.json`,
      `${JSON.stringify(toJsonSchema(schema, { target: "draft-2020-12" }), null, 2)}\n`,
    ]),
  );
}
