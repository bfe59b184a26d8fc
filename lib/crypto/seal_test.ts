import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, decodeUtf8, toHex, utf8 } from "../base/bytes.ts";
import type { FaultReason, Parsed } from "../base/parsed.ts";
import { unwrap } from "../base/parsed.ts";
import { sealingKey } from "./key_schedule.ts";
import { isSealed, openSealed, Sealer, SealReceiver } from "./seal.ts";
import { BACKENDS, inDirtyPool, randomBytes } from "./testing/backends.ts";
import { CALLEE_ID, CALLER_ID, MASTER_0, MASTER_1, SEALED } from "./testing/reference_session.ts";

const JSON_TEXT = '{"type":"HEARTBEAT"}';
const [backend] = BACKENDS;

function sealer(master = MASTER_0, peerId = CALLER_ID, firstCounter = 0): Sealer {
  return new Sealer(backend.importMac(sealingKey(master, peerId)), firstCounter);
}

function receiver(master = MASTER_0, peerId = CALLER_ID): SealReceiver {
  return new SealReceiver(backend.importMac(sealingKey(master, peerId)));
}

function seal(by: Sealer, json: string | Uint8Array = JSON_TEXT): Uint8Array {
  const target = new Uint8Array(1300);
  return target.slice(0, unwrap(by.seal(typeof json === "string" ? utf8(json) : json, target)));
}

function assertRefused(opened: Parsed<unknown>, reason: FaultReason): void {
  assert.ok(!opened.ok, "expected a refusal");
  assert.equal(opened.fault.reason, reason);
}

for (const each of BACKENDS) {
  Deno.test(`ARC-SEAL-format, ARC-SEAL-tag: the unit of an implementation apart, backend ${each.name}`, () => {
    const key = sealingKey(MASTER_0, CALLER_ID);
    const target = new Uint8Array(64);
    const written = unwrap(new Sealer(each.importMac(key), 7).seal(utf8(JSON_TEXT), target));
    assert.equal(toHex(target.subarray(0, written)), toHex(SEALED));
    const json = unwrap(new SealReceiver(each.importMac(key)).open(SEALED));
    assert.equal(unwrap(decodeUtf8(json)), JSON_TEXT);
  });
}

Deno.test("ARC-SEAL-format: what was sealed is opened, in place and inside a dirty pool", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 2 }), fc.nat(40), fc.nat(40), (value, before, after) => {
      const json = utf8(`{"value":${value}}`);
      fc.pre(json.length <= 1209);
      const pool = inDirtyPool(json, before, after + 23);
      const written = unwrap(sealer().seal(pool.subarray(before, before + json.length), pool.subarray(before)));
      assert.equal(written, json.length + 23);
      const unit = pool.subarray(before, before + written);
      assert.ok(isSealed(unit));
      const opened = unwrap(receiver().open(unit));
      assert.deepEqual(opened, json);
      assert.equal(opened.buffer, unit.buffer, "a view, not a copy");
      assert.deepEqual(pool.subarray(0, before), inDirtyPool(json, before, 0).subarray(0, before));
    }),
    { seed: 4, numRuns: 100 },
  );
});

Deno.test("ARC-SEAL-recognise: at least 25 bytes and a zero 23 before the end", () => {
  assert.ok(isSealed(SEALED));
  assert.ok(isSealed(seal(sealer(), "{}")));
  assert.equal(seal(sealer(), "{}").length, 25);
  assert.ok(!isSealed(SEALED.subarray(SEALED.length - 24)), "24 bytes with the zero in place");
  assert.ok(!isSealed(utf8(`{"type":"HEARTBEAT","session_id":"${CALLER_ID}"}`)));
  assert.ok(!isSealed(new Uint8Array(0)));
});

Deno.test("ARC-SEAL-counter: starts at 0 in each epoch and grows by one", () => {
  const by = sealer();
  for (let counter = 0; counter < 300; counter++) {
    const unit = seal(by);
    assert.equal(toHex(unit.subarray(-22, -16)), counter.toString(16).padStart(12, "0"));
  }
  assert.equal(sealer(MASTER_1).nextCounter, 0);
});

Deno.test("ARC-SEAL-counter: the last counter is used, and then nothing more is sealed", () => {
  const by = sealer(MASTER_0, CALLER_ID, 2 ** 48 - 1);
  const last = seal(by);
  assert.equal(toHex(last.subarray(-22, -16)), "ff".repeat(6));
  assert.ok(receiver().open(last).ok);
  assertRefused(by.seal(utf8(JSON_TEXT), new Uint8Array(64)), "bad_state");
});

Deno.test("ARC-UNIT-sealed-size: 1232 bytes are sealed, 1233 are refused and cost no counter", () => {
  const by = sealer();
  const target = new Uint8Array(1400);
  assert.equal(unwrap(by.seal(new Uint8Array(1209).fill(0x20), target)), 1232);
  assertRefused(by.seal(new Uint8Array(1210).fill(0x20), target), "too_large");
  assert.equal(by.nextCounter, 1);
  assert.throws(() => by.seal(utf8(JSON_TEXT), new Uint8Array(42)), RangeError);
  assert.equal(by.nextCounter, 1);
});

