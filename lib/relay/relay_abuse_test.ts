/** What somebody without a token, or with one and bad intentions, gets out of a relay. */
import assert from "node:assert/strict";
import { toHex, utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { NIL_UUID } from "../base/uuid.ts";
import { EXAMPLES } from "../signaling/examples.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { MESSAGE_TYPES } from "../signaling/messages/registry.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import {
  CALLEE,
  CALLER,
  FakeAddresses,
  media,
  nilHeartbeat,
  reducedMedia,
  RelayWorld,
  rtcp,
  sealed,
  SESSION,
  uuidOf,
} from "./testing/relay_world.ts";

/** One message of every type, the relay's own in every form that a stranger can make. */
function strangersRequests(world: RelayWorld): Map<string, Uint8Array> {
  const units = new Map<string, Uint8Array>();
  const add = (name: string, message: Message) => units.set(name, utf8(writeMessage(message)));
  for (const type of MESSAGE_TYPES) {
    add(type, EXAMPLES[type].full);
    add(`smallest ${type}`, EXAMPLES[type].minimal);
  }
  const tiny = { expiresS: 0, timestamp: 0 };
  add("smallest BIND", world.bindMessage(tiny));
  add("smallest UNBIND", { ...world.bindMessage(tiny), type: "RELAY_UNBIND" });
  add("BIND, made-up nonce", world.bindMessage({ nonce: "x" }));
  for (const pad of [0, 1, 50, 100, 150, 200, 1024]) add(`nil HEARTBEAT, pad ${pad}`, nilHeartbeat(pad));
  add("smallest nil HEARTBEAT", { type: "HEARTBEAT", session_id: NIL_UUID, sequence: 0, timestamp: 0 });
  units.set("malformed BIND", utf8('{"type":"RELAY_BIND"}'));
  units.set("unknown RELAY_ type", utf8('{"type":"RELAY_"}'));
  units.set("media", media(0, 1));
  units.set("reduced", reducedMedia(0, 1));
  units.set("RTCP", rtcp());
  units.set("sealed", sealed());
  units.set("DTLS", new Uint8Array([0x16, 0xfe, 0xfd, 0]));
  units.set("STUN", new Uint8Array(20));
  units.set("noise", new Uint8Array([0x41]));
  return units;
}

Deno.test("ARC-ROBUST-amplification ARC-RELAY-challenge-size ARC-RELAY-nil-heartbeat-size ARC-SIG-error-not-to-strangers: no request of a stranger is answered with more bytes than it has, of whatever type", () => {
  const world = new RelayWorld({ messagesPerSource: Infinity, messagesOverall: Infinity });
  world.pair();
  let worst = 0;
  let worstName = "";
  let answered = 0;
  const requests = strangersRequests(world);
  for (const transport of ["udp", "tcp", "tls"] as const) {
    const stranger = world.addresses.add("203.0.113.50", world.addresses.sources.length, transport);
    // With a nonce, address but not token is proven: still nothing may grow.
    const proven = writeMessage(world.bindMessage({ nonce: world.nonce(stranger), secret: utf8("no secret") }));
    for (const [name, unit] of [...requests, ["BIND, wrong proof", utf8(proven)] as const]) {
      const sent = world.send(stranger, unit);
      const bytes = sent.reduce((sum, out) => sum + out.unit.length, 0);
      assert.ok(sent.every(({ to }) => to === stranger), name);
      assert.ok(bytes <= unit.length, `${name} over ${transport}: ${bytes} bytes for ${unit.length}`);
      if (transport === "udp" && bytes > 0) {
        const isAllowed = /BIND|HEARTBEAT/.test(name) && !/malformed/.test(name);
        assert.ok(isAllowed, `${name} must not be answered over UDP`);
      }
      if (bytes > 0) answered++;
      if (bytes / unit.length > worst) [worst, worstName] = [bytes / unit.length, name];
    }
  }
  const { strangerBytes, strangerAnswerBytes } = world.relay.counters;
  console.log(
    `    amplification: worst ${worst.toFixed(2)} (${worstName}); ${answered} of ${
      3 * (requests.size + 1)
    } answered; ` +
      `${strangerAnswerBytes} bytes for ${strangerBytes}`,
  );
  assert.ok(worst <= 1 && strangerAnswerBytes <= strangerBytes);
  assert.ok(answered >= 6);
});

Deno.test("ARC-RELAY-nonce: a forged source cannot bind: what it would have to read goes to whom it forged", () => {
  const world = new RelayWorld();
  const victim = world.addresses.add("203.0.113.60", 1);
  const attacker = world.addresses.add("203.0.113.61", 1);
  // It has a valid token of its own, sends from the victim's address, and never sees the answers.
  const challenge = world.send(victim, world.bindMessage());
  assert.deepEqual(challenge.map(({ to }) => to), [victim]);
  const guesses = new SeededRng(7);
  for (let i = 0; i < 200; i++) {
    const nonce = i === 0 ? world.nonce(attacker) : toHex(guesses.fill(new Uint8Array(11)));
    for (const { to, unit } of world.send(victim, world.bindMessage({ nonce }))) {
      assert.equal(to, victim);
      assert.match(new TextDecoder().decode(unit), /RELAY_CHALLENGE/, "never RELAY_BOUND");
    }
  }
  assert.equal(world.relay.bindings.sessions, 0);
  assert.deepEqual(world.send(victim, media(0, 1)), []);
});

Deno.test("ARC-RELAY-challenge ARC-RELAY-limits: floods of BINDs from many addresses leave nothing behind, and are read at a bounded rate", () => {
  const world = new RelayWorld({ messagesOverall: 1000 }, 1, new FakeAddresses(40_000));
  const { caller, callee } = world.pair();
  const bind = utf8(writeMessage(world.bindMessage({ sessionId: uuidOf(1) })));
  let answers = 0;
  for (let i = 0; i < 30_000; i++) {
    const from = world.addresses.add(`10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}`, 1 + i % 65_000);
    answers += world.send(from, bind).length;
    if (i % 10 === 0) world.advance(0.1);
    if (i % 3000 === 0) assert.deepEqual(world.send(caller, media(0, i)).map(({ to }) => to), [callee]);
  }
  const { bindings, counters, queueMemoryBytes } = world.relay;
  console.log(
    `    30,000 BINDs from as many addresses in 0.3 s: ${answers} challenges, ${
      counters.dropsOf("message_rate")
    } not read; ` +
      `kept: ${bindings.sessions} session, ${bindings.sources} sources, ${world.addresses.pinned.size} pinned addresses; ` +
      `queue memory fixed at ${(queueMemoryBytes / 1e6).toFixed(1)} MB`,
  );
  assert.ok(answers <= 2000 + 300 + 2, `${answers}`);
  assert.equal(bindings.sessions, 1);
  assert.equal(bindings.sources, 2);
  assert.equal(world.addresses.pinned.size, 2);
});

Deno.test("ARC-RELAY-limits: whoever has tokens without end fills the table and no more, and it empties by itself", () => {
  const addresses = new FakeAddresses(4096);
  const world = new RelayWorld(
    { maxSessions: 100, bindingsPerSource: 1000, messagesPerSource: Infinity, messagesOverall: Infinity },
    1,
    addresses,
  );
  let busy = 0;
  for (let i = 0; i < 300; i++) {
    const answer = world.bind(addresses.add("203.0.113.70", i + 1), { sessionId: uuidOf(i), peerId: CALLER });
    if (answer.type === "ERROR" && answer.code === "busy") busy++;
  }
  assert.equal(busy, 200);
  assert.equal(world.relay.bindings.sessions, 100);
  assert.equal(addresses.pinned.size, 100);
  for (let i = 0; i < 300; i++) world.relay.poll();
  world.advance(30_000);
  assert.equal(world.relay.bindings.sessions, 0);
  assert.equal(world.relay.bindings.sources, 0);
  assert.equal(addresses.pinned.size, 0);
});

Deno.test("ARC-RELAY-limits: refusals do not pile up for a reader who never comes", () => {
  const world = new RelayWorld({ messagesPerSource: Infinity, messagesOverall: Infinity });
  const from = world.addresses.add("203.0.113.71", 1);
  const message = world.bindMessage({ nonce: world.nonce(from), proof: "AAAAAAAAAAAAAAAAAAAAAA" });
  for (let i = 0; i < 3000; i++) world.send(from, message);
  assert.ok(world.relay.lostEvents >= 3000 - 1100);
});

Deno.test("Relay: forwarding loops are impossible: nothing that it sends makes a relay send, and an address is one peer", () => {
  const world = new RelayWorld({ messagesPerSource: Infinity, messagesOverall: Infinity });
  const from = world.addresses.add("203.0.113.80", 1);
  // Everything that a relay can say: challenge, bound, ack, error, heartbeat answer.
  const said = [
    ...world.send(from, world.bindMessage()),
    ...world.send(from, world.bindMessage({ nonce: world.nonce(from), proof: "AAAAAAAAAAAAAAAAAAAAAA" })),
    ...world.send(from, world.bindMessage({ nonce: world.nonce(from) })),
    ...world.send(from, { ...world.bindMessage({ nonce: world.nonce(from) }), type: "RELAY_UNBIND" }),
    ...world.send(from, nilHeartbeat(500)),
  ];
  assert.equal(said.length, 5);
  const second = new RelayWorld({ messagesPerSource: Infinity, messagesOverall: Infinity });
  for (const transport of ["udp", "tcp", "tls"] as const) {
    const firstRelay = second.addresses.add("203.0.113.81", second.addresses.sources.length, transport);
    for (const { unit } of said) {
      assert.deepEqual(second.send(firstRelay, unit), [], new TextDecoder().decode(unit));
    }
  }
  // A session whose two peers are one address would send to itself.
  const { caller, callee } = world.pair();
  assert.equal(world.bind(caller, { peerId: CALLEE }).type, "RELAY_BOUND", "CALLEE moves to the caller's address");
  assert.deepEqual(world.send(caller, media(0, 1)), [], "and the caller, who had it, is gone");
  assert.deepEqual(world.send(callee, media(0, 1)), []);
  assert.equal(world.relay.bindings.find(SESSION, CALLER), -1);
});

Deno.test("Relay: units too large for a slot of any transport go nowhere and cost nobody a binding", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair(SESSION, "tcp");
  for (const bytes of [1233, 1500, 2048]) assert.deepEqual(world.send(caller, media(0, 1, bytes)), []);
  assert.equal(world.relay.counters.dropsOf("too_large"), 3);
  assert.deepEqual(world.send(caller, media(0, 1, 1232)).map(({ to }) => to), [callee]);
});

