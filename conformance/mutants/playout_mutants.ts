/** Testees that repair what was lost wrongly, or play what came at the wrong time. */
import { parseHex, readU16, toHex, writeU16 } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { AEAD_TAG_BYTES } from "../../lib/crypto/suites.ts";
import type { Json } from "../testee/answer.ts";
import type { JsonObject } from "../testee/request.ts";
import { answered, arcBlockAt, asking, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";

const ARC_BLOCK_BYTES = 4;
/** In the payload of a repair packet, behind the fields that stand for those of RTP. */
const BASE_SEQUENCE_AT = 8;
const CSRC_AT = 12;
const SSRC_AT = 8;
const HMAC_BYTES = 10;
const PRIORITY_BITS = 0x30;

/** What a jitter buffer did. */
interface Playout {
  readonly playout: readonly Json[];
  readonly dropped: readonly Json[];
}

/** An encoder whose repair packets are changed. */
function repairing(head: MutantHead, change: (packet: Uint8Array) => void): Mutant {
  return opsMutant(head, "fec.encode", (op) => (request, context) =>
    answered(op(request, context), ({ packets }) => ({
      packets: (packets as readonly string[]).map((hex) => {
        const packet = unwrap(parseHex(hex));
        change(packet);
        return toHex(packet);
      }),
    })));
}

/** A jitter buffer with other settings. */
function configured(head: MutantHead, config: JsonObject): Mutant {
  return opsMutant(head, "jitter.run", (op) => (request, context) => {
    const given = request.has("config") ? request.object("config").raw : {};
    return op(asking(request, { config: { ...given, ...config } }), context);
  });
}

/** A jitter buffer that plays, or drops, something else. */
function playing(head: MutantHead, change: (run: Playout) => Playout): Mutant {
  return opsMutant(
    head,
    "jitter.run",
    (op) => (request, context) =>
      answered(op(request, context), ({ playout, dropped }) => change({ playout, dropped } as Playout)),
  );
}

export const PLAYOUT_MUTANTS: readonly Mutant[] = [
  repairing(
    {
      id: "fec/mask-off-by-one",
      broken: "writes the sequence number behind the first one that a repair protects",
      breaks: ["ARC-LOSS-fec-format"],
    },
    (packet) => {
      const at = arcBlockAt(packet) + ARC_BLOCK_BYTES + BASE_SEQUENCE_AT;
      writeU16(packet, at, (readU16(packet, at) + 1) & 0xffff);
    },
  ),
  repairing(
    {
      id: "fec/names-itself",
      broken: "names its own SSRC as the protected one",
      breaks: ["ARC-LOSS-fec-csrc"],
    },
    (packet) => packet.copyWithin(CSRC_AT, SSRC_AT, CSRC_AT),
  ),
  repairing(
    {
      id: "fec/of-any-worth",
      broken: "sends repairs with the priority of audio",
      breaks: ["ARC-LOSS-fec-format"],
    },
    (packet) => packet[arcBlockAt(packet)] &= ~PRIORITY_BITS,
  ),
  opsMutant(
    {
      id: "fec/unprotects-what-is-plain",
      broken: "cuts the tags off what it recovers, as if that had been protected",
      breaks: ["ARC-LOSS-fec-recovered"],
    },
    "fec.recover",
    (op) => (request, context) =>
      answered(op(request, context), ({ recovered }) => ({
        recovered: (recovered as readonly string[]).map((hex) => hex.slice(0, -2 * (AEAD_TAG_BYTES + HMAC_BYTES))),
      })),
  ),
  opsMutant(
    {
      id: "fec/recovers-again-and-again",
      broken: "recovers a packet once for each repair that protects it",
      breaks: ["ARC-LOSS-fec-format"],
    },
    "fec.recover",
    (op) => (request, context) => {
      const all = request.hexList("fec").map(toHex);
      return answered(op(request, context), () => ({
        recovered: all.flatMap((repair) => {
          const result = op(asking(request, { fec: [repair] }), context);
          return result.kind === "ok" ? (result.value as { readonly recovered: readonly string[] }).recovered : [];
        }),
      }));
    },
  ),
  opsMutant(
    {
      id: "fec/first-half-alone",
      broken: "protects the first half of a key frame",
      breaks: ["ARC-LOSS-fec-key-frames"],
    },
    "fec.encode",
    (op) => (request, context) => {
      if (request.has("redundancy")) return op(request, context);
      const packets = request.hexList("packets").map(toHex);
      return op(asking(request, { packets: packets.slice(0, Math.ceil(packets.length / 2)) }), context);
    },
  ),
  configured(
    {
      id: "jitter/no-buffer",
      broken: "plays what comes when it comes",
      breaks: ["ARC-JITTER-initial", "ARC-JITTER-order"],
    },
    { initial_ms: 0, min_ms: 0, max_ms: 0, hard_max_ms: 0 },
  ),
  configured(
    {
      id: "jitter/never-adapts",
      broken: "keeps its first delay, however much packets vary",
      breaks: ["ARC-JITTER-adaptive"],
    },
    { initial_ms: 10, min_ms: 10, max_ms: 10 },
  ),
  playing(
    {
      id: "jitter/keeps-duplicates",
      broken: "plays a packet as often as it comes",
      breaks: ["ARC-JITTER-late-duplicate"],
    },
    ({ playout, dropped }) => ({
      playout: playout.flatMap((one) => [
        one,
        ...dropped.filter(({ sequence_number, reason }) =>
          reason === "duplicate" && sequence_number === one.sequence_number
        ).map(() => one),
      ]),
      dropped: dropped.filter(({ reason }) => reason !== "duplicate"),
    }),
  ),
  playing(
    {
      id: "jitter/never-too-late",
      broken: "plays late packets behind those that they belong before",
      breaks: ["ARC-JITTER-late-duplicate", "ARC-JITTER-order"],
    },
    ({ playout, dropped }) => {
      const at_ms = playout.at(-1)?.at_ms;
      const late = dropped.filter(({ reason }) => reason === "late");
      return {
        playout: [...playout, ...late.map(({ sequence_number }) => ({ at_ms, sequence_number }))],
        dropped: dropped.filter(({ reason }) => reason !== "late"),
      };
    },
  ),
];
