import assert from "node:assert/strict";
import fc from "fast-check";
import { ticksTo, timeTicks } from "./ticks.ts";

Deno.test("ticks: round marks from 0 to what is to be shown or above", () => {
  const shown = (most: number) => {
    const { values, text } = ticksTo(most);
    return values.map(text);
  };
  assert.deepEqual(shown(94), ["0", "50", "100"]);
  assert.deepEqual(shown(0.37), ["0.0", "0.2", "0.4"]);
  assert.deepEqual(shown(3), ["0", "1", "2", "3"]);
  assert.deepEqual(shown(0), ["0.0", "0.5", "1.0"]);
  fc.assert(fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (most) => {
    const { max, values } = ticksTo(most);
    assert.ok(max >= most * (1 - 1e-9) && max <= most * 5 && values.length >= 2 && values.length <= 5);
  }));
});

Deno.test("ticks: time in seconds, minutes or hours, within what is shown", () => {
  const shown = (from: number, to: number) => {
    const { values, text } = timeTicks(from, to);
    return values.map(text);
  };
  assert.deepEqual(shown(0, 5.6), ["0 s", "2 s", "4 s"]);
  assert.deepEqual(shown(0, 600), ["0 min", "5 min", "10 min"]);
  assert.deepEqual(shown(0, 4 * 3600), ["0 min", "1 h 00", "2 h 00", "3 h 00", "4 h 00"]);
  fc.assert(fc.property(fc.double({ min: 0.1, max: 1e10, noNaN: true }), (to) => {
    const { values } = timeTicks(0, to);
    assert.ok(values.length >= 2 && values.length <= 12 && values.every((value) => value >= 0 && value <= to * 1.001));
  }));
});
