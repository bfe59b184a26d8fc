import assert from "node:assert/strict";
import fc from "fast-check";
import { PlayedIndexes } from "./played.ts";

Deno.test("the last 1024 indexes are known as played or skipped, older and later ones as not played", () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 40),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3000 })), {
        minLength: 1,
        maxLength: 80,
      }),
      (first, steps) => {
        const played = new PlayedIndexes();
        const all = new Set<number>();
        let index = first;
        for (const step of steps) {
          played.add(index);
          all.add(index);
          index += step;
        }
        const highest = Math.max(...all);
        for (let i = highest - 1100; i <= highest + 40; i++) {
          assert.equal(played.has(i), all.has(i) && i > highest - 1024, `${i} of ${highest}`);
        }
      },
    ),
    { seed: 82, numRuns: 100 },
  );
  assert.equal(new PlayedIndexes().has(0), false);
});
