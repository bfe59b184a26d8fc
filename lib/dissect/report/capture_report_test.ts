import assert from "node:assert/strict";
import { writeArcRtp } from "../../packet/arcrtp.ts";
import { RESERVED_STAMPS, writeStamps } from "../../packet/extensions.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import { unixMsToAbsSendTime } from "../../base/time.ts";
import { Scene } from "../testing/scene.ts";
import { CaptureReport } from "./capture_report.ts";
import { MAX_PLOTTED_STREAMS } from "./stream_plots.ts";

interface Packet {
  readonly ssrc?: number;
  readonly seq: number;
  readonly ticks?: number;
  readonly quality?: number;
  readonly priority?: number;
  /** Stamped with this send time. */
  readonly sentMs?: number;
}

function packet({ ssrc = 7, seq, ticks = 960 * seq, quality = 0, priority = 0, sentMs }: Packet): Uint8Array {
  const bytes = new Uint8Array(200);
  const data = new Uint8Array(8);
  writeStamps(data, 0, unixMsToAbsSendTime(sentMs ?? 0), seq);
  const extension = { profile: RESERVED_STAMPS.profile, data };
  const length = writeArcRtp(
    {
      payloadType: 111,
      sequenceNumber: seq & 0xffff,
      timestamp: ticks >>> 0,
      ssrc,
      quality,
      priority,
      keyPhase: 0,
      payload: new Uint8Array(80),
      ...(sentMs === undefined ? {} : { extension }),
    },
    bytes,
    0,
  );
  return bytes.slice(0, length);
}

function made(): { readonly scene: Scene; readonly report: CaptureReport } {
  return { scene: new Scene(), report: new CaptureReport() };
}

Deno.test("report series: rate, loss, rung and priority fall into the moments that they happened in", () => {
  const { scene, report } = made();
  for (let seq = 0; seq < 100; seq++) {
    // 20 packets a second; 10..12 never come, 41 comes behind 42; from 60 on another rung and class.
    if (seq >= 10 && seq <= 12) continue;
    const order = seq === 41 ? 42 : seq === 42 ? 41 : seq;
    const high = seq >= 60;
    report.handle(
      scene.unit(packet({ seq: order, quality: high ? 2 : 0, priority: high ? 1 : 0 }), {
        ms: 50 * seq + (seq > 0 ? 5 : 0),
      }),
    );
  }
  const [series] = report.plots.series;
  const { grid } = series;
  const lossy = Array.from({ length: grid.used }, (_, i) => i).filter((i) => (series.lossFraction(i) ?? 0) > 0);
  assert.deepEqual(lossy.map((i) => Math.floor(grid.startS(i) * 10)), [6]);
  assert.equal(series.missing.sum(lossy[0]), 3);
  assert.equal(series.lossFraction(lossy[0]), 3 / 4);
  assert.equal(series.rung.max(20), 0);
  assert.equal(series.rung.max(40), 2);
  assert.deepEqual(series.priority.map((column) => column.count(40)), [0, 2, 0, 0]);
  const bytes = packet({ seq: 0 }).length;
  assert.equal(Math.round(series.bitsPerSecond(20)), 8 * 2 * bytes / 0.1);
  assert.ok((series.jitterMs.max(21) ?? 0) > (series.jitterMs.max(19) ?? 0));
});

Deno.test("report series: the delay above the least, by send time over its wrap, by the RTP clock without (SPEC ARC-RTP-ext-send-time)", () => {
  const delays = [5, 5, 30, 5, 12];
  for (const source of ["send time", "RTP timestamp"] as const) {
    const { scene, report } = made();
    delays.forEach((delayMs, i) => {
      // The clocks are 3 s apart, and the 64 s of the send time wrap in between.
      const sentMs = 62_900 + 110 * i;
      const stamps = source === "send time" ? { sentMs: sentMs - 3000 } : {};
      report.handle(scene.unit(packet({ seq: i, ticks: 5280 * i, ...stamps }), { ms: sentMs + delayMs }));
    });
    const [series] = report.plots.series;
    assert.equal(series.delaySource, source);
    const seen = Array.from({ length: series.grid.used }, (_, i) => series.delayMs(i)).filter((ms) => ms !== undefined);
    seen.forEach((ms, i) => assert.ok(Math.abs(ms - (delays[i] - 5)) < 0.01, `${source}: ${seen}`));
    assert.equal(seen.length, delays.length);
  }
});

Deno.test("report: streams of a few packets make room, others are kept", () => {
  const { scene, report } = made();
  for (let seq = 0; seq < 20; seq++) report.handle(scene.unit(packet({ seq }), { ms: seq }));
  for (let ssrc = 100; ssrc < 1100; ssrc++) report.handle(scene.unit(packet({ seq: 1, ssrc }), { ms: 30 }));
  const { series } = report.plots;
  assert.equal(series.length, MAX_PLOTTED_STREAMS);
  assert.equal(series[0].stats.ssrc, 7);
  assert.ok(series.some(({ stats }) => stats.ssrc === 1099));
});

Deno.test("report: round trips by HEARTBEAT and its answer, of the way that they took; a repeated answer counts once", () => {
  const { scene, report } = made();
  const ask = EXAMPLES.HEARTBEAT.minimal;
  const answer = EXAMPLES.HEARTBEAT_ACK.minimal;
  assert.equal(ask.session_id, answer.session_id);
  [[0, 40, 1], [1000, 1055, 1], [2000, 2002, 2]].forEach(([askMs, answerMs, conversation], sequence) => {
    report.handle(scene.say({ ...ask, sequence }, { ms: askMs, conversation }));
    for (const late of [0, 10]) {
      const place = { ms: answerMs + late, conversation, direction: 1 as const };
      report.handle(scene.say({ ...answer, sequence }, place));
    }
  });
  const ways = [...report.roundTrips.ways].map(({ answerer, grid, heartbeatMs }) => ({
    answerer,
    trips: Array.from({ length: grid.used }, (_, i) => heartbeatMs.mean(i)).filter((ms) => ms !== undefined).map(
      Math.round,
    ),
  }));
  assert.deepEqual(ways, [
    { answerer: "10.0.1.2:6000", trips: [40, 55] },
    { answerer: "10.0.2.2:6000", trips: [2] },
  ]);
});
