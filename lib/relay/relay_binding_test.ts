/** SPEC §8.1 and §8.2: tokens, proofs, challenges, bindings. */
import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { parseMessage } from "../signaling/parse_message.ts";
import type { RelayEvent } from "./relay_events.ts";
import {
  CALLEE,
  CALLER,
  media,
  onlyMessage,
  RelayWorld,
  SESSION,
  START_UNIX_MS,
  uuidOf,
} from "./testing/relay_world.ts";

const errorCode = (message: Message) => message.type === "ERROR" ? message.code : message.type;

function eventsOf(world: RelayWorld): RelayEvent[] {
  const events: RelayEvent[] = [];
  for (let event = world.relay.poll(); event !== undefined; event = world.relay.poll()) events.push(event);
  return events;
}

Deno.test("ARC-RELAY-challenge ARC-RELAY-challenge-size ARC-SIG-relay-answer-fields: BIND and UNBIND without proof get a challenge that is no larger, and nothing is kept", () => {
  const world = new RelayWorld();
  const from = world.addresses.add("203.0.113.7", 4000);
  for (const type of ["RELAY_BIND", "RELAY_UNBIND"] as const) {
    const request = utf8(writeMessage({ ...world.bindMessage({ expiresS: 0, timestamp: 0 }), type }));
    const [sent, ...more] = world.send(from, request);
    assert.equal(more.length, 0);
    const answer = unwrap(parseMessage(sent.unit));
    assert.equal(answer.type, "RELAY_CHALLENGE");
    assert.ok(sent.unit.length <= request.length, `${sent.unit.length} bytes for ${request.length}`);
  }
  assert.equal(world.relay.bindings.sessions, 0);
  assert.equal(world.addresses.pinned.size, 0);
  assert.deepEqual(eventsOf(world), []);
});

Deno.test("ARC-RELAY-bound ARC-RELAY-proof ARC-RELAY-token ARC-SIG-relay-bind-fields: a right proof is answered with RELAY_BOUND and the observed address", () => {
  const world = new RelayWorld();
  const from = world.addresses.add("2001:db8::7", 4001);
  assert.deepEqual(world.bind(from), {
    type: "RELAY_BOUND",
    relay_id: "relay-1",
    session_id: SESSION,
    peer_id: CALLER,
    observed: { ip: "2001:db8::7", port: 4001 },
    lifetime_s: 30,
  });
  assert.equal(world.relay.bindings.sessions, 1);
  assert.deepEqual(eventsOf(world).map((event) => event.kind === "bound" && event.outcome), ["bound"]);
});

Deno.test("ARC-RELAY-proof-check ARC-RELAY-bad-proof: a proof for another session, peer, expiry, nonce or secret is unauthorized and changes nothing", () => {
  const world = new RelayWorld();
  const from = world.addresses.add("203.0.113.7", 4000);
  const other = world.addresses.add("203.0.113.8", 4000);
  const good = world.bindMessage({ nonce: world.nonce(from) });
  const wrongs: Message[] = [
    { ...good, session_id: uuidOf(1) },
    { ...good, peer_id: uuidOf(2) },
    { ...good, expires: good.expires + 1 },
    { ...good, proof: "AAAAAAAAAAAAAAAAAAAAAA" },
    world.bindMessage({ nonce: world.nonce(from), secret: utf8("somebody else's relay secret") }),
    // The other address's nonce is right for its own proof, and wrong here: that is a challenge, below.
  ];
  for (const wrong of wrongs) {
    assert.equal(errorCode(onlyMessage(world.send(from, wrong), from)), "unauthorized");
    assert.equal(world.relay.bindings.sessions, 0);
  }
  const stolen = world.bindMessage({ nonce: world.nonce(other) });
  assert.equal(onlyMessage(world.send(from, stolen), from).type, "RELAY_CHALLENGE");
  assert.equal(world.relay.bindings.sessions, 0);
});

