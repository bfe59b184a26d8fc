import assert from "node:assert/strict";
import registry from "../requirements.json" with { type: "json" };
import { Group, vectorFile } from "./case.ts";
import { generateVectors } from "./generate.ts";
import { readVectorFiles, VECTORS } from "./read.ts";
import { findFault, type Schema } from "./reference/json_schema.ts";
import type { Value } from "./reference/strict_json.ts";

const generated = generateVectors();
const files = readVectorFiles();
const tests = files.flatMap(({ groups }) => groups.flatMap((group) => group.tests));

Deno.test("vectors: generating twice gives the same text", () => {
  assert.deepEqual(generateVectors(), generated);
});

Deno.test("vectors: the published files are those that are generated, and no others are there", () => {
  const there = [...Deno.readDirSync(VECTORS)].map(({ name }) => name).sort();
  assert.deepEqual(there, Object.keys(generated).sort());
  for (const [name, text] of Object.entries(generated)) {
    assert.ok(Deno.readTextFileSync(new URL(name, VECTORS)) === text, `${name} is out of date: deno task generate`);
  }
});

Deno.test("vectors: every file has the shape of the published schema", () => {
  const schema: Schema = JSON.parse(generated["vectors.schema.json"]);
  for (const file of files) {
    assert.deepEqual([file.area, findFault(schema, file as unknown as Value)], [file.area, undefined]);
  }
});

Deno.test("vectors: the schema refuses what is not a vector file", () => {
  const schema: Schema = JSON.parse(generated["vectors.schema.json"]);
  const good = JSON.parse(generated["quality.json"]);
  const broken = (change: (file: typeof good) => void) => {
    const file = structuredClone(good);
    change(file);
    return findFault(schema, file)?.path;
  };
  assert.equal(broken(() => {}), undefined);
  assert.equal(broken((file) => file.schema = "arcrtc.vectors/2"), "$.schema");
  assert.equal(broken((file) => file.groups[0].tests[0].result = "maybe"), "$.groups[0].tests[0].result");
  assert.equal(
    broken((file) => file.groups[0].tests[0].requirements = ["RFC 3550"]),
    "$.groups[0].tests[0].requirements[0]",
  );
  assert.equal(broken((file) => delete file.groups[0].tests[0].expected), "$.groups[0].tests[0].expected");
  assert.equal(broken((file) => file.groups[0].tests[1].surprise = 1), "$.groups[0].tests[1].surprise");
});

Deno.test("vectors: counts are right, and at least half of the cases are invalid", () => {
  for (const { area, groups, count, counts } of files) {
    const all = groups.flatMap((group) => group.tests);
    assert.equal(count, all.length, area);
    for (const verdict of ["valid", "invalid", "acceptable"] as const) {
      assert.equal(counts[verdict], all.filter(({ result }) => result === verdict).length, `${area} ${verdict}`);
    }
  }
  assert.ok(tests.length >= 900, `only ${tests.length} cases`);
  assert.ok(tests.filter(({ result }) => result === "invalid").length * 2 >= tests.length);
});

Deno.test("vectors: no two cases make the same request", () => {
  const seen = new Map<string, string>();
  for (const { area, groups } of files) {
    for (const { op, common, tests } of groups) {
      for (const { id, input } of tests) {
        const request = JSON.stringify({ op, ...common, ...input });
        assert.equal(seen.get(request), undefined, `${area}/${id} asks what ${seen.get(request)} asks`);
        seen.set(request, `${area}/${id}`);
      }
    }
  }
});

Deno.test("vectors: no two cases of a group say the same, and each names rules that exist", () => {
  const known = new Set(registry.requirements.map(({ id }) => id));
  for (const { area, groups } of files) {
    for (const { tests } of groups) {
      const comments = new Map<string, string>();
      for (const { id, comment, requirements } of tests) {
        const name = `${area}/${id}`;
        assert.ok(comment.endsWith("."), `${name}: ${comment}`);
        assert.equal(comments.get(comment), undefined, `${name} says what ${comments.get(comment)} says: ${comment}`);
        assert.deepEqual(requirements.filter((requirement) => !known.has(requirement)), [], name);
        comments.set(comment, id);
      }
    }
  }
});

Deno.test("vectors: whoever meets the id of a case can search for it, and read it when it is found", () => {
  // What the code search of GitHub indexes of a file; a larger one is not found by a word in it.
  const searched = 350 * 1024;
  for (const [name, text] of Object.entries(generated)) {
    assert.ok(text.length < searched, `${name} has ${text.length} bytes: make two areas of it`);
  }
  // A unit of 1,200 bytes in hex with what it was made of and what comes out; those about the longest message show one.
  const readable = 8000;
  const large = files.flatMap(({ area, groups }) =>
    groups.flatMap(({ tests }) => tests.filter((test) => JSON.stringify(test).length > readable))
      .map(({ id }) => `${area}/${id}`)
  );
  assert.deepEqual(large, ["json/size-65535", "json/size-65536"]);
});

Deno.test("vectors: a file refuses two cases of one name, a flag without a note and a note without a case", () => {
  const group = (...ids: string[]) => {
    const cases = new Group("a.b");
    for (const id of ids) cases.valid(id, "A case.", "ARC-RTP-version", {}, {}, { flags: ["Flag"] });
    return cases;
  };
  const notes = { Flag: { meaning: "m", requirements: ["ARC-RTP-version"] } };
  assert.equal(vectorFile("a", "b", notes, [group("x", "y")]).count, 2);
  assert.throws(() => vectorFile("a", "b", notes, [group("x"), group("x")]), /two cases are named x/);
  assert.throws(() => vectorFile("a", "b", {}, [group("x")]), /unexplained flag Flag/);
  assert.throws(
    () => vectorFile("a", "b", { ...notes, Other: notes.Flag }, [group("x")]),
    /no case has the flag Other/,
  );
});
