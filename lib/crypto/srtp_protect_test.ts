import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import { PacketBatch } from "../base/batch.ts";
import { concatBytes, toHex, writeU32 } from "../base/bytes.ts";
import { ArcRtpView } from "../packet/arcrtp.ts";
import { PacketBudget, type SrtpOutcome, SrtpStreamKeys } from "./srtp_keys.ts";
import { protectBatch, SrtpSender } from "./srtp_protect.ts";
import { type Authentication, AUTHENTICATIONS, SUITE_NAMES, type SuiteName } from "./suites.ts";
import { BACKENDS, inDirtyPool } from "./testing/backends.ts";
import { copyOf, HEADER_SHAPES, keyMaterial, makeKeys, plainPacket, SSRC, viewInPool } from "./testing/packets.ts";

/** Protection put together from the text of SPEC clause 4.1, over node:crypto called directly. */
function protectByTheBook(
  suite: SuiteName,
  authentication: Authentication,
  packet: Uint8Array,
  headerBytes: number,
  roc: number,
): Uint8Array {
  const { encryptionKey, authKey, salt } = keyMaterial(suite, 1);
  const nonce = new Uint8Array(12);
  nonce.set(packet.subarray(8, 12), 2);
  writeU32(nonce, 6, roc);
  nonce.set(packet.subarray(2, 4), 10);
  nonce.forEach((byte, i) => nonce[i] = byte ^ salt[i]);
  const cipher = createCipheriv(suite as "aes-128-gcm", encryptionKey, nonce, { authTagLength: 16 });
  const header = packet.subarray(0, headerBytes);
  cipher.setAAD(header);
  const sealed = concatBytes(header, cipher.update(packet.subarray(headerBytes)), cipher.final(), cipher.getAuthTag());
  if (authentication === "none") return sealed;
  const rocBytes = new Uint8Array(4);
  writeU32(rocBytes, 0, roc);
  const mac = createHmac("sha256", authKey).update(sealed).update(rocBytes).digest();
  return concatBytes(sealed, mac.subarray(0, 10));
}

for (const backend of BACKENDS) {
  for (const authentication of AUTHENTICATIONS) {
    const ids = authentication === "none" ? "ARC-SRTP-authentication-none" : "ARC-SRTP-hmac-tag";
    Deno.test(
      `ARC-SRTP-aad, ARC-SRTP-payload-encrypted, ARC-SRTP-nonce, ${ids}: ${backend.name} writes the layout of clause 4.1`,
      () => {
        for (const suite of SUITE_NAMES) {
          for (const [i, shape] of HEADER_SHAPES.entries()) {
            const packet = plainPacket({ sequenceNumber: 40_000 + i, ...shape });
            const keys = makeKeys({ backend, suite, authentication });
            const view = viewInPool(packet, keys.overheadBytes + 5);
            const headerBytes = view.headerEnd - view.start;
            const sender = new SrtpSender(SSRC, { startRoc: 0xfedc_ba98 });
            assert.equal(sender.protect(keys, view), "ok");
            const expected = protectByTheBook(suite, authentication, packet, headerBytes, 0xfedc_ba98);
            assert.equal(keys.overheadBytes, authentication === "none" ? 16 : 26);
            assert.equal(toHex(copyOf(view, keys.overheadBytes)), toHex(expected), `${suite}, shape ${i}`);
            const noise = inDirtyPool(packet, 13, keys.overheadBytes + 5);
            assert.deepEqual(view.bytes.subarray(0, 13), noise.subarray(0, 13));
            assert.deepEqual(view.bytes.subarray(-5), noise.subarray(-5));
          }
        }
      },
    );
  }
}

Deno.test("ARC-SRTP-roc-start: the ROC starts at 0 and grows by one each time the sequence number wraps", () => {
  const sender = new SrtpSender(SSRC);
  const keys = makeKeys();
  assert.equal(sender.roc, 0);
  assert.equal(sender.highestIndex, -1);
  const sequence = [65_000, 65_534, 65_535, 0, 1, 30_000, 60_000, 65_535, 0];
  const rocs = [0, 0, 0, 1, 1, 1, 1, 1, 2];
  for (const [i, sequenceNumber] of sequence.entries()) {
    const packet = plainPacket({ sequenceNumber });
    const view = viewInPool(packet);
    assert.equal(sender.protect(keys, view), "ok");
    const expected = protectByTheBook("aes-128-gcm", "hmac-sha256-80", packet, 16, rocs[i]);
    assert.equal(toHex(copyOf(view, 26)), toHex(expected), `packet ${i}`);
    assert.equal(sender.roc, rocs[i]);
  }
});

