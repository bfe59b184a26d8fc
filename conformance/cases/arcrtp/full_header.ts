/** SPEC clause 2.1: the full header, its Arc block and its padding. */
import { below } from "../../../lib/base/rng.ts";
import { toHex } from "../../../lib/base/bytes.ts";
import type { Case, Check } from "../../case.ts";
import { answers, answersWith, refuses } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { isJson } from "../../testee/answer.ts";
import { vectorCase } from "../../vector_case.ts";

/** V=2, PT 96, sequence number 1, timestamp 1, SSRC 1. */
const RTP = "806000010000000100000001";

export const CASES: readonly Case[] = [
  vectorCase("arcrtp/version", "ARC-RTP-version", "rtp.parse", "A version other than 2 is malformed"),
  vectorCase("arcrtp/version-written", "ARC-RTP-version", "rtp.write", "No packet of another version is written"),
  vectorCase(
    "arcrtp/version-protected",
    "ARC-RTP-version",
    "srtp.receive",
    "A protected packet of another version too",
  ),
  vectorCase(
    "arcrtp/minimum-length",
    "ARC-RTP-minimum-length",
    "rtp.parse",
    "A packet of 15 bytes is malformed, one of 16 is read with an empty payload",
  ),
  vectorCase("arcrtp/minimum-length-written", "ARC-RTP-minimum-length", "rtp.write", "The least packet has 16 bytes"),
  {
    id: "arcrtp/truncated-anywhere",
    requirements: ["ARC-RTP-own-fields-length", "ARC-RTP-minimum-length"],
    title: "A packet with CSRCs, an extension and a loss byte is malformed wherever its header is cut",
    needs: "ops",
    checks: () => {
      const header = `936000010000000100000001${"00000002".repeat(3)}bede000110aa0000${"0003006414"}`;
      return Array.from({ length: header.length / 2 }, (_, bytes) => ({
        name: `${bytes} bytes`,
        request: { op: "rtp.parse", hex: header.slice(0, 2 * bytes) },
        ...refuses(),
      }));
    },
  },
  vectorCase(
    "arcrtp/own-fields-length",
    "ARC-RTP-own-fields-length",
    "rtp.parse",
    "A packet shorter than its CC, X, extension length or loss flag call for is malformed",
  ),
  vectorCase(
    "arcrtp/own-fields-length-written",
    "ARC-RTP-own-fields-length",
    "rtp.write",
    "What is written is as long as its own fields say",
  ),
  vectorCase(
    "arcrtp/own-fields-length-stripped",
    "ARC-RTP-own-fields-length",
    "rtp.strip",
    "A short packet cannot be stripped of its Arc block",
  ),
  vectorCase(
    "arcrtp/own-fields-length-protected",
    "ARC-RTP-own-fields-length",
    "srtp.protect",
    "A short packet is not protected",
  ),
  vectorCase("arcrtp/arc-block", "ARC-RTP-arc-block", "rtp.parse", "The Arc block is behind CSRCs and extension"),
  vectorCase("arcrtp/arc-block-written", "ARC-RTP-arc-block", "rtp.write", "The Arc block is written there"),
  vectorCase("arcrtp/arc-block-strip", "ARC-RTP-arc-block-strip", "rtp.strip", "Without the Arc block it is plain RTP"),
  vectorCase(
    "arcrtp/field-order",
    "ARC-RTP-field-order",
    "rtp.parse",
    "Q, PR and K are the upper bits of the first byte",
  ),
  {
    id: "arcrtp/field-order-all",
    requirements: ["ARC-RTP-field-order"],
    title: "All 64 combinations of Q, PR and K are read from their bits",
    needs: "ops",
    checks: () =>
      Array.from({ length: 64 }, (_, bits) => ({
        name: `first byte ${hex8(bits << 2)}`,
        request: { op: "rtp.parse", hex: `${RTP}${hex8(bits << 2)}000000` },
        ...arcHas({ quality: bits >> 4, priority: (bits >> 2) & 3, key_phase: bits & 3 }),
      })),
  },
  vectorCase("arcrtp/quality-field", "ARC-RTP-quality-field", "rtp.parse", "Q is read as the index of a rung, 0 to 3"),
  vectorCase("arcrtp/priority-values", "ARC-RTP-priority-values", "rtp.parse", "PR is read as 0 to 3"),
  vectorCase("arcrtp/key-phase-field", "ARC-RTP-key-phase-field", "rtp.parse", "K is read as 0 to 3"),
  vectorCase("arcrtp/key-phase-chosen", "ARC-RTP-key-phase-field", "rotation.receive", "K chooses the epoch's keys"),
  vectorCase("arcrtp/reserved-zero", "ARC-RTP-reserved-zero", "rtp.write", "Reserved bits and flags are written as 0"),
  vectorCase("arcrtp/reserved-ignored", "ARC-RTP-reserved-ignored", "rtp.parse", "Reserved bits and flags are ignored"),
  {
    id: "arcrtp/reserved-ignored-all",
    requirements: ["ARC-RTP-reserved-ignored"],
    title: "Each reserved bit by itself, and all together, leave the other fields as they are",
    needs: "ops",
    checks: () =>
      ["01", "02", "03"].flatMap((low) =>
        ["00", "04", "08", "10", "20", "40", "80", "fc"].map((flags) => ({
          name: `bits ${low}, flags ${flags}`,
          request: { op: "rtp.parse", hex: `${RTP}${low}${flags}0000aa` },
          ...answersWith("quality, priority and key phase 0, no loss byte, payload aa", ({ arc, payload }) => {
            if (payload !== "aa") return `the payload is ${payload}`;
            return findWrong(arc, { quality: 0, priority: 0, key_phase: 0, bandwidth_kbps: null, loss_tenths: null });
          }),
        }))
      ),
  },
  vectorCase("arcrtp/bandwidth-flag", "ARC-RTP-bandwidth-flag", "rtp.parse", "Bandwidth counts only with its flag"),
  vectorCase(
    "arcrtp/bandwidth-flag-written",
    "ARC-RTP-bandwidth-flag",
    "rtp.write",
    "Without bandwidth a 0 is written",
  ),
  vectorCase("arcrtp/loss-byte", "ARC-RTP-loss-byte", "rtp.parse", "The loss byte is there exactly with its flag"),
  vectorCase("arcrtp/loss-byte-written", "ARC-RTP-loss-byte", "rtp.write", "The loss byte is written with its flag"),
  vectorCase("arcrtp/loss-unit", "ARC-RTP-loss-unit", "rtp.parse", "Loss is read in tenths of a percent"),
  vectorCase("arcrtp/loss-unit-written", "ARC-RTP-loss-unit", "rtp.write", "Loss is written in tenths of a percent"),
  vectorCase("arcrtp/padding-count", "ARC-RTP-padding-count", "rtp.parse", "A count of 0 or beyond the payload is bad"),
  vectorCase(
    "arcrtp/padding-count-written",
    "ARC-RTP-padding-count",
    "rtp.write",
    "No bad count of padding is written",
  ),
  vectorCase("arcrtp/padding-count-protected", "ARC-RTP-padding-count", "srtp.receive", "It is judged once decrypted"),
  {
    id: "arcrtp/padding-count-all",
    requirements: ["ARC-RTP-padding-count"],
    title: "Of all 256 counts of padding in a payload of ten bytes, 1 to 10 are good",
    needs: "ops",
    checks: () =>
      Array.from({ length: 256 }, (_, count) => ({
        name: `count ${count}`,
        request: { op: "rtp.parse", hex: `a0${RTP.slice(2)}00000000${"aa".repeat(9)}${hex8(count)}` },
        ...(count >= 1 && count <= 10 ? answersWith("a packet", () => undefined) : refuses("bad_padding")),
      })),
  },
  vectorCase(
    "arcrtp/padding-inside-ciphertext",
    "ARC-RTP-padding-inside-ciphertext",
    "srtp.protect",
    "Padding is encrypted with the payload",
  ),
  vectorCase(
    "arcrtp/padding-after-unprotecting",
    "ARC-RTP-padding-inside-ciphertext",
    "srtp.receive",
    "Padding is judged after unprotecting, not before",
  ),
  vectorCase(
    "arcrtp/payload-types-excluded",
    "ARC-RTP-payload-types-excluded",
    "rtp.parse",
    "Payload types 64 to 95 are malformed, their neighbours are not",
  ),
  vectorCase(
    "arcrtp/payload-types-excluded-written",
    "ARC-RTP-payload-types-excluded",
    "rtp.write",
    "No packet with a payload type in 64 to 95 is written",
  ),
  vectorCase(
    "arcrtp/payload-types-excluded-protected",
    "ARC-RTP-payload-types-excluded",
    "srtp.protect",
    "No packet with a payload type in 64 to 95 is protected",
  ),
  vectorCase(
    "arcrtp/payload-types-excluded-received",
    "ARC-RTP-payload-types-excluded",
    "srtp.receive",
    "No packet with a payload type in 64 to 95 is unprotected",
  ),
  {
    id: "arcrtp/payload-types-all",
    requirements: ["ARC-RTP-payload-types-excluded"],
    title: "All 128 payload types are judged rightly, without the marker",
    needs: "ops",
    checks: () =>
      Array.from({ length: 128 }, (_, type) => ({
        name: `payload type ${type}`,
        request: { op: "rtp.parse", hex: `80${hex8(type)}${RTP.slice(4)}00000000` },
        ...(type >= 64 && type <= 95 ? refuses() : answersWith("a packet", () => undefined)),
      })),
  },
  vectorCase("arcrtp/round-trip", "ARC-RTP-round-trip", "rtp.write", "Fields that were read give their own bytes"),
  {
    id: "arcrtp/round-trip-random",
    requirements: ["ARC-RTP-round-trip"],
    title: "60 random packets are read, and what was read is written back to the same bytes",
    needs: "ops",
    checks: ({ rng }) =>
      Array.from({ length: 60 }, (_, i) => {
        const hex = randomPacket((limit) => below(rng, limit));
        return roundTrip(`packet ${i + 1}`, hex);
      }),
  },
];

