/** Testees whose bridge to WebRTC goes wrong with packets: RTP, ArcRTP and RTCP. */
import { parseHex, readU16, toHex, writeU16, writeU32 } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { type Fields, RequestError } from "../testee/request.ts";
import { type Op, opOk, type OpResult } from "../testee/testee.ts";
import { answered, arcBlockAt, asking, eachUnitAlone, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";

const TO_ARC = "bridge.rtp_to_arcrtp";
const TO_RTP = "bridge.arcrtp_to_rtp";
const RTCP = "bridge.rtcp";

/** A bridge that changes each packet after it was translated, one or many. */
function spoiling(
  head: MutantHead,
  name: string,
  change: (packet: Uint8Array, original: Uint8Array) => Uint8Array | void,
): Mutant {
  const spoil = (hex: unknown, original: string) => {
    if (typeof hex !== "string") return {};
    const packet = unwrap(parseHex(hex));
    return { hex: toHex(change(packet, unwrap(parseHex(original))) ?? packet) };
  };
  return opsMutant(head, name, (op) => (request, context) =>
    answered(op(request, context), ({ hex, results }) => {
      if (!Array.isArray(results)) return spoil(hex, request.text("hex"));
      const originals = request.texts("packets");
      return { results: results.map((one, i) => isJson(one) ? { ...one, ...spoil(one.hex, originals[i]) } : one) };
    }));
}

/** A bridge that was given another map. */
function misled(head: MutantHead, name: string, change: (map: Json, request: Fields) => Json): Mutant {
  return opsMutant(head, name, (op) => (request, context) => {
    const map = request.raw.map;
    if (!isJson(map)) throw new RequestError("$.map must be an object");
    return op(asking(request, { map: { ...map, ...change(map, request) } }), context);
  });
}

function listOf(map: Json, name: string): readonly Json[] {
  const list = map[name];
  return Array.isArray(list) ? list.filter(isJson) : [];
}

/** What a bridge says is lost. */
function naming(head: MutantHead, change: (lost: readonly string[]) => readonly string[]): Mutant {
  return opsMutant(
    head,
    TO_RTP,
    (op) => (request, context) =>
      answered(op(request, context), ({ lost }) => Array.isArray(lost) ? { lost: change(lost) } : {}),
  );
}

/** A bridge that passes on what it cannot read. */
function credulous(head: MutantHead, name: string): Mutant {
  return opsMutant(head, name, (op) => (request, context) => {
    const result = op(request, context);
    return result.kind === "fault" && request.has("hex") ? opOk({ hex: request.text("hex"), lost: [] }) : result;
  });
}

function inBlock(change: (packet: Uint8Array, at: number) => void): (packet: Uint8Array) => void {
  return (packet) => change(packet, arcBlockAt(packet));
}

const MEDIA: readonly Mutant[] = [
  credulous(
    { id: "bridge/malformed-to-rtp", broken: "passes malformed ArcRTP on to RTP", breaks: ["ARC-BRIDGE-to-rtp"] },
    TO_RTP,
  ),
  credulous(
    { id: "bridge/malformed-from-rtp", broken: "passes malformed RTP on to ArcRTP", breaks: ["ARC-BRIDGE-from-rtp"] },
    TO_ARC,
  ),
  spoiling(
    { id: "bridge/block-stays", broken: "hands on the Arc block as payload", breaks: ["ARC-BRIDGE-to-rtp"] },
    TO_RTP,
    (packet, original) => {
      original[1] = packet[1];
      return original;
    },
  ),
  spoiling(
    { id: "bridge/padding-off", broken: "takes padding off on the way", breaks: ["ARC-BRIDGE-to-rtp"] },
    TO_RTP,
    (packet) => {
      if ((packet[0] & 0x20) === 0) return packet;
      packet[0] &= 0xdf;
      return packet.subarray(0, packet.length - packet[packet.length - 1]);
    },
  ),
  spoiling(
    { id: "bridge/marker-off", broken: "forgets the marker", breaks: ["ARC-BRIDGE-to-rtp"] },
    TO_RTP,
    (packet) => void (packet[1] &= 0x7f),
  ),
  naming(
    { id: "bridge/silent-loss", broken: "says that nothing is lost", breaks: ["ARC-BRIDGE-lost-fields"] },
    () => [],
  ),
  naming(
    {
      id: "bridge/five-always",
      broken: "names bandwidth and loss of packets without",
      breaks: ["ARC-BRIDGE-lost-fields"],
    },
    (lost) => [...new Set([...lost, "bandwidth_kbps", "loss_tenths"])],
  ),
  naming(
    { id: "bridge/silent-extension", broken: "leaves elements out in silence", breaks: ["ARC-BRIDGE-lost-fields"] },
    (lost) => lost.filter((field) => field !== "extension_header"),
  ),
  spoiling(
    { id: "bridge/all-delta", broken: "gives every packet PR 2", breaks: ["ARC-BRIDGE-from-rtp"] },
    TO_ARC,
    inBlock((packet, at) => packet[at] = 0x20),
  ),
  spoiling(
    { id: "bridge/worst-rung", broken: "sets Q to 3", breaks: ["ARC-BRIDGE-from-rtp"] },
    TO_ARC,
    inBlock((packet, at) => packet[at] |= 0xc0),
  ),
  spoiling(
    { id: "bridge/bandwidth-of-nobody", broken: "says that a bandwidth of 0 counts", breaks: ["ARC-BRIDGE-from-rtp"] },
    TO_ARC,
    inBlock((packet, at) => packet[at + 1] |= 0x01),
  ),
  opsMutant(
    {
      id: "bridge/first-payload-alone",
      broken: "knows a key frame by its first packet and forgets it",
      breaks: ["ARC-BRIDGE-from-rtp"],
    },
    TO_ARC,
    (op) => (request, context) =>
      request.has("packets") ? eachUnitAlone("packets")(op)(request, context) : op(request, context),
  ),
];

const MAPPING: readonly Mutant[] = [
  spoiling(
    { id: "bridge/own-payload-type", broken: "keeps the payload type", breaks: ["ARC-BRIDGE-mapping"] },
    TO_ARC,
    (packet, original) => void (packet[1] = original[1]),
  ),
  misled(
    {
      id: "bridge/every-type-passes",
      broken: "passes payload types that are not mapped",
      breaks: ["ARC-BRIDGE-mapping"],
    },
    TO_ARC,
    (map) => ({
      payload_types: [
        ...listOf(map, "payload_types"),
        ...Array.from({ length: 128 }, (_, i) => ({ rtp: i, arcrtp: i & 31, codec: "opus" })),
      ],
    }),
  ),
  misled(
    { id: "bridge/own-ids", broken: "copies header extensions as they are", breaks: ["ARC-BRIDGE-mapping"] },
    TO_ARC,
    () => ({ extensions: Array.from({ length: 14 }, (_, i) => ({ rtp: i + 1, arcrtp: i + 1 })) }),
  ),
  misled(
    { id: "bridge/no-extensions", broken: "drops header extensions", breaks: ["ARC-BRIDGE-mapping"] },
    TO_RTP,
    () => ({ extensions: [] }),
  ),
  misled(
    { id: "bridge/one-byte-alone", broken: "reads the one-byte form alone", breaks: ["ARC-BRIDGE-mapping"] },
    TO_ARC,
    (map, request) => /^9.{23}100/.test(String(request.raw.hex)) ? { extensions: [] } : map,
  ),
  misled(
    { id: "bridge/both-directions", broken: "forgets the directions of extensions", breaks: ["ARC-BRIDGE-mapping"] },
    TO_ARC,
    (map) => ({ extensions: listOf(map, "extensions").map(({ from: _from, ...pair }) => pair) }),
  ),
  opsMutant(
    { id: "bridge/swapped-extensions", broken: "takes either extension for the other", breaks: ["ARC-BRIDGE-mapping"] },
    "bridge.map",
    (op) => (request, context) =>
      answered(
        op(request, context),
        ({ map }) =>
          isJson(map)
            ? {
              map: {
                ...map,
                extensions: listOf(map, "extensions").map((pair) => ({ ...pair, arcrtp: 3 - Number(pair.arcrtp) })),
              },
            }
            : {},
      ),
  ),
];

/** Renumbers what went on, so that even a loss leaves no gap. */
function withoutGaps(results: unknown): readonly unknown[] {
  let next: number | undefined;
  return (Array.isArray(results) ? results : []).map((one) => {
    if (!isJson(one) || typeof one.hex !== "string") return one;
    const packet = unwrap(parseHex(one.hex));
    writeU16(packet, 2, next ?? readU16(packet, 2));
    next = readU16(packet, 2) + 1;
    return { ...one, hex: toHex(packet) };
  });
}

/** A bridge that says something else of RTCP. */
function speaking(head: MutantHead, change: (value: Json, request: Fields) => object): Mutant {
  return opsMutant(
    head,
    RTCP,
    (op) => (request, context) => answered(op(request, context), (value) => change(value, request)),
  );
}

/** A bridge that has another idea of the streams. */
function miscounting(head: MutantHead, name: string, change: Json): Mutant {
  return misled(head, name, (map) => ({ ssrcs: listOf(map, "ssrcs").map((pair) => ({ ...pair, ...change })) }));
}

const FEEDBACK: readonly Mutant[] = [
  opsMutant(
    { id: "bridge/gap-left", broken: "leaves a gap for a packet that it keeps back", breaks: ["ARC-BRIDGE-kept-back"] },
    TO_ARC,
    (op) => (request, context) =>
      request.has("packets") ? eachUnitAlone("packets")(op)(request, context) : op(request, context),
  ),
  opsMutant(
    { id: "bridge/loss-hidden", broken: "closes the gaps of lost packets", breaks: ["ARC-BRIDGE-kept-back"] },
    TO_ARC,
    (op: Op) => (request, context): OpResult =>
      answered(op(request, context), ({ results }) => Array.isArray(results) ? { results: withoutGaps(results) } : {}),
  ),
  speaking(
    { id: "bridge/rtcp-as-it-is", broken: "passes RTCP on unchanged", breaks: ["ARC-BRIDGE-rtcp"] },
    (_value, request) => ({ hex: request.text("hex") }),
  ),
  miscounting(
    { id: "bridge/numbers-as-they-are", broken: "translates SSRCs and no numbers", breaks: ["ARC-BRIDGE-rtcp"] },
    RTCP,
    { sequence_offset: 0 },
  ),
  miscounting(
    { id: "bridge/times-as-they-are", broken: "keeps the time of the stream in reports", breaks: ["ARC-BRIDGE-rtcp"] },
    RTCP,
    { timestamp_offset: 0 },
  ),
  miscounting(
    { id: "bridge/media-times-as-they-are", broken: "keeps the timestamps of media", breaks: ["ARC-BRIDGE-rtcp"] },
    TO_ARC,
    { timestamp_offset: 0 },
  ),
  speaking(
    { id: "bridge/speaks-for-all", broken: "says all feedback in its own name", breaks: ["ARC-BRIDGE-rtcp"] },
    ({ hex }, request) => {
      if (typeof hex !== "string" || hex === "") return {};
      const bytes = unwrap(parseHex(hex));
      writeU32(bytes, 4, request.u32("own_ssrc"));
      return { hex: toHex(bytes) };
    },
  ),
  speaking(
    {
      id: "bridge/all-feedback-passes",
      broken: "passes feedback of one side as it is",
      breaks: ["ARC-BRIDGE-rtcp-ends"],
    },
    ({ hex }, request) => hex === "" ? { hex: request.text("hex") } : {},
  ),
  speaking(
    {
      id: "bridge/drops-the-whole",
      broken: "drops a whole compound for one part that does not pass",
      breaks: ["ARC-BRIDGE-rtcp-ends"],
    },
    ({ dropped }) => Array.isArray(dropped) && dropped.length > 0 ? { hex: "" } : {},
  ),
  spoiling(
    { id: "bridge/repeats-as-it-is", broken: "keeps the number that RTX repeats", breaks: ["ARC-BRIDGE-repair"] },
    TO_ARC,
    (packet, original) => {
      if ((packet[1] & 0x7f) === 99 && packet.length >= 18) packet.set(original.subarray(12, 14), 16);
    },
  ),
  opsMutant(
    { id: "bridge/repeats-all", broken: "lets RTX of delta frames pass", breaks: ["ARC-BRIDGE-repair"] },
    TO_ARC,
    (op) => (request, context) =>
      answered(op(request, context), ({ results }) => {
        if (!Array.isArray(results)) return {};
        const passed = { hex: "80630001000000000000200320000000", lost: [] };
        return { results: results.map((one) => isJson(one) && one.fault !== undefined ? passed : one) };
      }),
  ),
  opsMutant(
    { id: "bridge/offers-fec", broken: "offers FEC for the other side", breaks: ["ARC-BRIDGE-repair"] },
    "bridge.sdp_to_connect",
    (op) => (request, context) =>
      answered(
        op(request, context),
        ({ message }) =>
          isJson(message) && isJson(message.capabilities)
            ? { message: { ...message, capabilities: { ...message.capabilities, fec: true } } }
            : {},
      ),
  ),
  opsMutant(
    { id: "bridge/passes-fec", broken: "maps FEC like media", breaks: ["ARC-BRIDGE-repair"] },
    "bridge.map",
    (op) => (request, context) =>
      answered(op(request, context), ({ map }) => {
        if (!isJson(map)) return {};
        const repairs = request.objects("streams").flatMap((stream) => {
          const { fec } = stream.object("message").raw;
          return Array.isArray(fec) ? fec.filter(isJson) : [];
        });
        const ssrcs = repairs.map(({ ssrc }) => ({ rtp: ssrc, arcrtp: ssrc, from: "arcrtp" }));
        return { map: { ...map, ssrcs: [...listOf(map, "ssrcs"), ...ssrcs] } };
      }),
  ),
];

export const BRIDGE_MUTANTS: readonly Mutant[] = [...MEDIA, ...MAPPING, ...FEEDBACK];
