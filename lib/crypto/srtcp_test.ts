import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import fc from "fast-check";
import { concatBytes, toHex, writeU32 } from "../base/bytes.ts";
import { MAX_SRTCP_INDEX, srtcpOverheadBytes, SrtcpReceiver, SrtcpSender } from "./srtcp.ts";
import { PacketBudget, type SrtpOutcome, SrtpStreamKeys } from "./srtp_keys.ts";
import { type Authentication, AUTHENTICATIONS, SUITE_NAMES, type SuiteName } from "./suites.ts";
import { BACKENDS, hex, inDirtyPool, randomBytes } from "./testing/backends.ts";
import { CountingBackend, keyMaterial, makeKeys, SSRC } from "./testing/packets.ts";

const BEFORE = 9;
const ROOM = 30;

/** A sender report's worth of bytes; protection looks at version and SSRC alone. */
function rtcpPacket(bytes = 28, ssrc = SSRC): Uint8Array<ArrayBuffer> {
  const packet = randomBytes(bytes, bytes + 1);
  packet.set([0x80, 200, 0, bytes / 4 - 1]);
  writeU32(packet, 4, ssrc);
  return packet;
}

/** RFC 7714 §9 and SPEC clause 4.3 put together over node:crypto called directly. */
function protectByTheBook(suite: SuiteName, authentication: Authentication, packet: Uint8Array, index: number) {
  const { encryptionKey, authKey, salt } = keyMaterial(suite, 1);
  const nonce = new Uint8Array(12);
  nonce.set(packet.subarray(4, 8), 2);
  writeU32(nonce, 8, index);
  nonce.forEach((byte, i) => nonce[i] = byte ^ salt[i]);
  const word = new Uint8Array(4);
  writeU32(word, 0, 2 ** 31 + index);
  const cipher = createCipheriv(suite as "aes-128-gcm", encryptionKey, nonce, { authTagLength: 16 });
  cipher.setAAD(concatBytes(packet.subarray(0, 8), word));
  const text = cipher.update(packet.subarray(8));
  const sealed = concatBytes(packet.subarray(0, 8), text, cipher.final(), cipher.getAuthTag(), word);
  if (authentication === "none") return sealed;
  return concatBytes(sealed, createHmac("sha256", authKey).update(sealed).digest().subarray(0, 10));
}

function protect(keys: SrtpStreamKeys, sender: SrtcpSender, packet = rtcpPacket()): Uint8Array<ArrayBuffer> {
  const pool = inDirtyPool(packet, BEFORE, ROOM);
  assert.equal(sender.protect(keys, pool, BEFORE, BEFORE + packet.length), "ok");
  return pool.slice(BEFORE, BEFORE + packet.length + srtcpOverheadBytes(keys));
}

/** Offers protected bytes; asserts that a refusal changed neither bytes nor state. */
function offer(keys: SrtpStreamKeys, receiver: SrtcpReceiver, bytes: Uint8Array): SrtpOutcome {
  const pool = inDirtyPool(bytes, BEFORE, ROOM);
  const before = toHex(pool);
  const highest = receiver.highestIndex;
  const outcome = receiver.unprotect(keys, pool, BEFORE, BEFORE + bytes.length);
  if (outcome !== "ok") {
    assert.equal(toHex(pool), before, `${outcome}: bytes changed`);
    assert.equal(receiver.highestIndex, highest, `${outcome}: state changed`);
  }
  return outcome;
}

/** RFC 7714 §17.1: encryption and authentication with AEAD_AES_128_GCM. */
Deno.test("ARC-SRTP-srtcp-layout: the example of RFC 7714 section 17.1, byte for byte", () => {
  for (const backend of BACKENDS) {
    const keys = new SrtpStreamKeys(backend, "aes-128-gcm", "none", {
      encryptionKey: hex("000102030405060708090a0b0c0d0e0f"),
      authKey: new Uint8Array(32),
      salt: hex("517569642070726f2071756f"),
    });
    const packet = hex(
      "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61" +
        "deadbeef deadbeef deadbeef deadbeef deadbeef",
    );
    const sender = new SrtcpSender(0x4d617273, 0x5d4);
    const sealed = protect(keys, sender, packet);
    assert.equal(
      toHex(sealed),
      toHex(hex(
        "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d" +
          "c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
      )),
    );
    assert.equal(offer(keys, new SrtcpReceiver(0x4d617273), sealed), "ok");
  }
});

