/** Parsers of what travels as media: headers, extensions, RTCP, framing. */
import { equalBytes } from "../../base/bytes.ts";
import { type ArcRtpFields, arcRtpHeaderBytes, ArcRtpView, parseArcRtp, writeArcRtp } from "../../packet/arcrtp.ts";
import { parseArmoricoreArcRtp, parseArmoricoreRtp } from "../../packet/armoricore.ts";
import { classifyUnit, UNIT_KIND_NAMES } from "../../packet/demux.ts";
import { dissectArcRtp, dissectReduced } from "../../packet/dissect_arcrtp.ts";
import { ElementCursor, StampReader } from "../../packet/extensions.ts";
import { FrameReader, writeFrame } from "../../packet/framing.ts";
import { writeWithArcBlock, writeWithoutArcBlock } from "../../packet/plain_rtp.ts";
import { REDUCED_SAVED_BYTES } from "../../packet/reduced.ts";
import { ReducedReceiver } from "../../packet/reduced_receiver.ts";
import { parseRtcp, rtcpBytes, writeRtcp } from "../../packet/rtcp/compound.ts";
import { dissectRtcp } from "../../packet/rtcp/dissect.ts";
import { rtcpFromJson } from "../../packet/rtcp/from_json.ts";
import { rtcpToJson } from "../../packet/rtcp/to_json.ts";
import { parseRtp, type RtpView } from "../../packet/rtp_view.ts";
import { generateArcRtp, generateReduced, generateRtcp } from "../generate_packet.ts";
import { demand, type FuzzTarget } from "../target.ts";
import { demandWithin, parsedBehaviour, parserTarget, refusal } from "./parser_target.ts";

const PAYLOAD = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);

const PLAIN: ArcRtpFields = {
  payloadType: 111,
  sequenceNumber: 1000,
  timestamp: 48_000,
  ssrc: 0x12345678,
  quality: 1,
  priority: 2,
  keyPhase: 1,
  payload: PAYLOAD,
};

/** One packet of each shape. */
export function arcRtpSeeds(): readonly Uint8Array[] {
  const shapes: readonly Partial<ArcRtpFields>[] = [
    {},
    { marker: true, bandwidthKbps: 3000, lossTenths: 12 },
    { csrc: [1, 2, 3] },
    { extension: { profile: 0xbede, data: new Uint8Array([0x12, 1, 2, 3, 0x21, 4, 5, 0]) } },
    { padding: true, payload: new Uint8Array([7, 7, 7, 0, 2]), lossTenths: 255, keyPhase: 3 },
    { extension: { profile: 0x1000, data: new Uint8Array(40) }, csrc: Array.from({ length: 15 }, (_, i) => i) },
    { payload: new Uint8Array(0) },
  ];
  return shapes.map((shape) => arcRtpBytes({ ...PLAIN, ...shape }));
}

export function arcRtpBytes(fields: ArcRtpFields): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(arcRtpHeaderBytes(fields) + (fields.payload?.length ?? 0));
  writeArcRtp(fields, out, 0);
  return out;
}

/** SPEC ARC-RTP-round-trip: what was parsed is written again, but for reserved bits. */
function demandRoundTrip(bytes: Uint8Array): void {
  const view = new ArcRtpView();
  if (!view.parse(bytes)) return;
  const written = arcRtpBytes(view.fields());
  demand(written.length === bytes.length, "round_trip", "ArcRTP changed its length", "ARC-RTP-round-trip");
  const block = view.arcStart;
  const bandwidth = view.hasBandwidth;
  const same = written.every((byte, i) => {
    if (i === block) return (byte ^ bytes[i]) < 4;
    if (i === block + 1) return ((byte ^ bytes[i]) & 3) === 0;
    return byte === bytes[i] || (!bandwidth && (i === block + 2 || i === block + 3));
  });
  demand(same, "round_trip", "ArcRTP differs when written again", "ARC-RTP-round-trip");
}

