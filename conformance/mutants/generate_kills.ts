/**
 * `deno task mutants`: runs the suite against every mutant and writes `KILLS.md`; the exit code is 1 where one is not
 * caught. With `--check` nothing is written, and a table that is out of date is an error too.
 */
import { type Kill, killOf, killsText } from "./kills.ts";
import { MUTANTS } from "./registry.ts";

const FILE = new URL("KILLS.md", import.meta.url);

const kills: Kill[] = [];
for (const mutant of MUTANTS) {
  const kill = await killOf(mutant);
  kills.push(kill);
  if (kill.cases.length > 0) continue;
  console.error(`${mutant.id} is not caught: it ${mutant.broken}; only these were seen: ${kill.others.join(", ")}`);
  Deno.exitCode = 1;
}
const text = killsText(kills);
if (!Deno.args.includes("--check")) Deno.writeTextFileSync(FILE, text);
else if (Deno.readTextFileSync(FILE) !== text) {
  console.error("conformance/mutants/KILLS.md is out of date, run deno task mutants");
  Deno.exitCode = 1;
}
console.error(`${kills.filter(({ cases }) => cases.length > 0).length} of ${kills.length} mutants are caught`);
