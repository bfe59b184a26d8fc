import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { concatBytes, toHex, utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { parsePublicKey } from "./ecdh.ts";
import {
  CALLEE_ID,
  CALLEE_PUBLIC,
  CALLER_ID,
  CALLER_PUBLIC,
  MASTER_0,
  SESSION_ID,
  TRANSCRIPT_0,
  TRANSCRIPT_0_CERTIFIED,
  TRANSCRIPT_1,
} from "./testing/reference_session.ts";
import { type Transcript, transcriptHash, transcriptItems } from "./transcript.ts";

const EPOCH_0: Transcript = {
  sessionId: SESSION_ID,
  epoch: 0,
  callerPeerId: CALLER_ID,
  calleePeerId: CALLEE_ID,
  callerKey: unwrap(parsePublicKey(CALLER_PUBLIC)),
  calleeKey: unwrap(parsePublicKey(CALLEE_PUBLIC)),
  offeredEncryption: ["aes-256-gcm", "rot13", "aes-128-gcm"],
  offeredAuthentication: ["hmac-sha256-80", "none"],
  suite: "aes-256-gcm",
  authentication: "hmac-sha256-80",
};
const CERTIFIED: Transcript = {
  ...EPOCH_0,
  callerCertificate: utf8("caller certificate"),
  calleeCertificate: utf8("callee certificate"),
};
const EPOCH_1: Transcript = { ...EPOCH_0, epoch: 1, previousMasterKey: MASTER_0 };

/** The fourteen items laid out by hand and hashed by another library. */
function byHand(items: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const item of items) {
    const bytes = typeof item === "string" ? new TextEncoder().encode(item) : item;
    hash.update(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff)).update(bytes);
  }
  return hash.digest("hex");
}

Deno.test("ARC-KEY-transcript-items: epoch 0 without certificates, against an implementation apart and by hand", () => {
  assert.equal(toHex(transcriptHash(EPOCH_0)), toHex(TRANSCRIPT_0));
  assert.equal(
    toHex(transcriptHash(EPOCH_0)),
    byHand([
      "arcrtc-1.0",
      SESSION_ID,
      "0",
      CALLER_ID,
      CALLEE_ID,
      EPOCH_0.callerKey,
      EPOCH_0.calleeKey,
      "",
      "",
      "aes-256-gcm,rot13,aes-128-gcm",
      "hmac-sha256-80,none",
      "aes-256-gcm",
      "hmac-sha256-80",
      "",
    ]),
  );
});

Deno.test("ARC-KEY-transcript-items: certificates enter as the SHA-256 of their DER", () => {
  assert.equal(toHex(transcriptHash(CERTIFIED)), toHex(TRANSCRIPT_0_CERTIFIED));
  const items = transcriptItems(CERTIFIED);
  assert.equal(toHex(items[7]), createHash("sha256").update("caller certificate").digest("hex"));
  assert.equal(toHex(items[8]), createHash("sha256").update("callee certificate").digest("hex"));
});

Deno.test("ARC-KEY-transcript-chain: epoch 1 ends with the master_key of epoch 0", () => {
  assert.equal(toHex(transcriptHash(EPOCH_1)), toHex(TRANSCRIPT_1));
  assert.deepEqual(transcriptItems(EPOCH_1)[13], MASTER_0);
});

Deno.test("ARC-KEY-transcript-empty-item: what does not exist is an item of length 0, and keeps its place", () => {
  const items = transcriptItems(EPOCH_0);
  assert.equal(items.length, 14);
  assert.deepEqual([7, 8, 13].map((i) => items[i].length), [0, 0, 0]);
  const empty = new Uint8Array(0);
  assert.deepEqual(
    transcriptHash({ ...EPOCH_0, callerCertificate: empty, calleeCertificate: empty, previousMasterKey: empty }),
    transcriptHash(EPOCH_0),
  );
  const one = utf8("certificate");
  assert.notDeepEqual(
    transcriptHash({ ...EPOCH_0, callerCertificate: one }),
    transcriptHash({ ...EPOCH_0, calleeCertificate: one }),
  );
});

