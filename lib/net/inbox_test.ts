import assert from "node:assert/strict";
import { Inbox } from "./inbox.ts";

/** An inbox of numbers; even ones have to be let go before the next is taken. */
function setUp(capacity = 3) {
  const taken: number[] = [];
  const failures: unknown[] = [];
  const waiting: { go: () => void; fail: (error: Error) => void }[] = [];
  const inbox = new Inbox<number>(capacity, (item) => {
    if (item < 0) throw new Error("negative");
    taken.push(item);
    if (item % 2 === 1) return undefined;
    return new Promise((resolve, reject) => waiting.push({ go: resolve, fail: reject }));
  }, (error) => failures.push(error));
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  return { inbox, taken, failures, waiting, settle };
}

Deno.test("inbox: at once while nothing waits, in order afterwards", async () => {
  const { inbox, taken, waiting, settle } = setUp();
  for (const item of [1, 2, 3, 4]) assert.ok(inbox.push(item));
  assert.deepEqual(taken, [1, 2]);
  waiting[0].go();
  await settle();
  assert.deepEqual(taken, [1, 2, 3, 4]);
  assert.ok(inbox.push(5));
  assert.deepEqual(taken, [1, 2, 3, 4]);
  waiting[1].go();
  await settle();
  assert.deepEqual(taken, [1, 2, 3, 4, 5]);
});

Deno.test("inbox: what is over the bound is not taken", async () => {
  const { inbox, taken, waiting, settle } = setUp(2);
  assert.deepEqual([2, 3, 5, 7].map((item) => inbox.push(item)), [true, true, true, false]);
  waiting[0].go();
  await settle();
  assert.deepEqual(taken, [2, 3, 5]);
});

Deno.test("inbox: failures are told and the next item is taken; a closed one takes nothing", async () => {
  const { inbox, taken, failures, waiting, settle } = setUp();
  inbox.push(-1);
  inbox.push(2);
  inbox.push(3);
  waiting[0].fail(new Error("late"));
  await settle();
  assert.deepEqual(failures.map(String), ["Error: negative", "Error: late"]);
  assert.deepEqual(taken, [2, 3]);
  inbox.push(4);
  inbox.push(5);
  inbox.close();
  waiting[1].go();
  await settle();
  assert.ok(inbox.push(7));
  assert.deepEqual(taken, [2, 3, 4]);
});