Deno.test("srtp protect: packets a little out of order keep their own ROC, also across a wrap", () => {
  const sender = new SrtpSender(SSRC);
  const keys = makeKeys();
  const rocs: readonly [number, number][] = [[65_534, 0], [1, 1], [65_535, 0], [0, 1], [65_500, 0], [2, 1]];
  for (const [sequenceNumber, roc] of rocs) {
    const packet = plainPacket({ sequenceNumber });
    const view = viewInPool(packet);
    assert.equal(sender.protect(keys, view), "ok");
    const expected = protectByTheBook("aes-128-gcm", "hmac-sha256-80", packet, 16, roc);
    assert.equal(toHex(copyOf(view, 26)), toHex(expected), `packet ${sequenceNumber}`);
  }
});

/** Nothing may have changed: the packet's bytes, the room behind it, the sender's place, the budget. */
function assertRefused(
  outcome: string,
  sender: SrtpSender,
  keys: SrtpStreamKeys,
  view: ArcRtpView,
) {
  const before = toHex(view.bytes);
  const state = [sender.highestIndex, sender.roc, keys.budget.usedPackets];
  assert.equal(sender.protect(keys, view), outcome);
  assert.equal(toHex(view.bytes), before);
  assert.deepEqual([sender.highestIndex, sender.roc, keys.budget.usedPackets], state);
}

Deno.test("srtp protect: no index is used twice, whatever keys come with it", () => {
  const sender = new SrtpSender(SSRC);
  const keys = makeKeys();
  for (const sequenceNumber of [100, 101, 103]) {
    assert.equal(sender.protect(keys, viewInPool(plainPacket({ sequenceNumber }))), "ok");
  }
  for (const sequenceNumber of [100, 101, 103]) {
    assertRefused("bad_state", sender, keys, viewInPool(plainPacket({ sequenceNumber })));
    assertRefused("bad_state", sender, makeKeys({ seed: 9 }), viewInPool(plainPacket({ sequenceNumber })));
  }
  assert.equal(sender.protect(keys, viewInPool(plainPacket({ sequenceNumber: 102 }))), "ok");
  assertRefused("bad_state", sender, keys, viewInPool(plainPacket({ sequenceNumber: 103 - 64 })));
  assertRefused("bad_state", sender, keys, viewInPool(plainPacket({ sequenceNumber: 65_535 })));
  assertRefused("bad_state", sender, keys, viewInPool(plainPacket({ sequenceNumber: 103 + 32_770 })));
});

Deno.test("srtp protect: the index space ends, it does not start over", () => {
  const sender = new SrtpSender(SSRC, { startRoc: 0xffff_ffff });
  const keys = makeKeys();
  assert.equal(sender.protect(keys, viewInPool(plainPacket({ sequenceNumber: 65_535 }))), "ok");
  assertRefused("bad_state", sender, keys, viewInPool(plainPacket({ sequenceNumber: 0 })));
});

Deno.test("ARC-KEY-index-continues: a sender goes on where it was when the keys change", () => {
  const sender = new SrtpSender(SSRC);
  sender.protect(makeKeys(), viewInPool(plainPacket({ sequenceNumber: 65_535 })));
  const packet = plainPacket({ sequenceNumber: 0, keyPhase: 1 });
  const view = viewInPool(packet);
  assert.equal(sender.protect(makeKeys({ seed: 1 }), view), "ok");
  assert.equal(sender.roc, 1);
  assert.equal(toHex(copyOf(view, 26)), toHex(protectByTheBook("aes-128-gcm", "hmac-sha256-80", packet, 16, 1)));
});

Deno.test("ARC-KEY-packet-count-scope, ARC-KEY-rotation-stop: one budget counts the packets of all SSRCs of an epoch", () => {
  assert.equal(new PacketBudget().limitPackets, 2 ** 31);
  const budget = new PacketBudget(3);
  const [audio, video] = [new SrtpSender(1), new SrtpSender(2)];
  const [audioKeys, videoKeys] = [makeKeys({ budget }), makeKeys({ budget, seed: 2 })];
  assert.equal(audio.protect(audioKeys, viewInPool(plainPacket({ ssrc: 1, sequenceNumber: 1 }))), "ok");
  assert.equal(video.protect(videoKeys, viewInPool(plainPacket({ ssrc: 2, sequenceNumber: 1 }))), "ok");
  assert.equal(budget.isSpent, false);
  assert.equal(audio.protect(audioKeys, viewInPool(plainPacket({ ssrc: 1, sequenceNumber: 2 }))), "ok");
  assert.equal(budget.usedPackets, 3);
  assert.equal(budget.isSpent, true);
  assertRefused("bad_state", audio, audioKeys, viewInPool(plainPacket({ ssrc: 1, sequenceNumber: 3 })));
  assertRefused("bad_state", video, videoKeys, viewInPool(plainPacket({ ssrc: 2, sequenceNumber: 2 })));
  assert.equal(audio.protect(makeKeys(), viewInPool(plainPacket({ ssrc: 1, sequenceNumber: 3 }))), "ok");
});

