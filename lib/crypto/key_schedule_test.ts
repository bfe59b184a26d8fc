import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { concatBytes, toHex, utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { hkdfSha256 } from "./hkdf.ts";
import {
  eraseKeys,
  masterKey,
  proofKey,
  rtcpKeys,
  sealingKey,
  sharedSecret,
  storedSharedSecret,
  streamKeys,
} from "./key_schedule.ts";
import { SrtpStreamKeys } from "./srtp_keys.ts";
import { SrtpSender } from "./srtp_protect.ts";
import { SrtpReceiver } from "./srtp_unprotect.ts";
import { SUITE_NAMES, SUITES } from "./suites.ts";
import { BACKENDS, hex, randomBytes } from "./testing/backends.ts";
import { plainPacket, viewInPool } from "./testing/packets.ts";
import * as reference from "./testing/reference_session.ts";

/** RFC 5869 written out on another library's HMAC. */
function hkdfByHand(inputKey: Uint8Array, salt: string, info: string, bytes: number): string {
  const extracted = createHmac("sha256", salt).update(inputKey).digest();
  let block: Uint8Array = new Uint8Array(0);
  let output = "";
  for (let i = 1; output.length < 2 * bytes; i++) {
    block = createHmac("sha256", extracted).update(concatBytes(block, utf8(info), Uint8Array.of(i))).digest();
    output += toHex(block);
  }
  return output.slice(0, 2 * bytes);
}

const { MASTER_0, SESSION_ID, STREAM_ID, CALLER_ID, X, TRANSCRIPT_0 } = reference;

Deno.test("ARC-KEY-schedule-shared-secret: x, then T", () => {
  const secret = sharedSecret(X, TRANSCRIPT_0);
  assert.equal(toHex(secret), toHex(X) + toHex(TRANSCRIPT_0));
  assert.throws(() => sharedSecret(X.subarray(1), TRANSCRIPT_0), RangeError);
  assert.throws(() => sharedSecret(X, TRANSCRIPT_0.subarray(1)), RangeError);
});

Deno.test("ARC-KEY-schedule-master: the label as salt, the session_id as info", () => {
  const secret = sharedSecret(X, TRANSCRIPT_0);
  assert.equal(toHex(masterKey(secret, SESSION_ID)), toHex(MASTER_0));
  assert.equal(toHex(MASTER_0), hkdfByHand(secret, "arcrtc-media-key", SESSION_ID, 32));
  const next = sharedSecret(X, reference.TRANSCRIPT_1);
  assert.equal(toHex(masterKey(next, SESSION_ID)), toHex(reference.MASTER_1));
});

Deno.test("ARC-KEY-schedule-stream-keys: the keys of an implementation apart", () => {
  const keys = streamKeys(MASTER_0, STREAM_ID, "aes-256-gcm");
  assert.equal(toHex(keys.encryptionKey), toHex(reference.ENCRYPTION_KEY));
  assert.equal(toHex(keys.authKey), toHex(reference.AUTH_KEY));
  assert.equal(toHex(keys.salt), toHex(reference.SALT));
  const short = streamKeys(MASTER_0, STREAM_ID, "aes-128-gcm");
  assert.equal(toHex(short.encryptionKey), toHex(reference.ENCRYPTION_KEY.subarray(0, 16)));
});

Deno.test("ARC-KEY-schedule-rtcp-keys: the rtcp labels and the sender's peer_id", () => {
  const keys = rtcpKeys(MASTER_0, CALLER_ID, "chacha20-poly1305");
  assert.equal(toHex(keys.encryptionKey), toHex(reference.RTCP_ENCRYPTION_KEY));
  assert.equal(toHex(keys.authKey), toHex(reference.RTCP_AUTH_KEY));
  assert.equal(toHex(keys.salt), toHex(reference.RTCP_SALT));
});

Deno.test("ARC-KEY-schedule-seal-key: the seal label and the sender's peer_id", () => {
  assert.equal(toHex(sealingKey(MASTER_0, CALLER_ID)), toHex(reference.SEALING_KEY));
  assert.notDeepEqual(sealingKey(MASTER_0, reference.CALLEE_ID), sealingKey(MASTER_0, CALLER_ID));
});

Deno.test("key schedule: the proof key of an implementation apart", () => {
  assert.equal(toHex(proofKey(MASTER_0, SESSION_ID)), toHex(reference.PROOF_KEY));
});

Deno.test("ARC-KEY-schedule-lengths: 16 or 32 bytes by suite, 32 and 12", () => {
  for (const suite of SUITE_NAMES) {
    for (const keys of [streamKeys(MASTER_0, STREAM_ID, suite), rtcpKeys(MASTER_0, CALLER_ID, suite)]) {
      assert.equal(keys.encryptionKey.length, SUITES[suite].keyBytes);
      assert.equal(keys.encryptionKey.length, suite === "aes-128-gcm" ? 16 : 32);
      assert.equal(keys.authKey.length, 32);
      assert.equal(keys.salt.length, 12);
    }
  }
});

Deno.test("ARC-KEY-schedule-text-inputs: ids enter as their text, so another spelling is another key", () => {
  const binary = hkdfSha256(MASTER_0, utf8("arcrtc-auth"), hex(STREAM_ID.replaceAll("-", "")), 32);
  assert.notDeepEqual(streamKeys(MASTER_0, STREAM_ID, "aes-128-gcm").authKey, binary);
  assert.notDeepEqual(
    streamKeys(MASTER_0, STREAM_ID.toUpperCase(), "aes-128-gcm"),
    streamKeys(MASTER_0, STREAM_ID, "aes-128-gcm"),
  );
});

Deno.test("ARC-KEY-schedule-stream-keys: every label by hand, for any master key and id", () => {
  const keyBytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(keyBytes, fc.uuid(), (master, id) => {
      const media = streamKeys(master, id, "aes-256-gcm");
      const rtcp = rtcpKeys(master, id, "aes-256-gcm");
      const got = [
        media.encryptionKey,
        media.authKey,
        media.salt,
        rtcp.encryptionKey,
        rtcp.authKey,
        rtcp.salt,
        sealingKey(master, id),
        proofKey(master, id),
      ].map(toHex);
      assert.deepEqual(got, [
        hkdfByHand(master, "arcrtc-enc", id, 32),
        hkdfByHand(master, "arcrtc-auth", id, 32),
        hkdfByHand(master, "arcrtc-salt", id, 12),
        hkdfByHand(master, "arcrtc-rtcp-enc", id, 32),
        hkdfByHand(master, "arcrtc-rtcp-auth", id, 32),
        hkdfByHand(master, "arcrtc-rtcp-salt", id, 12),
        hkdfByHand(master, "arcrtc-seal", id, 32),
        hkdfByHand(master, "arcrtc-proof", id, 32),
      ]);
      assert.equal(new Set(got).size, 8, "no two keys alike");
    }),
    { seed: 1, numRuns: 50 },
  );
});

