/** Captures and the streams in them: everything that `dump` reads, which may be anybody's bytes. */
import { MemoryBudget } from "../../dissect/network/memory_budget.ts";
import { CaptureReader } from "../../dissect/capture/capture_reader.ts";
import { CaptureChecker } from "../../dissect/check/checker.ts";
import { dissectUnit } from "../../dissect/model/dissect_unit.ts";
import { SessionRegistry } from "../../dissect/model/session_registry.ts";
import { UnitModeller } from "../../dissect/model/unit_modeller.ts";
import { StreamSession } from "../../dissect/stream/stream_session.ts";
import { type DissectorLimits, PacketDissector } from "../../dissect/units/packet_dissector.ts";
import { writePcapngHeader, writePcapngPacket } from "../../dissect/pcapng_writer.ts";
import { writeUdpPacket } from "../../dissect/udp_packet_writer.ts";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import { demand, type FixtureSeeds, type FuzzCase, type FuzzTarget } from "../target.ts";
import { arcRtpSeeds } from "./packet_targets.ts";
import { parserTarget } from "./parser_target.ts";

/** Small, so that a case is cheap and bounds are met. */
const LIMITS: DissectorLimits = {
  fragments: { maxPackets: 8, maxBytes: 32_768, timeoutS: 30 },
  streamBytes: 131_072,
  conversationSets: 8,
};

const CAPTURES = [
  "captures/made/layers.pcapng",
  "captures/made/nats.pcap",
  "captures/made/websocket-frames.pcap",
  "captures/made/plain-rtp.pcap",
  "captures/made/armoricore.pcap",
  "captures/call-tcp.pcap",
  "captures/call-phoenix.pcapng",
  "captures/broken/fragment-bomb.pcap",
  "captures/broken/tcp-hole.pcap",
] as const;

const SEED_BYTES = [3000, 8000] as const;

const captureFixtures: readonly FixtureSeeds[] = CAPTURES.map((path) => ({
  path,
  cases: (bytes) => SEED_BYTES.filter((size) => size / 2 < bytes.length).map((size) => [bytes.slice(0, size)]),
}));

/** The capture through the whole of dump, in pieces of `chunkBytes`; what was found, in a line. */
function dissectCapture(bytes: Uint8Array, chunkBytes: number): string {
  const reader = new CaptureReader();
  const modeller = new UnitModeller(new SessionRegistry());
  const checker = new CaptureChecker();
  const kinds = new Map<string, number>();
  let notes = 0;
  const dissector = new PacketDissector({
    unit: (unit) => {
      const model = modeller.handle(unit);
      kinds.set(`${model.unit.kind}`, (kinds.get(`${model.unit.kind}`) ?? 0) + 1);
      dissectUnit({
        kind: model.unit.kind,
        bytes: unit.bytes.subarray(unit.start, unit.end),
        dialect: undefined,
        isSealed: false,
        authentication: undefined,
      });
      checker.handle(model);
    },
    note: () => notes++,
  }, LIMITS);
  const drain = () => {
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event === "frame") dissector.handle(reader.frame);
      const bound = LIMITS.streamBytes + LIMITS.fragments.maxBytes + 65_536;
      demand(dissector.heldBytes <= bound, "memory", () => `the dissector holds ${dissector.heldBytes} bytes`);
    }
  };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.feed(bytes.subarray(at, at + chunkBytes));
    drain();
  }
  reader.end();
  drain();
  dissector.end();
  checker.end();
  const found = checker.findings.length > 0 ? "found" : "";
  const counts = [...kinds].sort().map(([kind, count]) => `${kind}x${count}`).join(" ");
  return `${reader.format} ${reader.fault?.reason ?? ""} ${counts} ${notes > 0} ${found}`;
}

function captureBehaviour(bytes: Uint8Array): string {
  const whole = dissectCapture(bytes, Math.max(1, bytes.length));
  const pieces = dissectCapture(bytes, 1 + (bytes.length % 997));
  demand(whole === pieces, "divergence", "what is in a capture depends on how the file was cut");
  return whole.replace(/x\d+/g, "");
}

