import assert from "node:assert/strict";
import { HeldEpochs } from "./held_epochs.ts";

function heldUpTo(newest: number): HeldEpochs {
  const held = new HeldEpochs(1000);
  for (let epoch = 0; epoch <= newest; epoch++) held.add(epoch, epoch * 100);
  return held;
}

Deno.test("ARC-KEY-epoch-phase-lookup: four epochs have four phases, a fifth displaces the oldest", () => {
  const held = heldUpTo(3);
  assert.deepEqual([0, 1, 2, 3].map((phase) => held.ofPhase(phase)), [0, 1, 2, 3]);
  assert.equal(held.add(4, 400)?.epoch, 0);
  assert.deepEqual([0, 1, 2, 3].map((phase) => held.ofPhase(phase)), [4, 1, 2, 3]);
  assert.equal(held.ofPhase(6), 2, "only two bits of a phase count");
});

Deno.test("ARC-KEY-epoch-phase-lookup: epoch numbers near 2^32 have their phases", () => {
  const held = new HeldEpochs(1000);
  held.add(2 ** 32 - 2, 0);
  held.add(2 ** 32 - 1, 0);
  assert.deepEqual([0, 1, 2, 3].map((phase) => held.ofPhase(phase)), [-1, -1, 2 ** 32 - 2, 2 ** 32 - 1]);
});

Deno.test("held epochs: every epoch has an end but the newest, and an end never moves back", () => {
  const held = heldUpTo(2);
  assert.equal(held.firstEndMs(), Infinity);
  held.endOlderAt(500);
  held.endOlderAt(900);
  assert.equal(held.firstEndMs(), 500);
  assert.equal(held.newest.endMs, Infinity);
  assert.equal(held.removeOldest()?.epoch, 0);
  assert.equal(held.removeOldest()?.epoch, 1);
  assert.equal(held.firstEndMs(), Infinity);
});

Deno.test("held epochs: taking the newest back gives the one before its place again", () => {
  const held = heldUpTo(1);
  held.endOlderAt(500);
  held.removeNewest();
  assert.deepEqual([held.newest.epoch, held.newest.endMs, held.ofPhase(1)], [0, Infinity, -1]);
  assert.deepEqual(held.newestFirst(), [0]);
});

Deno.test("ARC-KEY-packet-count-scope: each epoch has one budget of its own", () => {
  const held = heldUpTo(1);
  held.find(0)?.budget.spend();
  assert.equal(held.find(0)?.budget.usedPackets, 1);
  assert.equal(held.find(1)?.budget.usedPackets, 0);
  assert.equal(held.find(2), undefined);
});

Deno.test("held epochs: none held is a programmer's mistake to ask about", () => {
  assert.throws(() => new HeldEpochs(1).newest, RangeError);
});