for (const backend of BACKENDS) {
  for (const authentication of AUTHENTICATIONS) {
    Deno.test(
      `ARC-SRTP-srtcp-layout, ARC-SRTP-srtcp-hmac: layout and way back (${backend.name}, ${authentication})`,
      () => {
        for (const suite of SUITE_NAMES) {
          const keys = makeKeys({ backend, suite, authentication });
          const sender = new SrtcpSender(SSRC, 77);
          const receiver = new SrtcpReceiver(SSRC);
          assert.equal(srtcpOverheadBytes(keys), authentication === "none" ? 20 : 30);
          for (const [i, bytes] of [8, 12, 28, 400, 1200].entries()) {
            const packet = rtcpPacket(bytes);
            const pool = inDirtyPool(packet, BEFORE, ROOM + 4);
            assert.equal(sender.protect(keys, pool, BEFORE, BEFORE + bytes), "ok");
            const expected = protectByTheBook(suite, authentication, packet, 77 + i);
            const end = BEFORE + expected.length;
            assert.equal(toHex(pool.subarray(BEFORE, end)), toHex(expected));
            const noise = inDirtyPool(packet, BEFORE, ROOM + 4);
            assert.deepEqual(pool.subarray(0, BEFORE), noise.subarray(0, BEFORE));
            assert.deepEqual(pool.subarray(end), noise.subarray(end), "bytes behind the packet");
            assert.equal(receiver.unprotect(keys, pool, BEFORE, end), "ok");
            assert.equal(toHex(pool.subarray(BEFORE, BEFORE + bytes)), toHex(packet));
            assert.deepEqual(pool.subarray(end), noise.subarray(end), "bytes behind the packet");
          }
        }
      },
    );

    Deno.test(`srtcp: every flipped bit is refused and changes nothing (${backend.name}, ${authentication})`, () => {
      for (const suite of SUITE_NAMES) {
        const keys = makeKeys({ backend, suite, authentication });
        const receiver = new SrtcpReceiver(SSRC);
        const sender = new SrtcpSender(SSRC);
        assert.equal(offer(keys, receiver, protect(keys, sender)), "ok");
        const good = protect(keys, sender);
        for (let bit = 0; bit < good.length * 8; bit++) {
          const bad = good.slice();
          bad[bit >> 3] ^= 1 << (bit & 7);
          assert.notEqual(offer(keys, receiver, bad), "ok", `${suite} bit ${bit}`);
        }
        assert.equal(offer(keys, receiver, good), "ok");
      }
    });
  }
}

Deno.test("srtcp: every strict prefix is refused, as truncated where the tags do not fit", () => {
  for (const authentication of AUTHENTICATIONS) {
    const keys = makeKeys({ authentication });
    const good = protect(keys, new SrtcpSender(SSRC));
    for (let length = 0; length < good.length; length++) {
      const outcome = offer(keys, new SrtcpReceiver(SSRC), good.slice(0, length));
      assert.notEqual(outcome, "ok", `${length} bytes`);
      if (length < 8 + srtcpOverheadBytes(keys)) assert.equal(outcome, "truncated");
    }
  }
});

Deno.test("ARC-SRTP-srtcp-index: 0 in the first packet of an SSRC, growing by one, also when the keys change", () => {
  const keys = [makeKeys(), makeKeys({ seed: 5 })];
  const sender = new SrtcpSender(SSRC);
  for (let i = 0; i < 5; i++) {
    const sealed = protect(keys[i < 3 ? 0 : 1], sender);
    assert.equal(toHex(sealed.subarray(-14, -10)), `8000000${i}`);
  }
  assert.equal(sender.nextIndex, 5);
});

Deno.test("ARC-SRTP-srtcp-replay: check before, commit after authentication, in a window of 64 over the index", () => {
  const backend = new CountingBackend();
  const keys = makeKeys({ backend });
  const receiver = new SrtcpReceiver(SSRC);
  const at = (index: number) => protect(keys, new SrtcpSender(SSRC, index));
  assert.equal(offer(keys, receiver, at(100)), "ok");
  const late = [at(100), at(36), at(37), at(99)];
  backend.calls.length = 0;
  assert.equal(offer(keys, receiver, late[0]), "replay");
  assert.equal(offer(keys, receiver, late[1]), "replay");
  assert.deepEqual(backend.calls, []);
  assert.equal(offer(keys, receiver, late[2]), "ok");
  assert.deepEqual(backend.calls, ["verify", "open"]);
  const forged = at(5000);
  forged[20] ^= 1;
  assert.equal(offer(keys, receiver, forged), "auth");
  assert.equal(offer(keys, receiver, late[3]), "ok", "the forgery did not move the window");
  assert.equal(offer(keys, receiver, late[2]), "replay");
});

Deno.test("ARC-SRTP-srtcp-replay: the window goes on across epochs and is the SSRC's own", () => {
  const next = makeKeys({ seed: 5 });
  const receiver = new SrtcpReceiver(SSRC);
  assert.equal(offer(makeKeys(), receiver, protect(makeKeys(), new SrtcpSender(SSRC, 3))), "ok");
  assert.equal(offer(next, receiver, protect(next, new SrtcpSender(SSRC, 3))), "replay");
  assert.equal(offer(next, new SrtcpReceiver(7), protect(next, new SrtcpSender(7, 3), rtcpPacket(28, 7))), "ok");
});

