/**
 * `deno task mutant ID [case...]`: what the suite says of one broken testee, server, relay or peer. Without an id it lists
 * them; the cases are globs over ids, by default those of the rules that the mutant breaks.
 */
import { countsAgainst } from "../verdict.ts";
import { CASES, registerCases } from "../registry.ts";
import { textReport } from "../report/text.ts";
import { resultsOf, runCases } from "../run/testing.ts";
import { selectCases } from "../selection.ts";
import { MUTANTS } from "./registry.ts";

const FINDING = 1;
const USAGE = 2;
const PATIENCE_MS = 3000;

async function runMutant(id: string, globs: readonly string[]): Promise<number> {
  const mutant = MUTANTS.find((one) => one.id === id);
  if (mutant === undefined) {
    console.error(`there is no mutant '${id}': deno task mutant lists them`);
    return USAGE;
  }
  console.error(`${id}: it ${mutant.broken}`);
  const wish = globs.length > 0 ? { ids: globs } : { requirements: mutant.breaks };
  const cases = selectCases(registerCases(CASES), wish).map(({ case: one }) => one);
  const { subjects, stop } = await mutant.start();
  const result = await runCases(cases.filter(({ needs }) => subjects[needs] !== undefined), {
    subjects,
    patienceMs: PATIENCE_MS,
  })
    .finally(stop);
  const style = { paint: (_colour: string, text: string) => text, verbose: false, columns: 100, version: "mutant" };
  console.log(textReport(result, style).trimEnd());
  return resultsOf(result).some(({ verdict }) => countsAgainst(verdict, true)) ? FINDING : 0;
}

const [id, ...globs] = Deno.args;
if (id === undefined) { for (const mutant of MUTANTS) console.log(`${mutant.id}: it ${mutant.broken}`); }
else Deno.exitCode = await runMutant(id, globs);
