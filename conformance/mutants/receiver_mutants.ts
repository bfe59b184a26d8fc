/** Testees whose receivers keep their windows and indexes wrongly: of packets, and of sealed units. */
import { parseHex, readU16 } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import type { Json } from "../testee/answer.ts";
import type { Fields, JsonObject } from "../testee/request.ts";
import type { Op } from "../testee/testee.ts";
import { asking, eachOf, eachUnitAlone, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";

const REPLAY: Json = { fault: { reason: "replay" } };
const AUTH: Json = { fault: { reason: "auth" } };

/** What a receiver has taken so far, as the sequence numbers say it. */
interface Seen {
  readonly sequence: number;
  /** Of the packet that was taken with the highest index, undefined before the first. */
  readonly highest: number | undefined;
  /** How far the packet is ahead of that one, wraps included: negative for one that is late. */
  readonly aheadBy: number;
}

/** A receiver of ArcSRTP that refuses some of what it should take. */
function refusing(head: MutantHead, judge: (seen: Seen) => Json | undefined): Mutant {
  return opsMutant(head, "srtp.receive", (op) => (request, context) => {
    if (request.textOr("dialect", "arcrtc-1.0") !== "arcrtc-1.0") return op(request, context);
    const units = unitsOf(request);
    let highest: number | undefined;
    return eachOf(op(request, context), "results", (one, i) => {
      if (!("hex" in one)) return [one];
      const sequence = readU16(unwrap(parseHex(units[i])), 2);
      const aheadBy = highest === undefined ? 0 : ((sequence - highest + 0x8000) & 0xffff) - 0x8000;
      const refusal = judge({ sequence, highest, aheadBy });
      if (aheadBy >= 0) highest = sequence;
      return [refusal ?? one];
    });
  });
}

export const RECEIVER_MUTANTS: readonly Mutant[] = [
  refusing(
    {
      id: "srtp/window-one-short",
      broken: "takes a packet that is 63 behind for too old",
      breaks: ["ARC-SRTP-replay-window"],
    },
    ({ aheadBy }) => aheadBy === -63 ? REPLAY : undefined,
  ),
  refusing(
    {
      id: "srtp/roc-never-grows",
      broken: "keeps its ROC when the sequence number wraps",
      breaks: ["ARC-SRTP-roc-start", "ARC-SRTP-index-estimate"],
    },
    ({ sequence, highest, aheadBy }) => highest !== undefined && aheadBy > 0 && sequence < highest ? AUTH : undefined,
  ),
  refusing(
    {
      id: "srtp/roc-grows-with-disorder",
      broken: "takes each lower sequence number for a wrap",
      breaks: ["ARC-SRTP-index-estimate"],
    },
    ({ sequence, highest, aheadBy }) => highest !== undefined && aheadBy < 0 && sequence < highest ? AUTH : undefined,
  ),
  opsMutant(
    {
      id: "srtp/commits-before-auth",
      broken: "marks a packet in its window before it is authenticated",
      breaks: ["ARC-SRTP-commit-after-auth", "ARC-SRTP-receive-order"],
    },
    "srtp.receive",
    committingEarly((unit) => unit.slice(4, 8)),
  ),
  opsMutant(
    {
      id: "srtp/authenticates-replays",
      broken: "tells of a replay that its tag is wrong",
      breaks: ["ARC-SRTP-replay-before-auth"],
    },
    "srtp.receive",
    (op) => (request, context) =>
      eachOf(op(request, context), "results", (one) => [reasonOf(one) === "replay" ? AUTH : one]),
  ),
  opsMutant(
    {
      id: "srtp/one-window-for-all",
      broken: "has one replay window for the RTCP of all SSRCs",
      breaks: ["ARC-SRTP-srtcp-replay"],
    },
    "srtcp.receive",
    (op) => (request, context) => {
      const units = unitsOf(request);
      const taken = new Set<string>();
      return eachOf(op(request, context), "results", (one, i) => {
        if (!("hex" in one)) return [one];
        const index = units[i].slice(String(one.hex).length + 32).slice(0, 8);
        const isTaken = taken.has(index);
        taken.add(index);
        return [isTaken ? REPLAY : one];
      });
    },
  ),
  opsMutant(
    {
      id: "srtp/srtcp-index-wraps",
      broken: "begins with index 0 again after the last",
      breaks: ["ARC-SRTP-srtcp-index-end"],
    },
    "srtcp.protect",
    (op) => (request, context) =>
      op(request.numberOr("index", 0) >= 2 ** 31 ? asking(request, { index: 0 }) : request, context),
  ),
  opsMutant(
    {
      id: "seal/no-window",
      broken: "takes sealed units as often as they come",
      breaks: ["ARC-SEAL-replay"],
    },
    "seal.receive",
    eachUnitAlone("units"),
  ),
  opsMutant(
    {
      id: "seal/commits-before-tag",
      broken: "marks the counter of a unit whose tag is wrong",
      breaks: ["ARC-SEAL-replay"],
    },
    "seal.receive",
    committingEarly((unit) => unit.slice(-44, -32)),
  ),
  opsMutant(
    {
      id: "seal/counter-of-four-bytes",
      broken: "counts its sealed units in 32 bits",
      breaks: ["ARC-SEAL-counter", "ARC-METRICS-knobs"],
    },
    "seal.protect",
    (op) => (request, context) => op(asking(request, { counter: request.numberOr("counter", 0) % 2 ** 32 }), context),
  ),
  opsMutant(
    {
      id: "seal/plain-is-sealed",
      broken: "takes JSON in the clear where a sealed unit is due",
      breaks: ["ARC-SEAL-recognise"],
    },
    "seal.receive",
    (op) => (request, context) => {
      const units = unitsOf(request);
      return eachOf(op(request, context), "results", (one, i) => {
        const isText = units[i].startsWith("7b") && units[i].endsWith("7d");
        return ["fault" in one && isText ? { json: new TextDecoder().decode(unwrap(parseHex(units[i]))) } : one];
      });
    },
  ),
  opsMutant(
    {
      id: "key/window-anew-each-epoch",
      broken: "begins windows and indexes anew with each unit's epoch",
      breaks: ["ARC-KEY-index-continues"],
    },
    "rotation.receive",
    eachUnitAlone("units"),
  ),
];

/** Units of a request as hex, whether they have times or not. */
function unitsOf(request: Fields): readonly string[] {
  const list = request.raw.packets ?? request.raw.units;
  return (Array.isArray(list) ? list : []).map((one) =>
    String(typeof one === "string" ? one : (one as JsonObject).hex).toLowerCase()
  );
}

function reasonOf(one: Json): unknown {
  return (one.fault as Json | undefined)?.reason;
}

/** Units that fail their authentication use up what names them. */
function committingEarly(nameOf: (unit: string) => string): (op: Op) => Op {
  return (op) => (request, context) => {
    const units = unitsOf(request);
    const spent = new Set<string>();
    return eachOf(op(request, context), "results", (one, i) => {
      const name = nameOf(units[i]);
      const isSpent = spent.has(name);
      if (reasonOf(one) === "auth" || reasonOf(one) === "decrypt") spent.add(name);
      return [isSpent ? REPLAY : one];
    });
  };
}
