import assert from "node:assert/strict";
import { MemoryIo } from "../ui/io.ts";
import { EXIT } from "../exit_codes.ts";
import { SUITE_NAMES } from "../../lib/crypto/suites.ts";
import { type DemoFlags, runDemo } from "../peer/run_demo.ts";
import { runArgs } from "../testing/run_line.ts";

Deno.test("demo: every frame of every codec arrives, the keys are changed, and it ends with 0", async () => {
  const { exitCode, out, err } = await runArgs(["demo", "--duration", "1s", "--media", "all", "--json"]);
  assert.equal(exitCode, EXIT.ok, out + err);
  assert.equal(err, "");
  const report = JSON.parse(out);
  assert.deepEqual([report.schema, report.ok, report.rotated, report.failures], ["arcrtc.demo/1", true, true, []]);
  assert.equal(report.streams.length, 16);
  const codecs = ["vp9", "h264", "av1", "h265", "opus", "aac", "g722", "pcm"];
  assert.deepEqual(report.streams.map(({ codec }: { codec: string }) => codec), [...codecs, ...codecs]);
  for (const { codec, sent, received, identical, missing, different, latency_ms: latency } of report.streams) {
    // One second: 30 or 25 pictures, 50 packets of 20 ms, 47 AAC units.
    assert.ok(sent >= 25 && sent <= 50, `${codec}: ${sent}`);
    assert.deepEqual([received, identical, missing, different], [sent, sent, 0, 0], codec);
    assert.equal(latency.count, sent);
  }
  const frames = report.streams.reduce((sum: number, { sent }: { sent: number }) => sum + sent, 0);
  assert.equal(report.latency_ms.count, frames);
  console.log(`demo latency p50 ${report.latency_ms.p50} ms, p99 ${report.latency_ms.p99} ms; RTT ${report.rtt_ms} ms`);
});

Deno.test("demo: for people it is a table and a verdict, with the cipher that was asked for", async () => {
  const flags = ["--cipher", "chacha20-poly1305", "--auth", "none", "--reduced-header", "--no-rtx", "--no-fec"];
  const { exitCode, out } = await runArgs(["demo", "--duration", "600ms", ...flags]);
  assert.equal(exitCode, EXIT.ok, out);
  assert.match(out, /caller to callee {2}video vp9 /);
  assert.match(out, /callee to caller {2}audio opus /);
  assert.match(out, /changed in the middle; chacha20-poly1305, none\n/);
  assert.match(out, /the budget is 50 ms/);
  assert.match(out, /every frame arrived, byte for byte\n$/);
});

const FLAGS: DemoFlags = {
  duration: 500,
  media: "default",
  cipher: SUITE_NAMES,
  auth: ["hmac-sha256-80"],
  rtx: true,
  fec: true,
};

Deno.test("demo: a frame that differs, or does not come, is found and the exit code is 1", async () => {
  const faults = {
    differ: (data: Uint8Array) => data.map((byte, i) => i === data.length - 1 ? byte ^ 1 : byte),
    missing: () => undefined,
  };
  for (const [kind, fault] of Object.entries(faults)) {
    const io = new MemoryIo();
    let audioFrames = 0;
    const exitCode = await runDemo(FLAGS, io, (direction, stream, data) => {
      const isFaulty = direction === 1 && stream === 1 && ++audioFrames === 7;
      return isFaulty ? fault(data) : data;
    });
    assert.equal(exitCode, EXIT.finding, io.out);
    const counts = kind === "differ" ? "0 are missing, 1 differ" : "1 are missing, 0 differ";
    assert.match(io.out, new RegExp(`FAILED {4}audio opus, callee to caller: of 25 frames ${counts}\n$`));
    assert.doesNotMatch(io.out, /every frame arrived/);
  }
});

Deno.test("demo: --relay takes the media through a relay, and every frame comes", async () => {
  const { exitCode, out } = await runArgs(["demo", "--duration", "600ms", "--relay", "--json"]);
  assert.equal(exitCode, EXIT.ok, out);
  const report = JSON.parse(out);
  assert.deepEqual(report.paths.map(({ kind }: { kind: string }) => kind), ["relay", "relay"]);
  const packets = report.streams.reduce((sum: number, { packets }: { packets: number }) => sum + packets, 0);
  assert.ok(packets > 0 && report.relayed_units >= packets, `${report.relayed_units} units, ${packets} of media`);
  assert.equal(report.impairment, null);
});

Deno.test("demo: --impair loses packets by its seed, and says what that cost and what was restored", async () => {
  let restored = 0;
  for (const relay of [[], ["--relay"]]) {
    const bad = ["--impair", "loss=8%,delay=10ms", "--seed", "5"];
    const { out } = await runArgs(["demo", "--duration", "2s", "--json", ...bad, ...relay]);
    const { impairment, paths, streams, failures } = JSON.parse(out);
    const { asked_for, seed, units, critical_frames: critical } = impairment;
    assert.deepEqual([asked_for, seed], ["loss=8%,delay=10ms", 5]);
    assert.equal(paths[0].kind, relay.length === 0 ? "direct" : "relay");
    assert.ok(units.lost > 0 && units.lost < units.passed / 4, JSON.stringify(units));
    restored += streams.reduce((sum: number, row: { restored_by_fec: number }) => sum + row.restored_by_fec, 0);
    assert.ok(streams.every(({ different }: { different: number }) => different === 0), out);
    assert.equal(failures.length > 0, critical.missing > critical.allowed, out);
  }
  // A repair that a busy machine was late with restores nothing: of dozens one was in time.
  assert.ok(restored > 0, "FEC has restored packets");
});

Deno.test("demo: what cannot be meant is refused with what to do", async () => {
  const cases: [string[], RegExp][] = [
    [["--seed", "3"], /no --impair[^]*--impair loss=2%/],
    [["--impair", "rebind=3s"], /needs a relay[^]*--relay/],
    [["--impair", "los=2%"], /'los=2%': the settings are loss/],
    [["--impair", "loss=2%", "--seed", "-1"], /--seed/],
  ];
  for (const [args, message] of cases) {
    const { exitCode, err } = await runArgs(["demo", ...args]);
    assert.equal(exitCode, EXIT.usage, args.join(" "));
    assert.match(err, message);
  }
});
