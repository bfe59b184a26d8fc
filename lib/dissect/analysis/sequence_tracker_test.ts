import assert from "node:assert/strict";
import fc from "fast-check";
import { below, SeededRng } from "../../base/rng.ts";
import { SequenceTracker } from "./sequence_tracker.ts";

function track(...numbers: number[]): SequenceTracker {
  const tracker = new SequenceTracker();
  for (const number of numbers) tracker.handle(number & 0xffff);
  return tracker;
}

Deno.test("ARC-LOSS-detect: gaps are losses until the packet comes late, repetitions are counted apart", () => {
  const tracker = track(10, 11, 14, 13, 13, 14, 16);
  assert.deepEqual(
    [tracker.expected, tracker.lost, tracker.reordered, tracker.duplicates, tracker.strays, tracker.jumps],
    [7, 2, 1, 2, 0, 0],
  );
});

Deno.test("sequence: packets from before the first widen what was expected", () => {
  const tracker = track(5, 3, 65_535, 4);
  assert.deepEqual([tracker.expected, tracker.lost, tracker.reordered, tracker.rollovers], [7, 3, 3, 0]);
});

Deno.test("ARC-SRTP-roc-start: wraps are counted", () => {
  const tracker = track(65_000);
  for (let i = 1; i < 200_000; i++) tracker.handle((65_000 + i) & 0xffff);
  assert.deepEqual([tracker.expected, tracker.lost, tracker.rollovers], [200_000, 0, 4]);
});

Deno.test("sequence: a stray changes nothing; two numbers in a row elsewhere are a new beginning", () => {
  const stray = track(100, 101, 30_000, 102, 40_000, 103);
  assert.deepEqual([stray.expected, stray.lost, stray.strays, stray.jumps], [4, 0, 2, 0]);
  const jump = track(100, 102, 30_000, 30_001, 30_003, 30_000);
  assert.deepEqual([jump.expected, jump.lost, jump.strays, jump.jumps, jump.duplicates], [7, 2, 0, 1, 1]);
  const back = track(...Array.from({ length: 2000 }, (_, i) => i), 5, 6, 7);
  assert.deepEqual([back.expected, back.lost, back.jumps, back.duplicates], [2003, 0, 1, 0]);
});

Deno.test("sequence: what each packet is, and the gap in front of it", () => {
  const tracker = new SequenceTracker();
  const seen = [7, 8, 12, 10, 10, 9000, 13].map((number) => [tracker.handle(number), tracker.gap]);
  assert.deepEqual(seen, [
    ["next", 0],
    ["next", 0],
    ["next", 3],
    ["late", 0],
    ["duplicate", 0],
    ["stray", 0],
    ["next", 0],
  ]);
});

Deno.test("sequence: through loss, repetition and reordering the figures are those of the truth", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(65_535), fc.integer({ min: 2, max: 4000 }), (seed, first, count) => {
      const rng = new SeededRng(seed);
      const sent = Array.from({ length: count }, (_, i) => i).filter(() => below(rng, 10) > 0);
      const arrivals: { readonly at: number; readonly number: number }[] = [];
      for (const number of sent) {
        for (let copies = below(rng, 20) === 0 ? 2 : 1; copies > 0; copies--) {
          arrivals.push({ at: number + below(rng, 30), number });
        }
      }
      arrivals.sort((a, b) => a.at - b.at);
      const tracker = track(...arrivals.map(({ number }) => first + number));
      const numbers = [...new Set(arrivals.map(({ number }) => number))];
      const expected = numbers.length === 0 ? 0 : Math.max(...numbers) - Math.min(...numbers) + 1;
      let highest = -1;
      let late = 0;
      const seen = new Set<number>();
      for (const { number } of arrivals) {
        if (number < highest && !seen.has(number)) late++;
        seen.add(number);
        highest = Math.max(highest, number);
      }
      assert.deepEqual(
        [tracker.expected, tracker.lost, tracker.duplicates, tracker.reordered, tracker.jumps],
        [expected, expected - numbers.length, arrivals.length - numbers.length, late, 0],
      );
    }),
    { seed: 181, numRuns: 100 },
  );
});
