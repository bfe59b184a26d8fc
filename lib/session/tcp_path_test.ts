/** Calls where UDP does not pass, on virtual time: direct TCP, relays over TCP and TLS, and the way back. SPEC 7.1. */
import assert from "node:assert/strict";
import { sendFramed } from "./testing/sim_streams.ts";
import { SessionPair } from "./testing/session_pair.ts";
import { FRAME_MS, heard, pathEvents, pathLog, talk } from "./testing/talk.ts";

const R1 = { id: "r1", ip: "203.0.113.1", priority: 1, transports: ["udp", "tcp"] } as const;
const R2 = { id: "r2", ip: "203.0.113.2", priority: 2, transports: ["udp", "tls"] } as const;

function noUdp(pair: SessionPair): void {
  pair.anna.host.blocksUdp = true;
  pair.ben.host.blocksUdp = true;
}

Deno.test("ARC-PATH-tcp-after ARC-PATH-tcp-direct: after a second without UDP the caller connects to the callee's port", () => {
  const pair = new SessionPair();
  noUdp(pair);
  pair.signalingUp();
  pair.run(990);
  assert.equal(pathEvents(pair.anna).some(({ event }) => event.kind === "tcp"), false);
  pair.run(1500);
  assert.equal(pair.anna.session.path?.kind, "tcp");
  assert.equal(pair.ben.session.path?.kind, "tcp");
  const begun = pathEvents(pair.anna).find(({ event }) => event.kind === "tcp")?.atMs ?? NaN;
  const connected = pair.anna.events.find(({ event }) => event.kind === "connected")?.atMs ?? NaN;
  assert.equal(begun - connected, 1000);
  const listening = pathEvents(pair.ben).find(({ event }) => event.kind === "listening")?.event;
  assert.deepEqual(listening, { kind: "listening", ports: [5000] });
  talk(pair, 2000);
  pair.run(2500);
  assert.equal(heard(pair.ben), 100);
});

Deno.test("ARC-PATH-tcp-after: where UDP works no connection is made and no port opened", () => {
  const pair = new SessionPair({ relays: [R1, R2] });
  pair.signalingUp();
  pair.run(5000);
  assert.deepEqual(pathLog(pair.anna).at(-1), "direct");
  for (const peer of [pair.anna, pair.ben]) {
    const kinds = pathEvents(peer).map(({ event }) => event.kind);
    assert.equal(kinds.includes("connecting") || kinds.includes("listening"), false);
  }
});

Deno.test("ARC-PATH-tcp-relay: behind NATs without UDP the relays are tried in their order, over TCP and TLS", () => {
  for (const relays of [[R1], [R2], [R2, R1]]) {
    const pair = new SessionPair({ nats: { anna: "port_restricted", ben: "symmetric" }, relays });
    noUdp(pair);
    pair.signalingUp();
    pair.run(3000);
    const { path } = pair.anna.session;
    assert.equal(path?.kind, "tcp_relay");
    assert.equal(path?.relayId, relays.length > 1 ? "r1" : relays[0].id);
    talk(pair, 2000);
    pair.run(2500);
    assert.equal(heard(pair.ben), 100);
  }
});

Deno.test("ARC-RELAY-cross-transport ARC-PATH-own-direction ARC-PATH-tcp-relay-once: who has UDP keeps it, and the relay joins it to the other's TCP", () => {
  const pair = new SessionPair({ nats: { anna: "symmetric", ben: "symmetric" }, relays: [R1] });
  pair.ben.host.blocksUdp = true;
  pair.signalingUp();
  pair.run(3000);
  assert.equal(pair.anna.session.path?.kind, "relay");
  assert.equal(pair.ben.session.path?.kind, "tcp_relay");
  talk(pair, 2000);
  pair.run(2500);
  assert.equal(heard(pair.ben), 100);
  // She had no path for a second, and all the same bound nowhere twice.
  const tries = pathEvents(pair.anna).flatMap(({ event }) => event.kind === "connecting" ? [event.to.kind] : []);
  assert.deepEqual(new Set(tries), new Set(["tcp"]), "not to the relay");
});

Deno.test("ARC-PATH-one-port: the other peer and every relay see one port of ours", () => {
  const pair = new SessionPair({ relays: [R1, R2] });
  const seen = new Set<string>();
  pair.network.tap = ({ kind, protocol, from, to }) => {
    if (kind === "sent" && protocol === "udp" && from.ip === pair.anna.host.ip) seen.add(`${from.port} to ${to.ip}`);
  };
  pair.signalingUp();
  pair.run(2000);
  assert.deepEqual([...seen].sort(), ["5000 to 10.0.0.2", "5000 to 203.0.113.1", "5000 to 203.0.113.2"]);
});

