import assert from "node:assert/strict";
import fc from "fast-check";
import { NO_SEQUENCE, SequenceMap } from "./sequence_map.ts";

/** What happens to the packets of a stream in the order in which they were sent. */
const fates = fc.array(
  fc.record({ fate: fc.constantFrom("passes", "passes", "passes", "lost", "withheld"), delay: fc.nat(6) }),
  { minLength: 1, maxLength: 60, size: "max" },
);
/** Often around the ends of the range. */
const u16 = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 2, 0xfff0, 0xfffe, 0xffff));

Deno.test("ARC-BRIDGE-kept-back: numbers move up behind what was withheld, and only there; each goes back to its own", () => {
  fc.assert(
    fc.property(fates, u16, fc.integer({ min: -0xffff, max: 0xffff }), (packets, first, offset) => {
      const map = new SequenceMap(offset);
      let withheld = 0;
      let withheldAtFirst = 0;
      let begun = false;
      packets.forEach(({ fate }, i) => {
        const sequence = (first + i) & 0xffff;
        if (fate === "withheld") {
          assert.ok(map.withhold(sequence));
          if (begun) withheld++;
          else withheldAtFirst++;
        } else if (fate === "passes") {
          begun = true;
          const out = map.forward(sequence);
          assert.equal(out, (sequence + offset - withheld) & 0xffff);
          assert.equal(map.back(out), sequence);
        }
      });
      assert.equal(map.withheldCount, withheld + withheldAtFirst);
    }),
    { seed: 11, numRuns: 300 },
  );
});

Deno.test("ARC-BRIDGE-kept-back: reordered packets take the number that is left for them, none twice", () => {
  fc.assert(
    fc.property(fates, u16, u16, (packets, first, offset) => {
      const map = new SequenceMap(offset);
      const arriving = packets.map((packet, i) => ({ ...packet, i })).filter(({ fate }) => fate !== "lost")
        .sort((a, b) => a.i + a.delay - b.i - b.delay);
      const outs = new Map<number, number>();
      for (const { i, fate } of arriving) {
        const sequence = (first + i) & 0xffff;
        if (fate === "withheld") map.withhold(sequence);
        else outs.set(sequence, map.forward(sequence));
      }
      const passed = [...outs].filter(([, out]) => out !== NO_SEQUENCE);
      assert.equal(new Set(passed.map(([, out]) => out)).size, passed.length);
      for (const [sequence, out] of passed) assert.equal(map.back(out), sequence);
      // In the order of sending the numbers only rise.
      const inOrder = packets.flatMap((_, i) => {
        const out = outs.get((first + i) & 0xffff);
        return out === undefined || out === NO_SEQUENCE ? [] : [out];
      });
      inOrder.forEach((out, i) => i === 0 || assert.ok(((out - inOrder[i - 1]) & 0xffff) < 0x8000));
    }),
    { seed: 12, numRuns: 300 },
  );
});

Deno.test("a number that no packet went out with has none on the other side", () => {
  const map = new SequenceMap(100);
  assert.equal(map.back(150), 50, "before the first packet any number may be asked for");
  map.forward(50);
  map.withhold(51);
  map.forward(52);
  assert.deepEqual([150, 151, 152, 149].map((out) => map.back(out)), [50, 52, NO_SEQUENCE, 49]);
});

Deno.test("packets from before the first that came have numbers of their own, below 0 too", () => {
  const map = new SequenceMap(10);
  assert.deepEqual([0, 0xffff, 1, 0xfffe].map((sequence) => map.forward(sequence)), [10, 9, 11, 8]);
  assert.deepEqual([8, 9, 10, 11].map((out) => map.back(out)), [0xfffe, 0xffff, 0, 1]);
});

Deno.test("the same packet twice has the same number, one that was withheld has none", () => {
  const map = new SequenceMap(0);
  assert.deepEqual([map.forward(1), map.forward(1)], [1, 1]);
  assert.ok(map.withhold(2));
  assert.equal(map.withhold(2), false);
  assert.equal(map.forward(2), NO_SEQUENCE);
  assert.equal(map.forward(3), 2);
});

Deno.test("what is older than the withheld packets that are remembered has no number, rather than a wrong one", () => {
  const map = new SequenceMap(0);
  map.forward(0);
  for (let i = 1; i <= 65; i++) map.withhold(i);
  assert.equal(map.forward(66), 1);
  assert.equal(map.forward(0), NO_SEQUENCE);
  assert.equal(map.back(0), NO_SEQUENCE);
});

Deno.test("ARC-BRIDGE-rtcp: extended numbers of reports count cycles as the sender's side does", () => {
  const map = new SequenceMap(-100);
  assert.equal(map.forward(50), 65_486);
  for (let i = 51; i < 400; i++) map.forward(i);
  // The receiver began at 65486 in cycle 0, and has seen 299 of cycle 1.
  assert.equal(map.backExtended(0x1_0000 + 299), 399);
  assert.equal(map.backExtended(65_486), 50);
});
