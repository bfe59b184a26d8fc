import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng, unit } from "../../base/rng.ts";
import { writeArcRtp } from "../../packet/arcrtp.ts";
import { ReducedSender } from "../../packet/reduced_sender.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import { Scene } from "../testing/scene.ts";
import { text } from "../testing/streams.ts";
import { diffCaptures } from "./capture_diff.ts";
import { type StreamDiff, summarize } from "./diff_summary.ts";
import { UnitTape } from "./unit_tape.ts";

function packet(ssrc: number, seq: number, fill = 0x55): Uint8Array {
  const bytes = new Uint8Array(120);
  const payload = new Uint8Array(60).fill(fill);
  payload[0] = seq;
  const length = writeArcRtp(
    {
      payloadType: 111,
      sequenceNumber: seq & 0xffff,
      timestamp: (960 * seq) >>> 0,
      ssrc,
      quality: 0,
      priority: 0,
      keyPhase: 0,
      payload,
    },
    bytes,
    0,
  );
  return bytes.slice(0, length);
}

interface Passing {
  readonly bytes: Uint8Array;
  /** True time in ms. */
  readonly ms: number;
  readonly direction: 0 | 1;
  readonly conversation?: number;
}

/** A tape of what passed one place, by its clock. */
function tape(passing: readonly Passing[], clockMs: (ms: number) => number = (ms) => ms): UnitTape {
  const scene = new Scene();
  const made = new UnitTape();
  for (const { bytes, ms, direction, conversation } of [...passing].sort((x, y) => x.ms - y.ms)) {
    made.handle(scene.unit(bytes, { ms: clockMs(ms), direction, conversation: conversation ?? 1 }));
  }
  return made;
}

const stream = (streams: readonly StreamDiff[], direction: string, ssrc?: number) =>
  streams.find((each) => each.direction === direction && each.group.ssrc === ssrc);

const path = fc.record({
  seed: fc.nat(),
  thereMs: fc.integer({ min: 1, max: 80 }),
  backMs: fc.integer({ min: 1, max: 80 }),
  offsetMs: fc.integer({ min: -5_000_000, max: 5_000_000 }),
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
});

