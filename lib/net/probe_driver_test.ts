import assert from "node:assert/strict";
import type { ProbeEvent } from "../probe/probe_report.ts";
import type { ProbeRun } from "../probe/probe_run.ts";
import { FixedSchedule, FloodSchedule, type Pacer } from "../probe/schedule.ts";
import { ProbeConnection } from "./probe_connection.ts";
import { ProbeDriver } from "./probe_driver.ts";
import { parseProbeTarget } from "./probe_target.ts";
import type { ProbeSettings } from "./probe_ways.ts";
import { SECRET } from "../relay/testing/relay_world.ts";
import { parseImpairment } from "../relay/impairment.ts";
import { unwrap } from "../base/parsed.ts";
import { RelayRig } from "./testing/relay_rig.ts";
import { type Behaviour, framedPeer, PROBE_CLOCK, probeSettings, udpPeer } from "./testing/probe_peer.ts";
import { Rig } from "./testing/signaling_rig.ts";

interface Probing {
  readonly relaySecret?: Uint8Array;
  readonly count?: number;
  readonly waitMs?: number;
  readonly settings?: Partial<ProbeSettings>;
  readonly pacer?: (targets: number) => Pacer;
  readonly onEvent?: (event: ProbeEvent, driver: ProbeDriver) => void;
}

/** Probes some targets to the end, and gives their runs and all events. */
async function probe(urls: readonly string[], probing: Probing = {}) {
  const { count = 12, waitMs = 120, settings, pacer, onEvent, relaySecret } = probing;
  const wanted = probeSettings(settings);
  const targets: { connection: ProbeConnection; run: ProbeRun }[] = [];
  for (const url of urls) {
    const connection = await ProbeConnection.open(parseProbeTarget(url, { relaySecret }), wanted);
    targets.push({ connection, run: connection.newRun(waitMs) });
  }
  const startMs = PROBE_CLOCK.nowMs();
  const events: (readonly [target: number, event: ProbeEvent])[] = [];
  const driver: ProbeDriver = new ProbeDriver({
    clock: PROBE_CLOCK,
    pacer: pacer?.(urls.length) ?? new FixedSchedule({ startMs, targets: urls.length, intervalMs: 3, count }),
    targets,
    onEvent: (target, event) => {
      events.push([target, event]);
      onEvent?.(event, driver);
    },
  });
  await driver.run();
  for (const { connection } of targets) connection.close();
  return { runs: targets.map(({ run }) => run), events, connections: targets.map(({ connection }) => connection) };
}

async function probePeer(behave: Behaviour, options: Probing = {}) {
  const peer = udpPeer(behave);
  try {
    const { runs: [run], events } = await probe([peer.url], options);
    return { summary: run.summary(), kinds: events.map(([, event]) => event.kind) };
  } finally {
    await peer.close();
  }
}

const findings = ({ claims }: ReturnType<ProbeRun["summary"]>) => claims?.findings.map(({ id }) => id);

Deno.test("probe driver: several targets at once over every transport of a server of ours", async () => {
  const rig = await Rig.start();
  try {
    const { phoenix = "", plain = "", stream = "", udp = "" } = rig.server.urls;
    const { runs, events } = await probe([udp, stream, plain, phoenix], { waitMs: 4000 });
    for (const run of runs) {
      const { counters, lost, claims, fromSent, fromPlanned } = run.summary();
      assert.deepEqual([counters.asked, counters.answered, lost], [12, 12, 0]);
      assert.deepEqual(claims?.findings, []);
      assert.ok((fromPlanned?.minMs ?? 0) >= (fromSent?.minMs ?? Infinity));
    }
    assert.equal(events.filter(([, { kind }]) => kind === "answer").length, 48);
    assert.match(runs[0].summary().claims?.observed ?? "", /^127\.0\.0\.1:\d+$/);
  } finally {
    await rig.close();
  }
});

Deno.test("probe driver: each question leaves at its time or after, never before, and all times are kept", async () => {
  await probePeer((_heartbeat, _i, good) => [good()], {
    onEvent(event) {
      if (event.kind !== "answer") return;
      assert.ok(event.plannedMs <= event.sentMs && event.sentMs <= event.receivedMs);
    },
  });
});

Deno.test("probe driver: silence is a timeout for each, and the run ends", async () => {
  const { summary, kinds } = await probePeer(() => [], { count: 3, waitMs: 30 });
  assert.deepEqual(kinds, ["timeout", "timeout", "timeout"]);
  assert.deepEqual([summary.lost, summary.lossRatio, summary.fromSent], [3, 1, undefined]);
});

Deno.test("probe driver: duplicates and swapped answers over a real socket", async () => {
  const held: string[] = [];
  const { summary } = await probePeer((_heartbeat, i, good) => {
    if (i === 2) return [good(), good()];
    if (i === 5) {
      held.push(good());
      return [];
    }
    return i === 6 ? [good(), ...held] : [good()];
  });
  assert.deepEqual([summary.counters.answered, summary.counters.duplicates, summary.counters.reordered], [12, 1, 1]);
  assert.deepEqual(findings(summary), []);
});

