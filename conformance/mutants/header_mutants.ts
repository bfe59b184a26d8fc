/** Testees that read or write headers wrongly: ArcRTP's own, its extensions, and reduced ones. */
import { parseHex, readU16, toHex, writeU16 } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { isJson, type Json } from "../testee/answer.ts";
import type { Fields } from "../testee/request.ts";
import { opFault, opOk } from "../testee/testee.ts";
import { answered, arcBlockAt, asking, eachOf, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";

const VERSION_2 = 0x80;
const BANDWIDTH_FLAG = 0x01;
const KEY_PHASE_BITS = 0x0c;
const QUALITY_BITS = 0xc0;
const SEQUENCE_AT = 2;
const FULL_HEADER_BYTES = 12;
const MIN_PACKET_BYTES = 16;

/** A parser of arcrtc-1.0 that reads other bytes than those that came. */
function reading(head: MutantHead, change: (bytes: Uint8Array) => void): Mutant {
  return opsMutant(head, "rtp.parse", (op) => (request, context) => {
    const bytes = request.hex("hex");
    if (isOther(request) || bytes.length < MIN_PACKET_BYTES) return op(request, context);
    change(bytes);
    return op(asking(request, { hex: toHex(bytes) }), context);
  });
}

/** A parser of arcrtc-1.0 that tells of other fields in the Arc block. */
function telling(head: MutantHead, change: (arc: Json, bytes: Uint8Array) => Json): Mutant {
  return opsMutant(head, "rtp.parse", (op) => (request, context) => {
    const result = op(request, context);
    if (isOther(request)) return result;
    return answered(result, ({ arc }) => isJson(arc) ? { arc: { ...arc, ...change(arc, request.hex("hex")) } } : {});
  });
}

/** A receiver of reduced headers that restores other bytes; `isReduced` of what came so. */
function restoring(
  head: MutantHead,
  change: (packet: Uint8Array, isReduced: boolean, highest: number | undefined) => void,
): Mutant {
  return opsMutant(head, "reduced.receive", (op) => (request, context) => {
    const units = request.objects("units").map((unit) => unit.hex("hex"));
    let highest: number | undefined;
    return eachOf(op(request, context), "results", (one, i) => {
      if (typeof one.hex !== "string") return [one];
      const packet = unwrap(parseHex(one.hex));
      change(packet, units[i][0] >= 0xc0, highest);
      highest = Math.max(highest ?? 0, readU16(packet, SEQUENCE_AT));
      return [{ hex: toHex(packet) }];
    });
  });
}

const FULL: readonly Mutant[] = [
  reading(
    { id: "arcrtp/any-version", broken: "never looks at the version", breaks: ["ARC-RTP-version"] },
    (bytes) => bytes[0] = VERSION_2 | (bytes[0] & 0x3f),
  ),
  reading(
    {
      id: "arcrtp/payload-type-of-rtcp",
      broken: "takes payload types 64 to 95",
      breaks: ["ARC-RTP-payload-types-excluded"],
    },
    (bytes) => bytes[1] = (bytes[1] & 0x60) === 0x40 ? bytes[1] ^ 0x60 : bytes[1],
  ),
  reading(
    {
      id: "arcrtp/bandwidth-without-flag",
      broken: "reads a bandwidth whether its flag is set or not",
      breaks: ["ARC-RTP-bandwidth-flag"],
    },
    (bytes) => {
      const at = arcBlockAt(bytes);
      if (at + 1 < bytes.length) bytes[at + 1] |= BANDWIDTH_FLAG;
    },
  ),
  telling(
    {
      id: "arcrtp/fields-from-the-right",
      broken: "reads K where Q is and Q where K is",
      breaks: ["ARC-RTP-field-order", "ARC-RTP-quality-field", "ARC-RTP-key-phase-field"],
    },
    ({ quality, key_phase }) => ({ quality: key_phase, key_phase: quality }),
  ),
  telling(
    { id: "arcrtp/loss-in-percent", broken: "reads loss in percent", breaks: ["ARC-RTP-loss-unit"] },
    ({ loss_tenths }) => ({ loss_tenths: typeof loss_tenths === "number" ? 10 * loss_tenths : loss_tenths }),
  ),
  opsMutant(
    {
      id: "arcrtp/strict-about-reserved",
      broken: "refuses packets with a reserved flag",
      breaks: ["ARC-RTP-reserved-ignored"],
    },
    "rtp.parse",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok" || isOther(request)) return result;
      const bytes = request.hex("hex");
      const flags = bytes[arcBlockAt(bytes) + 1];
      return (flags & 0xfc) === 0 ? result : opFault({ reason: "bad_value", message: "a reserved flag is set" });
    },
  ),
  opsMutant(
    {
      id: "arcrtp/strips-nothing",
      broken: "hands on the Arc block as if it were payload",
      breaks: ["ARC-RTP-arc-block-strip"],
    },
    "rtp.strip",
    (op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "ok" ? opOk({ hex: request.text("hex") }) : result;
    },
  ),
];

