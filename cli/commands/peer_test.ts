/** The command in this process: what it refuses, and how it ends when there is nobody to talk to. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type JoinAuth, OPEN_AUTH } from "../../lib/net/join_auth.ts";
import { SignalingServer } from "../../lib/net/signaling_server.ts";
import { FIXTURES_DIRECTORY, readFixture } from "../../lib/media/container/testing/media_fixtures.ts";
import { EXIT } from "../exit_codes.ts";
import { type Ran, runArgs } from "../testing/run_line.ts";

const SESSION = "6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55";

/** Two sides against one server; `url` is put in for `--signal`. */
async function pair(caller: readonly string[], callee: readonly string[], env = {}): Promise<[Ran, Ran]> {
  const server = await SignalingServer.start({ auth: OPEN_AUTH, stream: { host: "127.0.0.1", port: 0 } });
  try {
    const common = ["--signal", server.urls.stream ?? "", "--session", SESSION];
    return await Promise.all([
      runArgs(["peer", "call", ...common, ...caller], "", env),
      runArgs(["peer", "listen", ...common, ...callee], "", env),
    ]);
  } finally {
    await server.close();
  }
}

const events = (out: string) => out.trimEnd().split("\n").map((line) => JSON.parse(line));
const last = (out: string) => events(out).at(-1);

