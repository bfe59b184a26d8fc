import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketBatch } from "../base/batch.ts";
import { toHex } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import { ArcRtpView } from "../packet/arcrtp.ts";
import { packetIndex } from "./packet_index.ts";
import type { SrtpOutcome, SrtpStreamKeys } from "./srtp_keys.ts";
import { SrtpSender, type SrtpStateOptions } from "./srtp_protect.ts";
import { SrtpReceiver, unprotectBatch } from "./srtp_unprotect.ts";
import { AUTHENTICATIONS, SUITE_NAMES } from "./suites.ts";
import { BACKENDS, randomBytes } from "./testing/backends.ts";
import {
  copyOf,
  CountingBackend,
  HEADER_SHAPES,
  makeKeys,
  plainPacket,
  type PlainPacketFields,
  SSRC,
  viewInPool,
} from "./testing/packets.ts";

/** The packet of this index, protected by a sender that stands right there. */
function protectedPacket(keys: SrtpStreamKeys, roc: number, fields: PlainPacketFields): Uint8Array<ArrayBuffer> {
  const view = viewInPool(plainPacket(fields));
  const outcome = new SrtpSender(view.ssrc, { startRoc: roc }).protect(keys, view);
  if (outcome !== "ok") throw new Error(`test packet: ${outcome}`);
  return copyOf(view, keys.overheadBytes);
}

/** A receiver with its keys and its own clock, and packets by index. */
class Rig {
  readonly keys: SrtpStreamKeys;
  readonly receiver: SrtpReceiver;
  nowMs = 5000;

  constructor(options: SrtpStateOptions = {}, keys = makeKeys()) {
    this.keys = keys;
    this.receiver = new SrtpReceiver(SSRC, this.nowMs, options);
  }

  /** Offers protected bytes; asserts that a refusal changed nothing, neither bytes nor state. */
  offer(bytes: Uint8Array, keys = this.keys): SrtpOutcome {
    const view = viewInPool(bytes);
    const pool = toHex(view.bytes);
    const state = [this.receiver.highestIndex, this.receiver.roc];
    const outcome = this.receiver.unprotect(keys, view, this.nowMs);
    if (outcome !== "ok") {
      assert.equal(toHex(view.bytes), pool, `${outcome}: bytes changed`);
      assert.deepEqual([this.receiver.highestIndex, this.receiver.roc], state, `${outcome}: state changed`);
    }
    return outcome;
  }

  /** Offers the packet of this index, as its sender protects it. */
  index(index: number): SrtpOutcome {
    return this.offer(
      protectedPacket(this.keys, Math.floor(index / 65_536), { sequenceNumber: index % 65_536 }),
    );
  }
}

for (const backend of BACKENDS) {
  for (const authentication of AUTHENTICATIONS) {
    Deno.test(`srtp unprotect: gives back what was protected (${backend.name}, ${authentication})`, () => {
      for (const suite of SUITE_NAMES) {
        for (const [i, shape] of HEADER_SHAPES.entries()) {
          const keys = makeKeys({ backend, suite, authentication });
          const packet = plainPacket({ sequenceNumber: 40_000 + i, ...shape });
          const view = viewInPool(protectedPacket(keys, 7, { sequenceNumber: 40_000 + i, ...shape }));
          assert.equal(new SrtpReceiver(SSRC, 0, { startRoc: 7 }).unprotect(keys, view, 0), "ok");
          assert.equal(toHex(copyOf(view, -keys.overheadBytes)), toHex(packet));
          assert.equal(view.stripPadding(view.end - keys.overheadBytes), true);
        }
      }
    });

    Deno.test(
      `ARC-SRTP-receive-order: every flipped bit is refused and changes nothing (${backend.name}, ${authentication})`,
      () => {
        for (const suite of SUITE_NAMES) {
          const keys = makeKeys({ backend, suite, authentication });
          const rig = new Rig({}, keys);
          assert.equal(rig.index(999), "ok");
          const good = protectedPacket(keys, 0, { sequenceNumber: 1000, lossTenths: 3, bandwidthKbps: 800 });
          for (let bit = 0; bit < good.length * 8; bit++) {
            const bad = good.slice();
            bad[bit >> 3] ^= 1 << (bit & 7);
            const view = new ArcRtpView();
            // A flip may make another packet of it, or none at all; the receiver sees what parses.
            if (!view.parse(bad)) continue;
            const outcome = rig.offer(bad);
            const reasons = bit >= 64 && bit < 96 ? ["bad_context"] : ["auth", "decrypt", "replay", "truncated"];
            assert.ok(reasons.includes(outcome), `${suite} bit ${bit}: ${outcome}`);
          }
          assert.equal(rig.offer(good), "ok");
          assert.equal(rig.receiver.highestIndex, 1000);
        }
      },
    );
  }
}

