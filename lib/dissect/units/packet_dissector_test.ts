import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { NIL_UUID } from "../../base/uuid.ts";
import { ethernet, hex, ipv4, ipv6, tcp, udp } from "../testing/packets.ts";
import { Collector } from "../testing/reading.ts";
import { text, untext, wsFrame } from "../testing/streams.ts";
import { DEFAULT_DISSECTOR_LIMITS } from "./packet_dissector.ts";

const MEDIA = hex("806f000100000002000000030000000048 69");
const MESSAGE = utf8(`{"type":"HEARTBEAT","session_id":"${NIL_UUID}","sequence":1,"timestamp":5}`);

Deno.test("ARC-UNIT-datagram: one UDP datagram, one unit, of the kind that its first bytes say", () => {
  const collector = new Collector();
  const units = [
    MEDIA,
    hex("80c9000100000003"),
    hex("c0010000"),
    MESSAGE,
    hex("0001"),
    hex("16fefd"),
    hex("ff"),
    hex("4040"),
    hex(""),
  ];
  for (const unit of units) collector.packet(ipv4(udp(unit)));
  assert.deepEqual(collector.units.map((unit) => [unit.number, unit.packet, unit.kind]), [
    [1, 1, "arcrtp"],
    [2, 2, "rtcp"],
    [3, 3, "reduced"],
    [4, 4, "json"],
    [5, 5, "stun"],
    [6, 6, "dtls"],
    [7, 7, "reduced"],
    [8, 8, "unknown"],
    [9, 9, "unknown"],
  ]);
  assert.deepEqual(collector.units.map((unit) => unit.bytes), units);
  assert.deepEqual(
    new Set(collector.units.map((unit) => `${unit.transport} ${unit.way} ${unit.conversation}`)),
    new Set(["udp 10.0.0.1:5000 > 10.0.0.2:6000 1"]),
  );
});

Deno.test("dissector: both versions of IP, tags and padding of Ethernet, and both directions of a conversation", () => {
  const collector = new Collector();
  collector.packet(concatBytes(ethernet(ipv4(udp(hex("c0010000"))), [[0x8100, 4]]), new Uint8Array(9)), 1);
  collector.packet(
    ethernet(ipv4(udp(MEDIA, { fromPort: 6000, toPort: 5000 }), { from: "10.0.0.2", to: "10.0.0.1" })),
    1,
  );
  collector.packet(ipv6(udp(MEDIA)));
  assert.deepEqual(collector.units.map((unit) => [unit.way, unit.conversation, unit.direction, unit.bytes.length]), [
    ["10.0.0.1:5000 > 10.0.0.2:6000", 1, 0, 4],
    ["10.0.0.2:6000 > 10.0.0.1:5000", 1, 1, 18],
    ["[2001:db8::1]:5000 > [2001:db8::2]:6000", 2, 0, 18],
  ]);
});

Deno.test("dissector: a unit that the capture cut says by how much", () => {
  const packet = ipv4(udp(MEDIA));
  const collector = new Collector().packet(packet, 101, 0, packet.length - 5);
  assert.deepEqual([collector.units[0].bytes, collector.units[0].cutBytes], [MEDIA.slice(0, 13), 5]);
});

Deno.test("dissector: packets that carry no unit are counted by why", () => {
  const collector = new Collector();
  collector.packet(concatBytes(hex("ffffffffffff 020000000001 0806"), new Uint8Array(28)), 1);
  collector.packet(ipv4(new Uint8Array(20), { protocol: 1 }));
  collector.packet(ipv4(udp(MEDIA, {}, 5)));
  collector.packet(ipv4(new Uint8Array(5)));
  collector.packet(hex("30"));
  collector.packet(ipv4(udp(MEDIA)), 101, 0, 24);
  collector.packet(ipv4(udp(MEDIA)), 101, 0, 9);
  collector.packet(ipv4(new Uint8Array(10), { protocol: 6 }));
  collector.packet(hex("00"), 127);
  collector.packet(hex("00"), 127);
  const { passedOver } = collector.dissector;
  assert.deepEqual(collector.units, []);
  assert.deepEqual([passedOver.notIp, passedOver.otherProtocols, passedOver.malformed, passedOver.cut], [1, 1, 4, 2]);
  assert.deepEqual([...passedOver.linkTypes], [[127, 2]]);
});

