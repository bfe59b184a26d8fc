import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import { utf8 } from "../../lib/base/bytes.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { openSignaling } from "../../lib/net/open_signaling.ts";
import {
  ANNA,
  CARL,
  heartbeat,
  makeIdentity,
  OTHER_SESSION,
  SECRET,
  SESSION,
  TestPeer,
} from "../../lib/net/testing/signaling_rig.ts";
import { openUdp } from "../../lib/net/udp_deno.ts";
import { UdpHeartbeats } from "../../lib/net/udp_heartbeat.ts";
import { eventText } from "../ui/event_log.ts";
import { examplesOf, runArgs } from "../testing/run_line.ts";
import { COMMANDS } from "./registry.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;

interface Listening {
  readonly schema: string;
  readonly event: string;
  readonly urls: Readonly<Record<"phoenix" | "plain" | "stream" | "udp" | "health" | "metrics", string>>;
  readonly auth: string;
  readonly certificate_sha256?: string;
  readonly relays?: readonly string[];
}

/** A server as a process, with the permissions that its table entry names. */
class Served {
  readonly listening: Listening;
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #err: Promise<string>;

  private constructor(
    child: Deno.ChildProcess,
    lines: AsyncIterator<string>,
    listening: Listening,
    err: Promise<string>,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.listening = listening;
    this.#err = err;
  }

  static async start(args: readonly string[], cwd?: string): Promise<Served> {
    const permissions = COMMANDS.find(({ name }) => name === "serve")?.permissions.split(" ") ?? [];
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--config", config, ...permissions, MAIN, "serve", ...args],
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
    return new Served(child, lines, JSON.parse(value), err);
  }

