import assert from "node:assert/strict";
import { nobodysPort, type TestPeer, udpPeer, webSocketPeer } from "../../lib/net/testing/probe_peer.ts";
import { Rig, testIdentity } from "../../lib/net/testing/signaling_rig.ts";
import { EXIT } from "../exit_codes.ts";
import { run } from "../run.ts";
import { runArgs } from "../testing/run_line.ts";
import { MemoryIo } from "../ui/io.ts";

const ping = (...args: string[]) => runArgs(["ping", ...args]);

/** Without the self-noise, which takes half a second that most tests have no use for. */
const quickly = (...args: string[]) => ping("--no-floor", ...args);

const linesOf = (out: string) => out.trimEnd().split("\n").map((line) => JSON.parse(line));

async function withRig(use: (rig: Rig, urls: Record<"udp" | "tcp" | "phoenix" | "plain", string>) => Promise<void>) {
  const rig = await Rig.start();
  const { udp = "", stream = "", phoenix = "", plain = "" } = rig.server.urls;
  try {
    await use(rig, { udp, tcp: stream, phoenix, plain });
  } finally {
    await rig.close();
  }
}

async function withPeer(peer: TestPeer, use: (url: string) => Promise<void>): Promise<void> {
  try {
    await use(peer.url);
  } finally {
    await peer.close();
  }
}

