import assert from "node:assert/strict";
import fc from "fast-check";
import { below, SeededRng } from "../../base/rng.ts";
import { fixtureMedia, PlanePair, SESSION, startOf } from "../../session/testing/plane_pair.ts";
import { Wiretap } from "../../session/testing/wiretap.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import { ARCRTP_MIN_HEADER_BYTES, writeArcRtp } from "../../packet/arcrtp.ts";
import { hex } from "../testing/packets.ts";
import { Scene } from "../testing/scene.ts";
import { StreamTable } from "./stream_table.ts";

function packet(sequenceNumber: number, over: object = {}): Uint8Array {
  const bytes = new Uint8Array(ARCRTP_MIN_HEADER_BYTES + 10);
  const fields = {
    payloadType: 111,
    sequenceNumber: sequenceNumber & 0xffff,
    timestamp: (960 * sequenceNumber) >>> 0,
    ssrc: 7,
  };
  writeArcRtp({ ...fields, quality: 0, priority: 0, keyPhase: 0, payload: new Uint8Array(10), ...over }, bytes, 0);
  return bytes;
}

function statsOf(fill: (send: (bytes: Uint8Array, ms: number, place?: object) => void) => void) {
  const scene = new Scene();
  const table = new StreamTable();
  fill((bytes, ms, place = {}) => void table.handle(scene.unit(bytes, { ms, ...place })));
  return [...table.streams()];
}

Deno.test("ARC-JITTER-interarrival: jitter is RFC 3550's, worked out by hand", () => {
  // Every 20 ms by the clock of 48 kHz; the third comes 8 ms late, the fourth in time again.
  const [stats] = statsOf((send) => [0, 20, 48, 60].forEach((ms, i) => send(packet(i), ms)));
  // |D|: 0, 8, 8 ms. J: 0, 0, 8/16, 0.5 + (8 - 0.5)/16.
  const last = 0.5 + 7.5 / 16;
  assert.ok(Math.abs((stats.maxJitterMs ?? 0) - last) < 1e-9);
  assert.ok(Math.abs((stats.meanJitterMs ?? 0) - (0.5 + last) / 4) < 1e-9);
  assert.deepEqual([Math.round(stats.maxDeltaMs * 1000), stats.maxDeltaPacket], [28_000, 3]);
  assert.deepEqual([stats.packets, stats.bytes, stats.durationS], [4, 104, 0.06]);
  assert.ok(Math.abs((stats.bitsPerSecond ?? 0) - (104 * 8) / 0.06) < 1e-6);
});

Deno.test("ARC-RTP-quality-switch: rungs, classes, key phases and their changes, packets in order alone", () => {
  const [stats] = statsOf((send) => {
    const steps = [[0, 0, 0, 1], [1, 1, 0, 1], [3, 1, 1, 1], [2, 0, 0, 2], [4, 1, 1, 2], [4, 1, 1, 2]];
    steps.forEach(([seq, quality, keyPhase, priority], i) =>
      send(packet(seq, { quality, keyPhase, priority, marker: i === 0 }), 20 * i)
    );
  });
  assert.deepEqual([[...stats.quality], stats.qualitySwitches], [[2, 4, 0, 0], 1]);
  assert.deepEqual([[...stats.keyPhases], stats.keyPhaseSwitches], [[3, 3, 0, 0], 1]);
  assert.deepEqual([[...stats.priority], stats.markers], [[0, 3, 3, 0], 1]);
  assert.deepEqual([stats.sequence.reordered, stats.sequence.duplicates, stats.sequence.lost], [1, 1, 0]);
});

Deno.test("streams: an SSRC is a stream of its own in every direction of every conversation", () => {
  const streams = statsOf((send) => {
    for (const place of [{}, { direction: 1 }, { conversation: 2 }]) {
      for (const ssrc of [7, 8, 7]) send(packet(1, { ssrc }), 0, place);
    }
    send(hex("80c9000100000007"), 0);
    send(hex("7b7d"), 0);
  });
  assert.deepEqual(streams.map((stats) => [stats.conversation, stats.direction, stats.ssrc, stats.packets]), [
    [1, 0, 7, 2],
    [1, 0, 8, 1],
    [1, 1, 7, 2],
    [1, 1, 8, 1],
    [2, 0, 7, 2],
    [2, 0, 8, 1],
  ]);
});

