/** Testees that cut frames into payloads wrongly, or put them together wrongly. */
import type { Json } from "../testee/answer.ts";
import type { Fields } from "../testee/request.ts";
import { type Op, opOk, type OpResult } from "../testee/testee.ts";
import { asking, eachOf, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";

const FU_A = 28;
const FU_START = 0x80;
const VP9_BEGIN = 0x08;
const AV1_GOES_ON = 0x40;
const AU_HEADER_HEX = 8;

/** A packetizer of one codec whose packets are changed. */
function cutting(head: MutantHead, codec: string, change: (packet: Json, all: readonly Json[]) => Json): Mutant {
  return opsMutant(head, "payload.packetize", (op) => (request, context) => {
    const result = op(request, context);
    if (request.text("codec") !== codec || result.kind !== "ok") return result;
    const { packets } = result.value as { readonly packets: readonly Json[] };
    return opOk({ packets: packets.map((packet) => ({ ...packet, ...change(packet, packets) })) });
  });
}

/** An op on one codec that is asked something else. */
function ofCodec(codec: string, ask: (request: Fields) => Fields): (op: Op) => Op {
  return (op) => (request, context) => op(request.text("codec") === codec ? ask(request) : request, context);
}

export const PAYLOAD_MUTANTS: readonly Mutant[] = [
  cutting(
    {
      id: "media/marker-on-every-packet",
      broken: "sets the marker on every packet of a frame",
      breaks: ["ARC-MEDIA-h264"],
    },
    "h264",
    () => ({ marker: true }),
  ),
  cutting(
    {
      id: "media/fragments-all-start",
      broken: "sets the start bit on every fragment of a NAL unit",
      breaks: ["ARC-MEDIA-h264"],
    },
    "h264",
    ({ payload }) => {
      const bytes = String(payload);
      const isFragment = (parseInt(bytes.slice(0, 2), 16) & 0x1f) === FU_A;
      return isFragment ? { payload: changed(bytes, 1, (byte) => byte | FU_START) } : {};
    },
  ),
  cutting(
    {
      id: "media/fragments-without-type",
      broken: "gives fragments of H.265 the type of single units",
      breaks: ["ARC-MEDIA-h265"],
    },
    "h265",
    ({ payload }, all) => all.length > 1 ? { payload: `26${String(payload).slice(2)}` } : {},
  ),
  cutting(
    {
      id: "media/each-part-begins-a-frame",
      broken: "says of each part of a VP9 frame that it begins it",
      breaks: ["ARC-MEDIA-vp9"],
    },
    "vp9",
    ({ payload }) => ({ payload: changed(String(payload), 0, (byte) => byte | VP9_BEGIN) }),
  ),
  cutting(
    {
      id: "media/obus-never-go-on",
      broken: "writes no Y bit where an OBU goes on in the next packet",
      breaks: ["ARC-MEDIA-av1"],
    },
    "av1",
    ({ payload }) => ({ payload: changed(String(payload), 0, (byte) => byte & ~AV1_GOES_ON) }),
  ),
  cutting(
    {
      id: "media/fragment-tells-its-own-size",
      broken: "writes the size of a fragment where that of the whole AU is due",
      breaks: ["ARC-MEDIA-aac"],
    },
    "aac",
    ({ payload }, all) => {
      if (all.length < 2) return {};
      const data = String(payload).slice(AU_HEADER_HEX);
      const header = ((data.length / 2) << 3).toString(16).padStart(4, "0");
      return { payload: `0010${header}${data}` };
    },
  ),
  cutting(
    {
      id: "media/clock-of-sixteen-kilohertz",
      broken: "counts two ticks for an octet of G.722, one for each of its samples",
      breaks: ["ARC-MEDIA-g722"],
    },
    "g722",
    ({ timestamp }) => ({ timestamp: 2 * Number(timestamp) }),
  ),
  opsMutant(
    {
      id: "media/opus-larger-than-allowed",
      broken: "sends Opus packets that do not fit",
      breaks: ["ARC-MEDIA-opus"],
    },
    "payload.packetize",
    ofCodec("opus", (request) => asking(request, { mtu: 0xffff })),
  ),
  opsMutant(
    {
      id: "media/opaque-is-cut",
      broken: "cuts frames of codecs that it does not know",
      breaks: ["ARC-MEDIA-opaque"],
    },
    "payload.packetize",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "fault" || !request.text("codec").startsWith("x-")) return result;
      const part = new RegExp(`.{1,${2 * request.integer("mtu", 1, 0xffff)}}`, "g");
      const packets = request.objects("frames").flatMap((frame) =>
        (frame.text("data").match(part) ?? []).map((payload) => ({ payload, marker: true }))
      );
      return opOk({ packets });
    },
  ),
  opsMutant(
    {
      id: "media/joins-over-gaps",
      broken: "puts a frame of H.264 together whether all of it came or not",
      breaks: ["ARC-MEDIA-h264"],
    },
    "payload.depacketize",
    ofCodec(
      "h264",
      (request) =>
        asking(request, { packets: request.objects("packets").map((packet) => packet.without("sequence_number").raw) }),
    ),
  ),
  opsMutant(
    {
      id: "media/all-equally-worth",
      broken: "gives every packet the priority of audio",
      breaks: ["ARC-RTP-priority-values"],
    },
    "payload.packetize",
    (op) => (request, context): OpResult =>
      eachOf(op(request, context), "packets", (packet) => [{ ...packet, priority: 0 }]),
  ),
  opsMutant(
    {
      id: "media/nothing-is-disposable",
      broken: "takes a frame of H.264 that nobody refers to for one that others need",
      breaks: ["ARC-RTP-priority-values"],
    },
    "payload.packetize",
    (op) => (request, context): OpResult =>
      eachOf(
        op(request, context),
        "packets",
        (packet) => [packet.priority === 3 ? { ...packet, priority: 2 } : packet],
      ),
  ),
];

/** The bytes with one of them changed. */
function changed(hex: string, at: number, change: (byte: number) => number): string {
  const byte = change(parseInt(hex.slice(2 * at, 2 * at + 2), 16));
  return hex.slice(0, 2 * at) + byte.toString(16).padStart(2, "0") + hex.slice(2 * at + 2);
}
