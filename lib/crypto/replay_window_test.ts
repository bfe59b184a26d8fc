import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_PACKET_INDEX } from "./packet_index.ts";
import { ReplayWindow } from "./replay_window.ts";

/** The window as a set of every index ever seen. */
class ReplayModel {
  readonly #seen = new Set<number>();
  #highest = -1;
  readonly sizePackets: number;

  constructor(sizePackets: number) {
    this.sizePackets = sizePackets;
  }

  check(index: number): boolean {
    return index >= 0 && index > this.#highest - this.sizePackets && !this.#seen.has(index);
  }

  commit(index: number): void {
    this.#seen.add(index);
    this.#highest = Math.max(this.#highest, index);
  }
}

Deno.test("ARC-SRTP-replay-window: accepts exactly what a set of all indexes seen accepts, for every size", () => {
  const sizes = fc.constantFrom(64, 128, 192, 448, 4096);
  const start = fc.constantFrom(0, 60, 65_530, 2 ** 32 - 5, MAX_PACKET_INDEX - 20_000);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -70, max: 6 }) },
    { weight: 2, arbitrary: fc.integer({ min: -200, max: 200 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(-4097, -4096, -4095, -129, -128, -65, -64, -63, 63, 64, 65, 127, 128, 4096),
    },
  );
  fc.assert(
    fc.property(sizes, start, fc.array(step, { minLength: 50, maxLength: 300 }), (size, start, steps) => {
      const window = new ReplayWindow(size);
      const model = new ReplayModel(size);
      for (const step of steps) {
        const index = window.highestIndex < 0 ? start : window.highestIndex + step;
        assert.equal(window.check(index), model.check(index), `index ${index} highest ${window.highestIndex}`);
        if (!model.check(index)) continue;
        window.commit(index);
        model.commit(index);
      }
    }),
    { seed: 31, numRuns: 300 },
  );
});

Deno.test("ARC-SRTP-replay-window: 64 by default, the highest index and those below it", () => {
  const window = new ReplayWindow();
  assert.equal(window.sizePackets, 64);
  assert.equal(window.highestIndex, -1);
  window.commit(1000);
  assert.equal(window.check(1000), false);
  assert.equal(window.check(999), true);
  assert.equal(window.check(1000 - 63), true);
  assert.equal(window.check(1000 - 64), false);
  assert.equal(window.check(1001), true);
  assert.equal(window.check(MAX_PACKET_INDEX), true);
});

Deno.test("ARC-SRTP-replay-window-size: every multiple of 64 from 64 to 4096 spans as many packets", () => {
  for (let size = 64; size <= 4096; size += 64) {
    const window = new ReplayWindow(size);
    window.commit(10_000);
    assert.equal(window.check(10_000 - size + 1), true);
    assert.equal(window.check(10_000 - size), false);
  }
});

Deno.test("ARC-SRTP-replay-window-size, ARC-SRTP-replay-always-on: no other size, and no size 0, can be made", () => {
  for (const size of [0, 1, 32, 63, 65, 100, 4097, 4160, -64, 64.5, NaN, Infinity]) {
    assert.throws(() => new ReplayWindow(size), RangeError, `size ${size}`);
  }
});

Deno.test("ARC-SRTP-commit-after-auth: check alone changes nothing, however far ahead", () => {
  const window = new ReplayWindow();
  window.commit(100);
  assert.equal(window.check(1_000_000), true);
  assert.equal(window.check(99), true);
  assert.equal(window.highestIndex, 100);
  assert.equal(window.check(99), true);
  assert.equal(window.check(100), false);
});

Deno.test("replay window: nothing before index 0, and a jump clears every old mark", () => {
  const window = new ReplayWindow();
  assert.equal(window.check(-1), false);
  for (let index = 0; index < 64; index++) window.commit(index);
  assert.equal(window.check(-1), false);
  for (let index = 0; index < 64; index++) assert.equal(window.check(index), false);
  window.commit(63 + 64);
  for (let index = 64; index < 127; index++) assert.equal(window.check(index), true, `index ${index}`);
  window.commit(MAX_PACKET_INDEX);
  assert.equal(window.check(MAX_PACKET_INDEX - 1), true);
});

Deno.test("replay window: a commit below the window is without effect", () => {
  const window = new ReplayWindow();
  window.commit(1000);
  window.commit(1000 - 64);
  assert.equal(window.highestIndex, 1000);
  for (let index = 937; index < 1000; index++) assert.equal(window.check(index), true, `index ${index}`);
});