const EXTENSIONS: readonly Mutant[] = [
  opsMutant(
    {
      id: "arcrtp/stops-at-unknown-element",
      broken: "reads no element behind one that it does not know",
      breaks: ["ARC-RTP-ext-unknown-skipped"],
    },
    "rtp.extensions",
    (op) => (request, context) =>
      answered(op(request, context), ({ elements, send_time, transport_sequence }) => {
        const all = elements as readonly Json[];
        const unknown = all.findIndex(({ id }) => Number(id) > 2);
        if (unknown < 0) return {};
        const known = all.slice(0, unknown);
        const has = (wanted: number) => known.some(({ id }) => id === wanted);
        return {
          elements: known,
          send_time: has(1) ? send_time : null,
          transport_sequence: has(2) ? transport_sequence : null,
        };
      }),
  ),
  opsMutant(
    {
      id: "arcrtp/any-extension-profile",
      broken: "reads elements in extensions of every profile",
      breaks: ["ARC-RTP-ext-other-profile"],
    },
    "rtp.extensions",
    (op) => (request, context) => {
      const bytes = request.hex("hex");
      const at = FULL_HEADER_BYTES + 4 * (bytes[0] & 0x0f);
      if ((bytes[0] & 0x10) !== 0 && at + 2 <= bytes.length) writeU16(bytes, at, 0xbede);
      return op(asking(request, { hex: toHex(bytes) }), context);
    },
  ),
  opsMutant(
    {
      id: "arcrtp/send-time-of-eight-bits",
      broken: "has eight bits of seconds in the send time, and sixteen of their fraction",
      breaks: ["ARC-RTP-ext-send-time"],
    },
    "rtp.send_time",
    (op) => (request, context) =>
      answered(op(request, context), ({ send_time }) => ({ send_time: Number(send_time) >>> 2 })),
  ),
  opsMutant(
    {
      id: "arcrtp/little-endian-sequence",
      broken: "reads the transport sequence number with its low byte first",
      breaks: ["ARC-RTP-ext-transport-sequence"],
    },
    "rtp.extensions",
    (op) => (request, context) =>
      answered(op(request, context), ({ transport_sequence: read }) => ({
        transport_sequence: typeof read === "number" ? ((read & 0xff) << 8) | (read >> 8) : read,
      })),
  ),
];

const REDUCED: readonly Mutant[] = [
  restoring(
    {
      id: "arcrtp/restores-without-key-phase",
      broken: "restores reduced headers with a K of 0",
      breaks: ["ARC-RTP-reduced-key-phase"],
    },
    (packet, isReduced) => {
      if (isReduced) packet[arcBlockAt(packet)] &= ~KEY_PHASE_BITS;
    },
  ),
  restoring(
    {
      id: "arcrtp/restores-forwards-alone",
      broken: "takes the next sequence number with these bits, never one before",
      breaks: ["ARC-RTP-reduced-expand", "ARC-RTP-reduced-reference"],
    },
    (packet, isReduced, highest) => {
      const sequence = readU16(packet, SEQUENCE_AT);
      if (isReduced && highest !== undefined && sequence < highest) {
        writeU16(packet, SEQUENCE_AT, (sequence + 256) & 0xffff);
      }
    },
  ),
  opsMutant(
    {
      id: "arcrtp/forgets-quality",
      broken: "sends each packet with the Q that the stream began with",
      breaks: ["ARC-RTP-quality-switch"],
    },
    "reduced.run",
    (op) => (request, context) => {
      const packets = request.objects("packets").map((packet) => {
        const bytes = packet.hex("hex");
        bytes[arcBlockAt(bytes)] &= ~QUALITY_BITS;
        return { ...packet.raw, hex: toHex(bytes) };
      });
      return op(asking(request, { packets }), context);
    },
  ),
  opsMutant(
    {
      id: "arcrtp/forgery-is-reference",
      broken: "takes packets for its reference before they are authenticated",
      breaks: ["ARC-RTP-reduced-expand-first", "ARC-RTP-reduced-reference"],
    },
    "reduced.receive",
    (op) => (request, context) => {
      const units = request.objects("units").map((unit) => unit.without("authentic").raw);
      return op(asking(request, { units }), context);
    },
  ),
  opsMutant(
    {
      id: "arcrtp/guesses-context",
      broken: "takes a context that it does not know for the only one it does",
      breaks: ["ARC-RTP-reduced-no-context", "ARC-RTP-reduced-context"],
    },
    "reduced.receive",
    (op) => (request, context) => {
      const [only] = request.objects("contexts");
      if (only === undefined) return op(request, context);
      const contexts = Array.from({ length: 8 }, (_, context_id) => ({ ...only.raw, context_id }));
      return op(asking(request, { contexts }), context);
    },
  ),
];

export const HEADER_MUTANTS: readonly Mutant[] = [...FULL, ...EXTENSIONS, ...REDUCED];

/** The engine's packets have rules of their own, and plain RTP has no Arc block. */
function isOther(request: Fields): boolean {
  return request.textOr("dialect", "arcrtc-1.0") !== "arcrtc-1.0" || request.flag("plain");
}
