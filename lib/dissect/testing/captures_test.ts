import assert from "node:assert/strict";
import { equalBytes } from "../../base/bytes.ts";
import { Collector, readFile } from "./reading.ts";
import { madeCaptures, readCapture } from "./made_captures.ts";
import { CaptureReader } from "../capture/capture_reader.ts";
import { PacketDissector } from "../units/packet_dissector.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import { UNIT_KIND_NAMES } from "../../packet/demux.ts";

Deno.test("captures: the made-up ones are current (else: deno run -A lib/dissect/testing/made_captures.ts)", () => {
  for (const [path, bytes] of madeCaptures()) assert.ok(equalBytes(readCapture(path), bytes), path);
});

/** Units by kind, transport and session state of a capture. */
function tally(file: Uint8Array) {
  const counts: Record<string, number> = {};
  const count = (key: string) => counts[key] = (counts[key] ?? 0) + 1;
  const modeller = new UnitModeller();
  const reader = new CaptureReader();
  const dissector = new PacketDissector({
    unit: (unit) => {
      const model = modeller.handle(unit);
      count(`${unit.transport} ${UNIT_KIND_NAMES[unit.kind]}`);
      if (model.fault !== undefined) count("malformed");
      if (unit.kind === 6 && model.rtp === undefined) count("not expanded");
      if (model.sessionId === undefined) count("no session");
    },
    note: () => count("notes"),
  });
  reader.feed(file);
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    if (event === "frame") dissector.handle(reader.frame);
  }
  dissector.end();
  return { counts, modeller, dissector, reader };
}

