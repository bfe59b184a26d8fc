/** Keys, indexes and authentication of the media plane: rotation, rollover, replays, forgeries, budgets, early units. */
import assert from "node:assert/strict";
import { toHex } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import { PacketBudget } from "../crypto/srtp_keys.ts";
import { EpochPair } from "./testing/epoch_pair.ts";
import { AUDIO_SSRC, fixtureMedia, master, type Media, PlanePair, startOf, VIDEO_SSRC } from "./testing/plane_pair.ts";
import { Wiretap } from "./testing/wiretap.ts";

const opus = fixtureMedia("opus_48k_stereo.opus");
const vp9 = fixtureMedia("vp9_160x90.ivf");
const BOTH = { rtx: true, fec: true };

function received(pair: PlanePair, media: Media): string[] {
  return pair.callee.frames.filter((event) => event.media === media.kind).map(({ frame }) => toHex(frame.data));
}

function sent(media: Media, loops = 1): string[] {
  const once = media.frames.map(({ data }) => toHex(data));
  return Array.from({ length: loops }, () => once).flat();
}

Deno.test("ARC-KEY-rotation-initiator-switch ARC-KEY-rotation-responder-switch ARC-KEY-epoch-phase-lookup: eleven rotations under load and reordering lose no frame", () => {
  const link = { delayMs: 20, jitterMs: 3, reorderRate: 0.05, reorderMs: 4 };
  const epochs = new EpochPair({ link, ...BOTH, reducedHeader: true, jitter: { minMs: 15, initialMs: 20 } });
  const { pair } = epochs;
  const starts = [startOf(opus, { ...BOTH, contexts: [{ id: 5, quality: 0 }] }), startOf(vp9, BOTH)];
  for (const start of starts) pair.start(start, { renditions: 1 });
  pair.play(starts[0].stream_id, opus, 3);
  pair.play(starts[1].stream_id, vp9, 3);
  // From both sides in turn; the epochs before are long retired when K comes round again.
  for (let i = 0; i < 11; i++) {
    pair.clock.at(2000 + i * 2500, () => epochs.rotate(i % 2 === 0 ? epochs.caller : epochs.callee));
  }
  pair.runUntil(1000 + 3 * 10_020 + 300);
  assert.deepEqual(received(pair, opus), sent(opus, 3));
  assert.deepEqual(received(pair, vp9), sent(vp9, 3));
  assert.equal(pair.caller.plane.stats(pair.nowMs).sendEpoch, 11);
  assert.equal(epochs.callee.machine.newestEpoch, 11);
  assert.ok(epochs.log.includes("caller retire 9") && epochs.log.includes("callee retire 9"), epochs.log.join(", "));
  assert.deepEqual(pair.callee.plane.stats(pair.nowMs).drops, {});
  assert.deepEqual(pair.caller.plane.stats(pair.nowMs).drops, {});
});

Deno.test("ARC-KEY-rotation-old-epoch-end ARC-KEY-rotation-key-erased: a retired epoch's packets are dropped without cryptography", () => {
  const pair = new PlanePair({ link: { delayMs: 5 } });
  const start = startOf(opus);
  const late: Uint8Array<ArrayBuffer>[] = [];
  pair.tap = (unit, from) => {
    const isLate = from === "caller" && (unit[1] & 0x7f) === 111 && late.length < 2 && pair.nowMs > 1100;
    if (isLate) late.push(unit.slice());
    return isLate ? "drop" : "pass";
  };
  pair.start(start);
  pair.play(start.stream_id, opus);
  pair.runUntil(2000);
  for (const { plane } of [pair.caller, pair.callee]) {
    plane.epochMade(1, master(1), new PacketBudget());
    plane.epochSend(1);
  }
  pair.runUntil(2040);
  assert.equal(pair.deliver(pair.callee, late[0].slice()), "ok", "both epochs are held, and K tells them apart");
  pair.callee.plane.epochRetired(0);
  assert.equal(pair.deliver(pair.callee, late[1].slice()), "unknown_epoch");
  pair.runUntil(2100);
  assert.ok(pair.callee.events.some((event) => event.kind === "epoch_authenticated" && event.epoch === 1));
});