Deno.test("ARC-RELAY-bad-proof: a wrong proof does not touch the binding that is there", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  assert.equal(errorCode(world.bind(caller, { proof: "AAAAAAAAAAAAAAAAAAAAAA" })), "unauthorized");
  const intruder = world.addresses.add("203.0.113.66", 1);
  assert.equal(errorCode(world.bind(intruder, { secret: utf8("a guess") })), "unauthorized");
  assert.equal(errorCode(world.unbind(intruder, { secret: utf8("a guess") })), "unauthorized");
  assert.deepEqual(world.send(caller, media(0, 1)).map(({ to }) => to), [callee]);
});

Deno.test("ARC-RELAY-token-expired: the second that the token names is too late, the one before is not, and a running call is not cut", () => {
  const world = new RelayWorld();
  const from = world.addresses.add("203.0.113.7", 4000);
  const nowS = START_UNIX_MS / 1000;
  assert.equal(errorCode(world.bind(from, { expiresS: nowS })), "unauthorized");
  assert.equal(errorCode(world.bind(from, { expiresS: nowS - 1 })), "unauthorized");
  assert.equal(world.relay.bindings.sessions, 0);
  assert.equal(world.bind(from, { expiresS: nowS + 1 }).type, "RELAY_BOUND");
  const peer = world.addresses.add("203.0.113.8", 4000);
  world.bind(peer, { peerId: CALLEE, expiresS: nowS + 1 });
  world.advance(5000);
  assert.deepEqual(world.send(from, media(0, 1)).map(({ to }) => to), [peer]);
});

Deno.test("ARC-RELAY-nonce ARC-RELAY-nonce-stale: a nonce is good from its address in its minute and the next, and then earns a new challenge", () => {
  const world = new RelayWorld();
  const from = world.addresses.add("203.0.113.7", 4000);
  const samePort = world.addresses.add("203.0.113.8", 4000);
  const otherPort = world.addresses.add("203.0.113.7", 4001);
  const nonce = world.nonce(from);
  for (const elsewhere of [samePort, otherPort]) {
    const answer = onlyMessage(world.send(elsewhere, world.bindMessage({ nonce })), elsewhere);
    assert.equal(answer.type, "RELAY_CHALLENGE");
  }
  world.advance(119_999);
  assert.equal(onlyMessage(world.send(from, world.bindMessage({ nonce })), from).type, "RELAY_BOUND");
  world.advance(1);
  const late = onlyMessage(world.send(from, world.bindMessage({ nonce })), from);
  assert.ok(late.type === "RELAY_CHALLENGE" && late.nonce !== nonce);
  assert.equal(onlyMessage(world.send(from, world.bindMessage({ nonce: "" })), from).type, "RELAY_CHALLENGE");
});

Deno.test("ARC-RELAY-rebind: a valid BIND from a new address moves the binding there", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const moved = world.addresses.add("203.0.113.9", 4000, "tcp");
  assert.equal(world.bind(moved).type, "RELAY_BOUND");
  assert.deepEqual(world.send(callee, media(0, 1)).map(({ to }) => to), [moved]);
  assert.deepEqual(world.send(moved, media(0, 2)).map(({ to }) => to), [callee]);
  assert.deepEqual(world.send(caller, media(0, 3)), []);
  assert.equal(world.relay.bindings.bound, 2);
  assert.deepEqual([...world.addresses.pinned.keys()].sort(), [callee, moved]);
});

Deno.test("ARC-SIG-repeat-same-answer: a late copy of an old BIND gets its old answer and does not move the binding back", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const first = world.bindMessage({ nonce: world.nonce(caller) });
  const bound = onlyMessage(world.send(caller, first), caller);
  const moved = world.addresses.add("203.0.113.9", 4000);
  world.bind(moved);
  assert.deepEqual(onlyMessage(world.send(caller, first), caller), bound);
  assert.deepEqual(world.send(callee, media(0, 1)).map(({ to }) => to), [moved]);
  // A new request from there is another matter.
  world.bind(caller);
  assert.deepEqual(world.send(callee, media(0, 2)).map(({ to }) => to), [caller]);
});

