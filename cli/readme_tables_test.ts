import assert from "node:assert/strict";
import { CLAUSE_HOMES, markdownTable, renewReadme } from "./readme_tables.ts";

const ROOT = new URL("../", import.meta.url);
const SPEC = Deno.readTextFileSync(new URL("conformance/SPEC.md", ROOT));

Deno.test("every clause of SPEC.md has its row, and every home that is named exists", () => {
  const clauses = [...SPEC.matchAll(/^# (\d+) /gm)].map(([, clause]) => clause);
  assert.deepEqual(Object.keys(CLAUSE_HOMES).sort(), clauses.sort());
  for (const home of Object.values(CLAUSE_HOMES).flat()) {
    assert.ok(Deno.statSync(new URL(home, ROOT)), home);
    assert.equal(Deno.statSync(new URL(home, ROOT)).isDirectory, home.endsWith("/"), home);
  }
});

Deno.test("a README that has lost a marker is an error that names it", () => {
  assert.throws(() => renewReadme("# nothing here", SPEC), /lost its markers <!-- generated: commands -->/);
});

Deno.test("tables are as wide as their widest cell", () => {
  assert.equal(markdownTable(["a", "bb"], [["ccc", "d"]]), "| a   | bb  |\n| --- | --- |\n| ccc | d   |\n");
});