Deno.test("ARC-KEY-transcript-offers-verbatim: order, unknown names, and an absent list as its default", () => {
  const hash = (fields: Partial<Transcript>) => toHex(transcriptHash({ ...EPOCH_0, ...fields }));
  assert.notEqual(hash({ offeredEncryption: ["aes-128-gcm", "rot13", "aes-256-gcm"] }), hash({}));
  assert.notEqual(hash({ offeredEncryption: ["aes-256-gcm", "aes-128-gcm"] }), hash({}));
  assert.equal(hash({ offeredAuthentication: undefined }), hash({ offeredAuthentication: ["hmac-sha256-80"] }));
  assert.notEqual(hash({ offeredAuthentication: undefined }), hash({ offeredAuthentication: [] }));
});

Deno.test("ARC-KEY-transcript-roles: caller and callee have their places", () => {
  const swapped: Transcript = {
    ...EPOCH_0,
    callerPeerId: EPOCH_0.calleePeerId,
    calleePeerId: EPOCH_0.callerPeerId,
    callerKey: EPOCH_0.calleeKey,
    calleeKey: EPOCH_0.callerKey,
  };
  assert.notDeepEqual(transcriptHash(swapped), transcriptHash(EPOCH_0));
});

Deno.test("ARC-KEY-transcript-items: a change of any single fact changes T", () => {
  const full: Transcript = { ...CERTIFIED, epoch: 1, previousMasterKey: MASTER_0 };
  const other = utf8("other");
  const changes: Partial<Transcript>[] = [
    { sessionId: SESSION_ID.replace("4f", "5f") },
    { epoch: 2 },
    { callerPeerId: SESSION_ID },
    { calleePeerId: SESSION_ID },
    { callerKey: full.calleeKey },
    { calleeKey: full.callerKey },
    { callerCertificate: other },
    { calleeCertificate: other },
    { offeredEncryption: ["aes-256-gcm"] },
    { offeredAuthentication: ["none"] },
    { suite: "aes-128-gcm" },
    { authentication: "none" },
    { previousMasterKey: MASTER_0.slice(0, 31) },
  ];
  const hashes = [full, ...changes.map((change) => ({ ...full, ...change }))].map((t) => toHex(transcriptHash(t)));
  assert.equal(new Set(hashes).size, 14);
});

Deno.test("ARC-KEY-transcript-items: neighbours cannot pass bytes to each other", () => {
  const text = fc.string({ maxLength: 12, unit: fc.constantFrom("a", ",", "-") });
  fc.assert(
    fc.property(text, text, text, text, (suite, authentication, suite2, authentication2) => {
      const a = transcriptHash({ ...EPOCH_0, suite, authentication });
      const b = transcriptHash({ ...EPOCH_0, suite: suite2, authentication: authentication2 });
      assert.equal(toHex(a) === toHex(b), suite === suite2 && authentication === authentication2);
    }),
    { seed: 12, numRuns: 200 },
  );
});

Deno.test("transcript: the length is a u16, and longer items are a programmer's mistake", () => {
  const at = (length: number): Transcript => ({ ...EPOCH_0, suite: "s".repeat(length) });
  const items = transcriptItems(at(65_535));
  assert.equal(
    toHex(transcriptHash(at(65_535))),
    createHash("sha256").update(concatBytes(...items.flatMap((item) => [lengthOf(item), item]))).digest("hex"),
  );
  assert.throws(() => transcriptHash(at(65_536)), RangeError);
  for (const epoch of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => transcriptHash({ ...EPOCH_0, epoch }), RangeError);
  }
});

function lengthOf(item: Uint8Array): Uint8Array {
  return Uint8Array.of(item.length >> 8, item.length & 0xff);
}