Deno.test("srtp protect: refuses a packet of another SSRC and one without room for its tags", () => {
  const keys = makeKeys();
  const sender = new SrtpSender(SSRC);
  assertRefused("bad_context", sender, keys, viewInPool(plainPacket({ ssrc: SSRC + 1, sequenceNumber: 1 })));
  assertRefused("too_large", sender, keys, viewInPool(plainPacket({ sequenceNumber: 1 }), 25));
  assert.equal(sender.protect(keys, viewInPool(plainPacket({ sequenceNumber: 1 }), 26)), "ok");
});

Deno.test("ARC-KEY-rotation-key-erased: freed keys protect nothing", () => {
  const keys = makeKeys();
  const view = viewInPool(plainPacket({ sequenceNumber: 1 }));
  keys.free();
  assert.ok(keys.salt.every((byte) => byte === 0));
  assert.throws(() => new SrtpSender(SSRC).protect(keys, view), /freed/);
  assert.throws(() => keys.mac?.sign(view.bytes, 0, 9, null, view.bytes, 9, 10), /freed/);
});

Deno.test("srtp keys: are copied, so that the caller may erase its own", () => {
  const { encryptionKey, authKey, salt } = keyMaterial("aes-128-gcm", 1);
  const keys = new SrtpStreamKeys(BACKENDS[0], "aes-128-gcm", "hmac-sha256-80", { encryptionKey, authKey, salt });
  for (const bytes of [encryptionKey, authKey, salt]) bytes.fill(0);
  const [packet, view] = [plainPacket({ sequenceNumber: 1 }), viewInPool(plainPacket({ sequenceNumber: 1 }))];
  assert.equal(new SrtpSender(SSRC).protect(keys, view), "ok");
  assert.equal(toHex(copyOf(view, 26)), toHex(protectByTheBook("aes-128-gcm", "hmac-sha256-80", packet, 16, 0)));
});

Deno.test("srtp keys: a salt of another length is the programmer's mistake", () => {
  const material = { ...keyMaterial("aes-128-gcm", 1), salt: new Uint8Array(14) };
  assert.throws(() => new SrtpStreamKeys(BACKENDS[0], "aes-128-gcm", "none", material), /need 12 bytes, got 14/);
});

Deno.test("srtp protect batch: gives what one packet at a time gives, and refuses slot by slot", () => {
  const keys = makeKeys();
  const batch = new PacketBatch(8, 100);
  const packets = [1, 2, 3].map((sequenceNumber) => plainPacket({ sequenceNumber }));
  for (const packet of packets) batch.push(packet, 0);
  batch.push(plainPacket({ sequenceNumber: 4, payload: new Uint8Array(59) }), 0);
  batch.push(plainPacket({ sequenceNumber: 5, payload: new Uint8Array(58) }), 0);
  batch.push(plainPacket({ sequenceNumber: 6, ssrc: 5 }), 0);
  batch.push(new Uint8Array(9).fill(0x80), 0);
  batch.push(packets[0], 0);
  const outcomes: SrtpOutcome[] = [];
  const context = { keys, sender: new SrtpSender(SSRC) };
  protectBatch(batch, new ArcRtpView(), (view) => view.ssrc === SSRC ? context : undefined, outcomes);
  assert.deepEqual(outcomes, ["ok", "ok", "ok", "too_large", "ok", "bad_context", "truncated", "bad_state"]);
  assert.deepEqual([...batch.lengths], [62, 62, 62, 75, 100, 36, 9, 36]);

  const alone = new SrtpSender(SSRC);
  for (const [i, packet] of packets.entries()) {
    const view = viewInPool(packet);
    alone.protect(makeKeys(), view);
    assert.equal(toHex(batch.packet(i)), toHex(copyOf(view, 26)));
  }
  assert.equal(toHex(batch.packet(7)), toHex(packets[0]));
});
