/** The dialogues against our own server and relay, which pass, and against broken ones, which don't. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { utf8 } from "../../lib/base/bytes.ts";
import type { HostPort } from "../../lib/base/address_table.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { jwtAuth } from "../../lib/net/join_auth.ts";
import { secretKeySource } from "../../lib/net/jwt_keys.ts";
import type { SignalingServerOptions } from "../../lib/net/signaling_server.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { RelayServer } from "../../lib/net/relay_server.ts";
import { MemoryBus } from "../../lib/net/testing/memory_bus.ts";
import { RelayRig } from "../../lib/net/testing/relay_rig.ts";
import { Rig, testIdentity } from "../../lib/net/testing/signaling_rig.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { classifyUnit, UnitKind } from "../../lib/packet/demux.ts";
import { SECRET } from "../../lib/relay/testing/relay_world.ts";
import type { RelayCase } from "../case.ts";
import { CASES } from "../registry.ts";
import { isOnlySlow } from "../report/tally.ts";
import { resultsOf, runCases, verdictsOf } from "../run/testing.ts";
import type { Subjects } from "../run/run_suite.ts";
import { overStreams, type RewriteStream } from "../mutants/peer_mutant.ts";
import { ownPeer, type OwnPeerChanges } from "./own_peer.ts";
import { PlayedSite } from "./played_sites.ts";
import { peerDriver } from "./peer_world.ts";
import { relayDriver } from "./relay_world.ts";
import { serverDriver, type ServerTarget } from "./server_world.ts";
import { publisherOn, relaySourceOf, servedSites, targetOf } from "./testing.ts";

const AUTH_SECRET = "a-secret-of-tests-alone-0123456789ab";
const LOOPBACK = { host: "127.0.0.1", port: 0 };

function dialogues(facet: "server" | "relay" | "peer") {
  return CASES.filter(({ needs }) => needs === facet);
}

async function withServer(
  use: (target: ServerTarget) => Promise<void>,
  options: Partial<SignalingServerOptions> = {},
): Promise<void> {
  const rig = await Rig.start(options);
  try {
    await use(targetOf(rig.server.urls));
  } finally {
    await rig.close();
  }
}

function assertAllPass(result: Awaited<ReturnType<typeof runCases>>, count: number): void {
  const results = resultsOf(result);
  assert.equal(results.length, count);
  // What is only slow is not wrong.
  const wrong = results.filter((result) => result.verdict !== "pass" && !isOnlySlow(result));
  assert.deepEqual(wrong.map(({ id, verdict, why, breaches }) => ({ id, verdict, why, breaches })), []);
}

/** What no server of ours has; the suite says so of each. */
const NOT_OURS = /over TLS|tls:|DTLS|QUIC/;

Deno.test("our own server passes every dialogue with a server, whether it wants tokens or not", async () => {
  const cases = dialogues("server");
  const verdicts = new Map<string, { readonly verdict: string; readonly why: string | undefined }>();
  const put = async (target: ServerTarget) => {
    const results = resultsOf(await runCases(cases, { subjects: { server: serverDriver(target) } }));
    for (const result of results) {
      const { id, why, breaches } = result;
      const verdict = isOnlySlow(result) ? "pass" : result.verdict;
      assert.ok(verdict === "pass" || verdict === "skipped", `${id}: ${verdict} ${why ?? JSON.stringify(breaches)}`);
      if (verdicts.get(id)?.verdict !== "pass") verdicts.set(id, { verdict, why });
    }
  };
  await withServer(put);
  const relay = await RelayRig.start({});
  const { udp: [{ host, port }] } = relay.server.listening;
  // One that is there, and five that the suite plays.
  const played = Array.from({ length: 5 }, () => new PlayedSite(LOOPBACK, systemClock()));
  const sites = [{ id: "relay", host, ports: { udp: port }, priority: 0 }, ...servedSites(played)];
  const relays = { sites, secret: SECRET, tokenTtlMs: 60_000, intervalMs: 25, reportIntervalMs: 50 };
  const auth = jwtAuth(secretKeySource(AUTH_SECRET));
  const { open } = new MemoryBus();
  const more = {
    authSecret: AUTH_SECRET,
    relaySecret: SECRET,
    sites: played,
    bus: { description: "a bus in memory", open },
  };
  try {
    const bus = { open, name: "memory", serverId: "server" };
    await withServer((target) => put({ ...target, ...more }), { auth, relays, bus });
  } finally {
    for (const site of played) await site.close();
    await relay.close();
  }
  const left = [...verdicts].filter(([, { verdict, why }]) => verdict !== "pass" && !NOT_OURS.test(why ?? ""));
  assert.deepEqual(left, []);
});