function arcRtpBehaviour(bytes: Uint8Array): string {
  const parsed = parseArcRtp(bytes);
  if (!parsed.ok) return refusal(parsed.fault, bytes.length);
  const view = parsed.value;
  demandRoundTrip(bytes);
  const flags = (view.hasExtension ? 1 : 0) | (view.hasLoss ? 2 : 0) | (view.hasBandwidth ? 4 : 0) |
    (view.payloadEnd < view.end ? 8 : 0) | (view.csrcCount > 0 ? 16 : 0);
  return `ok ${flags}`;
}

const rtpSeeds = () =>
  arcRtpSeeds().map((bytes) => {
    const view = new ArcRtpView();
    view.parse(bytes);
    const out = new Uint8Array(bytes.length);
    return out.subarray(0, writeWithoutArcBlock(view, out, 0));
  });

function rtpBehaviour(bytes: Uint8Array): string {
  const parsed = parseRtp(bytes);
  if (!parsed.ok) return refusal(parsed.fault, bytes.length);
  const there = new Uint8Array(bytes.length + 8);
  const length = writeWithArcBlock(parsed.value, { quality: 1, priority: 1, keyPhase: 1 }, there, 0);
  const view = new ArcRtpView();
  if (!view.parse(there, 0, length)) return `no ArcRTP: ${view.faultReason}`;
  const back = new Uint8Array(bytes.length + 8);
  const backLength = writeWithoutArcBlock(view, back, 0);
  demand(equalBytes(back.subarray(0, backLength), bytes), "round_trip", "RTP to ArcRTP and back differs");
  return `ok ${parsed.value.csrcCount > 0} ${parsed.value.hasExtension}`;
}

function extensionBehaviour(bytes: Uint8Array): string {
  const view = new ArcRtpView();
  if (!view.parse(bytes)) return view.faultReason ?? "";
  const cursor = new ElementCursor();
  cursor.open(view);
  let ids = "";
  let last = -1;
  while (cursor.next()) {
    demand(cursor.elementStart > last, "state", "the cursor does not move on");
    demand(cursor.valueEnd <= view.extensionEnd, "state", "an element runs past its extension");
    last = cursor.elementStart;
    if (ids.length < 40) ids += cursor.id <= 2 ? cursor.id : "x";
  }
  if (cursor.malformed) cursor.fault();
  const stamps = new StampReader();
  return `${ids} ${cursor.malformed} ${stamps.read(view)}`;
}

const CONTEXTS = [
  { contextId: 0, ssrc: 0x12345678, payloadType: 111, quality: 1 },
  { contextId: 5, ssrc: 0x89abcdef, payloadType: 96, quality: 0 },
];

function reducedBehaviour(bytes: Uint8Array): string {
  const receiver = new ReducedReceiver();
  for (const context of CONTEXTS) receiver.define(context);
  const full = new ArcRtpView();
  full.parse(arcRtpBytes(PLAIN));
  receiver.authenticated(full, 65_536 + PLAIN.sequenceNumber, false);
  demandWithin(dissectReduced(bytes).nodes, bytes.length);
  const room = new Uint8Array(REDUCED_SAVED_BYTES + bytes.length);
  room.set(bytes, REDUCED_SAVED_BYTES);
  if (!receiver.expand(room, REDUCED_SAVED_BYTES, room.length)) return refusal(receiver.fault(), bytes.length);
  const view = new ArcRtpView();
  demand(view.parse(room), "state", () => `an expanded packet is ${view.faultReason}`, "ARC-RTP-reduced-expand");
  return `ok ${view.ssrc} ${view.marker} ${view.priority}`;
}