Deno.test("diff: over any path the loss, repetition, change and delay that were made are those that are found", () => {
  fc.assert(
    fc.property(path, ({ seed, thereMs, backMs, offsetMs, loss }) => {
      const rng = new SeededRng(seed);
      const truth = { lost: 0, doubled: 0, altered: 0 };
      const atA: Passing[] = [];
      const atB: Passing[] = [];
      for (let seq = 65_400; seq < 65_700; seq++) {
        const ms = 20 * (seq - 65_400);
        const queueMs = 3 * unit(rng);
        // There: what the path does to each; the first and the last come, so that both captures cover all.
        atA.push({ bytes: packet(7, seq), ms, direction: 0 });
        const isEnd = seq === 65_400 || seq === 65_699;
        const isAltered = !isEnd && unit(rng) < 0.05;
        if (!isEnd && unit(rng) < loss) truth.lost++;
        else {
          const passing = {
            bytes: packet(7, seq, isAltered ? 0x66 : 0x55),
            ms: ms + thereMs + queueMs,
            direction: 1 as const,
          };
          atB.push(passing);
          if (isAltered) truth.altered++;
          if (!isEnd && unit(rng) < 0.05) {
            atB.push({ ...passing, ms: passing.ms + 1 });
            truth.doubled++;
          }
        }
        // Back: nothing is lost.
        atB.push({ bytes: packet(8, seq), ms: ms + 7, direction: 0 });
        atA.push({ bytes: packet(8, seq), ms: ms + 7 + backMs + 3 * unit(rng), direction: 1 });
      }
      const a = tape(atA);
      const b = tape(atB, (ms) => 1e9 + ms + offsetMs);
      const diff = diffCaptures(a, b);
      const { offsetS = NaN, offsetErrorS } = diff.clock;
      assert.ok(Math.abs(offsetS - (1e6 + offsetMs / 1000)) <= offsetErrorS + 1e-6);
      assert.ok(Math.abs(offsetErrorS - (thereMs + backMs) / 2000) < 0.002);
      const streams = summarize(diff, a, b);
      assert.equal(streams.length, 2);
      const there = stream(streams, "a>b", 7);
      const back = stream(streams, "b>a", 8);
      assert.ok(there !== undefined && back !== undefined);
      assert.deepEqual([there.sent, there.lost.count, there.extraCopies, there.altered.count, there.appeared.count], [
        300,
        truth.lost,
        truth.doubled,
        truth.altered,
        0,
      ]);
      assert.deepEqual([back.sent, back.lost.count, back.extraCopies, back.altered.count], [300, 0, 0, 0]);
      const halfMs = (thereMs + backMs) / 2;
      for (const each of [there, back]) {
        assert.ok(
          Math.abs(1000 * (each.delay?.minS ?? NaN) - halfMs) < 2 && 1000 * (each.delay?.maxS ?? NaN) < halfMs + 5,
        );
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("diff: clocks that drift apart over minutes: the delay stays what it was", () => {
  const skew = 8e-5;
  const atA: Passing[] = [];
  const atB: Passing[] = [];
  const rng = new SeededRng(4);
  for (let seq = 0; seq < 6000; seq++) {
    atA.push({ bytes: packet(7, seq), ms: 50 * seq, direction: 0 });
    atB.push({ bytes: packet(7, seq), ms: 50 * seq + 30 + 4 * unit(rng), direction: 0 });
    atB.push({ bytes: packet(8, seq), ms: 50 * seq, direction: 1 });
    atA.push({ bytes: packet(8, seq), ms: 50 * seq + 30 + 4 * unit(rng), direction: 1 });
  }
  const a = tape(atA);
  const b = tape(atB, (ms) => 5000 + ms * (1 + skew));
  const diff = diffCaptures(a, b);
  assert.ok(diff.clock.isSkewFitted && Math.abs(diff.clock.skew - skew) < 1e-6, `${diff.clock.skew}`);
  for (const { delay } of summarize(diff, a, b)) {
    // Drift alone would be 24 ms.
    assert.ok(delay !== undefined && delay.minS > 0.029 && delay.maxS < 0.035, JSON.stringify(delay));
  }
});

Deno.test("diff: a late packet is late; what came too early or too late for the other capture is not missed", () => {
  const a = tape(
    [0, 1, 2, 3, 4, 5, 6, 7].map((seq) => ({ bytes: packet(7, seq), ms: 100 * seq, direction: 0 as const })),
  );
  // B's capture began behind packet 1 and ended before 7.
  const at = [[2, 220], [4, 420], [3, 430], [5, 520], [6, 620]];
  const b = tape(at.map(([seq, ms]) => ({ bytes: packet(7, seq), ms, direction: 0 as const })));
  const [only] = summarize(diffCaptures(a, b), a, b);
  assert.deepEqual([only.direction, only.sent, only.lost.count, only.outside], ["a>b", 5, 0, 3]);
  assert.deepEqual(only.reordered.packets, [3]);
});

Deno.test("diff: a header that a hop reduced is still the same packet (ARC-RTP-reduced-expand), another payload is not", () => {
  const context = { contextId: 1, ssrc: 7, payloadType: 111, quality: 0 };
  const announced = {
    ...EXAMPLES.STREAM_START.minimal,
    ssrc: context.ssrc,
    reduced_header: [{ context_id: 1, ssrc: 7, payload_type: 111, quality: 0 }],
  };
  const sender = new ReducedSender();
  sender.define(context);
  let reducedHeaders = 0;
  const [full, reduced] = [new Scene(), new Scene()];
  const [a, b] = [new UnitTape(), new UnitTape()];
  reduced.modeller.registry.announced(announced, undefined, 1);
  for (let seq = 0; seq < 20; seq++) {
    a.handle(full.unit(packet(7, seq), { ms: 20 * seq }));
    const bytes = packet(7, seq, seq === 15 ? 0x66 : 0x55);
    const start = sender.reduce(bytes, 0, bytes.length, 20 * seq);
    reducedHeaders += Number(start > 0);
    b.handle(reduced.unit(bytes.subarray(start), { ms: 20 * seq + 9 }));
  }
  assert.ok(reducedHeaders > 10);
  const [only] = summarize(diffCaptures(a, b), a, b);
  assert.deepEqual([only.sent, only.came, only.altered.packets], [20, 20, [16]]);
});

Deno.test("diff: messages are the same by their bytes; those for a server alone are not missed, those said twice are", () => {
  const say = (message: Parameters<typeof writeMessage>[0]) => text(writeMessage(message));
  const ack = say(EXAMPLES.ACK.minimal);
  const a = tape([
    { bytes: say(EXAMPLES.CONNECT.minimal), ms: 0, direction: 0 },
    { bytes: say(EXAMPLES.RELAY_BIND.minimal), ms: 1, direction: 0 },
    { bytes: ack, ms: 2, direction: 0 },
    { bytes: ack, ms: 3, direction: 0 },
    { bytes: say(EXAMPLES.DISCONNECT.minimal), ms: 90, direction: 0 },
  ]);
  const b = tape([
    { bytes: say(EXAMPLES.CONNECT.minimal), ms: 10, direction: 1 },
    { bytes: ack, ms: 12, direction: 1 },
    { bytes: say(EXAMPLES.DISCONNECT.minimal), ms: 100, direction: 1 },
  ]);
  const diff = diffCaptures(a, b);
  assert.ok(diff.directions.isAssumed);
  assert.deepEqual(diff.onlyA.map(({ group, units }) => [group.what, units]), [["RELAY_BIND", 1]]);
  const streams = summarize(diff, a, b);
  assert.deepEqual(streams.map(({ group, sent, lost }) => [group.what, sent, lost.count]), [
    ["CONNECT", 1, 0],
    ["ACK", 2, 1],
    ["DISCONNECT", 1, 0],
  ]);
});

Deno.test("diff: captures of other traffic match in nothing; tapes are bounded and say so", () => {
  const a = tape([{ bytes: packet(1, 1), ms: 0, direction: 0 }]);
  const b = tape([{ bytes: packet(2, 1), ms: 0, direction: 0 }]);
  assert.equal(diffCaptures(a, b).matched, 0);
  const scene = new Scene();
  const small = new UnitTape({ units: 10, groups: 4 });
  for (let i = 0; i < 30; i++) small.handle(scene.unit(packet(i % 6, i), { ms: i }));
  assert.deepEqual([small.count, small.untracked, small.groups.length], [10, 20, 4]);
});

Deno.test("diff: where a tape is full the comparison ends, and nothing behind it is missed", () => {
  const scenes = [new Scene(), new Scene()];
  const [a, b] = [new UnitTape({ units: 100, groups: 4 }), new UnitTape({ units: 120, groups: 4 })];
  for (let seq = 0; seq < 200; seq++) {
    a.handle(scenes[0].unit(packet(7, seq), { ms: 20 * seq }));
    if (seq !== 50) b.handle(scenes[1].unit(packet(7, seq), { ms: 20 * seq + 5 }));
  }
  const [only] = summarize(diffCaptures(a, b), a, b);
  assert.deepEqual([only.sent, only.lost.packets, only.appeared.count], [100, [51], 0]);
  assert.deepEqual([a.untracked, b.untracked], [100, 79]);
});
