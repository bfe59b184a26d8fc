import assert from "node:assert/strict";
import { type Sample, SampleWindow } from "./sample_window.ts";

function sample(sequence: number, sentMs: number): Sample {
  return { sequence, round: sequence - 1, plannedMs: sentMs, sentMs, timestampMs: sentMs, challenge: `${sequence}` };
}

function windowOf(count: number, options: { waitMs?: number; capacity?: number } = {}): SampleWindow {
  const window = new SampleWindow(options.waitMs ?? 100, options.capacity ?? 16);
  for (let sequence = 1; sequence <= count; sequence++) window.add(sample(sequence, sequence * 10), true);
  return window;
}

const kinds = (window: SampleWindow, ...answers: [sequence: number, receivedMs: number][]) =>
  answers.map(([sequence, receivedMs]) => {
    const fit = window.answer(sequence, receivedMs);
    return fit.kind === "first" ? `${fit.isLate ? "late" : "ok"}${fit.isReordered ? " reordered" : ""}` : fit.kind;
  });

Deno.test("sample window: first answers, duplicates, reordering, strangers", () => {
  const window = windowOf(4);
  const seen = kinds(window, [1, 15], [3, 40], [2, 41], [3, 42], [4, 45], [9, 50], [0, 50], [-1, 50], [1.5, 50]);
  assert.deepEqual(seen, ["ok", "ok", "ok reordered", "repeated", "ok", "unknown", "unknown", "unknown", "unknown"]);
  assert.equal(window.pending, 0);
});

Deno.test("sample window: the deadline tells late from lost, and an answer after it still counts as late", () => {
  const window = windowOf(3);
  assert.equal(window.nextTimeoutMs(), 110);
  assert.equal(window.expire(109), undefined);
  assert.equal(window.expire(121)?.sequence, 1);
  assert.equal(window.expire(121)?.sequence, 2);
  assert.equal(window.expire(121), undefined);
  assert.equal(window.pending, 1);
  // At the deadline itself is in time; 3 was not expired yet and is late by its own times.
  assert.deepEqual(
    kinds(window, [2, 500], [3, 130.5], [2, 501]),
    ["late", "late", "repeated"],
  );
});

Deno.test("sample window: an answer exactly at its deadline is in time", () => {
  assert.deepEqual(kinds(windowOf(1), [1, 110]), ["ok"]);
  assert.deepEqual(kinds(windowOf(1), [1, 110.001]), ["late"]);
});

Deno.test("sample window: refused and unsent probes wait for nothing", () => {
  const window = windowOf(2);
  window.add(sample(3, 30), false);
  assert.equal(window.refuse(1), true);
  assert.equal(window.refuse(1), false);
  assert.equal(window.refuse(3), false);
  assert.equal(window.refuse(77), false);
  assert.equal(window.pending, 1);
  assert.deepEqual(kinds(window, [1, 20], [3, 40]), ["unknown", "unknown"]);
  assert.equal(window.nextTimeoutMs(), 120);
});

Deno.test("sample window: memory is bounded: the oldest in flight is forgotten and its answer is a stranger's", () => {
  const window = windowOf(20, { capacity: 8 });
  assert.equal(window.pending, 8);
  assert.equal(window.find(12), undefined);
  assert.deepEqual(kinds(window, [12, 300], [13, 230]), ["unknown", "ok"]);
  assert.equal(window.expire(1000)?.sequence, 14);
});

Deno.test("sample window: probes are numbered without gaps", () => {
  const window = windowOf(2);
  assert.throws(() => window.add(sample(4, 40), true), /expected probe 3, got 4/);
  assert.equal(window.findLast(10, ({ challenge }) => challenge === "1")?.sequence, 1);
  assert.equal(window.findLast(1, ({ challenge }) => challenge === "1"), undefined);
});