Deno.test("ARC-RELAY-unbound-dropped: a stranger's flood is neither read nor answered beyond its first byte", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const stranger = world.addresses.add("203.0.113.90", 1);
  for (let i = 0; i < 5000; i++) assert.deepEqual(world.send(stranger, i % 2 ? media(0, i) : sealed()), []);
  assert.equal(world.relay.counters.dropsOf("message_rate"), 0, "its messages are not even counted against it");
  assert.deepEqual(world.send(caller, media(0, 1)).map(({ to }) => to), [callee]);
});

Deno.test("ARC-SIG-error-path: where an answer has to be short, the path is the last that is left out", () => {
  const world = new RelayWorld();
  const stranger = world.addresses.add("203.0.113.51", 7000, "tls");
  let [whole, short, none] = [0, 0, 0];
  for (let pad = 0; pad < 200; pad++) {
    const unit = utf8(JSON.stringify({ type: "RELAY_KEYS", session_id: 7, pad: "x".repeat(pad) }));
    const sent = world.send(stranger, unit);
    if (sent.length === 0) none++;
    else {
      const answer = unwrap(parseMessage(sent[0].unit));
      assert.ok(answer.type === "ERROR" && answer.code === "bad_message" && answer.message.includes("$.session_id"));
      assert.ok(sent[0].unit.length <= unit.length);
      if (answer.message === "$.session_id") short++;
      else whole++;
    }
    world.advance(1000);
  }
  assert.ok(whole > 0 && short > 0 && none > 0, `${whole} in full, ${short} shortened, ${none} not answered`);
});