Deno.test("ARC-SRTP-short-packet: every strict prefix is refused, as truncated where the tags do not fit", () => {
  for (const authentication of AUTHENTICATIONS) {
    const keys = makeKeys({ authentication });
    const good = protectedPacket(keys, 0, { sequenceNumber: 1, csrc: [1, 2], lossTenths: 9 });
    const headerBytes = 12 + 8 + 5;
    const rig = new Rig({}, keys);
    for (let length = 0; length < good.length; length++) {
      const prefix = good.slice(0, length);
      const view = new ArcRtpView();
      if (length < headerBytes) {
        assert.equal(view.parse(prefix), false, `${length} bytes`);
        continue;
      }
      const isShort = length < headerBytes + keys.overheadBytes;
      const expected = isShort ? "truncated" : authentication === "none" ? "decrypt" : "auth";
      assert.equal(rig.offer(prefix), expected, `${length} bytes`);
    }
    assert.equal(rig.offer(good), "ok");
  }
});

Deno.test("ARC-SRTP-replay-before-auth: a replay is refused before any cryptography is done", () => {
  const backend = new CountingBackend();
  const rig = new Rig({}, makeKeys({ backend }));
  const packets = [100, 200].map((sequenceNumber) => protectedPacket(rig.keys, 0, { sequenceNumber }));
  assert.equal(rig.offer(packets[0]), "ok");
  backend.calls.length = 0;
  assert.equal(rig.offer(packets[0]), "replay");
  assert.deepEqual(backend.calls, []);
  assert.equal(rig.offer(packets[1]), "ok");
  assert.deepEqual(backend.calls, ["verify", "open"]);
  backend.calls.length = 0;
  assert.equal(rig.offer(packets[0]), "replay");
  assert.equal(rig.index(200 - 64), "replay");
  assert.deepEqual(backend.calls, ["seal", "sign"]);
});

Deno.test("ARC-SRTP-receive-order: HMAC comes before the AEAD, and its failure ends the work", () => {
  const backend = new CountingBackend();
  const rig = new Rig({}, makeKeys({ backend }));
  const packet = protectedPacket(rig.keys, 0, { sequenceNumber: 5 });
  backend.calls.length = 0;
  const forged = packet.slice();
  forged[forged.length - 1] ^= 1;
  assert.equal(rig.offer(forged), "auth");
  assert.deepEqual(backend.calls, ["verify"]);
  assert.equal(rig.offer(packet), "ok");
  assert.deepEqual(backend.calls, ["verify", "verify", "open"]);
});

Deno.test("ARC-SRTP-receive-order: a right HMAC over a wrong AEAD changes nothing, and no other ROC is tried", () => {
  const backend = new CountingBackend();
  const rig = new Rig({}, makeKeys({ backend }));
  // Whoever holds auth_key alone, a relay, can make such a packet.
  const packet = protectedPacket(rig.keys, 0, { sequenceNumber: 5 });
  packet[20] ^= 1;
  rig.keys.mac?.sign(packet, 0, packet.length - 10, 0, packet, packet.length - 10, 10);
  backend.calls.length = 0;
  rig.nowMs += 60_000;
  assert.equal(rig.offer(packet), "decrypt");
  assert.deepEqual(backend.calls, ["verify", "open"]);
});

