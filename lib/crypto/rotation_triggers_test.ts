import assert from "node:assert/strict";
import type { HeldEpoch } from "./held_epochs.ts";
import { DEFAULT_EPOCH_LIMITS, isBudgetLow, RotationTriggers } from "./rotation_triggers.ts";
import { PacketBudget } from "./srtp_keys.ts";

const BEGAN_MS = 1000;

function epoch(limitPackets = 1000, usedPackets = 0): HeldEpoch {
  const budget = new PacketBudget(limitPackets);
  for (let i = 0; i < usedPackets; i++) budget.spend();
  return { epoch: 0, beganMs: BEGAN_MS, endMs: Infinity, budget };
}

Deno.test("ARC-KEY-rotation-interval, ARC-KEY-rotation-packet-limit, ARC-KEY-rotation-rate: the protocol's numbers", () => {
  assert.deepEqual(DEFAULT_EPOCH_LIMITS, { intervalMs: 86_400_000, packetLimit: 2 ** 31, automaticSpacingMs: 60_000 });
});

Deno.test("ARC-KEY-rotation-packet-limit: low is 1/64 before the end, and at least one packet", () => {
  const firstLow = (limitPackets: number) => {
    const { budget } = epoch(limitPackets);
    while (!isBudgetLow(budget)) budget.spend();
    return budget.usedPackets;
  };
  assert.equal(firstLow(6400), 6300);
  assert.equal(firstLow(64), 63);
  assert.equal(firstLow(10), 9);
  assert.equal(firstLow(1), 0);
});

Deno.test("rotation triggers: due at the time that was told, for each reason", () => {
  const triggers = new RotationTriggers(DEFAULT_EPOCH_LIMITS);
  assert.equal(triggers.dueReason(epoch(), BEGAN_MS + 86_399_999), undefined);
  assert.equal(triggers.dueAtMs(epoch()), BEGAN_MS + 86_400_000);
  assert.equal(triggers.dueReason(epoch(), BEGAN_MS + 86_400_000), "interval");
  assert.equal(triggers.dueReason(epoch(64, 63), 2000), "packet_limit");
  triggers.want("security_event");
  assert.equal(triggers.dueReason(epoch(), 2000), "security_event");
  assert.equal(triggers.dueReason(epoch(64, 63), 2000), "packet_limit");
  triggers.want("manual");
  triggers.want("security_event");
  assert.equal(triggers.dueReason(epoch(64, 63), 2000), "manual");
  triggers.served();
  assert.equal(triggers.dueReason(epoch(), 2000), undefined);
});

Deno.test("ARC-KEY-rotation-rate: what is automatic waits for its spacing, manual does not", () => {
  const triggers = new RotationTriggers({ ...DEFAULT_EPOCH_LIMITS, automaticSpacingMs: 500 });
  triggers.started("security_event", 2000);
  triggers.want("security_event");
  assert.equal(triggers.dueAtMs(epoch()), 2500);
  assert.equal(triggers.dueReason(epoch(64, 64), 2499), undefined);
  assert.equal(triggers.dueReason(epoch(), 2500), "security_event");
  triggers.want("manual");
  assert.equal(triggers.dueAtMs(epoch()), -Infinity);
  assert.equal(triggers.dueReason(epoch(), 2001), "manual");
  triggers.started("manual", 2001);
  triggers.want("security_event");
  assert.equal(triggers.dueAtMs(epoch()), 2500, "a manual one does not count");
});

Deno.test("rotation triggers: a security event whose rotation failed is not forgotten, a manual wish is", () => {
  const triggers = new RotationTriggers({ ...DEFAULT_EPOCH_LIMITS, automaticSpacingMs: 0 });
  triggers.failed("manual");
  triggers.failed("interval");
  assert.equal(triggers.dueReason(epoch(), 2000), undefined);
  triggers.failed("security_event");
  assert.equal(triggers.dueReason(epoch(), 2000), "security_event");
});