Deno.test("probe driver: an answer after the deadline is late, told twice and counted once", async () => {
  let held: string | undefined;
  let isDue = false;
  const first: string[] = [];
  const { summary } = await probePeer((_heartbeat, i, good) => {
    if (i === 0) held = good();
    return i === 0 ? [] : [good(), ...(isDue && held !== undefined ? [held] : [])];
  }, {
    count: 10_000,
    waitMs: 40,
    onEvent(event, driver) {
      if (!("sequence" in event) || event.sequence !== 1 || event.kind === "duplicate") return;
      first.push(event.kind === "answer" && event.isLate ? "late" : event.kind);
      if (event.kind === "timeout") isDue = true;
      else driver.stop();
    },
  });
  assert.deepEqual(first, ["timeout", "late"]);
  assert.ok(summary.counters.late >= 1);
  assert.ok((summary.fromSent?.maxMs ?? 0) > 40);
});

Deno.test("probe driver: peers broken in their claims are found out over a real socket", async () => {
  const seconds = await probePeer((heartbeat, _i, good) => [
    good({ response_timestamp: Math.floor(heartbeat.timestamp / 1000) }),
  ]);
  assert.deepEqual(findings(seconds.summary), ["latency-sum", "timestamp-unit"]);
  const stepping = await probePeer((heartbeat, i, good) => [
    i < 6 ? good() : good({ response_timestamp: heartbeat.timestamp - 5000, latency_ms: -5000 }),
  ]);
  assert.deepEqual(findings(stepping.summary), ["clock-step"]);
  const numbering = await probePeer((heartbeat, _i, good) => [good({ sequence: heartbeat.sequence + 7 })]);
  assert.deepEqual(findings(numbering.summary), ["sequence-echo"]);
  const boasting = await probePeer((_heartbeat, _i, good) => [good({ latency_ms: 0 - 3 })]);
  assert.deepEqual(findings(boasting.summary), ["latency-sum"]);
  const lying = await probePeer((_heartbeat, _i, good) => [good({ challenge: "abababababababab" })], { waitMs: 30 });
  assert.deepEqual([findings(lying.summary), lying.summary.counters.answered], [["challenge-echo"], 0]);
});

Deno.test("probe driver: a second answer to the question of the beginning disturbs nothing", async () => {
  let first: string | undefined;
  const { summary } = await probePeer((_heartbeat, i, good) => {
    first ??= good();
    return i === 3 ? [good(), first] : [good()];
  });
  assert.deepEqual(findings(summary), []);
});

Deno.test("probe driver: a flood goes as fast as it is answered and ends with its count", async () => {
  const pacer = () => new FloodSchedule({ startMs: PROBE_CLOCK.nowMs(), targets: 1, minGapMs: 0, count: 200 });
  const { summary } = await probePeer((_heartbeat, _i, good) => [good()], { pacer, waitMs: 4000 });
  assert.deepEqual([summary.counters.asked, summary.counters.answered], [200, 200]);
});

Deno.test("probe driver: stopped, it ends at once; what was under way is neither answered nor lost", async () => {
  const { summary } = await probePeer((_heartbeat, i, good) => i < 3 ? [good()] : [], {
    count: 1000,
    waitMs: 60_000,
    onEvent: (event, driver) => event.kind === "answer" && event.sequence === 3 && driver.stop(),
  });
  assert.equal(summary.counters.answered, 3);
  assert.equal(summary.lost, 0);
});

Deno.test("probe driver: a server's refusals are counted apart from what is lost on the way", async () => {
  const rig = await Rig.start({ limits: { messagesPerSecond: 4 } });
  try {
    const { runs: [run], events } = await probe([rig.server.urls.stream ?? ""], { count: 15, waitMs: 60 });
    const { counters, lost } = run.summary();
    assert.ok(counters.refused > 0 && counters.answered > 0);
    assert.equal(lost, counters.refused);
    const refusal = events.map(([, event]) => event).find(({ kind }) => kind === "refused");
    assert.ok(refusal?.kind === "refused" && refusal.code === "rate_limited");
  } finally {
    await rig.close();
  }
});

Deno.test("probe driver: a connection that breaks is opened again; probes meanwhile count as unsent", async () => {
  const peer = await framedPeer((index) => index === 3);
  try {
    let wasDown = false;
    const { runs: [run], connections: [connection] } = await probe([peer.url], {
      pacer: () => new FixedSchedule({ startMs: PROBE_CLOCK.nowMs(), targets: 1, intervalMs: 4, durationMs: 3000 }),
      onEvent(event, driver) {
        wasDown ||= event.kind === "unsent";
        if (wasDown && event.kind === "answer") driver.stop();
      },
    });
    assert.equal(connection.reconnects, 1);
    const { counters, lost } = run.summary();
    assert.ok(counters.unsent > 0 && counters.answered > 2);
    assert.ok(lost >= counters.unsent);
  } finally {
    await peer.close();
  }
});

Deno.test("probe driver: through a relay that loses, each loss has its direction and one way its delay", async () => {
  const impairment = unwrap(parseImpairment("loss=15%,delay=3ms"));
  const rig = await RelayRig.start({ impairment: { impairment, seed: 7 } });
  try {
    const url = `relay://127.0.0.1:${rig.server.listening.udp[0].port}`;
    const { runs: [run] } = await probe([url], { relaySecret: SECRET, count: 80, settings: { timeoutMs: 3000 } });
    const { counters, lost, oneWay, fromSent, claims } = run.summary();
    assert.ok(counters.lostUp > 0 && counters.lostDown > 0);
    assert.equal(counters.lostUp + counters.lostDown, lost);
    assert.ok((oneWay?.count ?? 0) >= counters.answered + counters.lostDown);
    assert.ok((oneWay?.minMs ?? 0) >= 3 && (fromSent?.minMs ?? 0) >= 6);
    assert.deepEqual(claims?.findings, []);
  } finally {
    await rig.close();
  }
});