Deno.test("ARC-SRTP-commit-after-auth: a forgery far ahead does not move the window", () => {
  for (const authentication of AUTHENTICATIONS) {
    const rig = new Rig({}, makeKeys({ authentication }));
    assert.equal(rig.index(1000), "ok");
    const forged = protectedPacket(makeKeys({ authentication, seed: 77 }), 0, { sequenceNumber: 30_000 });
    assert.equal(rig.offer(forged), authentication === "none" ? "decrypt" : "auth");
    assert.equal(rig.index(999), "ok");
    assert.equal(rig.index(1001), "ok");
  }
});

Deno.test("ARC-SRTP-replay-window, ARC-SRTP-replay-window-size: late packets pass as far back as the window spans", () => {
  for (const [windowPackets, spans] of [[undefined, 64], [128, 128], [4096, 4096]] as const) {
    const rig = new Rig({ windowPackets });
    assert.equal(rig.index(10_000), "ok");
    assert.equal(rig.index(10_000 - spans), "replay");
    assert.equal(rig.index(10_000 - spans + 1), "ok");
    assert.equal(rig.index(10_000 - spans + 1), "replay");
  }
});

Deno.test("ARC-SRTP-replay-always-on: there is no receiver without a window", () => {
  assert.throws(() => new SrtpReceiver(SSRC, 0, { windowPackets: 0 }), RangeError);
});

Deno.test("ARC-SRTP-index-estimate, ARC-SRTP-roc-start: reordering and doubling across wraps lose and repeat nothing", () => {
  const keys = makeKeys();
  const protectAll = new Map<number, Uint8Array>();
  const packet = (index: number) => {
    const known = protectAll.get(index) ??
      protectedPacket(keys, Math.floor(index / 65_536), { sequenceNumber: index % 65_536 });
    protectAll.set(index, known);
    return known;
  };
  fc.assert(
    fc.property(fc.constantFrom(65_500, 2 * 65_536 - 40, 40_000), fc.nat(), (first, seed) => {
      const rng = new SeededRng(seed);
      const rig = new Rig({ startRoc: Math.floor(first / 65_536) }, keys);
      const arrivals: { readonly at: number; readonly index: number }[] = [];
      for (let i = 1; i < 70; i++) {
        // Displaced by less than the window; every third packet comes twice. The very first packet leads.
        arrivals.push({ at: i + (rng.u32() % 20), index: first + i });
        if (i % 3 === 0) arrivals.push({ at: i + (rng.u32() % 20), index: first + i });
      }
      arrivals.sort((a, b) => a.at - b.at);
      const seen = new Set([first]);
      assert.equal(rig.offer(packet(first)), "ok");
      for (const { index } of arrivals) {
        assert.equal(rig.offer(packet(index)), seen.has(index) ? "replay" : "ok", `index ${index}`);
        seen.add(index);
      }
      assert.equal(rig.receiver.highestIndex, first + 69);
    }),
    { seed: 41, numRuns: 25 },
  );
});

Deno.test("srtp unprotect: before the first index there is nothing", () => {
  const rig = new Rig();
  assert.equal(rig.index(3), "ok");
  assert.equal(rig.offer(protectedPacket(rig.keys, 0, { sequenceNumber: 65_530 })), "replay");
  rig.nowMs += 10_000;
  assert.equal(rig.offer(protectedPacket(rig.keys, 0, { sequenceNumber: 65_530 })), "ok", "one round further");
});

Deno.test("srtp unprotect: behind the last index there is nothing, not the first one again", () => {
  const rig = new Rig({ startRoc: 0xffff_ffff });
  assert.equal(rig.index(packetIndex(0xffff_ffff, 65_535)), "ok");
  assert.equal(rig.index(0), "replay");
  rig.nowMs += 10_000;
  assert.equal(rig.index(0), "replay");
  assert.equal(rig.index(packetIndex(1, 0)), "replay");
});

Deno.test("ARC-SRTP-roc-resync: after 1 s of silence ROC+1 and ROC+2 are tried, and only then", () => {
  for (const authentication of AUTHENTICATIONS) {
    const refusal = authentication === "none" ? "decrypt" : "auth";
    for (const missed of [1, 2]) {
      const rig = new Rig({}, makeKeys({ authentication }));
      assert.equal(rig.index(1000), "ok");
      const later = 1100 + missed * 65_536;
      rig.nowMs += 999;
      assert.equal(rig.index(later), refusal);
      rig.nowMs += 1;
      assert.equal(rig.index(later), "ok");
      assert.equal(rig.receiver.roc, missed);
      assert.equal(rig.index(later + 65_537), refusal, "the silence is over");
      assert.equal(rig.index(later + 1), "ok");
    }
    const rig = new Rig({}, makeKeys({ authentication }));
    assert.equal(rig.index(1000), "ok");
    rig.nowMs += 1_000_000;
    assert.equal(rig.index(1100 + 3 * 65_536), refusal);
  }
});