Deno.test("ARC-KEY-schedule-ssrc-share: media, RTX and FEC of a stream share its keys, and their SSRCs keep nonces apart", () => {
  const material = streamKeys(MASTER_0, STREAM_ID, "aes-128-gcm");
  const sent = new SrtpStreamKeys(BACKENDS[0], "aes-128-gcm", "none", material);
  const received = new SrtpStreamKeys(BACKENDS[0], "aes-128-gcm", "none", material);
  const payload = randomBytes(32, 5);
  const ciphertexts = [0x1000, 0x1001, 0x1002].map((ssrc) => {
    const view = viewInPool(plainPacket({ sequenceNumber: 7, ssrc, payload }), 16);
    assert.equal(new SrtpSender(ssrc).protect(sent, view), "ok");
    const ciphertext = toHex(view.bytes.subarray(view.headerEnd, view.end));
    assert.ok(view.parse(view.bytes, view.start, view.end + 16));
    assert.equal(new SrtpReceiver(ssrc, 0).unprotect(received, view, 0), "ok");
    assert.deepEqual(view.bytes.slice(view.headerEnd, view.headerEnd + 32), payload);
    return ciphertext;
  });
  assert.equal(new Set(ciphertexts).size, 3);
});

Deno.test("ARC-KEY-schedule-stored-key: a stored key of 32 bytes takes the place of x, and T stays", () => {
  const stored = randomBytes(32, 4);
  assert.equal(toHex(unwrap(storedSharedSecret(stored, TRANSCRIPT_0))), toHex(stored) + toHex(TRANSCRIPT_0));
  for (const bytes of [0, 16, 31, 33]) {
    const refused = storedSharedSecret(randomBytes(bytes, 4), TRANSCRIPT_0);
    assert.ok(!refused.ok && refused.fault.reason === "bad_key");
  }
});

Deno.test("key schedule: erasing leaves zeros in every key and nothing else", () => {
  const keys = streamKeys(MASTER_0, STREAM_ID, "aes-128-gcm");
  eraseKeys(keys.encryptionKey, keys.salt);
  assert.equal(toHex(keys.encryptionKey), "00".repeat(16));
  assert.equal(toHex(keys.salt), "00".repeat(12));
  assert.equal(toHex(keys.authKey), toHex(reference.AUTH_KEY));
});
