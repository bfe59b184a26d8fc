import assert from "node:assert/strict";
import { runArgs } from "../testing/run_line.ts";
import { figuresOf, figuresTable, withTable } from "./figures.ts";
import { ownedDirectory } from "./testing/owned_directory.ts";

const progress = (target: string, executions: number, busy_seconds: number) =>
  JSON.stringify({ kind: "progress", target, executions, busy_seconds });
const summary = (...targets: string[]) => `{"kind":"summary","targets":[${targets.join(",")}]}`;

Deno.test("fuzz figures: summaries add up, and a run without one counts by its last progress", () => {
  const runs = [
    progress("a", 5, 1),
    summary(progress("a", 10, 2), progress("b", 3, 4)),
    progress("a", 7, 1),
    progress("a", 100, 3),
    // Another run begins, and is cut off.
    progress("a", 1, 0.5),
    '{"kind":"progress","targ',
  ].join("\n");
  assert.deepEqual([...figuresOf(runs)], [
    ["a", { executions: 111, seconds: 5.5 }],
    ["b", { executions: 3, seconds: 4 }],
  ]);
});

Deno.test("fuzz figures: the table stands between the markers, whatever stood there", () => {
  const table = figuresTable(new Map([["a", { executions: 1_234_567, seconds: 10 }]]));
  assert.ok(table.includes("| a | 1,234,567 | 10 | 123,457 |\n| all | 1,234,567 | 10 | 123,457 |\n"));
  const document = "# Title\n<!-- figures -->\nold\n<!-- /figures -->\nrest\n";
  assert.equal(withTable(document, table), `# Title\n<!-- figures -->\n\n${table}\n<!-- /figures -->\nrest\n`);
  assert.equal(withTable("# Title\n", table), undefined);
});

Deno.test("fuzz figures: a real run's output becomes the table of a document", async () => {
  using directory = ownedDirectory();
  const [run, document] = [`${directory.path}/run.jsonl`, `${directory.path}/README.md`];
  const fuzzed = await runArgs(["fuzz", "packet.demux", "packet.rtcp", "--count", "300", "--json", "-q"]);
  Deno.writeTextFileSync(run, fuzzed.out);
  Deno.writeTextFileSync(document, "<!-- figures -->\n<!-- /figures -->\n");
  const { exitCode, out } = await runArgs(["fuzz", "figures", run, run, "--into", document, "--json"]);
  assert.equal(exitCode, 0);
  assert.equal(JSON.parse(out).executions, 1200);
  assert.match(Deno.readTextFileSync(document), /\| packet\.demux \| 600 \| /);
  assert.equal((await runArgs(["fuzz", "figures", document])).exitCode, 2);
});
