import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { parseBase64Url, toBase64Url } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import {
  isExpired,
  issueRelayToken,
  makeRelayProof,
  parseRelayToken,
  type RelayGrant,
  verifyRelayProof,
} from "./relay_token.ts";
import { CALLEE_ID, CALLER_ID, SESSION_ID } from "./testing/reference_session.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const GRANT: RelayGrant = { sessionId: SESSION_ID, peerId: CALLER_ID, expiresS: 1_767_225_600 };
const NONCE = "bm9uY2U";

/** By an implementation apart, for {@link GRANT} and {@link NONCE}. */
const TOKEN = "AAAAAGlVuQDAL1jpdHu4efhzAGXkxwrY";
const PROOF = "Xz9ORNDvCIBttCKufctWEw";

Deno.test("ARC-RELAY-token, ARC-RELAY-token-inputs: the token of an implementation apart, and by hand", () => {
  assert.equal(issueRelayToken(SECRET, GRANT), TOKEN);
  assert.equal(TOKEN.length, 32);
  const expiry = new Uint8Array(8);
  new DataView(expiry.buffer).setBigUint64(0, 1_767_225_600n);
  const tag = createHmac("sha256", SECRET).update("arcrtc-relay").update(SESSION_ID).update(CALLER_ID).update(expiry)
    .digest().subarray(0, 16);
  assert.equal(TOKEN, Buffer.concat([expiry, tag]).toString("base64url"));
  const parsed = unwrap(parseRelayToken(TOKEN));
  assert.equal(parsed.expiresS, 1_767_225_600);
  assert.deepEqual(parsed.tag, Uint8Array.from(tag));
});

Deno.test("ARC-RELAY-proof: the proof of an implementation apart, and by hand", () => {
  const { tag } = unwrap(parseRelayToken(TOKEN));
  assert.equal(makeRelayProof(tag, NONCE, SESSION_ID, CALLER_ID), PROOF);
  const mac = createHmac("sha256", tag).update(NONCE + SESSION_ID + CALLER_ID).digest().subarray(0, 16);
  assert.equal(PROOF, mac.toString("base64url"));
});

Deno.test("ARC-RELAY-proof-check: the relay accepts what the token's holder proves, for any grant", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), fc.maxSafeNat(), fc.string(), (sessionId, peerId, expiresS, nonce) => {
      const grant = { sessionId, peerId, expiresS };
      const token = unwrap(parseRelayToken(issueRelayToken(SECRET, grant)));
      assert.equal(token.expiresS, expiresS);
      assert.ok(verifyRelayProof(SECRET, grant, nonce, makeRelayProof(token.tag, nonce, sessionId, peerId)));
    }),
    { seed: 7, numRuns: 50 },
  );
});

Deno.test("ARC-RELAY-proof-check: another session, peer, expiry, nonce or secret is refused", () => {
  assert.ok(verifyRelayProof(SECRET, GRANT, NONCE, PROOF));
  const wrong: readonly (readonly [string, Uint8Array, RelayGrant, string, string])[] = [
    ["session", SECRET, { ...GRANT, sessionId: CALLEE_ID }, NONCE, PROOF],
    ["peer", SECRET, { ...GRANT, peerId: CALLEE_ID }, NONCE, PROOF],
    ["a later expiry", SECRET, { ...GRANT, expiresS: GRANT.expiresS + 1 }, NONCE, PROOF],
    ["expiry that is no number", SECRET, { ...GRANT, expiresS: NaN }, NONCE, PROOF],
    ["expiry that is not whole", SECRET, { ...GRANT, expiresS: 1.5 }, NONCE, PROOF],
    ["negative expiry", SECRET, { ...GRANT, expiresS: -1 }, NONCE, PROOF],
    ["nonce", SECRET, GRANT, NONCE + "x", PROOF],
    ["secret", SECRET.slice(1), GRANT, NONCE, PROOF],
    ["the token itself as proof", SECRET, GRANT, NONCE, TOKEN],
    ["padded proof", SECRET, GRANT, NONCE, PROOF + "=="],
    ["no proof", SECRET, GRANT, NONCE, ""],
  ];
  for (const [name, secret, grant, nonce, proof] of wrong) {
    assert.equal(verifyRelayProof(secret, grant, nonce, proof), false, name);
  }
});

Deno.test("ARC-RELAY-proof-check: every prefix and every bit flip of a proof is refused", () => {
  for (let n = 0; n < PROOF.length; n++) assert.ok(!verifyRelayProof(SECRET, GRANT, NONCE, PROOF.slice(0, n)));
  const bytes = unwrap(parseBase64Url(PROOF));
  for (let bit = 0; bit < 128; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(!verifyRelayProof(SECRET, GRANT, NONCE, toBase64Url(flipped)));
  }
});

Deno.test("ARC-RELAY-token: a flipped bit anywhere in a token is worthless at the relay", () => {
  const bytes = unwrap(parseBase64Url(TOKEN));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 0x80 >> (bit & 7);
    const token = parseRelayToken(toBase64Url(flipped));
    if (!token.ok) {
      assert.ok(bit < 11, "only an expiry beyond 2^53 cannot be read");
      continue;
    }
    const proof = makeRelayProof(token.value.tag, NONCE, SESSION_ID, CALLER_ID);
    assert.ok(!verifyRelayProof(SECRET, { ...GRANT, expiresS: token.value.expiresS }, NONCE, proof));
  }
});

Deno.test("relay token: every strict prefix, longer text and other text is refused with its reason", () => {
  for (let n = 0; n < TOKEN.length; n++) {
    const parsed = parseRelayToken(TOKEN.slice(0, n));
    assert.ok(!parsed.ok);
    if (n % 4 === 0) assert.equal(parsed.fault.reason, "truncated");
  }
  const long = parseRelayToken(TOKEN + "AAAA");
  assert.ok(!long.ok && long.fault.reason === "bad_length");
  const text = parseRelayToken("!".repeat(32));
  assert.ok(!text.ok && text.fault.reason === "bad_value");
  const far = parseRelayToken("_".repeat(32));
  assert.ok(!far.ok && far.fault.reason === "bad_value");
});

Deno.test("relay token: any text gives a token or a fault", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 64 }), (text) => {
      const parsed = parseRelayToken(text);
      assert.ok(!parsed.ok || parsed.value.tag.length === 16);
    }),
    { seed: 10, numRuns: 300 },
  );
});

Deno.test("ARC-RELAY-token-expired: a token ends with the beginning of its second", () => {
  assert.equal(isExpired(100, 99_999), false);
  assert.equal(isExpired(100, 100_000), true);
  assert.equal(isExpired(0, 0), true);
});

Deno.test("relay token: an expiry that is no whole number is a programmer's mistake", () => {
  for (const expiresS of [-1, 0.5, NaN, 2 ** 53]) {
    assert.throws(() => issueRelayToken(SECRET, { ...GRANT, expiresS }), RangeError);
  }
});
