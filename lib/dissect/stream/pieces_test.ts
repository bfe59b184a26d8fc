import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryBudget } from "../network/memory_budget.ts";
import { Pieces } from "./pieces.ts";

/** Records of a length byte and that many bytes; a length of 255 passes over 100 bytes. */
function lengthPrefixed(records: number[][]) {
  return (bytes: Uint8Array, start: number, end: number): number => {
    let at = start;
    while (at < end) {
      if (bytes[at] === 255) {
        at += 101;
        continue;
      }
      const next = at + 1 + bytes[at];
      if (next > end) return at;
      records.push([...bytes.subarray(at + 1, next)]);
      at = next;
    }
    return at;
  };
}

Deno.test("pieces: the same records however the stream is cut, and no memory when all is read", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1 }),
      fc.nat(12),
      (list, sizes, skipAt) => {
        const stream: number[] = [];
        list.forEach((record, i) => {
          if (i === skipAt) stream.push(255, ...new Array<number>(100).fill(1));
          stream.push(record.length, ...record);
        });
        const budget = new MemoryBudget(10_000);
        const records: number[][] = [];
        const pieces = new Pieces(lengthPrefixed(records), budget);
        for (let at = 0, i = 0; at < stream.length; i++) {
          const bytes = Uint8Array.from([9, ...stream.slice(at, at + sizes[i % sizes.length]), 9]);
          assert.equal(pieces.push(bytes, 1, bytes.length - 1), true);
          at += sizes[i % sizes.length];
        }
        assert.deepEqual(records, list.map((record) => [...record]));
        assert.deepEqual([pieces.heldBytes, budget.usedBytes], [0, 0]);
      },
    ),
    { seed: 61, numRuns: 400 },
  );
});

Deno.test("pieces: without memory everything held is forgotten, and the next piece begins anew", () => {
  const budget = new MemoryBudget(300);
  const records: number[][] = [];
  const pieces = new Pieces(lengthPrefixed(records), budget);
  const push = (...bytes: number[]) => pieces.push(Uint8Array.from(bytes), 0, bytes.length);
  assert.equal(push(200, 1, 2), true);
  assert.ok(budget.usedBytes > 0);
  assert.equal(push(...new Array<number>(150).fill(3)), true);
  assert.equal(budget.take(300 - budget.usedBytes), true);
  assert.equal(push(...new Array<number>(40).fill(3)), true, "what fits the memory at hand is still taken");
  const other = new Pieces(lengthPrefixed(records), budget);
  assert.equal(other.push(Uint8Array.of(2, 1), 0, 2), false);
  assert.equal(other.heldBytes, 0);
  assert.equal(other.push(Uint8Array.of(2, 1, 7), 0, 3), true);
  assert.deepEqual(records, [[1, 7]]);
  pieces.clear();
  assert.equal(pieces.heldBytes, 0);
});