  /** The next event on standard output. */
  async event(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`it ended: ${await this.#err}`);
    return JSON.parse(value);
  }

  async eventOf(name: string): Promise<Record<string, unknown>> {
    for (;;) {
      const event = await this.event();
      if (event.event === name) return event;
    }
  }

  async connect(url: string, token?: string): Promise<TestPeer> {
    const peer = new TestPeer();
    const trust = this.listening.certificate_sha256 === undefined
      ? {}
      : { pinSha256: this.listening.certificate_sha256.replaceAll(":", "").toLowerCase() };
    peer.link = await openSignaling(
      { url, sessionId: SESSION, peerId: ANNA, trust, timeoutMs: 4000, ...(token === undefined ? {} : { token }) },
      peer,
    );
    return peer;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** What it ended with, and what it wrote to standard error. */
  async end(): Promise<{ code: number; signal: string | null; err: string }> {
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

const FREE = ["--port", "0", "--json"];

const RELAY_SECRET = "0123456789abcdef0123456789abcdef";

Deno.test("serve: prints where it is, serves, and leaves on SIGTERM when nobody is there", async () => {
  const served = await Served.start(["--open", ...FREE]);
  const { schema, event, urls, auth } = served.listening;
  assert.deepEqual([schema, event, auth], ["arcrtc.serve/1", "listening", "open"]);
  assert.match(urls.phoenix, /^ws:\/\/127\.0\.0\.1:\d+\/socket\/websocket$/);
  assert.match(urls.udp, /^udp:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await (await fetch(urls.health)).json()).status, "ok");
  for (const url of [urls.phoenix, urls.plain, urls.stream]) {
    const peer = await served.connect(url);
    if (url !== urls.phoenix) peer.say(heartbeat());
    const joined = await served.eventOf("joined");
    assert.deepEqual([joined.schema, joined.session, joined.peer], ["arcrtc.serve/1", SESSION, ANNA]);
    peer.link?.close();
    await served.eventOf("closed");
  }
  served.kill("SIGTERM");
  assert.equal((await served.eventOf("stopped")).sessions_cut_off, 0);
  assert.deepEqual(await served.end(), { code: 0, signal: null, err: "" });
});

Deno.test("serve: SIGINT drains: new sessions are busy, running ones end in peace", async () => {
  const served = await Served.start(["--open", "--drain", "1m", "--log", "text", ...FREE]);
  const { stream } = served.listening.urls;
  const [anna, idle] = [await served.connect(stream), await served.connect(stream)];
  anna.say(heartbeat());
  await served.eventOf("joined");
  served.kill("SIGINT");
  assert.equal((await served.eventOf("draining")).sessions, 1);
  idle.say(heartbeat(OTHER_SESSION, CARL));
  assert.equal((await idle.next()).code, "busy");
  await assert.rejects(served.connect(stream), /cannot reach/);
  anna.say(heartbeat(SESSION, ANNA, { sequence: 7 }));
  while ((await anna.next()).sequence !== 7);
  anna.link?.close();
  const { code, err } = await served.end();
  assert.equal(code, 0);
  assert.match(err, /^\S+Z joined connection=1 session=1111\S+ peer=aaaa\S+$/m);
  assert.match(err, /^\S+Z draining sessions=1$/m);
  await idle.end();
});

Deno.test("serve: --drain bounds the wait; a second signal does not wait at all", async () => {
  const [bounded, impatient] = await Promise.all([
    Served.start(["--open", "--drain", "0", ...FREE]),
    Served.start(["--open", "--drain", "1h", ...FREE]),
  ]);
  for (const served of [bounded, impatient]) {
    (await served.connect(served.listening.urls.stream)).say(heartbeat());
    await served.eventOf("joined");
    served.kill("SIGTERM");
  }
  assert.equal((await bounded.eventOf("stopped")).sessions_cut_off, 1);
  assert.equal((await bounded.end()).code, 0);
  await impatient.eventOf("draining");
  impatient.kill("SIGTERM");
  assert.equal((await impatient.end()).signal, "SIGTERM");
});

Deno.test("ARC-RELAY-selection serve: relays are named at the start, watched, and told of in log and metrics", async () => {
  const relay = new UdpHeartbeats(openUdp({ host: "127.0.0.1", port: 0 }), systemClock());
  const silent = openUdp({ host: "127.0.0.1", port: 0 });
  const sites = `eu-1@127.0.0.1:${relay.local.port},eu-2@127.0.0.1:${silent.local.port}/10`;
  const served = await Served.start([
    "--open",
    "--relay",
    sites,
    "--relay-secret",
    RELAY_SECRET,
    "--log",
    "text",
    ...FREE,
  ]);
  assert.deepEqual(served.listening.relays, ["eu-1", "eu-2"]);
  const up = await served.eventOf("relay_up");
  assert.deepEqual([up.relay, up.address], ["eu-1", `127.0.0.1:${relay.local.port}`]);
  const metrics = await (await fetch(served.listening.urls.metrics)).text();
  assert.match(metrics, /^arcrtc_server_relay_up\{relay="eu-1"\} 1$/m);
  assert.match(metrics, /^arcrtc_server_relay_up\{relay="eu-2"\} 0$/m);
  served.kill("SIGTERM");
  const { code, err } = await served.end();
  assert.equal(code, 0);
  assert.match(err, /^\S+Z relay_up relay=eu-1 address=127\.0\.0\.1:\d+ rtt_ms=[\d.]+$/m);
  assert.ok(!err.includes(RELAY_SECRET));
  relay.close();
  silent.close();
});

Deno.test("serve: every example of its help works, with the files that it names", async () => {
  const dir = await Deno.makeTempDir();
  const identity = await makeIdentity();
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  await Promise.all([
    Deno.writeTextFile(`${dir}/secret.txt`, `${SECRET}\n`),
    Deno.writeTextFile(`${dir}/relay.secret`, `${RELAY_SECRET}\n`),
    Deno.writeTextFile(`${dir}/cert.pem`, identity.certificatePem),
    Deno.writeTextFile(`${dir}/key.pem`, identity.privateKeyPem),
    Deno.writeTextFile(`${dir}/jwks.json`, JSON.stringify({ keys: [await exportJWK(publicKey)] })),
  ]);
  const jwt = (alg: string, key: CryptoKey | Uint8Array) =>
    new SignJWT({ session: SESSION, peer: ANNA }).setProtectedHeader({ alg }).setExpirationTime("1h").sign(key);
  const [byKey, bySecret] = [await jwt("ES256", privateKey), await jwt("HS256", utf8(SECRET))];
  const examples = examplesOf((await runArgs(["serve", "--help"])).out);
  assert.ok(examples.length >= 4);
  await Promise.all(examples.map(async ({ line }) => {
    const [program, command, ...args] = line.split(" ");
    assert.deepEqual([program, command], ["arcrtc", "serve"]);
    const served = await Served.start([...args, ...FREE], dir);
    const { urls, certificate_sha256 } = served.listening;
    assert.equal(certificate_sha256 !== undefined, /--cert|--self-signed/.test(line));
    const token = line.includes("--auth-jwks") ? byKey : line.includes("--auth-secret") ? bySecret : undefined;
    const url = urls.phoenix.replace("0.0.0.0", "127.0.0.1");
    if (token !== undefined) await assert.rejects(served.connect(url), /unauthorized/, line);
    const peer = await served.connect(url, token);
    assert.equal((await served.eventOf("joined")).peer, ANNA);
    peer.link?.close();
    served.kill("SIGTERM");
    const { code, err } = await served.end();
    assert.equal(code, 0, line);
    assert.ok(!err.includes("eyJ"), "no token in the log");
  }));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("serve: the greeting says where, who may join, what to pin, and how to go on", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "serve", "--open", "--self-signed", "--port", "0"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    env: { NO_COLOR: "1" },
  }).spawn();
  const text: string[] = [];
  for await (const line of linesOf(child.stdout)) {
    text.push(line);
    if (line.startsWith("try:")) child.kill("SIGTERM");
  }
  await child.status;
  const greeting = text.join("\n");
  assert.match(greeting, /^listening; Ctrl-C ends it\n/);
  assert.match(greeting, /^ {2}phoenix {2}wss:\/\/127\.0\.0\.1:\d+\/socket\/websocket$/m);
  assert.match(greeting, /^ {2}tls {6}tls:\/\/127\.0\.0\.1:\d+$/m);
  assert.match(greeting, /^ {2}joins {4}open to anybody on this machine$/m);
  const [, fingerprint] = /^ {2}sha256 {3}((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/m.exec(greeting) ?? [];
  assert.match(
    greeting,
    new RegExp(`^try: arcrtc peer listen --signal wss://127.0.0.1:\\d+ --tls-pin ${fingerprint}$`, "m"),
  );
});

Deno.test("serve: a wrong command line is refused before anything is opened, with what to do", async () => {
  const dir = await Deno.makeTempDir();
  const [one, two] = [await makeIdentity(), await makeIdentity()];
  const file = (name: string, text: string) => {
    Deno.writeTextFileSync(`${dir}/${name}`, text);
    return `${dir}/${name}`;
  };
  const cert = file("cert.pem", one.certificatePem);
  const key = file("key.pem", one.privateKeyPem);
  const otherKey = file("other.pem", two.privateKeyPem);
  const junk = file("junk.pem", "junk");
  const relay = (...names: string[]) => [...names.flatMap((name) => ["--relay", name]), "--relay-secret", RELAY_SECRET];
  const cases: [string[], RegExp, RegExp][] = [
    [[], /who may join is not said/, /--open lets anybody on this machine join/],
    [["--open", "--host", "0.0.0.0"], /--open lets anybody join, and 0\.0\.0\.0 can be reached/, /--auth-secret @FILE/],
    [["--open", "--host", "::"], /can be reached from elsewhere/, /--auth-jwks FILE/],
    [["--open", "--host", "example.org"], /is not an IP address/, /127\.0\.0\.1/],
    [["--open", "--auth-secret", SECRET], /--open and --auth-secret exclude each other/, /choose one/],
    [["--auth-secret", "short"], /needs 32 bytes or more, this one has 5/, /openssl rand/],
    [["--auth-secret", `@${dir}/none`], /cannot read .*none/, /./],
    [["--auth-jwks", junk], /junk\.pem: the JWK set is not JSON/, /"keys"/],
    [["--auth-jwks", "http://keys.example/k"], /is not https/, /use https/],
    [["--open", "--cert", cert], /--cert needs --key/, /--self-signed/],
    [["--open", "--key", key], /--key needs --cert/, /--self-signed/],
    [["--open", "--cert", `${dir}/none`, "--key", key], /cannot read .*none/, /./],
    [["--open", "--cert", junk, "--key", key], /the certificate is not X\.509/, /PEM/],
    [["--open", "--cert", cert, "--key", junk], /the key is not a private key/, /not encrypted/],
    [["--open", "--cert", cert, "--key", otherKey], /does not belong to the certificate/, /of one pair/],
    [["--open", "--self-signed", "--cert", cert], /exclude each other/, /leave one/],
    [["--open", "--relay", "r@192.0.2.1:3478"], /--relay needs --relay-secret/, /ARCRTC_RELAY_SECRET/],
    [["--open", "--relay-secret", RELAY_SECRET], /no relay/, /--relay ID@HOST:PORT/],
    [["--open", ...relay("192.0.2.1:3478")], /--relay 192\.0\.2\.1:3478: there is no ID@/, /a relay is ID@HOST:PORT/],
    [["--open", ...relay("r@192.0.2.1")], /there is no HOST:PORT after the @/, /a relay is/],
    [["--open", ...relay("r@a:1,s@b:2", "r@c:3")], /two relays have the id r/, /by their ids/],
    [["--open", ...relay("r@a:1"), "--relay-token-ttl", "59s"], /shorter than a minute/, /24h is the default/],
    [["--open", "--relay", "r@a:1", "--relay-secret", "fedcba98"], /needs 16 bytes or more, this one has 4/, /openssl/],
    [
      ["--open", "--relay", "r@a:1", "--relay-secret", "not hex"],
      /--relay-secret: .* not written in hex/,
      /openssl rand/,
    ],
    [
      ["--open", "--relay", "r@a:1", "--relay-secret", `@${junk}`],
      /@.*junk\.pem: .* not written in hex/,
      /openssl rand/,
    ],
    [["--open", "--relay", "r@a:1", "--relay-secret", `@${dir}/none`], /cannot read .*none/, /./],
    [["--open", "--nats", `nats://me:${SECRET}@`], /--nats: this is no URL of a NATS server/, /nats:\/\/HOST/],
    [["--open", "--nats", `@${dir}/none`], /cannot read .*none/, /./],
    [["--open", "--nats", `@${junk}`], /--nats @.*junk\.pem: this is no URL/, /or @FILE/],
    [["--open", "--nats", "nats://h", "--nats-ca", cert], /an authority is given for a bus without TLS/, /tls:\/\//],
    [["--open", "--nats", "tls://h", "--nats-ca", `${dir}/none`], /cannot read .*none/, /./],
    [["--open", "--server-id", "a"], /--server-id is given and no --nats/, /needs no name/],
    [["--open", "--nats", "nats://h", "--server-id", "a.b"], /--server-id a\.b cannot be used/, /letters, digits/],
    [["--open", "--port", "65536"], /whole number from 0 to 65535/, /--help/],
    [["--open", "--rate", "0"], /whole number from 1/, /--help/],
    [["--open", "--idle", "soon"], /It takes a time/, /--help/],
    [["--open", "--host", "192.0.2.1"], /can be reached/, /127/],
    [
      ["--auth-secret", SECRET, "--host", "192.0.2.1", "--port", "0"],
      /does not have the address/,
      /address of this machine/,
    ],
  ];
  for (const [args, message, hint] of cases) {
    const { exitCode, out, err } = await runArgs(["serve", ...args]);
    assert.equal(exitCode, 2, `${args.join(" ")}\n${err}`);
    assert.equal(out, "");
    assert.match(err, message);
    if (hint.source !== ".") assert.match(err.split("hint: ")[1] ?? "", hint, args.join(" "));
    assert.ok(!err.includes(SECRET) && !err.includes("PRIVATE KEY") && !/fedcba98|0123456789abcdef/.test(err));
  }
  const { exitCode, err } = await runArgs(["serve", "--auth-jwks", "http://127.0.0.1:1/jwks.json"]);
  assert.equal(exitCode, 4);
  assert.match(err, /cannot get keys from/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("serve: a port in use is named, and nothing stays open of what came before it", async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", () => resolve()));
  const { port } = squatter.address() as AddressInfo;
  for (const flag of ["--port", "--tcp-port"]) {
    const args = flag === "--port" ? ["--port", `${port}`] : ["--port", "0", "--tcp-port", `${port}`];
    const { exitCode, err } = await runArgs(["serve", "--open", ...args]);
    assert.equal(exitCode, 2);
    assert.match(err, new RegExp(`cannot listen on TCP 127\\.0\\.0\\.1:${port}: the port is in use`));
    assert.match(err, /hint: end what listens there, or take other ports: --port/);
  }
  await new Promise<void>((resolve) => squatter.close(() => resolve()));
  const datagrams = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const udpPort = (datagrams.addr as Deno.NetAddr).port;
  const { err } = await runArgs(["serve", "--open", "--port", "0", "--udp-port", `${udpPort}`]);
  assert.match(err, new RegExp(`cannot listen on UDP 127\\.0\\.0\\.1:${udpPort}: the port is in use`));
  datagrams.close();
});

Deno.test("serve: a line of the log stays one line, whatever others put into it", () => {
  const event = { event: "turned_away", from: "[::1]:5", why: 'a "b"\nforged \x1b[31m é' } as const;
  assert.equal(
    eventText(event, 0),
    '1970-01-01T00:00:00.000Z turned_away from=[::1]:5 why="a \\"b\\"\\nforged \\u001b[31m \\u00e9"\n',
  );
});