function roundTrip(name: string, hex: string): Check {
  return {
    name,
    request: { op: "rtp.parse", hex },
    ...answersWith("a packet", () => undefined),
    then: (fields) => [{ name: `${name} written`, request: { op: "rtp.write", ...fields }, ...answers({ hex }) }],
  };
}

/** A valid packet with everything that it may have, or not. */
function randomPacket(below: (limit: number) => number): string {
  const bytes = (count: number) => toHex(Uint8Array.from({ length: count }, () => below(256)));
  const csrcs = below(16);
  const words = below(4);
  const hasExtension = below(2) === 1;
  const padding = below(3) === 0 ? 1 + below(20) : 0;
  const [hasBandwidth, hasLoss] = [below(2), below(2)];
  const first = 0x80 | (padding > 0 ? 0x20 : 0) | (hasExtension ? 0x10 : 0) | csrcs;
  const type = below(2) === 0 ? below(64) : 96 + below(32);
  // With the marker a payload type below 96 reads as RTCP in part; the demultiplexer's case, not this one's.
  const marker = type >= 96 && below(2) === 1 ? 0x80 : 0;
  const extension = hasExtension ? `bede${words.toString(16).padStart(4, "0")}${bytes(4 * words)}` : "";
  const arc = hex8(below(64) << 2) + hex8(hasBandwidth | (hasLoss << 1)) +
    (hasBandwidth === 1 ? bytes(2) : "0000") + (hasLoss === 1 ? bytes(1) : "");
  const tail = padding === 0 ? "" : "00".repeat(padding - 1) + hex8(padding);
  return hex8(first) + hex8(marker | type) + bytes(10) + bytes(4 * csrcs) + extension + arc + bytes(below(50)) + tail;
}

/** The Arc block has these fields among its own. */
function arcHas(fields: Json) {
  return answersWith(`an Arc block with ${JSON.stringify(fields)}`, ({ arc }) => findWrong(arc, fields));
}

function findWrong(arc: unknown, fields: Json): string | undefined {
  if (!isJson(arc)) return "there is no Arc block";
  const name = Object.keys(fields).find((name) => arc[name] !== fields[name]);
  return name === undefined
    ? undefined
    : `${name} is ${JSON.stringify(arc[name])}, not ${JSON.stringify(fields[name])}`;
}

function hex8(value: number): string {
  return value.toString(16).padStart(2, "0");
}
