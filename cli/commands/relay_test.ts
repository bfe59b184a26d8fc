/** `arcrtc relay` as a process, with the permissions that its table entry names. */
import assert from "node:assert/strict";
import { parseHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { makeRelayProof, parseRelayToken, verifyRelayProof } from "../../lib/crypto/relay_token.ts";
import { createCertificate } from "../../lib/net/certificate_create.ts";
import { openStream } from "../../lib/net/open_stream.ts";
import { type RelayClient, StreamClient, UdpClient } from "../../lib/net/testing/relay_rig.ts";
import { CALLEE, CALLER, media, SESSION, uuidOf } from "../../lib/relay/testing/relay_world.ts";
import { EXIT } from "../exit_codes.ts";
import { examplesOf, runArgs } from "../testing/run_line.ts";
import { COMMANDS } from "./registry.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;
const SECRET_HEX = "000102030405060708090a0b0c0d0e0f";
const SECRET = unwrap(parseHex(SECRET_HEX));
const FREE = ["--udp-port", "0", "--tcp-port", "0", "--tls-port", "0", "--http-port", "0"];

type Urls = Readonly<Record<"udp" | "tcp" | "tls" | "metrics" | "health" | "status", readonly string[] | undefined>>;

class RelayProcess {
  readonly first: Readonly<Record<string, unknown>> & { readonly urls: Urls; readonly certificate_sha256?: string };
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #err: Promise<string>;

  private constructor(child: Deno.ChildProcess, lines: AsyncIterator<string>, err: Promise<string>, first: string) {
    this.#child = child;
    this.#lines = lines;
    this.#err = err;
    this.first = JSON.parse(first);
  }

  static async start(args: readonly string[], cwd?: string): Promise<RelayProcess> {
    const permissions = COMMANDS.find(({ name }) => name === "relay")?.permissions.split(" ") ?? [];
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--config", config, ...permissions, MAIN, "relay", ...args, "--json"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
      ...(cwd === undefined ? {} : { cwd }),
    }).spawn();
    const err = new Response(child.stderr).text();
    const lines = linesOf(child.stdout);
    const { value, done } = await lines.next();
    if (done) throw new Error(`it ended: ${await err}`);
    return new RelayProcess(child, lines, err, value);
  }

  url(name: keyof Urls): URL {
    const url = this.first.urls[name]?.[0];
    assert.ok(url !== undefined, `there is no ${name}`);
    return new URL(url.replace("0.0.0.0", "127.0.0.1"));
  }

  udp(): UdpClient {
    return new UdpClient({ host: "127.0.0.1", port: Number(this.url("udp").port) });
  }

  async stream(kind: "tcp" | "tls"): Promise<StreamClient> {
    const pinSha256 = this.first.certificate_sha256?.replaceAll(":", "").toLowerCase();
    const trust = kind === "tcp" ? undefined : pinSha256 === undefined ? {} : { pinSha256 };
    return new StreamClient(await openStream("127.0.0.1", Number(this.url(kind).port), trust, 4000));
  }

  async event(name: string): Promise<Record<string, unknown>> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`it ended: ${await this.#err}`);
      const event = JSON.parse(value);
      assert.equal(event.schema, "arcrtc.relay/1");
      if (event.event === name) return event;
    }
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async end(): Promise<{ readonly code: number; readonly signal: string | null; readonly err: string }> {
    while (!(await this.#lines.next()).done);
    const [{ code, signal }, err] = await Promise.all([this.#child.status, this.#err]);
    return { code, signal, err };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

const bind = (client: RelayClient, peerId: string, sessionId = SESSION) =>
  client.bind(peerId, sessionId, { secret: SECRET });

Deno.test("relay: every example of its help starts, forwards, and leaves on SIGTERM", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/relay.secret`, `${SECRET_HEX}\n`);
  await Deno.writeTextFile(`${dir}/relay.json`, '{"secret": "@relay.secret", "max_bitrate": "5M", "udp_port": 4}');
  const now = Date.now();
  const made = await createCertificate({
    subject: "relay",
    hosts: ["127.0.0.1"],
    notBeforeUnixMs: now - 60_000,
    notAfterUnixMs: now + 3_600_000,
  });
  await Deno.writeTextFile(`${dir}/cert.pem`, made.certificatePem);
  await Deno.writeTextFile(`${dir}/key.pem`, made.privateKeyPem);
  const examples = examplesOf((await runArgs(["relay", "--help"])).out);
  assert.ok(examples.length >= 5);
  await Promise.all(examples.map(async ({ line }) => {
    const [program, command, ...args] = line.split(" ");
    assert.deepEqual([program, command], ["arcrtc", "relay"]);
    const relay = await RelayProcess.start([...args, ...FREE], dir);
    const [caller, callee] = [relay.udp(), await relay.stream(/--cert|--self-signed/.test(line) ? "tls" : "tcp")];
    assert.equal((await bind(caller, CALLER)).type, "RELAY_BOUND", line);
    assert.equal((await bind(callee, CALLEE)).type, "RELAY_BOUND", line);
    if (!line.includes("--impair")) {
      await caller.send(media(0, 1));
      assert.deepEqual(await callee.next(), media(0, 1));
    }
    assert.match(await (await fetch(relay.url("metrics"))).text(), /^arcrtc_relay_sessions 1$/m);
    await caller.bind(CALLER, SESSION, { secret: SECRET, type: "RELAY_UNBIND" });
    callee.close();
    await relay.event("unbound");
    await relay.event("unbound");
    relay.kill("SIGTERM");
    const stopped = await relay.event("stopped");
    assert.equal(stopped.sessions_cut_off, 0);
    const { code, err } = await relay.end();
    assert.equal(code, EXIT.ok, line);
    assert.ok(!err.includes(SECRET_HEX), "no secret in the log");
    caller.close();
  }));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("relay: on SIGTERM a running session goes on, a new one is busy, and the end comes with the last one", async () => {
  const relay = await RelayProcess.start(["--secret", SECRET_HEX, ...FREE, "--log", "text"]);
  const [caller, callee, late] = [relay.udp(), await relay.stream("tcp"), relay.udp()];
  await bind(caller, CALLER);
  await bind(callee, CALLEE);
  relay.kill("SIGTERM");
  assert.equal((await relay.event("draining")).sessions, 1);
  const health = await fetch(relay.url("health"));
  assert.equal(health.status, 503);
  await health.body?.cancel();
  const refused = await bind(late, CALLER, uuidOf(0xb0));
  assert.ok(refused.type === "ERROR" && refused.code === "busy");
  await caller.send(media(0, 2));
  assert.deepEqual(await callee.next(), media(0, 2));
  callee.close();
  await caller.bind(CALLER, SESSION, { secret: SECRET, type: "RELAY_UNBIND" });
  const stopped = await relay.event("stopped");
  assert.deepEqual(stopped.forwarded_units, [1, 0, 0, 0]);
  const { code, err } = await relay.end();
  assert.equal(code, EXIT.ok);
  assert.match(err, /^\d{4}-\S+Z bound how=bound session=\S+ peer=\S+ transport=udp from=127\.0\.0\.1:\d+$/m);
  assert.match(err, / refused code=busy message="the relay is shutting down" /);
  assert.match(err, / stopped uptime_s=\S+ sessions_cut_off=0 /);
  for (const client of [caller, late]) client.close();
});

Deno.test("relay: --drain bounds the wait, and a second signal ends at once", async () => {
  const bounded = await RelayProcess.start(["--secret", SECRET_HEX, ...FREE, "--drain", "50ms"]);
  const patient = await RelayProcess.start(["--secret", SECRET_HEX, ...FREE, "--drain", "1h"]);
  const clients = [bounded.udp(), patient.udp()];
  for (const client of clients) await bind(client, CALLER);
  bounded.kill("SIGTERM");
  assert.equal((await bounded.event("stopped")).sessions_cut_off, 1);
  assert.equal((await bounded.end()).code, EXIT.ok);
  patient.kill("SIGINT");
  await patient.event("draining");
  patient.kill("SIGINT");
  assert.equal((await patient.end()).signal, "SIGINT");
  for (const client of clients) client.close();
});

Deno.test("relay: a port that is taken is said, with what to do", async () => {
  const relay = await RelayProcess.start(["--secret", SECRET_HEX, ...FREE]);
  const port = relay.url("tcp").port;
  const { exitCode, err } = await runArgs(["relay", "--secret", SECRET_HEX, "--udp-port", "0", "--tcp-port", port]);
  assert.equal(exitCode, EXIT.usage);
  assert.match(err, /^error: cannot listen on TCP 127\.0\.0\.1:\d+: the port is in use\nhint: .*--tcp-port/);
  relay.kill("SIGTERM");
  await relay.end();
});

Deno.test("relay token: makes what the relay checks, for the named session, peer and time", async () => {
  const flags = ["--secret", SECRET_HEX, "--session", SESSION, "--peer", CALLER];
  const { exitCode, out } = await runArgs(["relay", "token", ...flags, "--ttl", "10m", "--json"]);
  assert.equal(exitCode, EXIT.ok);
  const { schema, token, expires } = JSON.parse(out);
  assert.equal(schema, "arcrtc.relay_token/1");
  assert.ok(Math.abs(expires - Date.now() / 1000 - 600) < 30);
  const { tag, expiresS } = unwrap(parseRelayToken(token));
  assert.equal(expiresS, expires);
  const proof = makeRelayProof(tag, "nonce", SESSION, CALLER);
  assert.ok(verifyRelayProof(SECRET, { sessionId: SESSION, peerId: CALLER, expiresS }, "nonce", proof));
  const plain = await runArgs(["relay", "token", ...flags], "", {});
  assert.match(plain.out, /^[\w-]{32}\n$/);
  const fromEnvironment = await runArgs(["relay", "token", ...flags.slice(2)], "", { ARCRTC_RELAY_SECRET: SECRET_HEX });
  assert.equal(fromEnvironment.exitCode, EXIT.ok);
  for (
    const [args, message] of [
      [flags.slice(2), /there is no secret/],
      [[...flags.slice(0, 4), "--peer", "me"], /--peer: 'me' is not a UUID/],
      [[...flags, "--ttl", "long"], /--ttl: 'long'/],
      [flags.slice(0, 4), /--peer/],
    ] as const
  ) {
    const ran = await runArgs(["relay", "token", ...args]);
    assert.equal(ran.exitCode, EXIT.usage);
    assert.match(ran.err, message);
  }
});

Deno.test("relay token: the examples of its help do what they say", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/relay.secret`, SECRET_HEX);
  for (const { line } of examplesOf((await runArgs(["relay", "token", "--help"])).out)) {
    const args = line.split(" ").slice(1).map((word) => word.replace("@", `@${dir}/`));
    const { exitCode, out } = await runArgs(args);
    assert.equal(exitCode, EXIT.ok, line);
    assert.match(out, /[\w-]{32}/);
  }
  await Deno.remove(dir, { recursive: true });
});