Deno.test("captures: a real call over Phoenix is read whole, every unit in its session, every reduced header full", () => {
  const { counts, modeller, reader } = tally(readCapture("call-phoenix.pcapng"));
  assert.equal(reader.format, "pcapng");
  assert.deepEqual([counts.malformed, counts.notes, counts["not expanded"], counts["no session"]], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.ok(counts["udp reduced"] > 50 && counts["udp arcrtp"] > 20 && counts["udp rtcp"] > 10);
  assert.ok(counts["ws json"] > 10 && counts["ws unknown"] > 8);
  const [session, ...others] = modeller.registry.sessions;
  assert.equal(others.length, 0);
  assert.deepEqual([session.suite, session.authentication, session.streams.size], ["aes-128-gcm", "hmac-sha256-80", 2]);
  assert.deepEqual([...session.streams.values()].map((stream) => stream.sender), [session.caller, session.caller]);
  assert.equal(modeller.evidence.verdict().dialect, "arcrtc-1.0");
});

Deno.test("captures: a real call over TCP, cooked, without HMAC", () => {
  const { counts, modeller } = tally(readCapture("call-tcp.pcap"));
  assert.equal(counts.malformed, undefined);
  assert.equal(counts["no session"], undefined);
  assert.ok(counts["udp arcrtp"] > 100 && counts["tcp json"] > 10);
  const [session] = modeller.registry.sessions;
  assert.deepEqual([session.suite, session.authentication], ["chacha20-poly1305", "none"]);
});

Deno.test("captures: a plain WebSocket with four epochs, and a relay with both of its sides", () => {
  const plain = tally(readCapture("call-ws.pcap"));
  assert.deepEqual([plain.counts.malformed, plain.counts["no session"], plain.counts["ws unknown"]], [
    undefined,
    undefined,
    undefined,
  ]);
  const [session] = plain.modeller.registry.sessions;
  assert.deepEqual([session.suite, session.authentication], ["aes-256-gcm", "hmac-sha256-80"]);
  const relay = tally(readCapture("call-relay.pcap"));
  assert.deepEqual([relay.counts.malformed, relay.counts["not expanded"]], [undefined, undefined]);
  assert.ok(relay.counts["udp reduced"] > 100 && relay.counts["udp json"] > 20);
});

Deno.test("captures: signaling under TLS is told of; what is sealed still names the session", () => {
  const { counts, dissector } = tally(readCapture("call-tls.pcap"));
  assert.equal(dissector.passedOver.tlsConnections, 2);
  assert.equal(counts.malformed, undefined);
  assert.equal(counts["no session"], undefined);
  assert.ok(counts["udp json"] > 5 && counts["udp arcrtp"] > 50);
});

Deno.test("captures: what a peer wrote itself, with its keys inside", () => {
  const file = readCapture("call-rotation.pcapng");
  const { secrets } = readFile(file);
  const text = secrets.map(({ bytes }) => new TextDecoder().decode(bytes)).join("");
  assert.ok(text.match(/^ARCRTC_MASTER /gm)?.length === 5);
  const { counts } = tally(file);
  assert.equal(counts.malformed, undefined);
});

Deno.test("captures: the engine's and plain RTP's dialects are told with their reasons", () => {
  assert.deepEqual(tally(readCapture("made/armoricore.pcap")).modeller.evidence.verdict(), {
    dialect: "armoricore",
    reasons: [
      "2 messages valid only in armoricore (STREAM_ACK)",
      "30 packets with an Arc block and a payload type in 64..95",
    ],
  });
  const engine = tally(readCapture("made/armoricore-engine.pcap"));
  // It writes an empty payload without a loss byte, and does not parse that.
  assert.deepEqual([engine.counts.malformed, engine.modeller.evidence.verdict()], [1, {
    dialect: "armoricore",
    reasons: ["25 messages valid only in armoricore (DISCONNECT)"],
  }]);
  const { dialect, reasons } = tally(readCapture("made/plain-rtp.pcap")).modeller.evidence.verdict();
  assert.equal(dialect, "rtp");
  assert.match(reasons[0], /^5\d of 60 packets have no Arc block/);
});

Deno.test("captures: every layer around a unit, and every broken file, gives what is readable", () => {
  const unitsOf = (path: string) => {
    const { counts, reader } = tally(readCapture(path));
    const { malformed: _, notes: _n, "no session": _s, "not expanded": _e, ...units } = counts;
    return [units, counts.malformed, reader.fault?.reason];
  };
  assert.deepEqual(unitsOf("made/layers.pcapng"), [{ "udp json": 5, "udp arcrtp": 3 }, undefined, undefined]);
  assert.deepEqual(unitsOf("made/nats.pcap"), [{ "nats json": 2 }, undefined, undefined]);
  assert.deepEqual(unitsOf("made/websocket-frames.pcap"), [{ "ws json": 3 }, undefined, undefined]);
  assert.deepEqual(unitsOf("broken/tcp-hole.pcap"), [{ "tcp json": 4, "tcp arcrtp": 4 }, undefined, undefined]);
  assert.deepEqual(unitsOf("broken/damaged-block.pcapng"), [{ "udp arcrtp": 2 }, undefined, "bad_length"]);
  assert.deepEqual(unitsOf("broken/length-bomb.pcap"), [{ "udp json": 1, "udp arcrtp": 1 }, undefined, "bad_length"]);
  assert.deepEqual(unitsOf("broken/fragment-bomb.pcap"), [{ "udp json": 1 }, undefined, undefined]);
  assert.deepEqual(unitsOf("broken/cut-short.pcap"), [{ "udp arcrtp": 1 }, undefined, undefined]);
  assert.deepEqual(unitsOf("broken/malformed-units.pcap"), [
    { "udp arcrtp": 4, "udp reduced": 1, "udp rtcp": 1, "udp json": 4, "udp unknown": 2 },
    8,
    undefined,
  ]);
});

Deno.test("captures: any byte of a real capture changed, it is read to an end", () => {
  const original = readCapture("call-tcp.pcap").slice(0, 30_000);
  for (let round = 0; round < 40; round++) {
    const file = original.slice();
    for (let i = 0; i < 40; i++) file[(round * 7919 + i * 6007) % file.length] ^= 1 << (i & 7);
    const { frames } = readFile(file, [4096]);
    const collector = new Collector();
    for (const frame of frames) collector.packet(frame.bytes, frame.linkType, frame.timeS);
    collector.end();
    assert.equal(collector.dissector.heldBytes, 0);
  }
});
