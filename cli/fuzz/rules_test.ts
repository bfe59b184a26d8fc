import assert from "node:assert/strict";
import requirements from "../../conformance/requirements.json" with { type: "json" };

Deno.test("fuzz: every rule that a finding may name is one of the specification", () => {
  const known = new Set(requirements.requirements.map(({ id }) => id));
  const targets = new URL("../../lib/fuzz/targets/", import.meta.url);
  let named = 0;
  for (const { name } of Deno.readDirSync(targets)) {
    for (const [id] of Deno.readTextFileSync(new URL(name, targets)).matchAll(/ARC-[A-Z]+-[a-z0-9-]+/g)) {
      assert.ok(known.has(id), `${name}: ${id} is not in SPEC.md`);
      named++;
    }
  }
  assert.ok(named > 10);
});