Deno.test("ping: lines as ping has them, the noise of our own first, then the summary", async () => {
  await withRig(async (_rig, { udp }) => {
    const { exitCode, out, err } = await ping(udp, "-c", "3", "-i", "20ms");
    assert.equal(err, "");
    assert.equal(exitCode, EXIT.ok);
    const lines = out.split("\n");
    assert.match(
      lines[0],
      /^PING udp:\/\/127\.0\.0\.1:\d+ \(127\.0\.0\.1\): HEARTBEAT of 315 bytes, every 20 ms, late after 1 s$/,
    );
    assert.match(
      lines[1],
      /^self-noise of udp: \S+ ms over loopback, p95 \S+ ms; sends \S+ ms late; less is not claimed$/,
    );
    for (const seq of [1, 2, 3]) {
      assert.match(lines[2 + seq], new RegExp(`^2\\d\\d bytes from ${udp}: seq=${seq} time[=<]\\d\\S* ms`));
    }
    assert.match(
      out,
      /^--- udp:\S+: HEARTBEAT ---\n3 sent, 3 answered, 0 lost \(0\.0 %\), 0 late, 0 duplicates, 0 reordered, /m,
    );
    assert.match(out, /^ms +min +mean +median +max +stddev +p50 +p90 +p95 +p99 +p99\.9 +p99\.99$/m);
    assert.match(out, /^since sent .*\nsince due /m);
    assert.match(out, /^answers needed: p50 5, p90 29, p95 59, p99 299, p99\.9 2995, p99\.99 29956$/m);
    assert.match(out, /^seen as 127\.0\.0\.1:\d+$/m);
    assert.match(out, /^peer's claims: 3 answers checked, nothing wrong$/m);
  });
});

Deno.test("ping --json: nothing but JSON lines: start, each probe with both delays, summary", async () => {
  await withRig(async (_rig, { udp, tcp }) => {
    const { exitCode, out, err } = await ping(udp, tcp, "-c", "3", "-i", "20ms", "--json");
    assert.equal(err, "");
    const lines = linesOf(out);
    assert.ok(lines.every(({ schema }) => schema === "arcrtc.ping/1"));
    const [start] = lines;
    assert.deepEqual([start.event, start.interval_ms, start.wait_ms], ["start", 20, 1000]);
    assert.deepEqual(start.targets.map((t: { target: string; method: string }) => [t.target, t.method]), [
      [udp, "heartbeat"],
      [tcp, "heartbeat"],
    ]);
    assert.deepEqual(start.self_noise.map((noise: { protocol: string }) => noise.protocol), ["udp", "tcp"]);
    const answers = lines.filter(({ event }) => event === "answer");
    assert.equal(answers.length, 6);
    for (const answer of answers) {
      assert.ok(answer.rtt_ms > 0 && answer.from_planned_ms >= answer.rtt_ms);
      assert.ok(answer.planned_unix_ms <= answer.sent_unix_ms && answer.sent_unix_ms < answer.received_unix_ms);
      assert.equal(typeof answer.below_floor, "boolean");
    }
    const summary = lines.at(-1);
    assert.deepEqual([summary.event, summary.exit, summary.exit_code], ["summary", "ok", exitCode]);
    assert.equal(summary.targets[0].rtt.count, 3);
    assert.deepEqual(summary.targets[0].rtt.percentiles_ms, {});
    assert.equal(summary.targets[0].peer.timestamp_unit, "ms");
    assert.equal(summary.targets[0].from_planned.count, 3);
  });
});

Deno.test("ping --csv: a line for each probe on standard output, the summary on standard error", async () => {
  await withRig(async (_rig, { plain }) => {
    const { exitCode, out, err } = await quickly(plain, "-c", "2", "-i", "10ms", "--csv");
    assert.equal(exitCode, EXIT.ok);
    const [head, ...rows] = out.trimEnd().split("\n").map((line) => line.split(","));
    assert.equal(rows.length, 2);
    for (const [i, row] of rows.entries()) {
      assert.equal(row.length, head.length);
      assert.deepEqual(row.slice(0, 3), [plain, String(i + 1), "answer"]);
      assert.ok(Number(row[head.indexOf("rtt_ms")]) > 0);
    }
    assert.match(err, /^--- ws:.*\n2 sent, 2 answered/);
  });
});

Deno.test("ping --quiet and --json --quiet: the summary alone", async () => {
  await withRig(async (_rig, { tcp }) => {
    assert.match((await quickly(tcp, "-c", "2", "-i", "10ms", "-q")).out, /^--- tcp:/);
    const lines = linesOf((await quickly(tcp, "-c", "2", "-i", "10ms", "-q", "--json")).out);
    assert.deepEqual(lines.map(({ event }) => event), ["summary"]);
  });
});

Deno.test("ping --slo: met, missed, and undecided, which is no success", async () => {
  await withRig(async (_rig, { tcp }) => {
    const met = await quickly(tcp, "-c", "5", "-i", "5ms", "--slo", "max<30s,p50<30s");
    assert.equal(met.exitCode, EXIT.ok);
    assert.match(met.out, /^slo max<30s {2}met, got \S+ ms$/m);
    const missed = await quickly(tcp, "-c", "5", "-i", "5ms", "--slo", "min>30s");
    assert.equal(missed.exitCode, EXIT.sloMissed);
    assert.match(missed.out, /^slo min>30s {2}missed, got /m);
    const undecided = await quickly(tcp, "-c", "5", "-i", "5ms", "--slo", "p99<30s");
    assert.equal(undecided.exitCode, EXIT.sloMissed);
    assert.match(undecided.out, /^slo p99<30s {2}undecided: needs 299 answers, got 5$/m);
  });
});

Deno.test("ping --slo: without -c it asks as often as the levels need", async () => {
  await withRig(async (_rig, { tcp }) => {
    const { out } = await quickly(tcp, "-i", "5ms", "--slo", "p90<30s", "--json", "-q");
    assert.equal(linesOf(out)[0].targets[0].slo[0].verdict, "met");
  });
});

Deno.test("ping --budget: every row of the protocol's table, measured or not measurable from here", async () => {
  await withRig(async (_rig, { udp }) => {
    const { out } = await quickly(udp, "--budget", "-i", "5ms", "-q");
    assert.match(out, /^budget +target +maximum$/m);
    assert.match(out, /^Network +20 ms +50 ms {2}round trip median \S+ ms: /m);
    for (const row of ["Encoding", "Routing", "Decoding", "Buffering", "Total"]) {
      assert.match(out, new RegExp(`^${row} +\\d+ ms +\\d+ ms {2}not measurable from here: `, "m"));
    }
  });
});

Deno.test("ping: what is wrong in a peer's answers is told at once and in the end: exit code 1", async () => {
  const peer = udpPeer((heartbeat, _i, good) => [good({ response_timestamp: Math.floor(heartbeat.timestamp / 1000) })]);
  await withPeer(peer, async (url) => {
    const { exitCode, out } = await quickly(url, "-c", "4", "-i", "5ms");
    assert.equal(exitCode, EXIT.finding);
    const line =
      /finding timestamp-unit in seq 1.*: response_timestamp \d+ is Unix time in seconds {2}\[ARC-SIG-json-time\]/;
    assert.match(out, line);
    assert.match(out, /^finding timestamp-unit in seq 1 \(4 times\): /m);
  });
});

Deno.test("ping: where HEARTBEAT is not answered it says so and falls back, labelled", async () => {
  await withPeer(await webSocketPeer(() => []), async (server) => {
    const url = `${server}/plain`;
    const { exitCode, out } = await quickly(url, "-c", "2", "-i", "10ms");
    assert.equal(exitCode, EXIT.ok);
    assert.match(
      out,
      /^ws:\S+ does not answer HEARTBEAT \(no answer within 1000 ms\): falling back to WebSocket ping$/m,
    );
    assert.match(out, /^answer from ws:\S+: seq=1 time=/m);
    assert.match(out, /^--- ws:\S+: WebSocket ping ---$/m);
    const connect = await quickly(url, "-c", "2", "-i", "10ms", "--method", "tcp-connect");
    assert.match(connect.out, /^--- ws:\S+: TCP connect ---$/m);
  });
});

Deno.test("ping: losses over what peers answer one address are not put down to the way alone", async () => {
  // Every other one gets no answer, as from a peer that has a limit.
  await withPeer(udpPeer((_heartbeat, index, good) => index % 2 === 0 ? [good()] : []), async (url) => {
    const often = await quickly(url, "-c", "200", "--rate", "1000", "-w", "100ms", "-q");
    assert.match(
      often.out,
      /^asked \d+ times a second: .* answer one address 50 HEARTBEATs a second, .*; -i 20ms stays below it$/m,
    );
    const seldom = await quickly(url, "-c", "4", "-i", "50ms", "-w", "100ms", "-q");
    assert.match(seldom.out, /2 lost/);
    assert.doesNotMatch(seldom.out, /^asked /m);
  });
});

Deno.test("ping: nobody there is unreachable; beside others it is reported and they are measured", async () => {
  const port = await nobodysPort();
  const alone = await quickly(`tcp://127.0.0.1:${port}`, "-c", "1");
  assert.equal(alone.exitCode, EXIT.unreachable);
  assert.match(
    alone.err,
    /^error: tcp:\S+ does not answer \(HEARTBEAT, TCP connect: connect ECONNREFUSED \S+\)\nhint: arcrtc serve --open/,
  );
  await withRig(async (_rig, { tcp }) => {
    const { exitCode, out } = await quickly(tcp, `tcp://127.0.0.1:${port}`, "-c", "2", "-i", "10ms");
    assert.equal(exitCode, EXIT.unreachable);
    assert.match(out, /^tcp:\S+ {2}unreachable: /);
    assert.match(out, /^--- tcp:\S+: unreachable, see above ---$/m);
    assert.match(out, /2 sent, 2 answered/);
    const compared = await quickly("--compare", tcp, `tcp://127.0.0.1:${port}`, "-c", "2");
    assert.equal(compared.exitCode, EXIT.unreachable);
    assert.equal(compared.out, "");
  });
});

Deno.test("ping: a peer that goes silent is lost probes and exit code 4", async () => {
  await withPeer(udpPeer(() => []), async (url) => {
    const { exitCode, out } = await quickly(url, "-c", "2", "-i", "5ms", "-w", "30ms");
    assert.equal(exitCode, EXIT.unreachable);
    assert.match(out, /^udp:\S+: seq=1 no answer within 30 ms$/m);
    assert.match(out, /2 sent, 0 answered, 2 lost \(100\.0 %\)/);
    assert.match(out, /^lost: 2 on the way there or back: the answers do not tell which$/m);
  });
});

Deno.test("ping: TLS needs trust, and says how to give it", async () => {
  const rig = await Rig.start({ tls: await testIdentity() });
  try {
    const url = rig.server.urls.stream ?? "";
    const refused = await quickly(url, "-c", "1");
    assert.equal(refused.exitCode, EXIT.refused);
    assert.match(refused.err, /hint: --tls-pin or --tls-ca say whom to trust/);
    const { fingerprintSha256 } = await testIdentity();
    assert.equal((await quickly(url, "-c", "1", "--tls-pin", fingerprintSha256)).exitCode, EXIT.ok);
    assert.equal((await quickly(url, "-c", "1", "--insecure")).exitCode, EXIT.ok);
  } finally {
    await rig.close();
  }
});

Deno.test("ping --flood: bounded, and no claim about planned times", async () => {
  await withRig(async (_rig, { tcp }) => {
    const { out } = await quickly(tcp, "--flood", "-c", "40", "--json");
    const summary = linesOf(out).at(-1);
    assert.deepEqual([summary.targets[0].sent, summary.targets[0].from_planned], [40, null]);
    const text = await quickly(tcp, "--flood", "--rate", "200", "-c", "5");
    assert.match(text.out, /as fast as it is answered/);
    assert.doesNotMatch(text.out, /since due/);
  });
});

Deno.test("ping --live: a picture drawn over and over on a terminal; elsewhere it is refused", async () => {
  await withRig(async (_rig, { tcp }) => {
    const io = new MemoryIo();
    Object.defineProperty(io, "stdoutIsTerminal", { value: true });
    assert.equal(await run(["ping", tcp, "--no-floor", "-c", "3", "-i", "5ms", "--live"], io), EXIT.ok);
    // deno-lint-ignore no-control-regex
    assert.match(io.out, /\d of \d, 0 lost.*\n.*█[\s\S]*\x1b\[\d+A\x1b\[J[\s\S]*3 sent, 3 answered/);
    const refused = await quickly(tcp, "--live");
    assert.equal(refused.exitCode, EXIT.usage);
    assert.match(refused.err, /--live needs a terminal/);
  });
});

Deno.test("ping: what contradicts itself or would bother others is a usage error", async () => {
  for (
    const [args, words] of [
      [["127.0.0.1:5"], /need udp:\/\/host:port/],
      [[], /missing required argument/],
      [["udp://192.0.2.1:5", "-i", "1ms"], /every 10 ms at most\nhint: --flood/],
      [["udp://192.0.2.1:5", "--rate", "500"], /every 10 ms at most/],
      [["udp://127.0.0.1:5", "--rate", "5", "-i", "1s"], /exclude each other/],
      [["udp://127.0.0.1:5", "--json", "--csv"], /--json and --csv exclude each other/],
      [["udp://127.0.0.1:5", "--compare"], /two targets or more/],
      [["udp://127.0.0.1:5", "udp://127.0.0.1:5"], /named twice/],
      [["udp://127.0.0.1:5", "--size", "200"], /315 bytes at least/],
      [["udp://127.0.0.1:5", "--size", "99999"], /It takes bytes, /],
      [["udp://127.0.0.1:5", "--slo", "p99<5ms,los<1%"], /unknown metric 'los'.*\(at 8\)/],
      [["udp://127.0.0.1:5", "-c", "0"], /whole number from 1/],
      [["udp://127.0.0.1:5", "-i", "soon"], /It takes a time/],
      [["relay://127.0.0.1:5"], /needs --relay-secret\nhint: .*ARCRTC_RELAY_SECRET/],
      [["tls://127.0.0.1:5", "--insecure", "--tls-pin", "00".repeat(32)], /exclude each other/],
      [["udp://127.0.0.1:5", "--flood", "-c", "2000000"], /at most/],
    ] as const
  ) {
    const { exitCode, out, err } = await ping(...args);
    assert.equal(exitCode, EXIT.usage, args.join(" "));
    assert.equal(out, "");
    assert.match(err, words, args.join(" "));
  }
});