Deno.test("ARC-PATH-failover ARC-PATH-tcp-at-once: UDP dies mid-call, TCP takes over in under 2 s, keys and numbers kept", () => {
  for (const nats of [{}, { anna: "symmetric", ben: "symmetric" }] as const) {
    const pair = new SessionPair({ nats, relays: [R1] });
    pair.signalingUp();
    pair.run(2000);
    talk(pair, 20_000);
    pair.run(3000);
    const before = heard(pair.ben);
    noUdp(pair);
    const cutMs = pair.nowMs;
    pair.run(6000);
    const isTcp = pair.anna.session.path?.kind.startsWith("tcp");
    assert.ok(isTcp, `${pair.anna.session.path?.kind}`);
    const chosen = pathEvents(pair.anna).filter(({ atMs, event }) => event.kind === "chosen" && atMs > cutMs);
    assert.ok(chosen[0].atMs - cutMs < 2000, `took ${chosen[0].atMs - cutMs} ms`);
    const lostFrames = 6000 / FRAME_MS - (heard(pair.ben) - before);
    assert.ok(lostFrames < 2000 / FRAME_MS, `${lostFrames} frames lost`);
    assert.equal(pair.ben.session.stats(pair.nowMs)?.drops.replay, undefined);
    assert.equal(pair.anna.events.filter(({ event }) => event.kind === "keys").length, 1, "no new keys");
    // UDP comes back, and with it the better path.
    for (const peer of [pair.anna, pair.ben]) peer.host.blocksUdp = false;
    pair.run(12_000);
    for (const { session } of [pair.anna, pair.ben]) assert.match(session.path?.kind ?? "none", /^(direct|relay)$/);
  }
});

Deno.test("ARC-PATH-failover: between relays over TCP, and the better one again when it is back", () => {
  const both = [{ ...R1, transports: ["tcp"] }, { ...R2, transports: ["tcp"] }] as const;
  const pair = new SessionPair({ nats: { anna: "symmetric", ben: "symmetric" }, relays: both });
  pair.signalingUp();
  pair.run(3000);
  assert.equal(pair.anna.session.path?.relayId, "r1");
  talk(pair, 10_000);
  pair.run(1000);
  const before = heard(pair.ben);
  pair.relays[0].kill();
  const deadMs = pair.nowMs;
  pair.run(4000);
  assert.equal(pair.anna.session.path?.relayId, "r2");
  const chosen = pathEvents(pair.anna).find(({ atMs, event }) => event.kind === "chosen" && atMs > deadMs);
  assert.ok((chosen?.atMs ?? NaN) - deadMs < 2000);
  assert.ok(heard(pair.ben) - before > 100);
  pair.relays[0].kill(false);
  pair.run(25_000);
  assert.equal(pair.anna.session.path?.relayId, "r1");
  assert.equal(pair.ben.session.path?.relayId, "r1");
});

/** A callee that listens, whose caller cannot come, and a stranger who can. */
function calleeAndStranger() {
  const pair = new SessionPair();
  noUdp(pair);
  pair.network.cut(pair.anna.host, pair.ben.host);
  const stranger = pair.network.addHost("stranger", { ip: "192.0.2.9" });
  pair.signalingUp();
  pair.run(1500);
  return { pair, stranger };
}

Deno.test("ARC-PATH-tcp-first-unit: who begins with anything but a sealed HEARTBEAT of the session is shown out", () => {
  const { pair, stranger } = calleeAndStranger();
  const plain = '{"type":"HEARTBEAT","session_id":"11111111-1111-4111-8111-111111111111","sequence":1,"timestamp":1}';
  const rtp = new Uint8Array(40).fill(1);
  rtp[0] = 0x80;
  const firsts = [new TextEncoder().encode(plain), rtp, new Uint8Array([0xff, 0, 1, 2]), undefined];
  for (const first of firsts) {
    let end: string | undefined;
    const stream = pair.stack.connect(stranger, pair.ben.host.endpoint(5000), { onEnd: (why) => end = why });
    if (first !== undefined) sendFramed(stream, first);
    pair.run(first === undefined ? 3500 : 200);
    assert.equal(end, "reset", first === undefined ? "silence" : `first byte ${first[0]}`);
  }
  assert.equal(pair.ben.session.path, undefined);
});

