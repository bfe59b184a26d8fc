import assert from "node:assert/strict";
import { CASES, RULES } from "../registry.ts";
import { type Kill, killOf } from "./kills.ts";
import { MUTANTS } from "./registry.ts";

Deno.test("mutants have distinct ids of words, and break rules that exist", () => {
  assert.equal(new Set(MUTANTS.map(({ id }) => id)).size, MUTANTS.length);
  for (const { id, breaks } of MUTANTS) {
    assert.match(id, /^[a-z0-9]+\/[a-z]+(-[a-z]+)*$/);
    for (const rule of breaks) assert.ok(RULES.has(rule), `${id} breaks ${rule}, which is not in SPEC.md`);
  }
});

Deno.test("the kill table names every mutant, its rules, and only cases that exist and are about them", () => {
  const table = Deno.readTextFileSync(new URL("KILLS.md", import.meta.url));
  assert.match(
    table,
    new RegExp(`^${MUTANTS.length} of ${MUTANTS.length} are caught\\.$`, "m"),
    "run deno task mutants",
  );
  const entries = [...table.matchAll(/^(\S+\/\S+): .+\n {2}breaks {5}(.+)\n {2}caught by {2}(.+)$/gm)];
  assert.deepEqual(
    entries.map(([, id, breaks]) => [id, breaks.split(" ")]),
    MUTANTS.toSorted(byArea).map(({ id, breaks }) => [id, breaks]),
    "run deno task mutants",
  );
  for (const [, id, breaks, cases] of entries) {
    for (const name of cases.split(" ")) {
      const found = CASES.find((one) => one.id === name);
      assert.ok(found?.requirements.some((rule) => breaks.split(" ").includes(rule)), `${id}: ${name}`);
    }
  }
});

/** Areas in the order of their first mutant, as the table has them. */
function byArea(a: { readonly id: string }, b: { readonly id: string }): number {
  const rank = ({ id }: { readonly id: string }) =>
    MUTANTS.findIndex((one) => one.id.split("/")[0] === id.split("/")[0]);
  return rank(a) - rank(b);
}

/** Most of them wait, or are waited for: what they have to say is not said. More would wait for the processor too. */
const AT_A_TIME = 8;

Deno.test("the suite catches every mutant by a case of a rule that it breaks", async (t) => {
  const kills = new Map<string, Kill>();
  const queue = MUTANTS.values();
  const work = async () => {
    for (const mutant of queue) kills.set(mutant.id, await killOf(mutant));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  for (const mutant of MUTANTS) {
    await t.step(`mutant ${mutant.id}: by a case of ${mutant.breaks.join(" or ")}`, async () => {
      let kill = kills.get(mutant.id);
      // Who is early is not so among others on a busy host: alone it shows.
      if (kill === undefined || kill.cases.length === 0) kill = await killOf(mutant);
      assert.notEqual(kill.cases.length, 0, `it ${mutant.broken}; only these were seen: ${kill.others}`);
    });
  }
});
