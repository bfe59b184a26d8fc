/** SPEC §8.3: what goes to the other peer, what is the relay's own, and what goes nowhere. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { classifyUnit, UnitKind } from "../packet/demux.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import type { RelayDrop } from "./relay_counters.ts";
import {
  CALLEE,
  CALLER,
  media,
  nilHeartbeat,
  onlyMessage,
  reducedMedia,
  RelayWorld,
  rtcp,
  sealed,
  SESSION,
  START_UNIX_MS,
  uuidOf,
} from "./testing/relay_world.ts";

const FORWARDED: Readonly<Record<string, Uint8Array>> = {
  "a full header": media(0, 1),
  "a full header of 16 bytes": media(3, 1, 16),
  "the largest unit": media(2, 1, 1232),
  "a reduced header": reducedMedia(1, 3),
  "a reduced header of 4 bytes": reducedMedia(1, 3, 4),
  RTCP: rtcp(),
  "sealed JSON": sealed(),
  "sealed JSON that speaks of the relay": sealed(`{"type":"RELAY_BIND","session_id":"${SESSION}"}`),
  "a sealed nil HEARTBEAT": sealed(writeMessage(nilHeartbeat(0))),
  "a plain message of the peers": utf8(
    writeMessage({ type: "DISCONNECT", session_id: SESSION, peer_id: CALLER, reason: "timeout", timestamp: 1 }),
  ),
  "a HEARTBEAT of the session": utf8(
    writeMessage({ type: "HEARTBEAT", session_id: SESSION, sequence: 1, timestamp: 1 }),
  ),
  "JSON that is none": utf8("{ what is this"),
  STUN: new Uint8Array([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...new Array(12).fill(1)]),
};

Deno.test("ARC-RELAY-forward ARC-RELAY-own-units: units of every kind go to the other peer, byte for byte, and nowhere else", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  world.pair(uuidOf(0xb0));
  for (const [what, unit] of Object.entries(FORWARDED)) {
    for (const [from, to] of [[caller, callee], [callee, caller]]) {
      assert.deepEqual(world.send(from, unit), [{ to, unit }], what);
    }
  }
});

Deno.test("ARC-RELAY-forward: in a batch of all kinds, forwarded units keep their bytes and order, whatever is dropped between", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ from: fc.nat(3), kind: fc.nat(5), bytes: fc.integer({ min: 17, max: 1232 }) }), {
        maxLength: 64,
      }),
      fc.integer(),
      (plan, seed) => {
        const world = new RelayWorld();
        const { caller, callee } = world.pair();
        const lonely = world.addresses.add("203.0.113.1", 1);
        world.bind(lonely, { sessionId: uuidOf(7) });
        const stranger = world.addresses.add("203.0.113.2", 1);
        const rng = new SeededRng(seed);
        const unitOf = (kind: number, bytes: number) => {
          const unit = rng.fill(new Uint8Array(bytes));
          const first = [0x80, 0xc0, 0x80, 0x41, 0x20, 0x90][kind];
          unit[0] = first | (kind === 1 ? unit[0] & 0x3f : 0);
          if (first === 0x80) unit[1] = kind === 2 ? 200 : 111;
          return unit;
        };
        const units = plan.map(({ from, kind, bytes }) => ({
          from: [caller, callee, lonely, stranger][from],
          unit: unitOf(kind, bytes),
          isValid: [0, 1, 2].includes(kind),
        }));
        const expected = units.filter(({ from, isValid }) => isValid && (from === caller || from === callee))
          .map(({ from, unit }) => ({ to: from === caller ? callee : caller, unit }));
        const sent = world.receive(units);
        const known = new Set(expected.map(({ unit }) => unit.join()));
        // Kind 5 has an extension whose length is random: it may or may not be well-formed.
        assert.deepEqual(sent.filter(({ unit }) => known.has(unit.join())), expected);
        for (const { unit } of sent) assert.ok(units.some((given) => given.unit.join() === unit.join()));
      },
    ),
    { seed: 11, numRuns: 60 },
  );
});

Deno.test("ARC-RELAY-unbound-dropped: whatever comes from an unbound address is dropped and not answered", () => {
  const world = new RelayWorld();
  world.pair();
  const stranger = world.addresses.add("203.0.113.99", 1);
  for (const [what, unit] of Object.entries(FORWARDED)) assert.deepEqual(world.send(stranger, unit), [], what);
  const message = writeMessage({ type: "RELAY_CHALLENGE", nonce: "x" });
  assert.deepEqual(world.send(stranger, utf8(message)), []);
  assert.ok(world.relay.counters.dropsOf("unbound") >= Object.keys(FORWARDED).length);
});

Deno.test("ARC-RELAY-no-peer: a unit whose session has no other peer is dropped and counted", () => {
  const world = new RelayWorld();
  const alone = world.addresses.add("203.0.113.1", 1);
  world.bind(alone);
  for (let i = 0; i < 3; i++) assert.deepEqual(world.send(alone, media(0, i)), []);
  assert.equal(world.relay.counters.dropsOf("no_peer"), 3);
});

Deno.test("ARC-RELAY-cross-transport: UDP, TCP and TLS peers reach one another", () => {
  for (const a of ["udp", "tcp", "tls"] as const) {
    for (const b of ["udp", "tcp", "tls"] as const) {
      const world = new RelayWorld();
      const caller = world.addresses.add("203.0.113.1", 1, a);
      const callee = world.addresses.add("203.0.113.2", 2, b);
      world.bind(caller);
      world.bind(callee, { peerId: CALLEE });
      assert.deepEqual(world.send(caller, media(0, 1)).map(({ to }) => to), [callee]);
      assert.deepEqual(world.send(callee, media(0, 1)).map(({ to }) => to), [caller]);
    }
  }
});

Deno.test("ARC-RELAY-own-units ARC-UNIT-unknown-dropped ARC-UNIT-malformed-dropped ARC-UNIT-media-size: what is no unit for a peer goes nowhere, and is counted by reason", () => {
  const world = new RelayWorld();
  const { caller } = world.pair();
  const cases: [RelayDrop, Uint8Array][] = [
    ["dtls", new Uint8Array([0x16, 0xfe, 0xfd, 0, 0])],
    ["unknown_class", new Uint8Array([0x41, 0, 0])],
    ["unknown_class", new Uint8Array(0)],
    ["truncated", media(0, 1, 16).subarray(0, 15)],
    ["truncated", reducedMedia(0, 1, 3)],
    ["truncated", rtcp().subarray(0, 7)],
    ["bad_value", Uint8Array.of(0x80, 72, ...media(0, 1).subarray(2))],
    ["too_large", media(0, 1, 1233)],
    ["too_large", new Uint8Array(1300).fill(0xc0)],
    ["too_large", sealed(`{"a":"${"x".repeat(1300)}"}`)],
    ["message", utf8(writeMessage({ type: "RELAY_CHALLENGE", nonce: "x" }))],
  ];
  for (const [reason, unit] of cases) {
    const before = world.relay.counters.dropsOf(reason);
    assert.deepEqual(world.send(caller, unit), [], reason);
    assert.equal(world.relay.counters.dropsOf(reason), before + 1, `${reason}: ${unit.subarray(0, 4)}`);
  }
});

Deno.test("ARC-RELAY-nil-heartbeat: a HEARTBEAT to the relay is answered from any address, with what was observed", () => {
  const world = new RelayWorld();
  const { caller } = world.pair();
  const stranger = world.addresses.add("2001:db8::99", 4242);
  world.nowMs = 25;
  for (const from of [stranger, caller]) {
    const answer = onlyMessage(world.send(from, nilHeartbeat(200, START_UNIX_MS + 5)), from);
    const source = world.addresses.describe(from);
    assert.deepEqual(answer, {
      type: "HEARTBEAT_ACK",
      session_id: "00000000-0000-0000-0000-000000000000",
      sequence: 1,
      challenge: "0123456789abcdef",
      original_timestamp: START_UNIX_MS + 5,
      response_timestamp: START_UNIX_MS + 25,
      latency_ms: 20,
      observed: { ip: source?.ip, port: source?.port },
    });
  }
});

Deno.test("ARC-RELAY-draining: a draining relay answers HEARTBEATs of its bound peers only, and counts the others", () => {
  const world = new RelayWorld();
  const { caller } = world.pair();
  const server = world.addresses.add("203.0.113.40", 1);
  assert.equal(onlyMessage(world.send(server, nilHeartbeat(200)), server).type, "HEARTBEAT_ACK");
  world.relay.drain();
  assert.deepEqual(world.send(server, nilHeartbeat(200)), []);
  assert.equal(onlyMessage(world.send(caller, nilHeartbeat(200)), caller).type, "HEARTBEAT_ACK");
  assert.equal(world.relay.counters.dropsOf("draining"), 1);
});

Deno.test("ARC-RELAY-nil-heartbeat-size: it is answered only when the answer is not larger, to the byte", () => {
  const world = new RelayWorld();
  const from = world.addresses.add("203.0.113.1", 4242);
  const request = (pad: number) => utf8(writeMessage(nilHeartbeat(pad)));
  const [answer] = world.send(from, request(300));
  const padOverhead = request(1).length - request(0).length - 1;
  const exact = answer.unit.length - request(0).length - padOverhead;
  assert.equal(request(exact).length, answer.unit.length);
  assert.equal(world.send(from, request(exact)).length, 1);
  assert.deepEqual(world.send(from, request(exact - 1)), []);
  assert.deepEqual(world.send(from, request(0)), []);
  assert.equal(world.relay.counters.dropsOf("answer_larger"), 2);
});

Deno.test("ARC-RELAY-nil-heartbeat: answers are limited in rate per source address, and others are not kept waiting", () => {
  const world = new RelayWorld({ messagesPerSource: 10 });
  const flooder = world.addresses.add("203.0.113.1", 1);
  const sameAddress = world.addresses.add("203.0.113.1", 2);
  const other = world.addresses.add("203.0.113.2", 1);
  let answers = 0;
  for (let i = 0; i < 3000; i++) {
    answers += world.send(i % 2 === 0 ? flooder : sameAddress, nilHeartbeat(200)).length;
    world.advance(1);
  }
  assert.ok(answers >= 49 && answers <= 50, `${answers} answers in 3 s at 10 a second and a burst of 20`);
  assert.equal(world.send(other, nilHeartbeat(200)).length, 1);
  assert.equal(world.relay.counters.dropsOf("message_rate"), 3000 - answers);
});

Deno.test("Relay: never throws, whatever comes from whom, and answers no more than one unit for one", () => {
  const alphabet = Object.values(FORWARDED);
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.record({ base: fc.nat(alphabet.length - 1), cut: fc.nat(1232), at: fc.nat(300), bit: fc.nat(7) }).map(
            ({ base, cut, at, bit }) => {
              const unit = alphabet[base].slice(0, Math.max(0, alphabet[base].length - cut % 40));
              if (at < unit.length) unit[at] ^= 1 << bit;
              return unit;
            },
          ),
        ),
        { maxLength: 40 },
      ),
      (units) => {
        const world = new RelayWorld();
        const { caller } = world.pair();
        const stranger = world.addresses.add("203.0.113.9", 1, "tcp");
        for (const unit of units) {
          for (const from of [caller, stranger]) assert.ok(world.send(from, unit).length <= 1);
        }
        world.advance(31_000);
        assert.equal(world.relay.bindings.sessions, 0);
      },
    ),
    { seed: 12, numRuns: 80 },
  );
});

Deno.test("Relay: every strict prefix of a message to it is no message to it, and is never answered", () => {
  const world = new RelayWorld({ messagesPerSource: Infinity, messagesOverall: Infinity });
  const stranger = world.addresses.add("203.0.113.9", 1);
  const whole = utf8(writeMessage(world.bindMessage()));
  for (let length = 0; length < whole.length; length++) {
    assert.deepEqual(world.send(stranger, whole.subarray(0, length)), []);
  }
  assert.equal(world.send(stranger, whole).length, 1);
});

Deno.test("Relay: a packet is forwarded where it lies: slots before it are reused, what is around it stays", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const batch = new PacketBatch(3);
  new SeededRng(5).fill(batch.bytes);
  const unit = media(1, 77, 300);
  batch.push(new Uint8Array([0x41]), caller);
  batch.push(unit, caller);
  const around = batch.bytes.slice(batch.offset(2) - 16);
  world.relay.packets(batch, 0);
  assert.equal(batch.size, 1);
  assert.equal(batch.addresses[0], callee);
  assert.equal(world.relay.priorities[0], 1);
  assert.deepEqual(batch.packet(0), unit);
  assert.deepEqual(batch.bytes.subarray(batch.offset(2) - 16), around);
  assert.equal(classifyUnit(batch.packet(0)), UnitKind.arcrtp);
  assert.throws(() => world.relay.packets(Object.assign(new PacketBatch(2000, 16), { size: 2000 }), 0), RangeError);
});

Deno.test("Relay: messages it answers are parsed strictly: a RELAY_ type in a nested place is the peers' own", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const nested = utf8(`{"a":{"type":"RELAY_BIND"},"type":"X_OTHER"}`);
  assert.deepEqual(world.send(caller, nested), [{ to: callee, unit: nested }]);
  const escaped = utf8(`{"type":"\\u0052ELAY_BIND"${" ".repeat(200)}}`);
  const answer = world.send(caller, escaped);
  assert.equal(answer.length, 1);
  assert.equal(answer[0].to, caller);
  assert.equal(unwrap(parseMessage(answer[0].unit)).type, "ERROR");
});