for (const [roc, announced] of [[0, false], [7, true]] as const) {
  Deno.test(`ARC-SRTP-roc-start ARC-KEY-index-continues: sequence numbers wrap in mid-call, from ROC ${roc} on`, () => {
    const pair = new PlanePair({ link: { delayMs: 20, lossRate: 0.03, duplicateRate: 0.05 }, ...BOTH });
    const rocs = announced ? [AUDIO_SSRC, VIDEO_SSRC].flatMap((ssrc) => [{ ssrc, roc }]) : undefined;
    const starts = [startOf(opus, { ...BOTH, roc: rocs }), startOf(vp9, { ...BOTH, roc: rocs })];
    for (const start of starts) pair.start(start, { renditions: 1, firstIndex: { roc, sequence16: 65_400 } });
    pair.play(starts[0].stream_id, opus);
    pair.play(starts[1].stream_id, vp9);
    pair.runUntil(11_400);
    assert.equal(pair.caller.plane.rocOf(AUDIO_SSRC), roc + 1);
    assert.equal(pair.caller.plane.rocOf(VIDEO_SSRC), roc + 1);
    assert.equal(pair.caller.plane.rocOf(12345), 0);
    for (const { tracks } of pair.callee.plane.stats(pair.nowMs).receiving) assert.equal(tracks[0].roc, roc + 1);
    // Across the wrap too, what was lost of the audio comes back by FEC.
    assert.deepEqual(received(pair, opus), sent(opus));
    assert.deepEqual(Object.keys(pair.callee.plane.stats(pair.nowMs).drops), ["replay"]);
  });
}

Deno.test("ARC-SRTP-roc-announced: a repeated STREAM_START brings the rollover counter up after a silence that hid two wraps", () => {
  const pair = new PlanePair();
  const start = startOf(opus);
  pair.start(start, { firstIndex: { roc: 0, sequence16: 100 } });
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 10) });
  pair.runUntil(1500);
  assert.equal(pair.callee.frames.length, 10);
  // The sender goes on three turns later; the receiver was away and was told on resumption.
  pair.caller.plane.removeStream(start.stream_id);
  pair.caller.plane.addSendStream(start, { firstIndex: { roc: 3, sequence16: 500 } }, pair.nowMs);
  pair.callee.plane.addReceiveStream({ ...start, roc: [{ ssrc: AUDIO_SSRC, roc: 3 }] }, pair.nowMs);
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(10, 20) });
  pair.runUntil(2500);
  assert.equal(pair.callee.frames.length, 20);
  assert.equal(pair.callee.plane.stats(pair.nowMs).receiving[0].tracks[0].roc, 3);
});

Deno.test("ARC-SRTP-replay-always-on ARC-SRTP-srtcp-replay: replays of every kind are counted and change nothing", () => {
  const pair = new PlanePair({ link: { delayMs: 10 }, reducedHeader: true, ...BOTH, replayWindowPackets: 128 });
  const start = startOf(vp9, { ...BOTH, contexts: [{ id: 0, quality: 0 }] });
  const units: Uint8Array<ArrayBuffer>[] = [];
  pair.tap = (unit, from) => {
    if (from === "caller") units.push(unit.slice());
    return "pass";
  };
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, { ...vp9, frames: vp9.frames.slice(0, 100) });
  pair.runUntil(4600);
  assert.ok(units.length > 100);
  const { drops: _, ...before } = pair.callee.plane.stats(pair.nowMs);
  const frames = pair.callee.frames.length;
  for (const unit of units) {
    const outcome = pair.callee.receive(unit, pair.nowMs);
    // Old reduced headers expand near the newest packet, to what never was.
    assert.ok(outcome === "replay" || (unit[0] >= 0xc0 && outcome === "auth"), outcome);
  }
  const { drops, ...after } = pair.callee.plane.stats(pair.nowMs);
  assert.deepEqual(after, before);
  assert.equal((drops.replay ?? 0) + (drops.auth ?? 0), units.length);
  pair.callee.plane.timeout(pair.nowMs);
  pair.drive(pair.callee);
  assert.equal(pair.callee.frames.length, frames);
});

