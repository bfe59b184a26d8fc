import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBase64Url, toBase64Url } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { makeRelayNonce, type SourceAddress, verifyRelayNonce } from "./relay_nonce.ts";
import { CALLER_ID, SESSION_ID } from "./testing/reference_session.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const SOURCE: SourceAddress = { ip: "192.0.2.7", port: 50_000 };
const MINUTE_MS = 60_000;
const NOW_MS = 29_453_760 * MINUTE_MS;

Deno.test("ARC-RELAY-nonce: the nonce of an implementation apart", () => {
  assert.equal(makeRelayNonce(SECRET, SOURCE, NOW_MS), "a6EnDL3Y3xQJsmGu7p9yOA");
});

Deno.test("ARC-RELAY-nonce: valid in its own minute and the next, neither before nor after", () => {
  const nonce = makeRelayNonce(SECRET, SOURCE, NOW_MS + 59_999);
  assert.equal(nonce, makeRelayNonce(SECRET, SOURCE, NOW_MS));
  assert.equal(verifyRelayNonce(SECRET, SOURCE, nonce, NOW_MS - 1), false);
  assert.equal(verifyRelayNonce(SECRET, SOURCE, nonce, NOW_MS), true);
  assert.equal(verifyRelayNonce(SECRET, SOURCE, nonce, NOW_MS + 2 * MINUTE_MS - 1), true);
  assert.equal(verifyRelayNonce(SECRET, SOURCE, nonce, NOW_MS + 2 * MINUTE_MS), false);
});

Deno.test("ARC-RELAY-nonce: valid from its own address and port only, and for its own relay", () => {
  const nonce = makeRelayNonce(SECRET, SOURCE, NOW_MS);
  assert.ok(!verifyRelayNonce(SECRET, { ...SOURCE, port: 50_001 }, nonce, NOW_MS));
  assert.ok(!verifyRelayNonce(SECRET, { ...SOURCE, ip: "192.0.2.8" }, nonce, NOW_MS));
  assert.ok(!verifyRelayNonce(SECRET.slice(1), SOURCE, nonce, NOW_MS));
});

Deno.test("ARC-RELAY-nonce: address and port cannot pass digits to each other", () => {
  const nonce = makeRelayNonce(SECRET, { ip: "192.0.2.1", port: 15 }, NOW_MS);
  assert.ok(!verifyRelayNonce(SECRET, { ip: "192.0.2.11", port: 5 }, nonce, NOW_MS));
});

Deno.test("ARC-RELAY-nonce: every prefix, bit flip and other text is not valid", () => {
  const nonce = makeRelayNonce(SECRET, SOURCE, NOW_MS);
  for (let n = 0; n < nonce.length; n++) assert.ok(!verifyRelayNonce(SECRET, SOURCE, nonce.slice(0, n), NOW_MS));
  const bytes = unwrap(parseBase64Url(nonce));
  for (let bit = 0; bit < 128; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(!verifyRelayNonce(SECRET, SOURCE, toBase64Url(flipped), NOW_MS));
  }
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => !verifyRelayNonce(SECRET, SOURCE, text, NOW_MS)),
    { seed: 5, numRuns: 200 },
  );
});

Deno.test("ARC-RELAY-challenge-size: a challenge is smaller than the smallest RELAY_BIND, whatever the address", () => {
  const source = { ip: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%eth0", port: 65_535 };
  const nonce = makeRelayNonce(SECRET, source, NOW_MS);
  const challenge = { type: "RELAY_CHALLENGE", nonce };
  const bind = { type: "RELAY_BIND", session_id: SESSION_ID, peer_id: CALLER_ID, expires: 0, timestamp: 0 };
  assert.ok(JSON.stringify(challenge).length < JSON.stringify(bind).length);
});

Deno.test("relay nonce: the first minute of all time has no minute before it", () => {
  const nonce = makeRelayNonce(SECRET, SOURCE, 0);
  assert.ok(verifyRelayNonce(SECRET, SOURCE, nonce, 0));
  assert.ok(!verifyRelayNonce(SECRET, SOURCE, makeRelayNonce(SECRET, SOURCE, MINUTE_MS), 0));
});
