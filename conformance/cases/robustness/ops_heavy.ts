/** SPEC ARC-ROBUST-time for a library under test: units of allowed size that a careless reader takes long for. */
import { toHex, utf8, writeU16 } from "../../../lib/base/bytes.ts";
import { FMT_NACK, FMT_TRANSPORT_FEEDBACK, PT_BYE, PT_RTPFB, PT_SDES } from "../../../lib/packet/rtcp/header.ts";
import { MIN_SEALED_BYTES } from "../../../lib/crypto/seal.ts";
import type { Case, Check } from "../../case.ts";
import { vectorsOf } from "../../vector_case.ts";
import { at, script, sent } from "../signaling/script.ts";
import { ANNA, BEN, T } from "../signaling/script.ts";
import { said } from "../messages.ts";
import { heavyTexts } from "./malformed.ts";
import { withVectors } from "./between_vectors.ts";
import { having, hexList, oneVerdict } from "./verdict.ts";

const RTCP_BYTES = 1220;
/** Packets of one jitter buffer, or of one stream of frames. */
const MANY = 3000;

export const CASES: readonly Case[] = [
  {
    id: "robustness/heavy-messages",
    requirements: ["ARC-ROBUST-time"],
    title: "Messages of allowed size are judged in time: nested, of many keys, of long numbers, escapes and lists",
    needs: "ops",
    checks: () =>
      withVectors("signaling.parse", [
        ...Object.entries(heavyTexts()).map(([name, json]) => {
          const request = { op: "signaling.parse", json };
          return { name, request, ...oneVerdict(having("message"), request) };
        }),
        ...Object.entries(notUtf8()).map(([name, bytes]) => {
          const request = { op: "signaling.parse", hex: toHex(bytes) };
          return { name, request, ...oneVerdict(having("message"), request) };
        }),
      ]),
  },
  {
    id: "robustness/heavy-messages-served",
    requirements: ["ARC-ROBUST-time", "ARC-ROBUST-connection"],
    title: "A server deals with heavy messages of one peer in time, and serves another",
    needs: "ops",
    checks: () => {
      const heavy = Object.values(heavyTexts()).map((json, i) => ({ at_ms: 10 + 100 * i, json, from: "a" }));
      return [script(
        "one after the other",
        {
          role: "server",
          inputs: [
            at(0, said("HEARTBEAT", ANNA, T, { sequence: 1 }), "a"),
            ...heavy,
            at(10_000, said("HEARTBEAT", BEN, T + 10_000, { sequence: 2 }), "b"),
          ],
        },
        sent("HEARTBEAT", { peer_id: BEN.peerId }, { to: "a" }),
      )];
    },
  },
  {
    id: "robustness/heavy-rtcp",
    requirements: ["ARC-ROBUST-time"],
    title: "Compounds that announce much in few bytes are judged in time",
    needs: "ops",
    checks: () =>
      withVectors(
        "rtcp.parse",
        Object.entries(heavyRtcp()).map(([name, unit]) => {
          const request = { op: "rtcp.parse", hex: toHex(unit) };
          return { name, request, ...oneVerdict(having("packets"), request) };
        }),
      ),
  },
  {
    id: "robustness/heavy-sealed",
    requirements: ["ARC-ROBUST-time"],
    title: "Sealed units with counters far apart are judged in time",
    needs: "ops",
    checks: () => {
      const [{ fields }] = vectorsOf("seal.receive", "arcrtc-1.0");
      const units = Array.from({ length: MANY }, (_, i) => {
        const unit = new Uint8Array(MIN_SEALED_BYTES + 2).fill(0x20);
        unit.set([0x7b, 0x7d, 0x20, 0x20, 0]);
        writeU16(unit, unit.length - 22, (i * 40_503) & 0xffff);
        return toHex(unit);
      });
      const request = { op: "seal.receive", ...fields, units };
      return withVectors("seal.receive", [{
        name: `${MANY} of them`,
        request,
        ...oneVerdict(having("results"), request),
      }]);
    },
  },
  {
    id: "robustness/heavy-stream",
    requirements: ["ARC-ROBUST-time"],
    title: "A stream that comes byte by byte is read in time, and so is one of the smallest units",
    needs: "ops",
    checks: () => {
      const large = `fde8${"5a".repeat(65_000)}`;
      const requests = {
        "one unit byte by byte": { op: "frame.read", chunks: large.match(/../g) },
        "units of one byte at once": { op: "frame.read", chunks: ["000100".repeat(20_000)] },
      };
      return withVectors(
        "frame.read",
        Object.entries(requests).map(([name, request]) => ({
          name,
          request,
          ...oneVerdict(hexList("units"), request),
        })),
      );
    },
  },
  {
    id: "robustness/heavy-jumps",
    requirements: ["ARC-ROBUST-time"],
    title: "Sequence numbers that jump by half their range are played or dropped in time",
    needs: "ops",
    checks: ({ rng }) =>
      [32_767, 32_768, 16_001].map((step): Check => {
        const packets = Array.from({ length: MANY }, (_, i) => ({
          arrival_ms: 1000 + i,
          sequence_number: (i * step) & 0xffff,
          timestamp: rng.u32(),
          clock_rate: 48_000,
        }));
        const request = { op: "jitter.run", packets };
        return { name: `steps of ${step}`, request, ...oneVerdict(having("playout", "dropped"), request) };
      }),
  },
];

function notUtf8(): Readonly<Record<string, Uint8Array>> {
  const inText = (byte: number) =>
    Uint8Array.of(...utf8('{"type":"'), ...new Uint8Array(60_000).fill(byte), ...utf8('"}'));
  return {
    "continuation bytes without a beginning": inText(0x80),
    "beginnings without continuation": inText(0xf0),
    "bytes that UTF-8 does not have": inText(0xff),
    "zeros": inText(0),
  };
}

function heavyRtcp(): Readonly<Record<string, Uint8Array>> {
  const words = RTCP_BYTES / 4;
  /** One packet that fills the unit. */
  const whole = (count: number, packetType: number, fill: (unit: Uint8Array) => void) => {
    const unit = new Uint8Array(RTCP_BYTES);
    unit.set([0x80 | count, packetType]);
    writeU16(unit, 2, words - 1);
    fill(unit);
    return unit;
  };
  const each = (packetType: number, count: number) =>
    Uint8Array.from({ length: RTCP_BYTES }, (_, i) => [0x80 | count, packetType, 0, 0][i % 4]);
  return {
    "three hundred packets of a word": each(207, 0),
    "three hundred goodbyes to nobody": each(PT_BYE, 0),
    "feedback of runs of 8191 lost": whole(FMT_TRANSPORT_FEEDBACK, PT_RTPFB, (unit) => {
      writeU16(unit, 14, 0xffff);
      for (let at = 20; at + 1 < unit.length; at += 2) writeU16(unit, at, 0x1fff);
    }),
    "feedback of runs of 8191 received": whole(FMT_TRANSPORT_FEEDBACK, PT_RTPFB, (unit) => {
      writeU16(unit, 14, 0xffff);
      for (let at = 20; at + 1 < unit.length; at += 2) writeU16(unit, at, 0x3fff);
    }),
    "feedback of runs of none": whole(FMT_TRANSPORT_FEEDBACK, PT_RTPFB, (unit) => writeU16(unit, 14, 0xffff)),
    "three hundred NACKs of seventeen": whole(FMT_NACK, PT_RTPFB, (unit) => unit.fill(0xff, 12)),
    "items of no length": whole(31, PT_SDES, (unit) => {
      for (let at = 8; at < unit.length; at += 2) unit[at] = 1;
    }),
  };
}