for (const authentication of ["hmac-sha256-80", "none"] as const) {
  Deno.test(`ARC-SRTP-receive-order ARC-KEY-rotation-security-event ARC-KEY-rotation-hmac-failures-free: forgeries under ${authentication} change nothing`, () => {
    const rng = new SeededRng(3);
    const pair = new PlanePair({ link: { delayMs: 10 }, authentication });
    const start = startOf(opus);
    const reason = authentication === "none" ? "decrypt" : "auth";
    let forgeries = 0;
    pair.tap = (unit, from) => {
      if (from !== "caller" || (unit[1] & 0x7f) !== 111) return "pass";
      // In front of each packet comes a forgery of it: what is behind the Arc block is changed in one bit.
      const forged = unit.slice();
      forged[28 + (rng.u32() % (unit.length - 28))] ^= 1 << (rng.u32() % 8);
      assert.equal(pair.callee.receive(forged, pair.nowMs), reason);
      forgeries++;
      return "pass";
    };
    pair.start(start);
    pair.play(start.stream_id, opus);
    pair.runUntil(11_300);
    assert.deepEqual(received(pair, opus), sent(opus));
    assert.deepEqual(pair.callee.plane.stats(pair.nowMs).drops, { [reason]: forgeries });
    const events = pair.callee.events.filter(({ kind }) => kind === "security_event").length;
    // 32 failures make an event; where the HMAC tag stands in front, anyone can make failures, and they make none.
    assert.equal(events, authentication === "none" ? Math.floor(forgeries / 32) : 0);
  });
}

Deno.test("ARC-KEY-rotation-stop ARC-KEY-packet-count-scope: media and RTCP of all streams use one budget up, and nothing leaves after it", () => {
  const limit = 400;
  const budgets = new Map<number, PacketBudget>();
  const budget = (epoch: number, isCaller: boolean) => {
    const made = new PacketBudget(isCaller ? limit : undefined);
    if (isCaller) budgets.set(epoch, made);
    return made;
  };
  const pair = new PlanePair({ budget, ...BOTH });
  const starts = [startOf(opus, BOTH), startOf(vp9, BOTH)];
  for (const start of starts) pair.start(start, { renditions: 1 });
  pair.play(starts[0].stream_id, opus);
  pair.play(starts[1].stream_id, vp9);
  pair.runUntil(8000);
  assert.equal(budgets.get(0)?.usedPackets, limit);
  assert.equal(pair.caller.unitsSent, limit);
  assert.ok(pair.caller.plane.stats(pair.nowMs).sent.rtcpPackets >= 3);
  assert.deepEqual(pair.caller.events.filter(({ kind }) => kind === "stop"), [{ kind: "stop", epoch: 0 }]);
  // New keys, and it goes on.
  for (const { plane } of [pair.caller, pair.callee]) {
    plane.epochMade(1, master(1), new PacketBudget());
    plane.epochSend(1);
  }
  const before = pair.callee.frames.length;
  pair.runUntil(9000);
  assert.ok(pair.callee.frames.length > before + 60, `${pair.callee.frames.length - before} frames`);
});

Deno.test("ARC-KEY-rotation-packet-limit ARC-METRICS-knobs: a rotation comes before the limit, and the stream goes on", () => {
  const epochs = new EpochPair({ link: { delayMs: 10 } }, { packetLimit: 640, automaticSpacingMs: 1000 });
  const { pair } = epochs;
  const start = startOf(opus);
  pair.start(start);
  pair.play(start.stream_id, opus, 3);
  pair.runUntil(1000 + 3 * 10_020 + 200);
  assert.deepEqual(received(pair, opus), sent(opus, 3));
  assert.ok(epochs.caller.machine.sendEpoch >= 2, `epoch ${epochs.caller.machine.sendEpoch}`);
  assert.ok(!epochs.log.some((line) => line.includes("stop")), epochs.log.join(", "));
});