Deno.test("ARC-RELAY-one-session: a BIND for another session ends the address's earlier binding", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const elsewhere = uuidOf(0xb0);
  assert.equal(world.bind(caller, { sessionId: elsewhere }).type, "RELAY_BOUND");
  assert.deepEqual(world.send(callee, media(0, 1)), [], "its former peer is alone");
  assert.deepEqual(world.send(caller, media(0, 2)), [], "and so is it");
  assert.equal(world.relay.bindings.sessions, 2);
  const friend = world.addresses.add("203.0.113.10", 1);
  world.bind(friend, { sessionId: elsewhere, peerId: CALLEE });
  assert.deepEqual(world.send(caller, media(0, 3)).map(({ to }) => to), [friend]);
  assert.equal(world.relay.bindings.find(SESSION, CALLER), -1);
});

Deno.test("ARC-RELAY-two-peers: a third peer_id is busy, also from a bound address, until one of the two has gone", () => {
  const world = new RelayWorld();
  const { caller } = world.pair();
  const third = world.addresses.add("203.0.113.11", 1);
  const answer = world.bind(third, { peerId: uuidOf(3) });
  assert.equal(errorCode(answer), "busy");
  assert.ok(answer.type === "ERROR" && /two peers/.test(answer.message) && answer.session_id === SESSION);
  assert.equal(errorCode(world.bind(caller, { peerId: uuidOf(3) })), "busy");
  assert.equal(world.unbind(caller).type, "ACK");
  assert.equal(world.bind(third, { peerId: uuidOf(3) }).type, "RELAY_BOUND");
});

Deno.test("ARC-RELAY-unbind: a proven UNBIND ends the binding and is acknowledged, as often as it is sent", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const nonce = world.nonce(caller);
  const request = { ...world.bindMessage({ nonce }), type: "RELAY_UNBIND" } as const;
  for (let i = 0; i < 2; i++) {
    const answer = onlyMessage(world.send(caller, request), caller);
    assert.ok(answer.type === "ACK");
    assert.deepEqual(answer.in_reply_to, { type: "RELAY_UNBIND", timestamp: request.timestamp });
  }
  assert.deepEqual(world.send(callee, media(0, 1)), []);
  assert.deepEqual(world.send(caller, media(0, 2)), []);
  assert.equal(world.relay.bindings.bound, 1);
  // Its copy must not end what was bound after it.
  world.bind(caller);
  assert.equal(onlyMessage(world.send(caller, request), caller).type, "ACK");
  assert.deepEqual(world.send(caller, media(0, 3)).map(({ to }) => to), [callee]);
});

Deno.test("ARC-RELAY-unbind: works from another address, which proves itself", () => {
  const world = new RelayWorld();
  const { callee } = world.pair();
  const elsewhere = world.addresses.add("203.0.113.12", 1);
  assert.equal(world.unbind(elsewhere).type, "ACK");
  assert.deepEqual(world.send(callee, media(0, 1)), []);
});

Deno.test("ARC-RELAY-idle: a binding ends after 30 s without a unit from its address, to the millisecond", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  for (let i = 0; i < 4; i++) {
    world.advance(29_999);
    assert.deepEqual(world.send(callee, media(0, i)).map(({ to }) => to), i === 0 ? [caller] : [], `round ${i}`);
  }
  assert.equal(world.relay.bindings.bound, 1, "the caller was silent and has gone");
  world.advance(30_000);
  assert.equal(world.relay.bindings.bound, 0);
  assert.equal(world.relay.bindings.sessions, 0);
  assert.equal(world.addresses.pinned.size, 0);
  const ended = eventsOf(world).filter((event) => event.kind === "ended");
  assert.deepEqual(ended.map((event) => event.kind === "ended" && [event.peerId, event.reason]), [
    [CALLER, "idle"],
    [CALLEE, "idle"],
  ]);
});

Deno.test("ARC-RELAY-idle: what is sent to a peer does not keep it, and nobody has to wake the relay for it to hold", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  world.nowMs = 20_000;
  assert.deepEqual(world.send(caller, media(0, 1)).map(({ to }) => to), [callee]);
  world.nowMs = 30_000;
  assert.deepEqual(world.send(caller, media(0, 2)), []);
  assert.equal(world.relay.counters.dropsOf("no_peer"), 1);
});

