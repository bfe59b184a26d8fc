import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { toBase64Url } from "../base/bytes.ts";
import { proofKey } from "./key_schedule.ts";
import { makeProof, type ProvenEpoch, verifyProof } from "./proof.ts";
import { randomBytes } from "./testing/backends.ts";
import {
  CALLEE_ID,
  CALLEE_PUBLIC,
  CALLER_ID,
  CALLER_PUBLIC,
  MASTER_0,
  MASTER_1,
  PROOF,
  SESSION_ID,
} from "./testing/reference_session.ts";

const ROTATION: ProvenEpoch = {
  sessionId: SESSION_ID,
  type: "KEY_ROTATE",
  peerId: CALLER_ID,
  epoch: 1,
  publicKey: CALLER_PUBLIC,
};

Deno.test("ARC-KEY-epoch-proof: the proof of an implementation apart, and by hand", () => {
  assert.equal(makeProof(MASTER_0, ROTATION), PROOF);
  assert.ok(verifyProof(MASTER_0, ROTATION, PROOF));
  const mac = createHmac("sha256", proofKey(MASTER_0, SESSION_ID))
    .update("KEY_ROTATE" + CALLER_ID + "1" + CALLER_PUBLIC).digest().subarray(0, 16);
  assert.equal(PROOF, mac.toString("base64url"));
});

Deno.test("ARC-KEY-epoch-proof: the four messages that make an epoch have four proofs, each verified as itself", () => {
  const types = ["KEY_ROTATE", "KEY_ROTATE_ACK", "CONNECT", "CONNECT_ACK"] as const;
  const proofs = types.map((type) => makeProof(MASTER_0, { ...ROTATION, type }));
  for (const [i, proof] of proofs.entries()) {
    for (const [j, type] of types.entries()) {
      assert.equal(verifyProof(MASTER_0, { ...ROTATION, type }, proof), i === j, `${types[i]} as ${type}`);
    }
  }
});

Deno.test("ARC-KEY-epoch-wrong-proof: absent, of another key, of other fields, respelled or cut", () => {
  const wrong: readonly (readonly [string, Uint8Array, Partial<ProvenEpoch>, string | undefined])[] = [
    ["absent", MASTER_0, {}, undefined],
    ["empty", MASTER_0, {}, ""],
    ["another master key", MASTER_1, {}, PROOF],
    ["another session", MASTER_0, { sessionId: CALLER_ID }, PROOF],
    ["another peer", MASTER_0, { peerId: CALLEE_ID }, PROOF],
    ["another epoch", MASTER_0, { epoch: 2 }, PROOF],
    ["another public key", MASTER_0, { publicKey: CALLEE_PUBLIC }, PROOF],
    ["padded", MASTER_0, {}, PROOF + "=="],
    ["one byte more", MASTER_0, {}, PROOF + "AA"],
    ["unused bits set", MASTER_0, {}, PROOF.slice(0, -1) + "x"],
    ["not base64url", MASTER_0, {}, "!".repeat(22)],
    ["an epoch that is no number", MASTER_0, { epoch: NaN }, PROOF],
    ["an epoch beyond all", MASTER_0, { epoch: 1e300 }, PROOF],
    ["a negative epoch", MASTER_0, { epoch: -1 }, PROOF],
  ];
  for (const [name, master, fields, proof] of wrong) {
    assert.equal(verifyProof(master, { ...ROTATION, ...fields }, proof), false, name);
  }
  for (let n = 0; n < PROOF.length; n++) assert.equal(verifyProof(MASTER_0, ROTATION, PROOF.slice(0, n)), false);
});

Deno.test("ARC-KEY-epoch-wrong-proof: every bit flip is refused", () => {
  const bytes = createHmac("sha256", proofKey(MASTER_0, SESSION_ID))
    .update("KEY_ROTATE" + CALLER_ID + "1" + CALLER_PUBLIC).digest().subarray(0, 16);
  for (let bit = 0; bit < 128; bit++) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(verifyProof(MASTER_0, ROTATION, toBase64Url(flipped)), false);
  }
});

Deno.test("proof: any text gives an answer", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.double(), (proof, publicKey, epoch) => {
      assert.equal(verifyProof(MASTER_0, { ...ROTATION, publicKey, epoch }, proof), false);
    }),
    { seed: 2, numRuns: 200 },
  );
});

Deno.test("ARC-KEY-epoch-proof: making one verifies, for any fields", () => {
  fc.assert(
    fc.property(fc.nat(), fc.uuid(), fc.nat(), (seed, peerId, epoch) => {
      const master = randomBytes(32, seed);
      const fields = { ...ROTATION, peerId, epoch };
      assert.ok(verifyProof(master, fields, makeProof(master, fields)));
    }),
    { seed: 8, numRuns: 50 },
  );
});