Deno.test("ARC-SRTP-early-hold ARC-SRTP-early-not-failures: media that overtakes its STREAM_START is kept for 250 ms", () => {
  const pair = new PlanePair({ link: { delayMs: 10 }, reducedHeader: true });
  const start = startOf(opus, { contexts: [{ id: 0, quality: 0 }] });
  pair.caller.plane.addSendStream(start, {}, pair.nowMs);
  pair.play(start.stream_id, opus);
  pair.clock.at(1215, () => {
    assert.equal(pair.callee.plane.stats(pair.nowMs).heldUnits, 11);
    pair.callee.plane.addReceiveStream(start, pair.nowMs);
    pair.callee.plane.timeout(pair.nowMs);
    pair.drive(pair.callee);
    pair.caller.plane.streamAccepted(start.stream_id);
  });
  pair.runUntil(11_300);
  assert.deepEqual(received(pair, opus), sent(opus));
  assert.deepEqual(pair.callee.plane.stats(pair.nowMs).drops, {});
  assert.equal(pair.callee.outcomes.get("held"), 11);
  // The report that came with the first frame was kept too: every frame has its capture time.
  assert.ok(pair.callee.frames.every(({ captureUnixMs }) => captureUnixMs !== undefined));
});

Deno.test("ARC-SRTP-early-hold: 64 units at most, and after 250 ms they are dropped and counted", () => {
  const pair = new PlanePair();
  const start = startOf(opus);
  pair.caller.plane.addSendStream(start, {}, pair.nowMs);
  pair.play(start.stream_id, opus);
  pair.runUntil(4000);
  const { heldUnits, drops } = pair.callee.plane.stats(pair.nowMs);
  assert.ok(heldUnits === 12 || heldUnits === 13, `${heldUnits} held`);
  assert.equal(drops.unknown_ssrc, 151 - heldUnits);
  // A burst of 100 at one time: 64 are kept.
  const burst = new PlanePair();
  burst.caller.plane.addSendStream(start, {}, burst.nowMs);
  burst.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 100).map((f) => ({ ...f, timestampTicks: 0 })) });
  burst.runUntil(1100);
  assert.equal(burst.callee.outcomes.get("held"), 64);
  assert.equal(burst.callee.outcomes.get("unknown_ssrc"), 36);
  burst.runUntil(1300);
  assert.equal(burst.callee.plane.stats(burst.nowMs).drops.unknown_ssrc, 100);
});

Deno.test("ARC-SRTP-unvalidated-unknown-ssrc: strangers get no memory", () => {
  const pair = new PlanePair();
  const start = startOf(opus);
  pair.caller.plane.addSendStream(start, {}, pair.nowMs);
  pair.tap = (unit) => {
    assert.equal(pair.callee.receive(unit, pair.nowMs, false), "unknown_ssrc");
    return "drop";
  };
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 10) });
  pair.runUntil(1300);
  assert.equal(pair.callee.plane.stats(pair.nowMs).heldUnits, 0);
  assert.equal(pair.callee.outcomes.get("unknown_ssrc"), pair.caller.unitsSent);
});

Deno.test("ARC-RTP-unknown-payload-type: it is dropped and counted after it has been authenticated", () => {
  const pair = new PlanePair();
  const start = startOf(opus);
  pair.caller.plane.addSendStream(startOf(opus, { payloadType: 96 }), {}, pair.nowMs);
  pair.callee.plane.addReceiveStream(start, pair.nowMs);
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 50) });
  pair.runUntil(2500);
  const { drops, receiving } = pair.callee.plane.stats(pair.nowMs);
  assert.deepEqual(drops, { unknown_payload_type: 50 });
  assert.equal(receiving[0].tracks[0].packets, 50);
  assert.equal(pair.callee.frames.length, 0);
});