function rtcpSeeds(): readonly Uint8Array[] {
  const header = (count: number, type: number, words: number) => [0x80 | count, type, words >>> 8, words & 255];
  const ssrc = [1, 2, 3, 4];
  const bytes = (...parts: readonly (readonly number[])[]) => new Uint8Array(parts.flat());
  const receiver = [...header(0, 201, 1), ...ssrc];
  return [
    bytes(header(0, 200, 6), ssrc, Array.from({ length: 20 }, (_, i) => i)),
    bytes(header(1, 201, 7), ssrc, Array.from({ length: 24 }, (_, i) => i)),
    bytes(receiver, header(1, 202, 3), ssrc, [1, 4, 0x61, 0x62, 0x63, 0x64, 0, 0]),
    bytes(receiver, header(1, 203, 2), ssrc, [2, 0x62, 0x79, 0]),
    bytes(receiver, header(1, 205, 3), ssrc, ssrc, [0, 7, 0, 3]),
    bytes(receiver, header(1, 206, 2), ssrc, ssrc),
    bytes(receiver, header(15, 205, 6), ssrc, ssrc, [0, 1, 0, 3], [0, 0, 4, 1], [0x20, 3, 0x04, 0x04], [4, 0, 0, 0]),
  ];
}

function rtcpTreeBehaviour(bytes: Uint8Array): string {
  const nodes = dissectRtcp(bytes);
  demandWithin(nodes, bytes.length);
  return behaviourOfAll(nodes, ({ name }) => name);
}

/** The first four, told apart by a name. */
function behaviourOfAll<T>(all: readonly T[], nameOf: (one: T) => string): string {
  let names = "";
  for (let i = 0; i < Math.min(4, all.length); i++) names += ` ${nameOf(all[i])}`;
  return names;
}

function rtcpBehaviour(bytes: Uint8Array): string {
  const parsed = parseRtcp(bytes);
  if (!parsed.ok) return refusal(parsed.fault, bytes.length);
  const written = new Uint8Array(rtcpBytes(parsed.value));
  writeRtcp(parsed.value, written, 0);
  const again = parseRtcp(written);
  demand(again.ok, "round_trip", "RTCP that was written is refused");
  const twice = new Uint8Array(rtcpBytes(again.value));
  writeRtcp(again.value, twice, 0);
  demand(equalBytes(written, twice), "round_trip", "RTCP differs when written twice");
  const json = rtcpFromJson(parsed.value.map(rtcpToJson));
  demand(json.ok, "round_trip", "the JSON form of RTCP is refused");
  const viaJson = new Uint8Array(rtcpBytes(json.value));
  writeRtcp(json.value, viaJson, 0);
  demand(
    equalBytes(written, viaJson),
    "round_trip",
    `RTCP differs by way of its JSON form`,
  );
  return `ok${behaviourOfAll(parsed.value, ({ kind }) => kind)}`;
}

/** The same stream in one chunk and in many: the units must be the same. SPEC ARC-UNIT-frame-split. */
function framingBehaviour(bytes: Uint8Array): string {
  const whole = new FrameReader(MAX_UNIT_BYTES);
  const pieces = new FrameReader(MAX_UNIT_BYTES);
  const pieceBytes = 1 + (bytes.length % 7);
  let at = 0;
  let units = 0;
  const nextOfPieces = () => {
    while (!pieces.next()) {
      if (at >= bytes.length || pieces.fault !== undefined) return false;
      pieces.feed(bytes.subarray(at, at + pieceBytes));
      at += pieceBytes;
    }
    return true;
  };
  whole.feed(bytes);
  for (; whole.next(); units++) demandCut(nextOfPieces() && isSameUnit(whole, pieces));
  demandCut(!nextOfPieces());
  demandCut(whole.fault?.reason === pieces.fault?.reason && whole.fault?.offset === pieces.fault?.offset);
  demandCut(whole.pendingBytes === pieces.pendingBytes || whole.fault !== undefined);
  demand(pieces.pendingBytes <= MAX_UNIT_BYTES + 2, "memory", () => `${pieces.pendingBytes} bytes are pending`);
  return `${Math.min(units, 8)} ${whole.fault?.reason ?? ""} ${whole.pendingBytes > 0}`;
}

const MAX_UNIT_BYTES = 4096;

function demandCut(holds: boolean): void {
  demand(holds, "divergence", "frames depend on how the stream was cut", "ARC-UNIT-frame-split");
}