/** A client and a server that talk over TCP, a packet at a time. */
class Talk {
  readonly collector = new Collector();
  #seq = [1000, 9000];
  readonly port: number;

  constructor(port = 40_000) {
    this.port = port;
  }

  open(): this {
    this.#packet(0, new Uint8Array(0), { syn: true, seq: this.#seq[0] - 1 });
    this.#packet(1, new Uint8Array(0), { syn: true, seq: this.#seq[1] - 1, ack: this.#seq[0] });
    return this;
  }

  /** `lost` says it without the capture seeing it. */
  say(side: 0 | 1, bytes: Uint8Array | string, lost = false): this {
    const payload = typeof bytes === "string" ? text(bytes) : bytes;
    if (!lost) this.#packet(side, payload, { seq: this.#seq[side], ack: this.#seq[1 - side] });
    this.#seq[side] += payload.length;
    return this;
  }

  #packet(side: 0 | 1, payload: Uint8Array, o: { seq: number; ack?: number; syn?: boolean }): void {
    const [from, to] = side === 0 ? ["10.0.0.1", "10.0.0.2"] : ["10.0.0.2", "10.0.0.1"];
    const ports = side === 0 ? { fromPort: this.port, toPort: 4000 } : { fromPort: 4000, toPort: this.port };
    this.collector.packet(ipv4(tcp(payload, { ...o, ...ports }), { protocol: 6, from, to }));
  }
}

const PUSH = `["1","2","arcrtc:x","HEARTBEAT",${untext(MESSAGE)}]`;

