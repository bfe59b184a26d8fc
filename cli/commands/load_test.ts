/** `arcrtc load` against a relay and a signaling server of this process. */
import assert from "node:assert/strict";
import { toHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { nobodysPort } from "../../lib/net/testing/probe_peer.ts";
import { LOOPBACK, RelayRig } from "../../lib/net/testing/relay_rig.ts";
import { Rig, testIdentity } from "../../lib/net/testing/signaling_rig.ts";
import type { RelayServerOptions } from "../../lib/net/relay_server.ts";
import { parseImpairment } from "../../lib/relay/impairment.ts";
import { SECRET } from "../../lib/relay/testing/relay_world.ts";
import { EXIT } from "../exit_codes.ts";
import { examplesOf, runArgs, runLine } from "../testing/run_line.ts";
import { COMMANDS } from "./registry.ts";

const SECRET_HEX = toHex(SECRET);
/** A second of a few packets: enough to count, short enough to wait for. */
const SHORT = ["--sessions", "4", "--duration", "500ms", "--settle", "2s", "--json"];

async function withRelay(
  options: Partial<RelayServerOptions>,
  use: (load: (...args: string[]) => ReturnType<typeof runArgs>, rig: RelayRig) => Promise<void>,
): Promise<void> {
  const rig = await RelayRig.start(options);
  const { port } = rig.server.listening.udp[0];
  try {
    await use((...args) => runArgs(["load", `relay://127.0.0.1:${port}`, "--relay-secret", SECRET_HEX, ...args]), rig);
  } finally {
    await rig.close();
  }
}

// deno-lint-ignore no-explicit-any
const linesOf = (out: string): any[] => out.trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("load: through a relay everything arrives, counted by class, and the bindings are given back", async () => {
  await withRelay({}, async (load, rig) => {
    const { exitCode, out, err } = await load(...SHORT, "--interval", "100ms", "--mix", "pr0=1,pr1=1,pr2=1,pr3=1");
    assert.equal(exitCode, EXIT.ok, err);
    assert.equal(err, "");
    const lines = linesOf(out);
    assert.ok(lines.every(({ schema }) => schema === "arcrtc.load/1"));
    assert.equal(lines[0].event, "start");
    assert.deepEqual([lines[0].sessions, lines[0].packet_bytes, lines[0].pps_per_source], [4, 200, 50]);
    assert.ok(lines.filter(({ event }) => event === "interval").length >= 2);
    const summary = lines.at(-1);
    const { total, classes, generator } = summary;
    assert.ok(total.sent > 0 && total.sent <= 100, `${total.sent}`);
    assert.deepEqual([total.received, total.lost, total.duplicates, total.reordered], [total.sent, 0, 0, 0]);
    for (const { sent, received } of classes) assert.ok(sent > 0 && received === sent);
    assert.equal(total.latency.count, total.sent);
    assert.ok(generator.own_latency.count > 0 && generator.send_errors === 0);
    // What the relay itself has counted agrees, by class; PR 0 has the receivers' reports as well.
    const { forwardedUnits } = rig.server.state.counters;
    assert.deepEqual([...forwardedUnits].slice(1), classes.slice(1).map(({ sent }: { sent: number }) => sent));
    assert.equal(rig.server.state.sessions, 0);
  });
});

Deno.test("load --fan-out: each receiver has a session of its own [ARC-SIG-state-two-peers]", async () => {
  await withRelay({}, async (load, rig) => {
    const { out } = await load(...SHORT, "--sessions", "2", "--fan-out", "3", "-q");
    const [summary] = linesOf(out);
    assert.equal(summary.total.sent % 3, 0);
    assert.equal(summary.total.received, summary.total.sent);
    const bound = rig.events.filter(({ event }) => event === "bound");
    assert.equal(bound.length, 2 * 6);
  });
});

Deno.test("load: loss and duplicates that a relay makes are found, and an SLO that is missed says so", async () => {
  const impairment = { impairment: unwrap(parseImpairment("loss=30%,dup=20%")), seed: 5 };
  await withRelay({ impairment }, async (load) => {
    const levels = "loss<1%,pr0-loss<90%,p50<10s";
    const { exitCode, out } = await load(...SHORT, "--pps", "200", "-q", "--settle", "300ms", "--slo", levels);
    assert.equal(exitCode, EXIT.sloMissed);
    const [{ total, slo, exit }] = linesOf(out);
    assert.equal(exit, "sloMissed");
    assert.ok(total.loss_ratio > 0.15 && total.loss_ratio < 0.45, `${total.loss_ratio}`);
    assert.ok(total.duplicates > 0);
    assert.deepEqual(slo.map(({ verdict }: { verdict: string }) => verdict), ["missed", "met", "met"]);
  });
});

Deno.test("load: under a limit the relay's classes lose in their order [ARC-RELAY-priority, ARC-RELAY-priority-drop]", async () => {
  await withRelay({ limits: { sessionBps: 400_000 } }, async (load) => {
    // Twice the limit; PR 0 and 1 together are below it.
    const args = ["--sessions", "1", "--pps", "100", "--size", "1000", "--mix", "pr0=2,pr1=2,pr2=8,pr3=4"];
    const { out } = await load(...args, "--duration", "2s", "--settle", "2s", "--json", "-q");
    const [{ classes }] = linesOf(out);
    const loss = classes.map(({ loss_ratio }: { loss_ratio: number }) => loss_ratio);
    assert.equal(loss[0], 0);
    assert.equal(loss[1], 0);
    assert.ok(loss[2] > 0.1 && loss[3] > loss[2], `${loss}`);
  });
});

Deno.test("load: peers reach the relay over TCP and over TLS as well [ARC-UNIT-stream-framing]", async () => {
  const rig = await RelayRig.start({ tcp: [LOOPBACK], tls: [LOOPBACK], tlsIdentity: await testIdentity() });
  try {
    const { tcp: [tcp], tls: [tls] } = rig.server.listening;
    for (const [port, ...how] of [[tcp.port, "tcp"], [tls.port, "tls", "--insecure"]]) {
      const target = [
        "load",
        `relay://127.0.0.1:${port}`,
        "--relay-secret",
        SECRET_HEX,
        "--transport",
        ...how.map(String),
      ];
      const { exitCode, out, err } = await runArgs([...target, ...SHORT, "-q"]);
      assert.equal(exitCode, EXIT.ok, err);
      const [{ total, troubles }] = linesOf(out);
      assert.ok(total.sent > 0);
      assert.deepEqual([total.received, total.reordered, troubles], [total.sent, 0, []]);
      assert.equal(rig.server.state.sessions, 0);
    }
    const strict = await runArgs([
      "load",
      `relay://127.0.0.1:${tls.port}`,
      "--relay-secret",
      SECRET_HEX,
      "--transport",
      "tls",
    ]);
    assert.equal(strict.exitCode, EXIT.refused);
    assert.match(strict.err, /is not trusted/);
  } finally {
    await rig.close();
  }
});

Deno.test("load: people get a table, CSV has a line for each interval", async () => {
  await withRelay({}, async (load) => {
    const args = ["--sessions", "2", "--duration", "500ms", "--interval", "100ms"];
    const text = await load(...args);
    assert.match(text.out, /^LOAD relay:\S+, relay over udp: 2 sources, 2 sessions; 50 packets\/s of 200 bytes each, /);
    assert.match(text.out, /^ +time +sources +sent +received +rate +p50 ms +p99 ms +max ms$/m);
    assert.match(text.out, /^PR 0 +\d+ +0 +0\.000 +0 +0 /m);
    assert.match(text.out, /^since due /m);
    assert.match(text.out, /^this generator was (not )?the limit: /m);
    const csv = await load(...args, "--csv");
    const [head, ...rows] = csv.out.trimEnd().split("\n");
    assert.ok(rows.length >= 2);
    for (const row of rows) assert.equal(row.split(",").length, head.split(",").length);
    assert.match(csv.err, /^opened in /);
  });
});

Deno.test("load: joined peers of a signaling server, on each of its transports", async () => {
  const rig = await Rig.start();
  try {
    const { stream = "", phoenix = "", plain = "" } = rig.server.urls;
    for (const url of [stream, phoenix, plain]) {
      const { exitCode, out, err } = await runArgs(["load", url, ...SHORT, "-q"]);
      assert.equal(exitCode, EXIT.ok, err);
      const [{ total, troubles }] = linesOf(out);
      assert.ok(total.sent > 0, url);
      assert.deepEqual([total.received, total.reordered, troubles], [total.sent, 0, []], url);
    }
  } finally {
    await rig.close();
  }
});

Deno.test("load: a server that limits us is quoted [ARC-TRANSPORT-server-rate]", async () => {
  const rig = await Rig.start({ limits: { messagesPerSecond: 10 } });
  try {
    const { stream = "" } = rig.server.urls;
    const { out } = await runArgs(["load", stream, ...SHORT, "-q", "--settle", "200ms", "--pps", "100"]);
    const [{ total, troubles }] = linesOf(out);
    assert.ok(total.lost > 0);
    assert.match(troubles[0].words, /^the server said rate_limited: /);
  } finally {
    await rig.close();
  }
});

Deno.test("load: nobody there is unreachable, a wrong secret is refused, each with what to do", async () => {
  const nobody = await nobodysPort();
  const silent = await runArgs(["load", `tcp://127.0.0.1:${nobody}`, ...SHORT]);
  assert.equal(silent.exitCode, EXIT.unreachable);
  assert.match(silent.err, /hint: arcrtc serve --open/);
  await withRelay({}, async (_load, rig) => {
    const url = `relay://127.0.0.1:${rig.server.listening.udp[0].port}`;
    const { exitCode, err } = await runArgs(["load", url, "--relay-secret", "00".repeat(16), ...SHORT]);
    assert.equal(exitCode, EXIT.refused);
    assert.match(err, /refuses to bind us: unauthorized\nhint: the secret must be the relay's/);
  });
});

Deno.test("load: what contradicts itself, or would bother others, is a usage error", async () => {
  const secret = ["--relay-secret", SECRET_HEX];
  for (
    const [args, words] of [
      [["udp://127.0.0.1:1"], /could be anything\nhint: if it is a relay, write relay:\/\/127\.0\.0\.1:1/],
      [["relay://127.0.0.1:1"], /needs --relay-secret/],
      [["ws://192.0.2.1:7480"], /is not on this machine\nhint: --remote/],
      [["relay://127.0.0.1:1", ...secret, "--json", "--csv"], /exclude each other/],
      [["relay://127.0.0.1:1", ...secret, "--ramp", "20s"], /--ramp is longer than --duration/],
      [["relay://127.0.0.1:1", ...secret, "--sessions", "200", "--fan-out", "100"], /more than 10000 sessions/],
      [["relay://127.0.0.1:1", ...secret, "--bitrate", "10M"], /packets of 25000 bytes\nhint: they have 44 to 1232/],
      [["relay://127.0.0.1:1", ...secret, "--bitrate", "1M", "--pps", "9", "--size", "99"], /two of them decide/],
      [["relay://127.0.0.1:1", ...secret, "--mix", "pr7=1"], /Cannot read 'pr7=1'/],
      [["relay://127.0.0.1:1", ...secret, "--slo", "p99<5"], /its limit is in us, ms or s/],
      [["relay://127.0.0.1:1", ...secret, "--size", "20"], /It takes bytes, 44 to 1232/],
    ] as const
  ) {
    const { exitCode, err } = await runArgs(["load", ...args]);
    assert.equal(exitCode, EXIT.usage, args.join(" "));
    assert.match(err, words);
  }
});

Deno.test("load: every example of its help does what it says", async () => {
  const relay = await RelayRig.start({ limits: { bindingsPerSource: 1000, messagesPerSource: 1000 } });
  const server = await Rig.start();
  const { stream = "", phoenix = "" } = server.server.urls;
  try {
    const examples = examplesOf((await runArgs(["load", "--help"])).out);
    assert.ok(examples.length >= 6);
    // Side by side: they are two seconds each.
    await Promise.all(examples.map(async ({ line, exitCode }) => {
      const here = line.replace("relay://127.0.0.1:3478", `relay://127.0.0.1:${relay.server.listening.udp[0].port}`)
        .replace("@relay.secret", SECRET_HEX).replace("ws://127.0.0.1:7480", phoenix.replace("/socket/websocket", ""))
        .replace("tcp://127.0.0.1:7481", stream).replace("--duration 2s", "--duration 400ms")
        .replace("--ramp 1s", "--ramp 200ms");
      const ran = await runLine(here);
      assert.equal(ran.exitCode, exitCode, `${line}\n${ran.err}\n${ran.out}`);
      assert.notEqual(ran.out, "", line);
    }));
  } finally {
    await relay.close();
    await server.close();
  }
});

Deno.test("load: Ctrl-C ends with the summary, exit code 130, within the permissions that it names", async () => {
  await withRelay({}, async (_load, rig) => {
    const permissions = COMMANDS.find(({ name }) => name === "load")?.permissions.split(" ") ?? [];
    const main = new URL("../main.ts", import.meta.url).pathname;
    const url = `relay://127.0.0.1:${rig.server.listening.udp[0].port}`;
    const args = ["load", url, "--relay-secret", SECRET_HEX, "--interval", "100ms", "--duration", "1h", "--json"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...permissions, main, ...args],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const err = new Response(child.stderr).text();
    let out = "";
    let isStopped = false;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      if (!isStopped && out.includes('"interval"')) {
        isStopped = true;
        child.kill("SIGINT");
      }
    }
    assert.equal((await child.status).code, EXIT.interrupted, await err);
    const summary = linesOf(out).at(-1);
    assert.equal(summary.interrupted, true);
    assert.equal(summary.total.received, summary.total.sent);
  });
});