/** A capture of one UDP packet around each unit. */
function captureOf(units: readonly Uint8Array[]): Uint8Array {
  const [from, to] = [{ host: "192.0.2.1", port: 5000 }, { host: "192.0.2.2", port: 6000 }];
  return concatBytes(
    writePcapngHeader("fuzz", "lo"),
    ...units.map((unit, i) =>
      writePcapngPacket({
        bytes: unwrap(writeUdpPacket(from, to, unit)),
        direction: i % 2 === 0 ? "in" : "out",
        unixMs: 1_700_000_000_000 + i,
      })
    ),
  );
}

const HANDSHAKE = "GET /socket/websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

const text = (value: unknown) => utf8(JSON.stringify(value));

/** An unmasked text frame of a WebSocket. */
function textFrame(payload: Uint8Array): Uint8Array {
  const head = payload.length < 126 ? [0x81, payload.length] : [0x81, 126, payload.length >>> 8, payload.length & 255];
  return concatBytes(new Uint8Array(head), payload);
}

function framed(unit: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([unit.length >>> 8, unit.length & 255]), unit);
}

const NATS_SEED =
  'INFO {"server_id":"x"}\r\nCONNECT {}\r\nSUB a 1\r\nPUB status 2\r\n{}\r\nMSG a 1 2\r\n{}\r\nPING\r\n' +
  "HPUB a 12 14\r\nNATS/1.0\r\n\r\n{}\r\n";

/** The operation byte says direction (1), a gap before it (2), and the segment start (4). */
function streamBehaviour(units: FuzzCase): string {
  const budget = new MemoryBudget(65_536);
  let count = 0;
  let notes = 0;
  const session = new StreamSession({
    unit: (_direction, _kind, bytes, start, end) => {
      demand(start >= 0 && start <= end && end <= bytes.length, "state", "a unit lies outside of its bytes");
      count++;
    },
    note: () => notes++,
  }, budget);
  session.opened(0);
  for (const unit of units) {
    const flags = unit[0] ?? 0;
    const direction = session.directions[flags & 1];
    if ((flags & 2) !== 0) direction.gap();
    direction.data(unit, Math.min(1, unit.length), unit.length, (flags & 4) !== 0);
    demand(budget.usedBytes <= 65_536 + 16_384, "memory", () => `a stream holds ${budget.usedBytes} bytes`);
  }
  for (const direction of session.directions) direction.end();
  demand(budget.usedBytes === 0, "memory", () => `${budget.usedBytes} bytes are held after the end`);
  return `${session.kind} ${Math.min(count, 4)} ${notes > 0}`;
}

function streamSeeds(): readonly FuzzCase[] {
  const unit = (flags: number, bytes: Uint8Array) => concatBytes(new Uint8Array([flags]), bytes);
  const message = text(EXAMPLES.CONNECT.full);
  const frame = textFrame(text(["1", "2", "arcrtc:x", "HEARTBEAT", EXAMPLES.HEARTBEAT.full]));
  return [
    [unit(4, framed(message)), unit(5, framed(text(EXAMPLES.CONNECT_ACK.full)))],
    [unit(4, utf8(HANDSHAKE)), unit(5, utf8(SWITCHING)), unit(4, frame), unit(5, frame), unit(5, textFrame(message))],
    [unit(4, utf8(NATS_SEED)), unit(5, utf8(NATS_SEED))],
    [unit(4, new Uint8Array([22, 3, 1, 0, 5, 1, 2, 3, 4, 5]))],
    [unit(0, concatBytes(...arcRtpSeeds().map(framed)))],
  ];
}

export const DISSECT_TARGETS: readonly FuzzTarget[] = [
  parserTarget({
    name: "dump.capture",
    summary: "captures through the whole of dump --check, whole and in pieces",
    seeds: () => [captureOf([...arcRtpSeeds(), text(EXAMPLES.CONNECT.full), text(EXAMPLES.STREAM_START.full)])],
    fixtures: captureFixtures,
    parse: captureBehaviour,
  }),
  {
    name: "dump.stream",
    area: "parser",
    summary: "what TCP connections carry: framed units, HTTP, WebSocket with deflate, NATS, with gaps",
    shape: "steps",
    maxUnits: 12,
    seeds: streamSeeds,
    run: streamBehaviour,
  },
];