Deno.test("ARC-TRANSPORT-phoenix-push: signaling over Phoenix, out of its packets", () => {
  const talk = new Talk().open();
  talk.say(0, "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  talk.say(1, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
  const push = wsFrame(text(PUSH), { mask: 0x01020304 });
  talk.say(0, push.subarray(0, 50)).say(0, push.subarray(50));
  talk.say(1, wsFrame(text('["1","2","arcrtc:x","phx_reply",{"status":"ok","response":{}}]')));
  const [first, second] = talk.collector.units;
  assert.deepEqual([first.bytes, first.kind, first.transport, first.packet], [MESSAGE, "json", "ws", 6]);
  assert.equal(first.way, "10.0.0.1:40000 > 10.0.0.2:4000");
  assert.ok(first.envelope?.kind === "phoenix" && first.envelope.event === "HEARTBEAT");
  assert.deepEqual([second.kind, second.direction], ["unknown", 1]);
});

Deno.test("ARC-TRANSPORT-tcp: framed units over TCP, with packets out of order, repeated and missing", () => {
  const frame = concatBytes(hex("0012"), MEDIA);
  const talk = new Talk().open().say(0, frame);
  talk.say(0, frame, true).say(1, "").say(0, frame).say(0, frame.subarray(0, 9)).say(0, frame.subarray(9));
  talk.collector.end();
  assert.deepEqual(talk.collector.units.map((unit) => unit.bytes), [MEDIA, MEDIA, MEDIA]);
  assert.deepEqual(talk.collector.notes, [
    "10.0.0.1:40000 <> 10.0.0.2:4000: 20 bytes of the connection are not in the capture",
  ]);
});

Deno.test("ARC-TRANSPORT-nats-subjects: units over NATS carry their subject", () => {
  const talk = new Talk().open().say(1, "INFO {}\r\n").say(0, `PUB arcrtc.session.x.all ${MESSAGE.length}\r\n`);
  talk.say(0, MESSAGE).say(0, "\r\n");
  const [unit] = talk.collector.units;
  assert.deepEqual([unit.transport, unit.kind, unit.bytes], ["nats", "json", MESSAGE]);
  assert.deepEqual(unit.envelope, { kind: "nats", subject: "arcrtc.session.x.all" });
});

Deno.test("dissector: a new connection between the same endpoints begins anew, TLS and others are counted", () => {
  const talk = new Talk().open().say(0, hex("1603010200010001fc0303"));
  const again = [hex("1603010200010001fc0303"), text("SSH-2.0-x"), concatBytes(hex("0012"), MEDIA)];
  for (const [i, bytes] of again.entries()) {
    const options = { fromPort: 40_000, toPort: 4000 };
    const seq = 100_000 * (i + 1);
    talk.collector.packet(ipv4(tcp(new Uint8Array(0), { ...options, seq, syn: true }), { protocol: 6 }));
    talk.collector.packet(ipv4(tcp(bytes, { ...options, seq: seq + 1 }), { protocol: 6 }));
  }
  talk.collector.end();
  const { tlsConnections, otherConnections } = talk.collector.dissector.passedOver;
  assert.deepEqual([tlsConnections, otherConnections], [2, 1]);
  assert.deepEqual(talk.collector.units.map((unit) => unit.bytes), [MEDIA]);
});

Deno.test("dissector: notes of one conversation are not repeated without end", () => {
  const talk = new Talk().open().say(0, concatBytes(hex("0012"), MEDIA));
  for (let i = 0; i < 100; i++) talk.say(0, hex("0000 00000000")).say(0, concatBytes(hex("0012"), MEDIA));
  assert.equal(talk.collector.notes.length, 8);
  assert.equal(talk.collector.dissector.passedOver.suppressedNotes, 92);
  assert.equal(talk.collector.units.length, 101);
});

Deno.test("dissector: a flood of connections that never finish a unit is held within the budget", () => {
  const limits = { ...DEFAULT_DISSECTOR_LIMITS, streamBytes: 100_000, conversationSets: 64 };
  const collector = new Collector(limits);
  for (let i = 0; i < 20_000; i++) {
    const ports = { fromPort: 1 + (i % 60_000), toPort: 4000 };
    // It claims a unit of 64 KiB, brings a part of it, and then the bytes behind a hole.
    collector.packet(
      ipv4(tcp(concatBytes(hex("ffff7b22"), new Uint8Array(60)), { ...ports, seq: 10 }), { protocol: 6 }),
    );
    collector.packet(ipv4(tcp(new Uint8Array(300), { ...ports, seq: 500 }), { protocol: 6 }));
    assert.ok(collector.dissector.heldBytes <= 100_000);
  }
  collector.end();
  assert.equal(collector.dissector.heldBytes, 0);
  assert.ok(collector.dissector.passedOver.evictedConversations > 19_000);
});

Deno.test("dissector: any packets of any link type come to an end, memory bounded and given back", () => {
  const seeds = [
    ethernet(ipv4(udp(MEDIA)), [[0x8100, 1]]),
    ethernet(ipv6(udp(MESSAGE))),
    ethernet(ipv4(tcp(concatBytes(hex("0012"), MEDIA), { seq: 1, ack: 1 }), { protocol: 6 })),
    ethernet(ipv4(tcp(wsFrame(text(PUSH)), { seq: 1, syn: true }), { protocol: 6 })),
    ethernet(ipv4(udp(MEDIA).subarray(0, 16), { moreFragments: true, id: 3 })),
  ];
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 3 }), fc.nat(140)),
        { maxLength: 20 },
      ),
      fc.constantFrom(1, 1, 1, 0, 101, 113, 276, 99),
      (list, linkType) => {
        const collector = new Collector({ ...DEFAULT_DISSECTOR_LIMITS, streamBytes: 2000, conversationSets: 4 });
        for (const [seed, flips, length] of list) {
          const packet = seed.slice();
          for (const [at, value] of flips) packet[at % packet.length] = value;
          collector.packet(packet, linkType, 0, Math.min(packet.length, length));
        }
        collector.end();
        assert.ok(collector.units.length <= 3 * list.length);
      },
    ),
    { seed: 101, numRuns: 500 },
  );
});
