import assert from "node:assert/strict";
import type { HostPort } from "../base/address_table.ts";
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { SECRET } from "../relay/testing/relay_world.ts";
import { defaultBackend } from "../crypto/backend_choice.ts";
import { makeRelayProof, parseRelayToken, verifyRelayProof } from "../crypto/relay_token.ts";
import { SignalingEndpoint } from "../signaling/endpoint.ts";
import { STATUS_EXAMPLES } from "../signaling/examples.ts";
import type { Connect } from "../signaling/messages/connect.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import { KNOWN_CODECS } from "../signaling/selection.ts";
import { systemClock } from "./clock.ts";
import { openSignaling } from "./open_signaling.ts";
import type { ServedRelay, ServerRelayOptions } from "./server_relays.ts";
import { MemoryBus } from "./testing/memory_bus.ts";
import { LOOPBACK, RelayRig, until } from "./testing/relay_rig.ts";
import { ANNA, BEN, OTHER_SESSION, Rig, type RigTransport, SESSION } from "./testing/signaling_rig.ts";
import { openUdp } from "./udp_deno.ts";
import { answerNilHeartbeat, UdpHeartbeats } from "./udp_heartbeat.ts";

const clock = systemClock();

/** As much of a relay as is asked whether it is there. */
function responder(at: HostPort = LOOPBACK): UdpHeartbeats {
  return new UdpHeartbeats(openUdp(at), clock);
}