Deno.test("ARC-SRTP-roc-resync: finds the stream again behind a gap of more than half a round", () => {
  for (const gap of [32_700, 32_768, 32_769, 40_000, 65_535, 65_536, 100_000, 131_072, 160_000]) {
    const rig = new Rig();
    assert.equal(rig.index(50_000), "ok");
    rig.nowMs += 1000;
    assert.equal(rig.index(50_000 + gap), "ok", `gap ${gap}`);
    assert.equal(rig.receiver.highestIndex, 50_000 + gap);
  }
});

Deno.test("ARC-SRTP-roc-resync: forgeries neither end the silence nor cost more than three trials", () => {
  const backend = new CountingBackend();
  const rig = new Rig({}, makeKeys({ backend }));
  assert.equal(rig.index(1000), "ok");
  rig.nowMs += 1000;
  backend.calls.length = 0;
  const forged = protectedPacket(makeKeys({ seed: 77 }), 0, { sequenceNumber: 1001 });
  assert.equal(rig.offer(forged), "auth");
  assert.deepEqual(backend.calls, ["verify", "verify", "verify"]);
  assert.equal(rig.index(1002 + 65_536), "ok");
});

Deno.test("ARC-SRTP-roc-resync: a receiver that has heard nothing yet resynchronises 1 s after it was made", () => {
  const rig = new Rig();
  rig.nowMs += 999;
  assert.equal(rig.index(65_536 + 9), "auth");
  rig.nowMs += 1;
  assert.equal(rig.index(65_536 + 9), "ok");
});

Deno.test("ARC-SRTP-roc-announced: a receiver that joins late starts at the announced ROC", () => {
  const rig = new Rig({ startRoc: 4 });
  assert.equal(rig.receiver.roc, 4);
  assert.equal(rig.index(packetIndex(4, 65_535)), "ok");
  assert.equal(rig.index(packetIndex(5, 0)), "ok");
  const later = new Rig();
  later.receiver.announceRoc(9);
  assert.equal(later.receiver.roc, 9);
  assert.equal(later.index(packetIndex(9, 1)), "ok");
});

Deno.test("ARC-SRTP-roc-announced: later it leads forward over any gap, never back, and needs a packet to prove it", () => {
  const rig = new Rig();
  assert.equal(rig.index(packetIndex(3, 100)), "auth");
  assert.equal(rig.index(100), "ok");
  rig.receiver.announceRoc(50);
  assert.equal(rig.receiver.roc, 0, "an announcement is no packet");
  assert.equal(rig.index(101), "ok", "the estimate comes first");
  assert.equal(rig.index(packetIndex(50, 7)), "ok");
  rig.receiver.announceRoc(0);
  assert.equal(rig.index(102), "auth");
  assert.equal(rig.index(packetIndex(50, 8)), "ok");
});

Deno.test("ARC-KEY-index-continues: window and ROC go on when the keys change", () => {
  const rig = new Rig();
  const nextKeys = makeKeys({ seed: 50 });
  assert.equal(rig.index(65_535), "ok");
  assert.equal(rig.offer(protectedPacket(nextKeys, 0, { sequenceNumber: 65_535, keyPhase: 1 }), nextKeys), "replay");
  assert.equal(rig.offer(protectedPacket(nextKeys, 1, { sequenceNumber: 0, keyPhase: 1 }), nextKeys), "ok");
  assert.equal(rig.index(65_534), "ok", "a late packet of the previous epoch");
  assert.equal(rig.offer(protectedPacket(nextKeys, 1, { sequenceNumber: 1 }), rig.keys), "auth");
});

