/** `arcrtc dump --listen` and `--proxy`, over real sockets. */
import assert from "node:assert/strict";
import { RelayRig } from "../../lib/net/testing/relay_rig.ts";
import { Rig } from "../../lib/net/testing/signaling_rig.ts";
import { COMMANDS } from "../commands/registry.ts";
import { EXIT } from "../exit_codes.ts";
import { run } from "../run.ts";
import { runArgs } from "../testing/run_line.ts";
import { MemoryIo } from "../ui/io.ts";
import { parseListen, parseProxy } from "./tap_flags.ts";

/** `dump` with taps at free ports, in this process. It ends by its own `--count`. */
class LiveDump {
  readonly io = new MemoryIo();
  readonly ended: Promise<number>;

  constructor(...args: string[]) {
    this.ended = run(["dump", ...args], this.io);
  }

  /** Where it listens, in the order of its flags. */
  async places(count: number): Promise<string[]> {
    for (let turns = 0; turns < 2000; turns++) {
      const found = [...this.io.err.matchAll(/listening at (\w+:\/\/[^\s,;]+)/g)].map(([, at]) => at);
      if (found.length === count) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`it does not listen: ${this.io.err}`);
  }
}

Deno.test("dump --proxy: a relay's answers come through, shown as if the client spoke with the relay itself", async () => {
  const relay = await RelayRig.start();
  const server = `127.0.0.1:${relay.server.listening.udp[0].port}`;
  try {
    const filter = ["--filter", "type == HEARTBEAT_ACK", "--count", "3"];
    const dump = new LiveDump("--proxy", `udp://127.0.0.1:0=${server}`, ...filter, "--json");
    const [place] = await dump.places(1);
    // Three are enough for the dump, which then ends, and the way with it.
    await runArgs(["ping", place, "-c", "10", "-i", "20ms", "--no-floor", "-q"]);
    assert.equal(await dump.ended, EXIT.ok);
    const units = dump.io.out.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(units.map(({ source }) => source), [server, server, server]);
    assert.ok(units.every(({ destination }) => `udp://${destination}` !== place));
    assert.match(dump.io.err, /1 client, \d+ datagrams there, \d+ datagrams back$/m);
  } finally {
    await relay.close();
  }
});

Deno.test("dump --proxy: signaling over WebSocket and TCP through two proxies, filtered, in one output", async () => {
  const rig = await Rig.start();
  const { phoenix = "", stream = "" } = rig.server.urls;
  const { host, pathname } = new URL(phoenix);
  try {
    const proxies = ["--proxy", `ws://127.0.0.1:0=ws://${host}`, "--proxy", `tcp://127.0.0.1:0=${stream}`];
    const filter = "type == HEARTBEAT_ACK";
    const dump = new LiveDump(...proxies, "--filter", filter, "--fields", "transport,type", "--count", "8");
    const [ws, tcp] = await dump.places(2);
    const urls = [`${ws}${pathname}`, tcp];
    await runArgs(["ping", ...urls, "-c", "10", "-i", "20ms", "--no-floor", "-q"]);
    assert.equal(await dump.ended, EXIT.ok);
    const [header, ...lines] = dump.io.out.trimEnd().split("\n");
    assert.deepEqual([header, lines.length], ["transport,type", 8]);
    assert.deepEqual([...new Set(lines)].toSorted(), ["tcp,HEARTBEAT_ACK", "ws,HEARTBEAT_ACK"]);
  } finally {
    await rig.close();
  }
});

Deno.test("dump --listen: Ctrl-C ends it with the summary and no interruption, within the permissions named", async () => {
  const permissions = COMMANDS.find(({ name }) => name === "dump")?.permissions.split(" ") ?? [];
  const main = new URL("../main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, main, "dump", "--listen", "udp://127.0.0.1:0"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const errors = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const said = async () => (await errors.read()).value ?? "";
  let err = await said();
  const port = Number(/udp:\/\/127\.0\.0\.1:(\d+)/.exec(err)?.[1]);
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const packet = Uint8Array.of(0x80, 0x6f, 0, 1, 0, 0, 0, 0, 0, 0, 0x11, 0x11, 0, 0, 0, 0, 1, 2, 3);
  await socket.send(packet, { transport: "udp", hostname: "127.0.0.1", port });
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await lines.read()).value ?? "", new RegExp(`> 127\\.0\\.0\\.1:${port}  udp  arcrtp +ssrc 00001111 `));
  child.kill("SIGINT");
  const { code } = await child.status;
  for (let more = await said(); more !== ""; more = await said()) err += more;
  assert.equal(code, EXIT.ok, err);
  assert.match(err, /^note: udp:\/\/127\.0\.0\.1:\d+: 1 datagram$/m);
  socket.close();
  await Promise.all([lines.cancel(), errors.cancel()]);
});