Deno.test("our own relay passes every dialogue with a relay", async () => {
  const tlsIdentity = await testIdentity();
  // So that the cases about limits surely meet one.
  const limits = { sessionBps: 5_000_000 };
  const { open } = new MemoryBus();
  const rig = await RelayRig.start({
    ...{ tcp: [LOOPBACK], tls: [LOOPBACK], http: LOOPBACK, tlsIdentity, limits },
    publishStatus: publisherOn(open),
  });
  const { udp: [udp], tcp: [tcp], tls: [tls], http } = rig.server.listening;
  const cases = dialogues("relay");
  const trust = { pinSha256: tlsIdentity.fingerprintSha256 };
  const metrics = `http://${http?.host}:${http?.port}/metrics`;
  const source = relaySourceOf(
    () =>
      RelayServer.start({ relayId: "alone", secret: SECRET, crypto: nobleBackend, udp: [LOOPBACK], http: LOOPBACK }),
    SECRET,
  );
  const bus = { description: "a bus in memory", open };
  const relay = relayDriver({ udp, tcp, tls, secret: SECRET, trust, metrics, source, bus });
  try {
    assertAllPass(await runCases(cases, { subjects: { relay }, jobs: 8 }), cases.length);
  } finally {
    await rig.close();
  }
});

const KEYS_CASE = "path/relay-keys-before-epoch";

Deno.test("our own peer passes every dialogue with a peer, but for what it does not use", async () => {
  const cases = dialogues("peer").filter(({ id }) => id !== KEYS_CASE);
  const peer = peerDriver(ownPeer());
  assertAllPass(await runCases(cases, { subjects: { peer }, jobs: 8 }), cases.length);
});

Deno.test("a peer is judged over what it speaks to its server, and what is about another transport is skipped", async () => {
  const [over, aboutTcp, aboutPlain] = [
    "path/reconnect-callee",
    "unit/stream-framing-caller",
    "transport/websocket-plain-peer",
  ];
  const cases = CASES.filter(({ id }) => [over, aboutTcp, aboutPlain].includes(id));
  for (const way of ["phoenix", "plain"] as const) {
    const peer = peerDriver(ownPeer({}, [way]));
    const results = resultsOf(await runCases(cases, { subjects: { peer } }));
    const told = new Map(results.map(({ id, verdict, why }) => [id, why ?? verdict]));
    assert.equal(told.get(over), "pass");
    assert.equal(told.get(aboutTcp), "needs a peer that speaks it: --peer-transport tcp");
    assert.equal(
      told.get(aboutPlain),
      way === "plain" ? "pass" : "needs a peer that speaks it: --peer-transport plain",
    );
  }
});

/** RELAY_KEYS for each SSRC and epoch, in front of its first packet. */
function keysInFront(): RewriteStream {
  const view = new ArcRtpView();
  const named = new Set<string>();
  return (unit) => {
    if (classifyUnit(unit) !== UnitKind.arcrtp || !view.parse(unit)) return [unit];
    const { ssrc, keyPhase: epoch } = view;
    if (named.has(`${ssrc} ${epoch}`)) return [unit];
    named.add(`${ssrc} ${epoch}`);
    return [utf8(JSON.stringify({ type: "RELAY_KEYS", ssrc, epoch })), unit];
  };
}

Deno.test("a peer that gives its relay RELAY_KEYS in time passes; of one that uses none it is said so", async () => {
  const cases = CASES.filter(({ id }) => id === KEYS_CASE);
  const judge = async (changes: OwnPeerChanges) =>
    resultsOf(await runCases(cases, { subjects: { peer: peerDriver(ownPeer(changes)) } }))[0];
  const [inTime, without] = await Promise.all([judge(overStreams(keysInFront)), judge({})]);
  assert.deepEqual([inTime.verdict, inTime.breaches], ["pass", []]);
  assert.deepEqual([without.verdict, without.why], ["skipped", "the peer uses no RELAY_KEYS"]);
});