Deno.test("srtp unprotect: a packet of another SSRC is not this receiver's", () => {
  const rig = new Rig();
  assert.equal(rig.offer(protectedPacket(rig.keys, 0, { sequenceNumber: 1, ssrc: 7 })), "bad_context");
});

Deno.test("srtp unprotect: any bytes give an outcome, never an exception", () => {
  const keys = AUTHENTICATIONS.map((authentication) => makeKeys({ authentication }));
  const start = protectedPacket(keys[0], 0, { sequenceNumber: 1 }).subarray(0, 12);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), fc.boolean(), fc.boolean(), (noise, likely, none) => {
      const bytes = noise.slice();
      if (likely) bytes.set(start.subarray(0, Math.min(12, bytes.length)));
      const view = new ArcRtpView();
      if (!view.parse(bytes)) return;
      const receiver = new SrtpReceiver(view.ssrc, 0);
      const before = toHex(bytes);
      assert.notEqual(receiver.unprotect(keys[none ? 1 : 0], view, 5000), "ok");
      assert.equal(toHex(bytes), before);
      assert.equal(receiver.highestIndex, -1);
    }),
    { seed: 42, numRuns: 600 },
  );
});

Deno.test("srtp verify: a relay with auth_key alone refuses forgeries and replays, and leaves the packet as it is", () => {
  const keys = makeKeys();
  const mac = BACKENDS[0].importMac(randomBytes(32, 1001));
  const relay = new SrtpReceiver(SSRC, 0);
  const verify = (bytes: Uint8Array, nowMs = 0) => {
    const view = viewInPool(bytes);
    const outcome = relay.verify(mac, view, nowMs);
    assert.equal(toHex(copyOf(view)), toHex(bytes));
    return outcome;
  };
  const packets = [65_534, 65_535, 65_536, 65_537].map((index) =>
    protectedPacket(keys, Math.floor(index / 65_536), { sequenceNumber: index % 65_536 })
  );
  const forged = packets[1].slice();
  forged[18] ^= 0x10;
  assert.equal(verify(packets[0]), "ok");
  assert.equal(verify(forged), "auth");
  assert.equal(verify(packets[2]), "ok");
  assert.equal(verify(packets[1]), "ok");
  assert.equal(verify(packets[1]), "replay");
  assert.equal(verify(packets[3].slice(0, 16 + 25)), "truncated");
  assert.equal(relay.roc, 1);
  assert.equal(verify(protectedPacket(keys, 2, { sequenceNumber: 5 }), 999), "auth");
  assert.equal(verify(protectedPacket(keys, 2, { sequenceNumber: 5 }), 1000), "ok");
});

Deno.test("srtp unprotect batch: gives what one packet at a time gives, and refuses slot by slot", () => {
  const keys = makeKeys();
  const batch = new PacketBatch(8);
  const packets = [1, 2, 3].map((sequenceNumber) => protectedPacket(keys, 0, { sequenceNumber }));
  for (const packet of packets) batch.push(packet, 0);
  batch.push(packets[1], 0);
  const forged = protectedPacket(keys, 0, { sequenceNumber: 4 });
  forged[30] ^= 1;
  batch.push(forged, 0);
  batch.push(protectedPacket(keys, 0, { sequenceNumber: 1, ssrc: 5 }), 0);
  batch.push(new Uint8Array(40), 0);
  batch.push(packets[0].subarray(0, 41), 0);
  const outcomes: SrtpOutcome[] = [];
  const context = { keys, receiver: new SrtpReceiver(SSRC, 0) };
  unprotectBatch(batch, new ArcRtpView(), (view) => view.ssrc === SSRC ? context : undefined, 0, outcomes);
  assert.deepEqual(outcomes, ["ok", "ok", "ok", "replay", "auth", "bad_context", "bad_version", "truncated"]);
  assert.deepEqual([...batch.lengths], [36, 36, 36, 62, 62, 62, 40, 41]);
  for (let i = 0; i < 3; i++) assert.equal(toHex(batch.packet(i)), toHex(plainPacket({ sequenceNumber: i + 1 })));
  assert.equal(toHex(batch.packet(3)), toHex(packets[1]));
  assert.equal(toHex(batch.packet(4)), toHex(forged));
});