Deno.test("dump --listen --write: what was seen is kept, also what a filter does not show", async () => {
  const file = await Deno.makeTempFile({ suffix: ".pcapng" });
  const dump = new LiveDump(
    "--listen",
    "udp://127.0.0.1:0",
    "--write",
    file,
    "--filter",
    "arcrtp.seq == 2",
    "--count",
    "1",
  );
  const [place] = await dump.places(1);
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = new URL(place.replace("udp:", "http:"));
  for (const sequence of [1, 2]) {
    const packet = Uint8Array.of(0x80, 0x6f, 0, sequence, 0, 0, 0, 0, 0, 0, 0x11, 0x11, 0, 0, 0, 0, 1, 2, 3);
    await socket.send(packet, { transport: "udp", hostname, port: Number(port) });
  }
  assert.equal(await dump.ended, EXIT.ok);
  socket.close();
  assert.equal(dump.io.out.trimEnd().split("\n").length, 1);
  const { exitCode, out } = await runArgs(["dump", file, "--fields", "arcrtp.seq"]);
  await Deno.remove(file);
  assert.deepEqual([exitCode, out], [EXIT.ok, "arcrtp.seq\n1\n2\n"]);
});

Deno.test("dump --listen: a port that is taken, and flags that do not go together, are said", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const inUse = await runArgs(["dump", "--listen", `tcp://127.0.0.1:${port}`]);
  taken.close();
  assert.deepEqual([inUse.exitCode, inUse.out], [EXIT.usage, ""]);
  assert.match(inUse.err, /cannot listen on TCP 127\.0\.0\.1:\d+: the port is in use\nhint: /);
  const bad = [
    ["x.pcap", "--listen", "udp://127.0.0.1:0"],
    ["x.pcap", "--write", "y.pcapng", "--check"],
    ["--listen", "udp://127.0.0.1:0", "--write", "-", "--json"],
    ["--listen", "udp://127.0.0.1:0", "--redact", "y.pcapng"],
  ];
  for (const args of bad) {
    const { exitCode, out } = await runArgs(["dump", ...args]);
    assert.deepEqual([exitCode, out], [EXIT.usage, ""], args.join(" "));
  }
});

Deno.test("dump --listen and --proxy: places are read, and what is none is refused with a hint", () => {
  const plan = parseProxy("udp://[::1]:3479=udp://relay.example:3478");
  assert.deepEqual(plan.listen, { host: "::1", port: 3479 });
  assert.deepEqual(plan.target, { host: "relay.example", port: 3478 });
  assert.equal(plan.protocol, "udp");
  assert.equal(parseProxy("ws://127.0.0.1:1=127.0.0.1:2").protocol, "tcp");
  assert.equal(parseListen("TCP://127.0.0.1:0").protocol, "tcp");
  const bad: [() => unknown, RegExp][] = [
    [() => parseListen("127.0.0.1:80"), /is not understood/],
    [() => parseListen("udp://127.0.0.1"), /is not understood/],
    [() => parseListen("udp://127.0.0.1:65536"), /ports end at 65535/],
    [() => parseListen("wss://127.0.0.1:1"), /wss:\/\/ cannot be listened to/],
    [() => parseListen("ws://127.0.0.1:1"), /needs somebody who answers/],
    [() => parseProxy("udp://127.0.0.1:1"), /is not understood/],
    [() => parseProxy("udp://127.0.0.1:1=tcp://127.0.0.1:2"), /ends with another/],
    [() => parseProxy("udp://127.0.0.1:1=udp://127.0.0.1:0"), /port 0/],
  ];
  for (const [parse, message] of bad) assert.throws(parse, message);
});