function isSameUnit(a: FrameReader, b: FrameReader): boolean {
  const length = a.end - a.start;
  if (b.end - b.start !== length) return false;
  for (let i = 0; i < length; i++) if (a.bytes[a.start + i] !== b.bytes[b.start + i]) return false;
  return true;
}

function framedSeeds(): readonly Uint8Array[] {
  const stream = new Uint8Array(400);
  let at = 0;
  for (const unit of arcRtpSeeds().slice(0, 4)) at += writeFrame(unit, stream, at);
  return [stream.slice(0, at), new Uint8Array([0, 0]), new Uint8Array([0, 3, 1, 2, 3, 0, 1])];
}

function dissectBehaviour(bytes: Uint8Array): string {
  const { nodes, faults } = dissectArcRtp(bytes);
  demandWithin(nodes, bytes.length);
  return `${nodes.length} ${faults.map(({ reason }) => reason).join(" ")}`;
}

const lossOf = (view: RtpView) => `ok ${view.hasExtension} ${view.csrcCount > 0} ${view.payloadEnd < view.end}`;

export const PACKET_TARGETS: readonly FuzzTarget[] = [
  parserTarget({
    name: "packet.arcrtp",
    summary: "full ArcRTP headers, read and written again",
    seeds: arcRtpSeeds,
    vectorOps: ["rtp.parse", "rtp.strip"],
    generate: generateArcRtp,
    parse: arcRtpBehaviour,
  }),
  parserTarget({
    name: "packet.arcrtp_dissect",
    summary: "ArcRTP as a field tree",
    seeds: arcRtpSeeds,
    generate: generateArcRtp,
    parse: dissectBehaviour,
  }),
  parserTarget({
    name: "packet.rtp",
    summary: "plain RTP, and by way of ArcRTP and back",
    seeds: rtpSeeds,
    vectorOps: ["rtp.parse"],
    generate: generateArcRtp,
    parse: rtpBehaviour,
  }),
  parserTarget({
    name: "packet.armoricore",
    summary: "RTP and ArcRTP of the armoricore dialect",
    seeds: arcRtpSeeds,
    vectorOps: ["rtp.parse"],
    generate: generateArcRtp,
    parse: (bytes) => {
      const plain = parsedBehaviour(parseArmoricoreRtp(bytes), bytes.length, lossOf);
      return `${plain}, ${parsedBehaviour(parseArmoricoreArcRtp(bytes), bytes.length, lossOf)}`;
    },
  }),
  parserTarget({
    name: "packet.extensions",
    summary: "header extension elements and stamps",
    seeds: arcRtpSeeds,
    vectorOps: ["rtp.extensions"],
    generate: generateArcRtp,
    parse: extensionBehaviour,
  }),
  parserTarget({
    name: "packet.reduced",
    summary: "reduced headers, expanded against a reference",
    seeds: () => [new Uint8Array([0xc0, 0xe9, 0xbf, 0x40, 0xca, 0xfe]), new Uint8Array([0xe5, 1, 2, 3])],
    generate: generateReduced,
    parse: reducedBehaviour,
  }),
  parserTarget({
    name: "packet.rtcp",
    summary: "compound RTCP, read, written, and by way of JSON",
    seeds: rtcpSeeds,
    vectorOps: ["rtcp.parse"],
    generate: generateRtcp,
    parse: rtcpBehaviour,
  }),
  parserTarget({
    name: "packet.rtcp_dissect",
    summary: "compound RTCP as a field tree",
    seeds: rtcpSeeds,
    generate: generateRtcp,
    parse: rtcpTreeBehaviour,
  }),
  parserTarget({
    name: "packet.framing",
    summary: "units on a stream, in one chunk and in many",
    seeds: framedSeeds,
    parse: framingBehaviour,
  }),
  parserTarget({
    name: "packet.demux",
    summary: "the kind of a unit",
    seeds: arcRtpSeeds,
    vectorOps: ["unit.classify"],
    parse: (bytes) => UNIT_KIND_NAMES[classifyUnit(bytes)],
  }),
];