Deno.test("a relay that lets one address have 64 bindings and 50 messages a second stands 40 dialogues", async () => {
  const rig = await RelayRig.start({ tcp: [LOOPBACK] });
  const { udp: [udp] } = rig.server.listening;
  const cases = Array.from({ length: 40 }, (_, i): RelayCase => ({
    id: `a/pair-${"abcdefghij"[Math.floor(i / 10)]}-${"abcdefghij"[i % 10]}`,
    requirements: ["ARC-RELAY-limits"],
    title: "t",
    needs: "relay",
    run: async (world) => {
      await world.pair();
    },
  }));
  const relay = relayDriver({ udp, secret: SECRET, trust: {} });
  try {
    assertAllPass(await runCases(cases, { subjects: { relay }, jobs: 4 }), cases.length);
  } finally {
    await rig.close();
  }
});

Deno.test("a dialogue is skipped, with the flag that is missing, where the target has no such listener", () =>
  withServer(async ({ plain }) => {
    const cases = dialogues("server").filter(({ id }) => id.startsWith("unit/"));
    const result = await runCases(cases, { subjects: { server: serverDriver({ plain, trust: {} }) } });
    for (const { id, verdict, why } of resultsOf(result)) {
      assert.equal(verdict, "skipped", id);
      assert.match(why ?? "", /^needs --target (tcp|udp):\/\/HOST:PORT/);
    }
    const nothing = await runCases(cases, { subjects: {} });
    assert.ok(resultsOf(nothing).every(({ why }) => why === "needs a signaling server: --target URL"));
  }));

/** What a server that answers every datagram with itself, and every stream with nothing, gets. */
async function withMirror(use: (place: HostPort, stream: HostPort) => Promise<void>): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK.host, port: 0 });
  const mirrored = (async () => {
    for await (const [unit, from] of socket) await socket.send(unit, from);
  })();
  const silent = createServer((connection) => connection.on("error", () => {}).on("data", () => {}));
  await new Promise<void>((resolve) => silent.listen(0, LOOPBACK.host, resolve));
  const { port } = silent.address() as { port: number };
  try {
    await use({ host: LOOPBACK.host, port: (socket.addr as Deno.NetAddr).port }, { host: LOOPBACK.host, port });
  } finally {
    socket.close();
    await mirrored.catch(() => {});
    await new Promise((resolve) => silent.close(resolve));
  }
}

/** Of a wait that is in vain; long enough for loopback. */
const PATIENCE_MS = 500;

Deno.test("a target that answers noise, or never closes a stream, fails with what it sent and was to send", () =>
  withMirror(async (udp, stream) => {
    const subjects: Subjects = {
      server: serverDriver({ udp, stream, trust: {} }),
      relay: relayDriver({ udp, tcp: stream, secret: SECRET, trust: {} }),
    };
    const ids = ["unit/unknown-dropped", "unit/stun-ignored-served", "unit/frame-close", "unit/datagram"];
    const cases = CASES.filter(({ id }) => ids.includes(id));
    const result = await runCases(cases, { subjects, patienceMs: PATIENCE_MS });
    assert.deepEqual(verdictsOf(result), Object.fromEntries(cases.map(({ id }) => [id, "fail"])));
    const of = (wanted: string) => resultsOf(result).find(({ id }) => id === wanted)?.breaches[0];
    assert.deepEqual(of("unit/frame-close"), { expected: "the end of caller", got: "an open connection" });
    assert.match(of("unit/unknown-dropped")?.expected ?? "", /^a message HEARTBEAT_ACK with \{"sequence":\d+\}$/);
    assert.equal(of("unit/unknown-dropped")?.got, "1 bytes 04");
    const transcript = resultsOf(result).find(({ id }) => id === "unit/unknown-dropped")?.transcript ?? [];
    const moved = transcript.flatMap((entry) => "hex" in entry ? [`${entry.line} ${entry.kind} ${entry.hex}`] : []);
    assert.ok(moved.includes("stranger sent 13ff") && moved.includes("stranger received 04"), moved.join("\n"));
  }));

Deno.test("a target that is not there cannot be reached, and a dialogue with it fails", async () => {
  const nobody = Deno.listen({ hostname: LOOPBACK.host, port: 0 });
  const { port } = nobody.addr as Deno.NetAddr;
  nobody.close();
  const server = serverDriver({ stream: { host: LOOPBACK.host, port }, trust: {} });
  await assert.rejects(server.reach(PATIENCE_MS), /cannot reach tcp:\/\/127\.0\.0\.1/);
  const cases = CASES.filter(({ id }) => id === "unit/frame-close");
  const [result] = resultsOf(await runCases(cases, { subjects: { server } }));
  assert.equal(result.verdict, "fail");
  assert.match(result.breaches[0].got, /^cannot reach tcp/);
});
