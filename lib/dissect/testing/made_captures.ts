/**
 * The made-up captures of `fixtures/captures/made` and `broken`: what no call of ours shows. Run this file to write them:
 * `deno run -A lib/dissect/testing/made_captures.ts`.
 */
import { concatBytes, utf8, writeU16 } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { armoricoreArcRtpBytes, writeArmoricoreArcRtp } from "../../packet/armoricore.ts";
import { writeRtp } from "../../packet/rtp_header.ts";
import { EXAMPLES, STATUS_EXAMPLES } from "../../signaling/examples.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import { pcapFile, PcapngBlocks, type TestPacket } from "./capture_files.ts";
import { ethernet, fragmentExtension, hex, ipv4, ipv6, tcp, udp } from "./packets.ts";
import { text, wsFrame } from "./streams.ts";

const FOLDER = new URL("../../../fixtures/captures/", import.meta.url);
const START_NS = 1_767_225_600_000_000_000n;

/** Packets 10 ms apart. */
function timed(packets: readonly Uint8Array[]): TestPacket[] {
  return packets.map((bytes, i) => ({ bytes, ns: START_NS + BigInt(i) * 10_000_000n }));
}

function framed(...units: Uint8Array[]): Uint8Array {
  return concatBytes(...units.map((unit) => {
    const frame = new Uint8Array(2 + unit.length);
    writeU16(frame, 0, unit.length);
    frame.set(unit, 2);
    return frame;
  }));
}

/** One side of a TCP connection that says its pieces; `lost` are those that the capture has not. */
function tcpTalk(pieces: readonly Uint8Array[], port: number, lost: readonly number[] = []): Uint8Array[] {
  const packets = [ethernet(ipv4(tcp(new Uint8Array(0), { seq: 999, syn: true, toPort: port }), { protocol: 6 }))];
  let seq = 1000;
  pieces.forEach((piece, i) => {
    const packet = ethernet(ipv4(tcp(piece, { seq, ack: 1, toPort: port }), { protocol: 6 }));
    if (!lost.includes(i)) packets.push(packet);
    seq += piece.length;
    const back = tcp(new Uint8Array(0), { seq: 1, ack: seq, fromPort: port, toPort: 40_000 });
    packets.push(ethernet(ipv4(back, { protocol: 6, from: "10.0.0.2", to: "10.0.0.1" })));
  });
  return packets;
}

const HEARTBEAT = text(writeMessage(EXAMPLES.HEARTBEAT.full));
const ACK = text(writeMessage(EXAMPLES.ACK.full));
const MEDIA = hex("806f000100000002000000030000000048 69");

function plainRtp(): Uint8Array {
  const rng = new SeededRng(1);
  const packets = Array.from({ length: 60 }, (_, i) => {
    const packet = new Uint8Array(172);
    const fields = { payloadType: 111, sequenceNumber: 500 + i, timestamp: 960 * i, ssrc: 0xcafe, marker: i === 0 };
    writeRtp({ ...fields, payload: rng.fill(new Uint8Array(160)) }, packet, 0);
    return ethernet(ipv4(udp(packet)));
  });
  return pcapFile(timed(packets));
}

function armoricore(): Uint8Array {
  const engine = [
    '{"type":"STREAM_NEGOTIATE","stream_id":"123e4567-e89b-12d3-a456-426614174000","media_type":"AUDIO",' +
    '"codec":"opus","bitrate":64000,"resolution":null,"frame_rate":null}',
    '{"type":"STREAM_ACK","stream_id":"123e4567-e89b-12d3-a456-426614174000","codec":"opus","bitrate":64000,' +
    '"resolution":null,"frame_rate":null,"ssrc":3735928559,"payload_type":72}',
  ].map((message) => ethernet(ipv4(udp(utf8(message)))));
  const packets = Array.from({ length: 30 }, (_, i) => {
    const fields = {
      payloadType: 72,
      sequenceNumber: i,
      timestamp: 960 * i,
      ssrc: 0xdeadbeef,
      quality: i % 4,
      priority: 0,
      bandwidthKbps: 1000 + i,
      lossTenths: i,
      payload: new Uint8Array(40).fill(i),
    };
    const packet = new Uint8Array(armoricoreArcRtpBytes(fields));
    writeArmoricoreArcRtp(fields, packet, 0);
    return ethernet(ipv4(udp(packet)));
  });
  return pcapFile(timed([...engine, ...packets]), { order: "big", nanoseconds: true });
}