Deno.test("peer: a command line that cannot be is refused before anything is opened", async () => {
  const signal = ["--signal", "ws://127.0.0.1:1"];
  const cases: [string[], RegExp][] = [
    [[], /no signaling server is named/],
    [["--signal", "http://127.0.0.1:1"], /no signaling URL/],
    [[...signal, "--session", "abc"], /It takes a UUID/],
    [[...signal, "--duration", "soon"], /It takes a time/],
    [[...signal, "--local-port", "70000"], /It takes a port/],
    [[...signal, "--cipher", "aes-128-gcm,rot13"], /different names out of/],
    [[...signal, "--auth", "none,none"], /different names out of/],
    [[...signal, "--send", "no/such/file.ivf"], /cannot read no\/such\/file.ivf/],
    [[...signal, "--send", "test:nothing"], /no test source/],
    [[...signal, "--identity", "cert.pem"], /needs --identity-key/],
    [[...signal, "--pin", "12"], /64 hex digits/],
    [[...signal, "--pin", "ab".repeat(32), "--identity-ca", "ca.pem"], /exclude each other/],
    [[...signal, "--tls-pin", "ab".repeat(32)], /need wss:\/\/ or tls:\/\//],
    [[...signal, "--relay", "r1@127.0.0.1:3478"], /r1@127.0.0.1:3478 has no token/],
    [[...signal, "--relay-secret", "00".repeat(16)], /no relay/],
    [[...signal, "--path", "udp"], /auto, direct, relay, tcp/],
    [["--signal", "wss://127.0.0.1:1", "--insecure", "--tls-pin", "ab".repeat(32)], /exclude each other/],
    [[...signal, "--keystore", "/nowhere"], /ARMORICORE_MASTER_KEY/],
    [[...signal, "--bind", "192.0.2.77"], /cannot open UDP/],
  ];
  for (const [args, message] of cases) {
    for (const side of ["call", "listen"]) {
      const { exitCode, out, err } = await runArgs(["peer", side, ...args]);
      assert.deepEqual([exitCode, out], [EXIT.usage, ""], `${args.join(" ")}\n${err}`);
      assert.match(err, message);
    }
  }
});

Deno.test("peer: five renditions of one codec are one too many", async () => {
  const file = fileURLToPath(new URL("vp9_160x90.ivf", FIXTURES_DIRECTORY));
  const send = Array.from({ length: 5 }, () => ["--send", file]).flat();
  const { exitCode, err } = await runArgs(["peer", "call", "--signal", "ws://127.0.0.1:1", ...send]);
  assert.equal(exitCode, EXIT.usage);
  assert.match(err, /5 renditions of vp9/);
});

Deno.test("peer: a server that is not there is unreachable, and with --json nothing but JSON is on standard output", async () => {
  const { exitCode, out, err } = await runArgs(["peer", "call", "--signal", "tcp://127.0.0.1:1", "--json"]);
  assert.equal(exitCode, EXIT.unreachable);
  assert.match(err, /^error: cannot reach tcp:\/\/127.0.0.1:1/);
  assert.deepEqual(events(out).map(({ schema, event }) => [schema, event]), [
    ["arcrtc.peer/1", "started"],
    ["arcrtc.peer/1", "signaling_down"],
    ["arcrtc.peer/1", "summary"],
  ]);
  const summary = last(out);
  assert.deepEqual([summary.exit_code, summary.closed.why, summary.sent, summary.received], [4, "failed", [], []]);
});

Deno.test("peer: nobody comes within --wait", async () => {
  const server = await SignalingServer.start({ auth: OPEN_AUTH, webSocket: { host: "127.0.0.1", port: 0 } });
  try {
    for (const side of ["listen", "call"]) {
      const { exitCode, err } = await runArgs(["peer", side, "--signal", server.urls.plain ?? "", "--wait", "100ms"]);
      assert.equal(exitCode, EXIT.unreachable);
      assert.match(err, /no peer has come in time/);
    }
  } finally {
    await server.close();
  }
});

Deno.test("ARC-SRTP-choice-none-common peer: no common cipher ends the call as refused", async () => {
  const [caller, callee] = await pair(
    ["--cipher", "aes-256-gcm", "--json"],
    ["--cipher", "chacha20-poly1305", "--wait", "1500ms"],
  );
  assert.equal(caller.exitCode, EXIT.refused);
  assert.match(caller.err, /no_common_cipher/);
  assert.equal(last(caller.out).exit_code, EXIT.refused);
  assert.equal(callee.exitCode, EXIT.unreachable);
});

Deno.test("ARC-KEY-identity-pin ARC-KEY-identity-required peer: another identity, or none, is not talked to", async () => {
  for (const demand of [["--pin", "ab".repeat(32)], ["--require-identity"]]) {
    const identity = demand[0] === "--pin" ? ["--identity", "self"] : [];
    const [caller] = await pair(demand, [...identity, "--wait", "1500ms"]);
    assert.equal(caller.exitCode, EXIT.refused, caller.err);
    assert.match(caller.err, /bad_identity|identity/);
  }
});

Deno.test("ARC-KEY-identity-absent-told peer: it says whom one has to trust", async () => {
  const told = async (caller: readonly string[], callee: readonly string[]) => {
    const [{ out, exitCode, err }] = await pair(["--duration", "200ms", ...caller], callee);
    assert.equal(exitCode, EXIT.ok, err);
    return out;
  };
  assert.match(await told([], []), /NOT verified: the signaling server is trusted/);
  const [{ out }] = await pair(["--duration", "200ms", "--json"], []);
  const connected = events(out).find(({ event }) => event === "connected");
  assert.deepEqual([connected.identity, connected.identity_verified], ["none", false]);
  assert.match(
    await told(["--require-identity"], ["--identity", "self"]),
    /vouches for: the signaling server is trusted/,
  );
});

Deno.test("peer: a server that asks for tokens lets in who has one and refuses who has not, on every transport", async () => {
  const peers = ["0f0e0d0c-0b0a-4908-8706-050403020100", "1f0e0d0c-0b0a-4908-8706-050403020100"];
  const auth: JoinAuth = {
    name: "test",
    judge: ({ token, peerId }) => token === `token of ${peerId}` ? undefined : "another token is needed",
  };
  const host = "127.0.0.1";
  const server = await SignalingServer.start({ auth, webSocket: { host, port: 0 }, stream: { host, port: 0 } });
  const { phoenix = "", plain = "", stream = "" } = server.urls;
  try {
    for (const url of [phoenix, plain, stream]) {
      const run = (side: string, peer: string, token: string) => {
        const args = ["--session", SESSION, "--peer-id", peer, "--duration", "50ms", "--wait", "20s"];
        return runArgs(["peer", side, "--signal", url, ...args], "", { ARCRTC_TOKEN: token });
      };
      for (const side of ["call", "listen"]) {
        const { exitCode, err } = await run(side, peers[0], "wrong");
        assert.equal(exitCode, EXIT.refused, `${url} ${side}: ${err}`);
        assert.match(err, /another token is needed/);
      }
      const sides = await Promise.all(peers.map((id, i) => run(i === 0 ? "call" : "listen", id, `token of ${id}`)));
      assert.deepEqual(
        sides.map(({ exitCode }) => exitCode),
        [EXIT.ok, EXIT.ok],
        `${url}: ${sides[0].err}${sides[1].err}`,
      );
    }
  } finally {
    await server.close();
  }
});

Deno.test("peer: a file that is not whole is sent as far as it goes, told of, and makes it exit with 1", async () => {
  const cut = Deno.makeTempFileSync({ suffix: ".ivf" });
  try {
    Deno.writeFileSync(cut, readFixture("av1_160x90.ivf").subarray(0, 20_000));
    const [caller, callee] = await pair(["--send", cut, "--json"], ["--json"]);
    assert.deepEqual([caller.exitCode, callee.exitCode], [EXIT.finding, EXIT.ok]);
    assert.ok(events(caller.out).some(({ event, message }) => event === "warning" && message.startsWith(cut)));
    assert.equal(last(caller.out).sent[0].frames, last(callee.out).received[0].frames);
  } finally {
    Deno.removeSync(cut);
  }
});

Deno.test("ARC-SIG-connect-session-uuid: a caller that is not told its session makes a random one of its own", async () => {
  const calls = await Promise.all(
    [0, 1].map(() => runArgs(["peer", "call", "--signal", "tcp://127.0.0.1:1", "--json"])),
  );
  const sessions = calls.map(({ out }) => events(out)[0].session_id);
  for (const session of sessions) {
    assert.match(session, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  assert.notEqual(sessions[0], sessions[1]);
});
