import assert from "node:assert/strict";
import fc from "fast-check";
import { BoundedMap } from "./bounded_map.ts";

Deno.test("BoundedMap: holds the newest keys and gives back what makes room", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.nat(9), { maxLength: 60 }), (capacity, keys) => {
      const map = new BoundedMap<number, string>(capacity);
      const model: [number, string][] = [];
      keys.forEach((key, i) => {
        const value = `${key} ${i}`;
        const known = model.find(([each]) => each === key);
        const evicted = known === undefined && model.length === capacity ? model.shift()?.[1] : undefined;
        if (known === undefined) model.push([key, value]);
        else known[1] = value;
        assert.equal(map.set(key, value), evicted);
        assert.equal(map.size, model.length);
        for (let each = 0; each < 10; each++) {
          assert.equal(map.get(each), model.find(([other]) => other === each)?.[1]);
        }
        assert.deepEqual([...map.values()].sort(), model.map(([, each]) => each).sort());
      });
    }),
    { seed: 161, numRuns: 300 },
  );
});