/** What the public engine itself wrote: the messages and packets of `fixtures/armoricore`, one a unit. */
function armoricoreEngine(): Uint8Array {
  const cases = <T>(name: string): readonly T[] =>
    JSON.parse(Deno.readTextFileSync(new URL(`../armoricore/${name}.json`, FOLDER))).cases;
  const messages = cases<{ readonly json: string }>("signaling_serialize").map(({ json }) => utf8(json));
  const packets = cases<{ readonly wire: string }>("arcrtp_serialize").map(({ wire }) => hex(wire));
  return pcapFile(timed([...messages, ...packets].map((unit) => ethernet(ipv4(udp(unit))))));
}

/** Everything that can lie around a unit: tags, options, extension headers, fragments, loopback, several interfaces. */
function layers(): Uint8Array {
  const b = new PcapngBlocks("big");
  const large = udp(text(writeMessage(EXAMPLES.CONNECT.full)));
  const sll2 = concatBytes(hex("0800 0000 00000002 0001 00 06 0200000000010000"));
  const packets: TestPacket[] = [
    { bytes: ethernet(ipv4(udp(HEARTBEAT)), [[0x88a8, 5], [0x8100, 7]]) },
    { bytes: ethernet(ipv4(udp(MEDIA), { options: hex("94040000") })) },
    {
      bytes: ethernet(ipv6(udp(MEDIA), { extensions: [[0, hex("00 01040000 0000")], [60, hex("00 01040000 0000")]] })),
    },
    { bytes: ethernet(ipv4(large.subarray(0, 512), { id: 9, moreFragments: true })) },
    { bytes: ethernet(ipv4(large.subarray(512), { id: 9, fragmentOffset: 512 })) },
    { bytes: ethernet(ipv6(large.subarray(712), { extensions: [fragmentExtension(712, false, 3)] })) },
    { bytes: ethernet(ipv6(large.subarray(0, 712), { extensions: [fragmentExtension(0, true, 3)] })) },
    { bytes: concatBytes(sll2, ipv4(udp(ACK))), interfaceId: 1 },
    { bytes: concatBytes(hex("0000001e"), ipv6(udp(ACK))), interfaceId: 2 },
    { bytes: ipv4(udp(MEDIA)), interfaceId: 3 },
  ];
  const nanoseconds = b.option(9, Uint8Array.of(9));
  return concatBytes(
    b.section(),
    b.interface(1),
    b.interface(276, nanoseconds),
    b.interface(0),
    b.interface(101),
    ...packets.map((packet, i) => {
      const ns = START_NS + BigInt(i) * 1_000_000n;
      return b.packet(packet, packet.interfaceId === 1 ? ns : ns / 1000n);
    }),
  );
}

function nats(): Uint8Array {
  const status = text(writeMessage(STATUS_EXAMPLES.RELAY_STATUS.full));
  const lines = [
    'CONNECT {"verbose":false}\r\n',
    `PUB arcrtc.session.${EXAMPLES.ACK.full.session_id}.all ${ACK.length}\r\n`,
    `PUB arcrtc.relay.relay-1.status ${status.length}\r\n`,
    "PUB some.other 2\r\nhi\r\n",
  ].map(text);
  const [open, first, second, other] = lines;
  const line = text("\r\n");
  return pcapFile(
    timed(tcpTalk([open, concatBytes(first, ACK, line), second, concatBytes(status, line), other], 4222)),
  );
}

/** A plain WebSocket whose frames are masked, cut and spread over packets. */
function webSocket(): Uint8Array {
  const head = text(
    "GET /plain HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: arcrtc.v1.json\r\n\r\n",
  );
  const half = HEARTBEAT.length >> 1;
  const frames = [
    wsFrame(HEARTBEAT.subarray(0, half), { fin: false, mask: 0x01020304 }),
    wsFrame(text("ping"), { opcode: 9, mask: 0x55555555 }),
    wsFrame(HEARTBEAT.subarray(half), { opcode: 0, mask: 0xdeadbeef }),
    concatBytes(wsFrame(ACK, { mask: 7 }), wsFrame(ACK, { mask: 8 })),
  ];
  const [a, ...rest] = frames;
  return pcapFile(timed(tcpTalk([head, a.subarray(0, 20), a.subarray(20), ...rest], 7480)));
}

