import assert from "node:assert/strict";
import { audioFrame } from "../../lib/media/frame.ts";
import { FrameLedger, isWhole } from "./frame_ledger.ts";

const frame = (...bytes: number[]) => Uint8Array.from(bytes);
const audio = (byte: number) => audioFrame(frame(byte), 0, 0);

function ledger(sent: number[], received: number[]): FrameLedger {
  const made = new FrameLedger();
  sent.forEach((byte, i) => made.sent(audio(byte), i));
  received.forEach((byte, i) => made.received(frame(byte), i + 5));
  return made;
}

Deno.test("ledger: all frames, as they were", () => {
  // Frames may look alike: order tells them apart.
  const made = ledger([1, 2, 2, 3], [1, 2, 2, 3]);
  assert.deepEqual(made.balance, { sent: 4, received: 4, identical: 4, different: 0, missing: 0 });
  assert.equal(isWhole(made.balance), true);
  assert.deepEqual([made.latency.count, made.latency.minMs, made.latency.maxMs], [4, 5, 5]);
});

Deno.test("ledger: a missing, a changed, a repeated and a reordered frame are each found", () => {
  const cases: [number[], number, number, number][] = [
    [[1, 3], 2, 0, 1],
    [[1, 9, 3], 2, 1, 0],
    [[1, 2, 2, 3], 3, 1, 0],
    [[2, 1, 3], 2, 1, 0],
    [[], 0, 0, 3],
  ];
  for (const [received, identical, different, missing] of cases) {
    const { balance } = ledger([1, 2, 3], received);
    assert.deepEqual(balance, { sent: 3, received: received.length, identical, different, missing });
    assert.equal(isWhole(balance), false);
  }
});

Deno.test("ledger: nothing sent is no success", () => {
  assert.equal(isWhole(new FrameLedger().balance), false);
});