Deno.test("ARC-RELAY-idle: a unit that is no unit keeps nothing alive", () => {
  const world = new RelayWorld();
  const { caller } = world.pair();
  for (let i = 0; i < 10; i++) {
    world.advance(3000);
    world.send(caller, new Uint8Array([0x41, 1, 2]));
    world.send(caller, new Uint8Array([0x80, 111, 0]));
  }
  assert.equal(world.relay.bindings.bound, 0);
});

Deno.test("ARC-RELAY-limits: sessions, and bindings of one source address, are bounded; one too many is busy", () => {
  const world = new RelayWorld({ maxSessions: 3, bindingsPerSource: 2 });
  const bind = (n: number, ip: string, peerId = CALLER) =>
    world.bind(world.addresses.add(ip, 100 + world.addresses.sources.length), { sessionId: uuidOf(n), peerId });
  assert.equal(bind(1, "203.0.113.1").type, "RELAY_BOUND");
  assert.equal(bind(2, "203.0.113.1").type, "RELAY_BOUND");
  const third = bind(3, "203.0.113.1");
  assert.ok(third.type === "ERROR" && third.code === "busy" && /address/.test(third.message));
  assert.equal(bind(3, "203.0.113.2").type, "RELAY_BOUND");
  const fourth = bind(4, "203.0.113.3");
  assert.ok(fourth.type === "ERROR" && fourth.code === "busy" && /sessions/.test(fourth.message));
  assert.equal(bind(3, "203.0.113.3", CALLEE).type, "RELAY_BOUND", "the sessions that are there go on");
  // An address that changes its session takes no more room than it has.
  assert.equal(world.bind(0, { sessionId: uuidOf(5) }).type, "RELAY_BOUND");
  assert.equal(world.relay.bindings.sessions, 3);
});

Deno.test("ARC-RELAY-limits: a draining relay refuses new sessions and lets those that run go on", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  world.relay.drain();
  const stranger = world.addresses.add("203.0.113.20", 1);
  const answer = world.bind(stranger, { sessionId: uuidOf(9) });
  assert.ok(answer.type === "ERROR" && answer.code === "busy" && /shutting down/.test(answer.message));
  const moved = world.addresses.add("203.0.113.21", 1);
  assert.equal(world.bind(moved).type, "RELAY_BOUND");
  assert.deepEqual(world.send(callee, media(0, 1)).map(({ to }) => to), [moved]);
  assert.deepEqual(world.send(caller, media(0, 1)), []);
});

Deno.test("RELAY_BIND: a connection that is gone takes its binding along", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair(SESSION, "tcp");
  world.relay.closed(caller, world.nowMs);
  assert.deepEqual(world.send(callee, media(0, 1)), []);
  assert.equal(world.relay.isInUse(caller, world.nowMs), false);
  assert.equal(world.relay.isInUse(callee, world.nowMs), true);
});

Deno.test("ARC-SIG-error-path: a malformed RELAY_BIND is told its path on a connection and at a binding, and nothing elsewhere", () => {
  const world = new RelayWorld();
  const { caller } = world.pair();
  const tcp = world.addresses.add("203.0.113.30", 1, "tcp");
  const udp = world.addresses.add("203.0.113.31", 1);
  const badOf = (padding: string) =>
    utf8(JSON.stringify({ ...world.bindMessage(), session_id: "not-a-uuid", padding }));
  const bad = badOf("x".repeat(300));
  // A bound peer has proven itself: it is told in full, however short its message is.
  for (const [from, unit] of [[caller, bad], [caller, badOf("")], [tcp, bad]] as const) {
    const answer = onlyMessage(world.send(from, unit), from);
    assert.ok(answer.type === "ERROR" && answer.code === "bad_message" && answer.message.includes("$.session_id"));
  }
  assert.deepEqual(world.send(udp, bad), []);
});