Deno.test("streams: without a clock there is no jitter; a default payload type has one", () => {
  const [unknown] = statsOf((send) => [1, 2, 3].forEach((seq) => send(packet(seq, { payloadType: 120 }), 20 * seq)));
  assert.deepEqual([unknown.meanJitterMs, unknown.maxJitterMs, unknown.payloadTypes], [undefined, undefined, [120]]);
  const [vp9] = statsOf((send) =>
    [1, 2, 3].forEach((seq) => send(packet(seq, { payloadType: 98, timestamp: 1800 * seq }), 20 * seq))
  );
  assert.ok((vp9.maxJitterMs ?? 1) < 1e-6);
});

Deno.test("streams: a flood of SSRCs is bounded, the packets of the rest are counted", () => {
  const scene = new Scene();
  const table = new StreamTable(100);
  for (let i = 0; i < 1000; i++) table.handle(scene.unit(packet(1, { ssrc: i })));
  assert.deepEqual([table.size, table.untracked, [...table.streams()].length], [100, 900, 100]);
});

Deno.test("streams: of a real sender through losses, repetitions and delays, the figures are those of the truth", () => {
  const media = fixtureMedia("opus_48k_stereo.opus");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), (seed) => {
      const rng = new SeededRng(seed);
      const start = startOf(media, { contexts: [{ id: 1, quality: 0 }] });
      const pair = new PlanePair({ seed, reducedHeader: true });
      const wire: { readonly unit: Uint8Array; readonly ms: number }[] = [];
      const truth = { sent: 0, reduced: 0, bytes: 0, duplicates: 0 };
      const lost = new Set<number>();
      const tap = new Wiretap(pair, [start], "hmac-sha256-80");
      const before = pair.tap;
      pair.tap = (unit, from, ms) => {
        const verdict = before?.(unit, from, ms) ?? "pass";
        if (from !== "caller" || (unit[1] >= 192 && unit[1] <= 223 && unit[0] < 0xc0)) return verdict;
        const n = truth.sent++;
        // The first packets stay, so that the reduced ones behind them can be read.
        if (n > 5 && below(rng, 20) === 0) lost.add(n);
        else {
          wire.push({ unit: unit.slice(), ms });
          truth.bytes += unit.length;
          if (unit[0] >= 0xc0) truth.reduced++;
          if (below(rng, 30) === 0) {
            wire.push({ unit: unit.slice(), ms: ms + 1 });
            truth.duplicates++;
            truth.bytes += unit.length;
            if (unit[0] >= 0xc0) truth.reduced++;
          }
        }
        return verdict;
      };
      pair.start(start);
      pair.play(start.stream_id, media);
      pair.runUntil(pair.nowMs + 4000);
      const scene = new Scene();
      scene.say({ ...EXAMPLES.CONNECT_ACK.full, session_id: SESSION });
      scene.say(start);
      const table = new StreamTable();
      for (const { unit, ms } of wire) table.handle(scene.unit(unit, { ms }));
      const [stats, ...others] = table.streams();
      assert.equal(others.length, 0);
      // What is lost behind the last packet that came nobody can know of.
      let unseen = 0;
      for (let n = truth.sent - 1; lost.has(n); n--) unseen++;
      assert.deepEqual(
        [stats.packets, stats.bytes, stats.reducedHeaders, stats.sequence.lost, stats.sequence.duplicates],
        [wire.length, truth.bytes, truth.reduced, lost.size - unseen, truth.duplicates],
      );
      assert.equal(tap.packets.length, truth.sent);
    }),
    { seed: 191, numRuns: 4 },
  );
});