Deno.test("strangers are bounded: eight may stay without having said who they are", () => {
  const { pair, stranger } = calleeAndStranger();
  let ended = 0;
  for (let i = 0; i < 20; i++) pair.stack.connect(stranger, pair.ben.host.endpoint(5000), { onEnd: () => ended++ });
  pair.run(500);
  assert.equal(ended, 12);
});

Deno.test("ARC-PATH-backoff: a callee that nobody can reach is tried again at random times up to 8 s apart", () => {
  const pair = new SessionPair({ nats: { ben: "symmetric" } });
  noUdp(pair);
  pair.signalingUp();
  pair.run(60_000);
  const tries = pathEvents(pair.anna).filter(({ event }) => event.kind === "connecting").map(({ atMs }) => atMs);
  assert.ok(tries.length >= 6 && tries.length < 40, `${tries.length} tries in a minute`);
  const gaps = tries.slice(1).map((atMs, i) => atMs - tries[i]);
  // A try itself takes up to 3 s.
  assert.ok(Math.max(...gaps) <= 11_100, `${Math.max(...gaps)}`);
  assert.ok(new Set(gaps).size > 3, "they are random");
});

Deno.test("a path policy holds for the whole call, though one side alone has it", () => {
  const cases = [["direct", "direct"], ["relay", "relay"], ["tcp", "tcp"]] as const;
  for (const [policy, kind] of cases) {
    for (const side of ["anna", "ben"] as const) {
      const pair = new SessionPair({ relays: [R1], [side]: { pathPolicy: policy } });
      pair.signalingUp();
      pair.run(4000);
      assert.equal(pair.anna.session.path?.kind, kind, `${policy} at ${side}`);
      assert.equal(pair.ben.session.path?.kind, kind, `${policy} at ${side}`);
      assert.deepEqual(new Set(pathLog(pair[side])), new Set([kind]));
      talk(pair, 1000);
      pair.run(1500);
      assert.equal(heard(pair.ben), 50);
    }
  }
});

Deno.test("a relay may have a name: it is looked up, and again where that failed", () => {
  const named = { ...R1, name: "relay.example" };
  const pair = new SessionPair({ nats: { anna: "symmetric", ben: "symmetric" }, relays: [named] });
  delete pair.names["relay.example"];
  pair.signalingUp();
  pair.run(900);
  assert.ok(pathEvents(pair.anna).some(({ event }) => event.kind === "not_looked_up"));
  assert.deepEqual(pathLog(pair.anna), []);
  pair.names["relay.example"] = R1.ip;
  pair.run(11_000);
  assert.equal(pair.anna.session.path?.kind, "relay");
});

Deno.test("relays known before the session tell the public address, and CONNECT carries it", () => {
  const pair = new SessionPair({
    nats: { anna: "full_cone", ben: "symmetric" },
    relays: [R1, R2],
    relaysKnown: true,
  });
  pair.signalingUp();
  pair.run(1500);
  const anna = pair.ben.session.agreement?.remote.networkInfo;
  assert.deepEqual([anna?.public_ip, anna?.nat_type], ["198.51.100.1", "cone"]);
  const ben = pair.anna.session.agreement?.remote.networkInfo;
  assert.deepEqual([ben?.public_ip, ben?.nat_type], ["198.51.100.2", "symmetric"]);
  assert.equal(pair.anna.session.path?.kind, "direct");
});

Deno.test("CONNECT waits for dead relays half a second, not longer", () => {
  const pair = new SessionPair({ relays: [R1], relaysKnown: true });
  pair.relays[0].kill();
  pair.signalingUp();
  pair.run(499);
  assert.equal(pair.anna.session.state, "idle");
  pair.run(200);
  assert.equal(pair.anna.session.state, "connected");
});

Deno.test("ARC-SIG-state-disconnect: a session that ends while it tries connections rests afterwards", () => {
  const pair = new SessionPair({
    relays: [{ id: "relay-1", ip: "203.0.113.5", priority: 1, transports: ["tcp"] }],
    nats: { anna: "symmetric", ben: "port_restricted" },
    link: { delayMs: 25 },
  });
  pair.connect();
  pair.run(960);
  pair.ben.act((session, nowMs) => session.disconnect("user_request", nowMs));
  // Virtual time would not get past a timeout that stays due.
  pair.run(60_000);
  assert.equal(pair.anna.session.state, "closed");
  assert.equal(pair.ben.session.state, "closed");
});