Deno.test("ARC-SEAL-replay: a counter opens once, in any order within 64", () => {
  const by = sealer();
  const units = Array.from({ length: 100 }, () => seal(by));
  const at = receiver();
  assert.ok(at.open(units[70]).ok);
  assertRefused(at.open(units[70]), "replay");
  assertRefused(at.open(units[6]), "replay");
  assert.ok(at.open(units[7]).ok);
  assertRefused(at.open(units[7]), "replay");
  assert.ok(at.open(units[99]).ok);
  assertRefused(at.open(units[35]), "replay");
  assert.ok(at.open(units[36]).ok);
});

Deno.test("ARC-SEAL-replay: the window is asked before the tag, so a replay with a broken tag is still a replay", () => {
  const at = receiver();
  const unit = seal(sealer());
  assert.ok(at.open(unit).ok);
  unit[unit.length - 1] ^= 1;
  assertRefused(at.open(unit), "replay");
});

Deno.test("ARC-SEAL-replay: a forged high counter does not move the window", () => {
  const by = sealer();
  const at = receiver();
  const real = seal(by);
  const forged = real.slice();
  forged.fill(0xff, forged.length - 22, forged.length - 16);
  assertRefused(at.open(forged), "auth");
  assert.ok(at.open(real).ok);
});

Deno.test("ARC-SEAL-wrong-tag: every bit flip is refused and changes nothing", () => {
  const at = receiver();
  const unit = seal(sealer());
  const zeroAt = unit.length - 23;
  for (let bit = 0; bit < unit.length * 8; bit++) {
    const flipped = unit.slice();
    flipped[bit >> 3] ^= 0x80 >> (bit & 7);
    const before = flipped.slice();
    assertRefused(at.open(flipped), bit >> 3 === zeroAt ? "bad_value" : "auth");
    assert.deepEqual(flipped, before);
  }
  assert.ok(at.open(unit).ok, "after all the forgeries");
});

Deno.test("ARC-SEAL-wrong-tag: every strict prefix is refused", () => {
  const at = receiver();
  const unit = seal(sealer());
  for (let n = 0; n < unit.length; n++) {
    const opened = at.open(unit.subarray(0, n));
    assert.ok(!opened.ok);
    if (n < 25) assert.deepEqual([opened.fault.reason, opened.fault.need], ["truncated", 25]);
  }
  assert.ok(at.open(unit).ok);
});

Deno.test("ARC-SEAL-wrong-tag: other keys fail: epoch, peer, session", () => {
  const unit = seal(sealer());
  assertRefused(receiver(MASTER_1).open(unit), "auth");
  assertRefused(receiver(randomBytes(32, 1)).open(unit), "auth");
});

Deno.test("ARC-SEAL-direction: one's own units fail when they come back", () => {
  const own = sealer(MASTER_0, CALLER_ID);
  const fromOther = receiver(MASTER_0, CALLEE_ID);
  assertRefused(fromOther.open(seal(own)), "auth");
  assert.ok(fromOther.open(seal(sealer(MASTER_0, CALLEE_ID))).ok);
});

Deno.test("seal: any bytes are opened or refused", () => {
  const at = receiver();
  const start = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(start, fc.uint8Array({ minLength: 22, maxLength: 22 }), (json, tail) => {
      assert.ok(!at.open(json).ok);
      assertRefused(at.open(concatBytes(json, Uint8Array.of(0), tail)), json.length < 2 ? "truncated" : "auth");
    }),
    { seed: 6, numRuns: 300 },
  );
});

Deno.test("ARC-KEY-epoch-trial: sealed units are tried with the current epoch, then with the others", () => {
  const unitOfOld = seal(sealer(MASTER_0));
  const receivers = [receiver(MASTER_1), receiver(MASTER_0)];
  const opened = unwrap(openSealed(receivers, unitOfOld));
  assert.equal(opened.by, 1);
  assert.equal(unwrap(decodeUtf8(opened.json)), JSON_TEXT);
  assert.equal(unwrap(openSealed(receivers, seal(sealer(MASTER_1)))).by, 0);
});

Deno.test("ARC-KEY-epoch-trial: windows are per epoch, and a refusal under all says why", () => {
  const receivers = [receiver(MASTER_1), receiver(MASTER_0)];
  const newUnit = seal(sealer(MASTER_1));
  assert.ok(openSealed(receivers, newUnit).ok);
  assert.ok(openSealed(receivers, seal(sealer(MASTER_0))).ok, "counter 0 is new in the old epoch");
  assertRefused(openSealed(receivers, newUnit), "replay");
  assertRefused(openSealed(receivers, seal(sealer(randomBytes(32, 2), CALLER_ID, 500))), "auth");
  assertRefused(openSealed([], newUnit), "auth");
  assertRefused(openSealed(receivers, utf8("{}")), "truncated");
});

Deno.test("seal: a freed key cannot be used", () => {
  const by = sealer();
  const at = receiver();
  by.free();
  at.free();
  assert.throws(() => by.seal(utf8(JSON_TEXT), new Uint8Array(64)));
  assert.throws(() => at.open(SEALED));
});
