import assert from "node:assert/strict";
import { EXAMPLES, STATUS_EXAMPLES } from "./examples.ts";
import { generateSchemas, INDEX_NAME } from "./generate_schemas.ts";
import type { JsonObject } from "./json_value.ts";
import { MESSAGE_TYPES } from "./messages/registry.ts";
import { messageToJson, readMessage } from "./parse_message.ts";
import { breachesOf, satisfies } from "./testing/json_schema.ts";

const FOLDER = new URL("../../fixtures/schemas/", import.meta.url);

Deno.test("schemas: the published JSON Schemas are those that the library checks with", () => {
  const files = generateSchemas();
  for (const [name, text] of files) {
    assert.equal(Deno.readTextFileSync(new URL(name, FOLDER)), text, `${name} is not current`);
  }
  const all = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".json"));
  // The suite's own documents are checked where they are made.
  const published = all.filter((name) => !name.startsWith("conformance-"));
  assert.deepEqual(published.toSorted(), [...files.keys()].toSorted());
});

Deno.test("schemas: examples satisfy their own schema and no other", () => {
  const schemas = new Map([...generateSchemas()].map(([name, text]) => [name, JSON.parse(text)]));
  const all = { ...EXAMPLES, ...STATUS_EXAMPLES };
  for (const [type, { minimal, full }] of Object.entries(all)) {
    for (const example of [minimal, full]) {
      for (const [name, schema] of schemas) {
        if (name === INDEX_NAME) continue;
        assert.equal(satisfies(schema, messageToJson(example)), name === `${type}.schema.json`, `${type} by ${name}`);
      }
    }
  }
});

Deno.test("schemas: what the checks refuse at a broken field, the JSON Schema refuses too", () => {
  let seen = 0;
  for (const type of MESSAGE_TYPES) {
    const schema = JSON.parse(generateSchemas().get(`${type}.schema.json`) ?? "");
    const example = messageToJson(EXAMPLES[type].full);
    for (const { what, path, value } of breachesOf(schema, example)) {
      assert.ok(!satisfies(schema, value), `${type} ${path.join(".")} ${what}: the schema allows it`);
      assert.ok(!readMessage(value as JsonObject).ok, `${type} ${path.join(".")} ${what}: the checks allow it`);
      seen++;
    }
  }
  assert.ok(seen > 1000);
});

Deno.test("schemas: the index holds every message of a peer", () => {
  const index = JSON.parse(generateSchemas().get(INDEX_NAME) ?? "");
  assert.deepEqual(Object.keys(index.$defs), [...MESSAGE_TYPES]);
  assert.deepEqual(
    index.oneOf.map((each: { $ref: string }) => each.$ref),
    MESSAGE_TYPES.map((type) => `#/$defs/${type}`),
  );
});