Deno.test("ARC-UNIT-malformed-dropped ARC-UNIT-unknown-dropped ARC-METRICS-drop-counters: any bytes are dropped under a reason, unanswered", () => {
  const rng = new SeededRng(99);
  const pair = new PlanePair({ link: { delayMs: 10 }, reducedHeader: true, ...BOTH });
  const start = startOf(opus, { ...BOTH, contexts: [{ id: 0, quality: 0 }] });
  pair.start(start);
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 20) });
  pair.runUntil(3000);
  const { drops: _, ...before } = pair.callee.plane.stats(pair.nowMs);
  const unitsBefore = pair.callee.unitsSent;
  let dropped = 0;
  for (let i = 0; i < 3000; i++) {
    const unit = rng.fill(new Uint8Array(i < 1300 ? i : rng.u32() % 80));
    if (unit.length > 0 && i % 3 > 0) unit[0] = i % 3 === 1 ? 0x80 | (unit[0] & 0x3f) : 0xc0 | (unit[0] & 0x3f);
    // As if it were of the stream.
    if (i % 5 === 0 && unit.length >= 12) unit.set([0x11, 0x11, 0x11, 0x11], unit[1] >= 192 && unit[1] < 224 ? 4 : 8);
    const outcome = pair.callee.receive(unit, pair.nowMs, false);
    assert.notEqual(outcome, "ok");
    assert.notEqual(outcome, "held");
    dropped++;
  }
  const { drops, ...after } = pair.callee.plane.stats(pair.nowMs);
  assert.deepEqual(after, before);
  assert.equal(Object.values(drops).reduce((sum, count) => sum + count, 0), dropped);
  for (const reason of ["truncated", "bad_context", "auth", "unknown_class", "unknown_ssrc", "too_large"] as const) {
    assert.ok((drops[reason] ?? 0) > 0, `${reason}: ${JSON.stringify(drops)}`);
  }
  pair.drive(pair.callee);
  assert.equal(pair.callee.unitsSent, unitsBefore);
});

Deno.test("ARC-RTP-initial-sequence ARC-SRTP-srtcp-index ARC-RTP-reserved-zero ARC-UNIT-media-size: what every unit of a call has in common", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const pair = new PlanePair({ seed, link: { delayMs: 10, lossRate: 0.02 }, ...BOTH });
    const starts = [startOf(opus, BOTH), startOf(vp9, BOTH)];
    const tap = new Wiretap(pair, starts, "hmac-sha256-80");
    for (const start of starts) pair.start(start, { renditions: 1 });
    pair.play(starts[0].stream_id, { ...opus, frames: opus.frames.slice(0, 50) });
    pair.play(starts[1].stream_id, { ...vp9, frames: vp9.frames.slice(0, 62) });
    pair.runUntil(3500);
    assert.equal(tap.unread, 0);
    const first = new Map<number, number>();
    for (const { fields, arcByte, wireBytes } of tap.packets) {
      if (!first.has(fields.ssrc)) first.set(fields.ssrc, fields.sequenceNumber);
      assert.equal(arcByte & 3, 0);
      assert.ok(wireBytes <= 1232, `${wireBytes} bytes`);
    }
    assert.ok(first.size >= 4, `${first.size} SSRCs`);
    for (const [ssrc, sequence16] of first) assert.ok(sequence16 < 32_768, `SSRC ${ssrc} begins with ${sequence16}`);
    for (const from of ["caller", "callee"] as const) {
      const units = tap.rtcp.filter((unit) => unit.from === from);
      assert.deepEqual(units.map(({ index }) => index), units.map((_, i) => i), `seed ${seed}, ${from}`);
      assert.ok(units.every(({ wireBytes }) => wireBytes <= 1232));
    }
  }
});
