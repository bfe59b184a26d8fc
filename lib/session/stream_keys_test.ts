import assert from "node:assert/strict";
import { toHex } from "../base/bytes.ts";
import { streamKeys } from "../crypto/key_schedule.ts";
import { PacketBudget } from "../crypto/srtp_keys.ts";
import { StreamKeyring } from "./stream_keys.ts";
import { BACKEND, CALLER, master, VIDEO_STREAM } from "./testing/plane_pair.ts";

function keyring(): StreamKeyring {
  return new StreamKeyring(BACKEND, "aes-128-gcm", "hmac-sha256-80");
}

Deno.test("ARC-KEY-schedule-ssrc-share: a stream's keys come from the epoch's master key, before and after it began", () => {
  const ring = keyring();
  const early = ring.stream(VIDEO_STREAM);
  ring.epochMade(0, master(0), new PacketBudget());
  const late = ring.stream(VIDEO_STREAM);
  const rtcp = ring.rtcp(CALLER);
  const salt = toHex(streamKeys(master(0), VIDEO_STREAM, "aes-128-gcm").salt);
  assert.equal(toHex(early.ofPhase(0)?.salt ?? assert.fail()), salt);
  assert.equal(toHex(late.ofPhase(0)?.salt ?? assert.fail()), salt);
  assert.notEqual(toHex(rtcp.ofPhase(0)?.salt ?? assert.fail()), salt);
  assert.equal(early.ofPhase(1), undefined);
});

Deno.test("ARC-KEY-epoch-trial: the sending epoch first, then the others from the newest on", () => {
  const ring = keyring();
  assert.equal(ring.trialEpoch(0), -1);
  for (const epoch of [4, 5, 6]) ring.epochMade(epoch, master(epoch), new PacketBudget());
  ring.epochSend(5);
  assert.deepEqual([0, 1, 2, 3].map((attempt) => ring.trialEpoch(attempt)), [5, 6, 4, -1]);
  assert.deepEqual([0, 1, 2, 3].map((keyPhase) => ring.epochOfPhase(keyPhase)), [4, 5, 6, -1]);
});

Deno.test("ARC-KEY-rotation-key-erased: retired keys are gone and their handles freed; a new epoch of the same K makes room", () => {
  const ring = keyring();
  const keys = ring.stream(VIDEO_STREAM);
  ring.epochMade(1, master(1), new PacketBudget());
  const held = keys.ofPhase(1) ?? assert.fail();
  ring.epochRetired(1);
  ring.epochRetired(1);
  assert.equal(keys.ofPhase(1), undefined);
  assert.throws(() => held.aead.open(new Uint8Array(12), new Uint8Array(40), 0, 0, 8), /freed/);
  assert.ok(held.salt.every((byte) => byte === 0));
  ring.epochMade(1, master(1), new PacketBudget());
  const first = keys.ofPhase(1) ?? assert.fail();
  ring.epochMade(5, master(5), new PacketBudget());
  assert.notEqual(keys.ofPhase(1), first);
  assert.throws(() => first.aead.open(new Uint8Array(12), new Uint8Array(40), 0, 0, 8), /freed/);
  assert.equal(ring.epochOfPhase(1), 5);
  ring.release(keys);
  assert.equal(keys.ofPhase(1), undefined);
  ring.epochMade(6, master(6), new PacketBudget());
  assert.equal(keys.ofPhase(2), undefined, "a released set takes in no more");
});

Deno.test("ARC-KEY-rotation-stop: nothing may be sent before an epoch is chosen, or after its budget is spent", () => {
  const ring = keyring();
  assert.equal(ring.maySend, false);
  assert.throws(() => ring.epochSend(0), /not held/);
  const budget = new PacketBudget(1);
  ring.epochMade(0, master(0), budget);
  assert.equal(ring.maySend, false);
  ring.epochSend(0);
  assert.equal(ring.maySend, true);
  budget.spend();
  assert.equal(ring.maySend, false);
  ring.free();
  assert.equal(ring.sendEpoch, 0);
  assert.equal(ring.maySend, false);
});