/** A hole in the middle of a framed stream, which goes on behind it. */
function hole(): Uint8Array {
  const units = Array.from({ length: 6 }, () => framed(HEARTBEAT, MEDIA));
  return pcapFile(timed(tcpTalk(units, 7481, [2, 3])));
}

function damaged(): Uint8Array {
  const b = new PcapngBlocks();
  const packet = (n: number) => b.packet({ bytes: ethernet(ipv4(udp(MEDIA))) }, START_NS / 1000n + BigInt(n));
  const broken = packet(2);
  broken[4] += 2;
  return concatBytes(b.section(), b.interface(1), packet(0), packet(1), broken, packet(3));
}

function lengthBomb(): Uint8Array {
  const good = pcapFile(timed([ethernet(ipv4(udp(HEARTBEAT))), ethernet(ipv4(udp(MEDIA)))]));
  return concatBytes(good, hex("00000000 00000000 f0ffff7f f0ffff7f"), new Uint8Array(64));
}

/** Fragments of 200 packets that never become whole, and one that does. */
function fragmentBomb(): Uint8Array {
  const open = Array.from(
    { length: 200 },
    (_, id) => ethernet(ipv4(new Uint8Array(8), { id: id + 1, fragmentOffset: 65_520, moreFragments: true })),
  );
  const datagram = udp(HEARTBEAT);
  const whole = [
    ethernet(ipv4(datagram.subarray(0, 64), { id: 999, moreFragments: true })),
    ethernet(ipv4(datagram.subarray(64), { id: 999, fragmentOffset: 64 })),
  ];
  const clash = [
    ethernet(ipv4(new Uint8Array(64), { id: 1000, moreFragments: true })),
    ethernet(ipv4(new Uint8Array(64).fill(1), { id: 1000, moreFragments: true })),
  ];
  return pcapFile(timed([...open, ...whole, ...clash]));
}

/** Units of every kind that are not what they should be. */
function malformedUnits(): Uint8Array {
  const units = [
    MEDIA.subarray(0, 14),
    hex("8048 0001 00000002 00000003 00000000"),
    hex("806f 0001 00000002 00000003 02 fc 0000 4869"),
    hex("c1"),
    hex("80c8 00ff 00000003"),
    text('{"type":"ACK","type":"ACK"}'),
    text('{"type":"HEARTBEAT","session_id":"no uuid","sequence":1,"timestamp":2}'),
    text('{"type":"NEW"}'),
    text("{"),
    new Uint8Array(0),
    hex("4848"),
  ];
  return pcapFile(timed([ethernet(ipv4(udp(MEDIA))), ...units.map((unit) => ethernet(ipv4(udp(unit))))]));
}

/** Path below `fixtures/captures` -> bytes. */
export function madeCaptures(): ReadonlyMap<string, Uint8Array> {
  return new Map([
    ["made/plain-rtp.pcap", plainRtp()],
    ["made/armoricore.pcap", armoricore()],
    ["made/armoricore-engine.pcap", armoricoreEngine()],
    ["made/layers.pcapng", layers()],
    ["made/nats.pcap", nats()],
    ["made/websocket-frames.pcap", webSocket()],
    ["broken/tcp-hole.pcap", hole()],
    ["broken/damaged-block.pcapng", damaged()],
    ["broken/length-bomb.pcap", lengthBomb()],
    ["broken/fragment-bomb.pcap", fragmentBomb()],
    ["broken/malformed-units.pcap", malformedUnits()],
    [
      "broken/cut-short.pcap",
      pcapFile(timed([ethernet(ipv4(udp(MEDIA))), ethernet(ipv4(udp(HEARTBEAT)))])).subarray(0, -20),
    ],
  ]);
}

export function readCapture(path: string): Uint8Array {
  return Deno.readFileSync(new URL(path, FOLDER));
}

if (import.meta.main) {
  for (const [path, bytes] of madeCaptures()) {
    const file = new URL(path, FOLDER);
    Deno.mkdirSync(new URL(".", file), { recursive: true });
    Deno.writeFileSync(file, bytes);
    console.log(path, bytes.length);
  }
}