Deno.test("srtcp: a right HMAC over a wrong AEAD leaves bytes and window alone", () => {
  const keys = makeKeys();
  const receiver = new SrtcpReceiver(SSRC);
  const packet = protect(keys, new SrtcpSender(SSRC));
  const bad = packet.slice();
  bad[12] ^= 1;
  keys.mac?.sign(bad, 0, bad.length - 10, null, bad, bad.length - 10, 10);
  assert.equal(offer(keys, receiver, bad), "decrypt");
  assert.equal(offer(keys, receiver, packet), "ok");
});

Deno.test("ARC-SRTP-srtcp-encrypted-only: a packet with the E bit 0 is dropped, though its tags be right", () => {
  const keys = makeKeys();
  // RFC 7714 §9.2: everything is associated data, nothing is encrypted.
  const packet = rtcpPacket();
  const nonce = new Uint8Array(12);
  nonce.set(packet.subarray(4, 8), 2);
  nonce.forEach((byte, i) => nonce[i] = byte ^ keys.salt[i]);
  const sealed = concatBytes(packet, new Uint8Array(4 + 16));
  keys.aead.seal(nonce, sealed, 0, packet.length + 4, packet.length + 4);
  const wire = concatBytes(packet, sealed.subarray(-16), new Uint8Array(4), new Uint8Array(10));
  keys.mac?.sign(wire, 0, wire.length - 10, null, wire, wire.length - 10, 10);
  assert.equal(offer(keys, new SrtcpReceiver(SSRC), wire), "bad_value");
});

/** A refusal by the sender changes neither bytes nor its index nor the budget. */
function assertRefused(outcome: SrtpOutcome, keys: SrtpStreamKeys, sender: SrtcpSender, pool: Uint8Array, end: number) {
  const before = toHex(pool);
  const state = [sender.nextIndex, keys.budget.usedPackets];
  assert.equal(sender.protect(keys, pool, 0, end), outcome);
  assert.equal(toHex(pool), before);
  assert.deepEqual([sender.nextIndex, keys.budget.usedPackets], state);
}

Deno.test("ARC-SRTP-srtcp-index-end: the last index is used once, then the SSRC is silent", () => {
  const keys = makeKeys();
  const sender = new SrtcpSender(SSRC, MAX_SRTCP_INDEX);
  const last = protect(keys, sender);
  assert.equal(toHex(last.subarray(-14, -10)), "ffffffff");
  assert.equal(offer(keys, new SrtcpReceiver(SSRC), last), "ok");
  assertRefused("bad_state", keys, sender, inDirtyPool(rtcpPacket(), 0, ROOM), 28);
});

Deno.test("ARC-KEY-packet-count-scope: RTCP counts against the budget of its epoch", () => {
  const budget = new PacketBudget(1);
  const keys = makeKeys({ budget });
  const sender = new SrtcpSender(SSRC);
  protect(keys, sender);
  assertRefused("bad_state", makeKeys({ budget, seed: 2 }), sender, inDirtyPool(rtcpPacket(), 0, ROOM), 28);
});

Deno.test("srtcp: refuses what is not a packet of this SSRC, and a buffer without room", () => {
  const keys = makeKeys();
  const sender = new SrtcpSender(SSRC);
  const packet = rtcpPacket();
  assertRefused("truncated", keys, sender, inDirtyPool(packet, 0, ROOM), 7);
  assertRefused("too_large", keys, sender, inDirtyPool(packet, 0, ROOM - 1), 28);
  assertRefused("bad_context", keys, sender, inDirtyPool(rtcpPacket(28, 1), 0, ROOM), 28);
  packet[0] = 0x40;
  assertRefused("bad_version", keys, sender, inDirtyPool(packet, 0, ROOM), 28);
  const sealed = protect(keys, sender);
  assert.equal(offer(keys, new SrtcpReceiver(1), sealed), "bad_context");
  sealed[0] ^= 0xc0;
  assert.equal(offer(keys, new SrtcpReceiver(SSRC), sealed), "bad_version");
});

Deno.test("srtcp: any bytes give an outcome, never an exception", () => {
  const keys = AUTHENTICATIONS.map((authentication) => makeKeys({ authentication }));
  const start = rtcpPacket().subarray(0, 8);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), fc.boolean(), (noise, likely, none) => {
      const bytes = noise.slice();
      if (likely) bytes.set(start.subarray(0, Math.min(8, bytes.length)));
      assert.notEqual(offer(keys[none ? 1 : 0], new SrtcpReceiver(SSRC), bytes), "ok");
    }),
    { seed: 51, numRuns: 500 },
  );
});