function hasIpv6(): boolean {
  try {
    openUdp({ host: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

function site(id: string, { host, port }: HostPort, more: Partial<ServedRelay> = {}): ServedRelay {
  return { id, host, ports: { udp: port }, priority: 0, ...more };
}

function served(sites: readonly ServedRelay[], more: Partial<ServerRelayOptions> = {}): ServerRelayOptions {
  return { sites, secret: SECRET, tokenTtlMs: 3_600_000, intervalMs: 25, reportIntervalMs: 25, ...more };
}

function told(rig: Rig, event: string, relay: string): number {
  return rig.events.filter((one) => one.event === event && "relay" in one && one.relay === relay).length;
}

type Relays = NonNullable<Connect["network_info"]["relay_servers"]>;

/** One peer's end of a session through the server; answers the relays that it is told of. */
async function relaysOf(rig: Rig, via: RigTransport, sessionId: string, peerId: string, role: "caller" | "callee") {
  const endpoint = new SignalingEndpoint({
    role,
    sessionId,
    peerId,
    rng: new SeededRng(role === "caller" ? 1 : 2),
    backend: defaultBackend(),
    unixOffsetMs: clock.unixOffsetMs,
    codecs: KNOWN_CODECS,
    suites: ["aes-128-gcm"],
    authentications: ["hmac-sha256-80"],
    resolutions: ["720p"],
    reducedHeader: true,
    rtx: true,
    fec: true,
    networkInfo: () => ({ nat_type: "unknown" }),
    identityPolicy: { kind: "optional" },
  });
  let connected: (relays: Relays) => void = () => {};
  let failed: (why: unknown) => void = () => {};
  const relays = new Promise<Relays>((resolve, reject) => [connected, failed] = [resolve, reject]);
  const link = await openSignaling({ url: rig.url(via), sessionId, peerId, trust: {}, timeoutMs: 4000 }, {
    message(unit) {
      endpoint.receive(unit, clock.nowMs());
      carryOut();
    },
    closed: (why) => failed(new Error(why)),
  });
  const carryOut = () => {
    for (let out = endpoint.poll(); out !== undefined; out = endpoint.poll()) {
      if (out.kind === "send") link.send(writeMessage(out.message));
      if (out.kind === "warning" || out.kind === "closed") failed(new Error(out.message));
      if (out.kind === "connected") connected(out.agreement.remote.networkInfo.relay_servers ?? []);
    }
  };
  endpoint.up(clock.nowMs());
  carryOut();
  return { relays, close: () => link.close() };
}

/** What the two peers of a session are told: the callee by CONNECT, the caller by CONNECT_ACK. */
async function call(rig: Rig, via: readonly [RigTransport, RigTransport], sessionId = SESSION) {
  const callee = await relaysOf(rig, via[1], sessionId, BEN, "callee");
  const caller = await relaysOf(rig, via[0], sessionId, ANNA, "caller");
  const [anna, ben] = await Promise.all([caller.relays, callee.relays]);
  caller.close();
  callee.close();
  return { anna, ben };
}

function names(relays: Relays): string[] {
  return relays.map(({ id }) => id);
}

function isProven(relay: Relays[number], sessionId: string, peerId: string): boolean {
  const { tag, expiresS } = unwrap(parseRelayToken(relay.token ?? ""));
  assert.equal(relay.expires, expiresS);
  const proof = makeRelayProof(tag, "nonce", sessionId, peerId);
  return verifyRelayProof(SECRET, { sessionId, peerId, expiresS }, "nonce", proof);
}

for (const via of [["phoenix", "plain"], ["stream", "phoenix"]] as const) {
  Deno.test(`ARC-TRANSPORT-server-relays ARC-RELAY-selection ARC-RELAY-token: two endpoints get the same relays, and each a token of its own that the relay takes (${via})`, async () => {
    const relays = Array.from({ length: 4 }, () => responder());
    // None of them fails here, so none has to be found out soon.
    const sites = relays.map(({ local }, i) => site(`relay-${i}`, local));
    const rig = await Rig.start({ relays: served(sites, { intervalMs: 5000 }) });
    const { anna, ben } = await call(rig, via);
    assert.equal(anna.length, 2);
    assert.deepEqual(
      anna.map(({ token: _, ...place }) => place),
      ben.map(({ token: _, ...place }, i) => ({ ...place, expires: anna[i].expires })),
    );
    for (const [i, relay] of anna.entries()) {
      assert.ok(isProven(relay, SESSION, ANNA) && isProven(ben[i], SESSION, BEN));
      assert.ok(!isProven(ben[i], SESSION, ANNA) && !isProven(relay, SESSION, BEN));
      assert.ok(Math.abs((relay.expires ?? 0) - Date.now() / 1000 - 3600) < 60);
    }
    assert.match(rig.server.metricsText(), /\narcrtc_server_relay_handouts_total\{relay="relay-\d"\} 2\n/);
    await rig.close();
    for (const relay of relays) relay.close();
  });
}

Deno.test("ARC-RELAY-selection: a relay that dies is no longer handed out, and is again when it is back; log and metrics say so", async () => {
  const [first, second] = [responder(), responder()];
  const rig = await Rig.start({ relays: served([site("one", first.local), site("two", second.local)]) });
  const gauge = (relay: string) =>
    new RegExp(`^arcrtc_server_relay_up\\{relay="${relay}"\\} (\\d)$`, "m").exec(rig.server.metricsText())?.[1];
  await rig.until(() => told(rig, "relay_up", "one") === 1 && told(rig, "relay_up", "two") === 1);
  assert.deepEqual([gauge("one"), gauge("two")], ["1", "1"]);
  assert.match(rig.server.metricsText(), /\narcrtc_server_relay_rtt_seconds\{relay="one"\} 0\.\d+/);
  assert.equal(first.counters.dropped + second.counters.dropped, 0, "padded enough to be answered");

  first.close();
  await first.ended;
  await rig.until(() => told(rig, "relay_down", "one") === 1);
  assert.deepEqual([gauge("one"), gauge("two")], ["0", "1"]);
  const { anna, ben } = await call(rig, ["plain", "plain"]);
  assert.deepEqual([names(anna), names(ben)], [["two"], ["two"]]);

  const back = responder(first.local);
  await rig.until(() => told(rig, "relay_up", "one") === 2);
  assert.equal((await call(rig, ["plain", "plain"], OTHER_SESSION)).anna.length, 2);
  assert.equal(gauge("one"), "1");
  assert.equal(told(rig, "relay_down", "two"), 0);
  await rig.close();
  for (const relay of [second, back]) relay.close();
});

Deno.test("a relay under a name is handed out by address, once the name has one", async () => {
  const relay = responder();
  let isKnown = false;
  const lookup = () => isKnown ? Promise.resolve(["127.0.0.1"]) : Promise.reject(new Error("ENOTFOUND"));
  const relays = served([site("named", { host: "relay.example", port: relay.local.port })], { lookup });
  const before = await Rig.start({ relays });
  await before.until(() => told(before, "relay_down", "named") === 1);
  assert.ok(before.events.some((event) => event.event === "relay_down" && event.why === "its name has no address"));
  assert.deepEqual((await call(before, ["plain", "plain"])).anna, []);
  await before.close();
  isKnown = true;
  const after = await Rig.start({ relays });
  await after.until(() => told(after, "relay_up", "named") === 1);
  assert.deepEqual((await call(after, ["plain", "plain"])).ben.map(({ address }) => address), ["127.0.0.1"]);
  await after.close();
  relay.close();
});

Deno.test({
  name: "ARC-RELAY-nil-heartbeat: over IPv6, however the address is spelled",
  ignore: !hasIpv6(),
  async fn() {
    const relay = responder({ host: "::1", port: 0 });
    const rig = await Rig.start({ relays: served([site("six", { host: "0:0::1", port: relay.local.port })]) });
    await rig.until(() => told(rig, "relay_up", "six") === 1);
    assert.deepEqual((await call(rig, ["plain", "plain"])).anna.map(({ address }) => address), ["::1"]);
    await rig.close();
    relay.close();
  },
});

Deno.test("ARC-RELAY-selection: a right answer from a wrong address is none: peers could not use that relay either", async () => {
  const [asked, other] = [openUdp(LOOPBACK), openUdp(LOOPBACK)];
  let answered = 0;
  const answering = (async () => {
    const incoming = new PacketBatch(1);
    const outgoing = new PacketBatch(1);
    while (await asked.receive(incoming)) {
      const from = asked.addresses.describe(incoming.addresses[0]);
      const answer = from && answerNilHeartbeat(incoming.packet(0), from, Date.now());
      if (from === undefined || answer === undefined) continue;
      outgoing.clear();
      outgoing.push(answer, other.addresses.intern(from.host, from.port));
      await other.send(outgoing);
      answered++;
    }
  })();
  const rig = await Rig.start({ relays: served([site("askew", asked.local)]) });
  await rig.until(() => told(rig, "relay_down", "askew") === 1);
  assert.equal(told(rig, "relay_up", "askew"), 0);
  assert.ok(answered > 0);
  await rig.close();
  asked.close();
  other.close();
  await answering;
});

Deno.test("ARC-RELAY-status ARC-RELAY-selection ARC-RELAY-proof: a real relay takes the tokens; its load shows, and once it drains it is handed out no more", async () => {
  const relay = await RelayRig.start({ http: LOOPBACK });
  const { udp: [udp], http } = relay.server.listening;
  const metricsUrl = `http://127.0.0.1:${http?.port}/metrics`;
  const rig = await Rig.start({ relays: served([site("relay-1", udp, { metricsUrl })]) });
  const { anna, ben } = await call(rig, ["plain", "plain"]);
  for (const [peerId, [{ token = "", expires = 0 }]] of [[ANNA, anna], [BEN, ben]] as const) {
    const client = relay.udp();
    const request = { type: "RELAY_BIND", session_id: SESSION, peer_id: peerId, expires, timestamp: 1 } as const;
    const challenge = await client.ask(request);
    assert.ok(challenge.type === "RELAY_CHALLENGE");
    const { nonce } = challenge;
    const proof = makeRelayProof(unwrap(parseRelayToken(token)).tag, nonce, SESSION, peerId);
    assert.equal((await client.ask({ ...request, nonce, proof })).type, "RELAY_BOUND");
  }
  await until("the load", () => /^arcrtc_server_relay_load\{relay="relay-1"\} 0\.001$/m.test(rig.server.metricsText()));
  const drained = relay.server.drain(60_000);
  await rig.until(() => told(rig, "relay_draining", "relay-1") === 1);
  assert.match(rig.server.metricsText(), /^arcrtc_server_relay_up\{relay="relay-1"\} 0$/m);
  assert.match(rig.server.metricsText(), /^arcrtc_server_relay_draining\{relay="relay-1"\} 1$/m);
  assert.deepEqual((await call(rig, ["plain", "plain"], OTHER_SESSION)).anna, []);
  await rig.close();
  await relay.close();
  assert.equal(await drained, 1);
});

Deno.test("ARC-RELAY-draining: a relay that drains is handed out no more, also where its report is not read", async () => {
  const relay = await RelayRig.start();
  const { udp: [udp] } = relay.server.listening;
  const rig = await Rig.start({ relays: served([site("relay-1", udp)]) });
  await rig.until(() => told(rig, "relay_up", "relay-1") === 1);
  assert.equal((await call(rig, ["plain", "plain"])).anna.length, 1);
  const drained = relay.server.drain(60_000);
  await rig.until(() => told(rig, "relay_down", "relay-1") === 1);
  assert.deepEqual((await call(rig, ["plain", "plain"], OTHER_SESSION)).anna, []);
  await rig.close();
  await relay.close();
  assert.equal(await drained, 0);
});

Deno.test("ARC-TRANSPORT-server-unchanged: a server without relays puts none in, and shows no figures of them", async () => {
  const rig = await Rig.start();
  const { anna, ben } = await call(rig, ["plain", "phoenix"]);
  assert.deepEqual([anna, ben], [[], []]);
  assert.doesNotMatch(rig.server.metricsText(), /arcrtc_server_relay/);
  await rig.close();
});

Deno.test("ARC-RELAY-status ARC-RELAY-selection: a relay's load and drain are taken off its subject on the bus, and from nobody else's", async () => {
  const bus = new MemoryBus();
  const member = bus.open({ up: () => {}, down: () => {} });
  const publishStatus = (subject: string, message: string) => member.publish(subject, utf8(message));
  const relay = await RelayRig.start({ publishStatus });
  const { udp: [udp] } = relay.server.listening;
  const rig = await Rig.start({
    relays: served([site("relay-1", udp)]),
    bus: { open: bus.open, name: "the bus", serverId: "server-1" },
  });
  const load = () => /^arcrtc_server_relay_load\{relay="relay-1"\} (.*)$/m.exec(rig.server.metricsText())?.[1];
  await until("the load", () => load() === "0");
  const foreign = { ...STATUS_EXAMPLES.RELAY_STATUS.full, relay_id: "relay-2", load: 1 };
  for (const message of ["{", writeMessage(STATUS_EXAMPLES.SERVER_STATUS.full), writeMessage(foreign)]) {
    publishStatus("arcrtc.relay.relay-1.status", message);
  }
  publishStatus("arcrtc.relay.relay-2.status", writeMessage({ ...foreign, relay_id: "relay-1" }));
  await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  assert.equal(load(), "0");
  const drained = relay.server.drain(60_000);
  await rig.until(() => told(rig, "relay_draining", "relay-1") === 1);
  await rig.close();
  await relay.close();
  assert.equal(await drained, 0);
});
