/** SPEC clause 11.1: single packets across the bridge to WebRTC. */
import type { Rng } from "../../../lib/base/rng.ts";
import type { Case, Check } from "../../case.ts";
import { answersWith, refuses } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { vectorCase } from "../../vector_case.ts";
import { anyShape, becomes, becomesOne, hexOf, oneByte, packet, type Shape, toArc, toRtp } from "./packets.ts";

const OPUS_RTP = 111;
const OPUS_ARC = 96;
const VP9_RTP = 98;

/** Q, PR and K of every value, bandwidth, loss. */
const BLOCKS = [
  ["nothing but Q", "c0000000"],
  ["PR and K", "3c000000"],
  ["a bandwidth", "10010bb8"],
  ["a loss", "000200000c"],
  ["both", "540300640c"],
  ["reserved bits", "03fc0000"],
] as const;

const SHAPES: readonly (readonly [string, Omit<Shape, "payloadType">])[] = [
  ["a payload", { payload: "0102030405" }],
  ["no payload", {}],
  ["the marker", { marker: true, payload: "01" }],
  ["padding", { padding: true, payload: "0102000003" }],
  ["padding alone", { padding: true, payload: "00000003" }],
  ["15 CSRCs", { csrc: Array.from({ length: 15 }, (_, i) => i + 1), payload: "01" }],
];

export const CASES: readonly Case[] = [
  vectorCase("bridge/to-rtp", "ARC-BRIDGE-to-rtp", "bridge.arcrtp_to_rtp", "ArcRTP without its block is RTP"),
  vectorCase("bridge/from-rtp", "ARC-BRIDGE-from-rtp", "bridge.rtp_to_arcrtp", "RTP with a block is ArcRTP"),
  {
    id: "bridge/to-rtp-block",
    requirements: ["ARC-BRIDGE-to-rtp"],
    title: "The Arc block is taken out, with its loss byte, and only the payload type is another",
    needs: "ops",
    checks: () =>
      BLOCKS.flatMap(([what, block]) =>
        SHAPES.map(([shape, fields]) => fromArc(`${what}, ${shape}`, { payloadType: 0, ...fields }, block))
      ),
  },
  {
    id: "bridge/to-rtp-random",
    requirements: ["ARC-BRIDGE-to-rtp"],
    title: "Whatever stands in header, CSRCs, payload and padding comes out as it was",
    needs: "ops",
    checks: ({ rng }) => Array.from({ length: 40 }, (_, i) => fromArc(`packet ${i}`, anyShape(rng, 0), anyBlock(rng))),
  },
  {
    id: "bridge/to-rtp-refused",
    requirements: ["ARC-BRIDGE-to-rtp"],
    title: "A packet without a whole Arc block, or that is malformed otherwise, does not become RTP",
    needs: "ops",
    checks: () =>
      ([
        ["no block", packet({ payloadType: OPUS_ARC })],
        ["three bytes of a block", packet({ payloadType: OPUS_ARC, block: "000000" })],
        ["no loss byte", packet({ payloadType: OPUS_ARC, block: "00020000" })],
        ["version 1", packet({ payloadType: OPUS_ARC, block: "00000000", payload: "01" }).replace(/^8/, "4")],
        ["a padding of 0", packet({ payloadType: OPUS_ARC, block: "00000000", padding: true, payload: "0100" })],
        [
          "more padding than payload",
          packet({ payloadType: OPUS_ARC, block: "00000000", padding: true, payload: "03" }),
        ],
        ["an extension beyond the end", packet({ payloadType: OPUS_ARC, extension: "bede0100", block: "00000000" })],
        ["nothing", ""],
      ] as const).map(([name, hex]) => ({ name, request: toRtp(hex), ...refuses() })),
  },
  {
    id: "bridge/lost-fields",
    requirements: ["ARC-BRIDGE-lost-fields"],
    title: "Q, PR and K are named as lost, bandwidth and loss where the packet has them",
    needs: "ops",
    checks: () =>
      ([
        ["neither", "00000000", ALWAYS],
        ["a bandwidth field that does not count", "00000064", ALWAYS],
        ["a bandwidth", "00010064", [...ALWAYS, "bandwidth_kbps"]],
        ["a loss", "000200000c", [...ALWAYS, "loss_tenths"]],
        ["both", "000300640c", [...ALWAYS, "bandwidth_kbps", "loss_tenths"]],
      ] as const).map(([name, block, due]) =>
        losing(name, packet({ payloadType: OPUS_ARC, block, payload: "01" }), due)
      ),
  },
  {
    id: "bridge/lost-elements",
    requirements: ["ARC-BRIDGE-lost-fields"],
    title: "An element of the header extension that is left out is named as lost, one that passes is not",
    needs: "ops",
    checks: () =>
      ([
        ["both pass", oneByte("1:aabbcc", "2:0102"), ALWAYS],
        ["one is left out", oneByte("1:aabbcc", "5:01"), [...ALWAYS, "extension_header"]],
        ["all of another profile", "0100000101020304", [...ALWAYS, "extension_header"]],
      ] as const).map(([name, extension, due]) =>
        losing(name, packet({ payloadType: OPUS_ARC, extension, block: "00000000", payload: "01" }), due)
      ),
  },
  {
    id: "bridge/from-rtp-audio",
    requirements: ["ARC-BRIDGE-from-rtp"],
    title: "Audio gets a block of zeros, behind CSRCs and in front of the payload, and keeps all else",
    needs: "ops",
    checks: ({ rng }) => [
      ...SHAPES.map(([name, fields]) => intoArc(name, { payloadType: 0, ...fields })),
      ...Array.from({ length: 30 }, (_, i) => intoArc(`packet ${i}`, anyShape(rng, 0))),
    ],
  },
  {
    id: "bridge/from-rtp-key-frames",
    requirements: ["ARC-BRIDGE-from-rtp"],
    title: "A payload that begins a key frame gets PR 1, one of a delta frame PR 2, in each codec",
    needs: "ops",
    checks: () =>
      FIRST_PAYLOADS.map(([codec, what, payload, priority]) =>
        becomesOne(
          `${codec}: ${what}`,
          toArc(packet({ payloadType: VP9_RTP, payload }), mapOf(codec, "video")),
          `Q 0, PR ${priority}, K 0, no flags`,
          ({ arc }) => {
            const got = `Q ${arc?.quality}, PR ${arc?.priority}, K ${arc?.keyPhase}, flags ${arc?.flags}`;
            return got === `Q 0, PR ${priority}, K 0, flags 0` ? undefined : got;
          },
        )
      ),
  },
  {
    id: "bridge/from-rtp-whole-frames",
    requirements: ["ARC-BRIDGE-from-rtp"],
    title: "All packets of a key frame get PR 1, also those whose payload does not show it; the next frame does not",
    needs: "ops",
    checks: () =>
      WHOLE_FRAMES.map(([codec, payloads]) => ({
        name: codec,
        request: {
          op: "bridge.rtp_to_arcrtp",
          map: mapOf(codec, "video"),
          packets: payloads.map((payload, i) =>
            packet({ payloadType: VP9_RTP, sequence: i, timestamp: i < 3 ? 90_000 : 93_000, payload })
          ),
        },
        ...answersWith("PR 1 three times, then 2", ({ results }) => {
          const got = list(results).map(({ hex }) => (parseInt(String(hex).slice(24, 26), 16) >> 4) & 3).join(" ");
          return got === "1 1 1 2" ? undefined : `PR is ${got}`;
        }),
      })),
  },
  {
    id: "bridge/from-rtp-opaque",
    requirements: ["ARC-BRIDGE-from-rtp"],
    title: "A codec that nobody can look into gets PR 0 as audio and 2 as video",
    needs: "ops",
    checks: () =>
      ([["audio", 0], ["video", 2]] as const).map(([kind, priority]) =>
        becomesOne(
          kind,
          toArc(packet({ payloadType: VP9_RTP, payload: "6588840a" }), mapOf("x-lidar", kind)),
          `PR ${priority}`,
          ({ arc }) => arc?.priority === priority ? undefined : `PR is ${arc?.priority}`,
        )
      ),
  },
  {
    id: "bridge/from-rtp-refused",
    requirements: ["ARC-BRIDGE-from-rtp"],
    title: "A packet that is no RTP does not become ArcRTP",
    needs: "ops",
    checks: () =>
      ([
        ["eleven bytes", packet({ payloadType: OPUS_RTP }).slice(0, 22)],
        ["version 0", packet({ payloadType: OPUS_RTP, payload: "01" }).replace(/^8/, "0")],
        ["CSRCs beyond the end", packet({ payloadType: OPUS_RTP }).replace(/^80/, "8f")],
        ["a padding of 0", packet({ payloadType: OPUS_RTP, padding: true, payload: "00" })],
        ["padding without payload", packet({ payloadType: OPUS_RTP, padding: true })],
      ] as const).map(([name, hex]) => ({ name, request: toArc(hex), ...refuses() })),
  },
];

const ALWAYS = ["quality", "priority", "key_phase"] as const;

/** A VP9 frame header: marker, profile 0, a key frame that is shown, its sync code. */
const VP9_INTRA = "82498342";

/** Codec, what the payload is, the payload, and its PR. */
const FIRST_PAYLOADS: readonly (readonly [string, string, string, number])[] = [
  ["vp9", "the beginning of an intra frame", `8805${VP9_INTRA}`, 1],
  ["vp9", "the beginning of a predicted frame", "c805aaaaaa", 2],
  ["vp9", "the middle of a frame", "8005aaaaaa", 2],
  ["h264", "an IDR slice", "65888400", 1],
  ["h264", "a slice of another picture", "41888400", 2],
  ["h264", "the first fragment of an IDR slice", "7c85888400", 1],
  ["h264", "a fragment of another slice", "7c81888400", 2],
  ["h264", "SPS and PPS in one packet", "7800046742e01f000268ce", 1],
  ["h265", "an IDR slice", "2601af", 1],
  ["h265", "a trailing picture", "0201af", 2],
  ["h265", "the first fragment of an IDR slice", "620193af", 1],
  ["av1", "a new sequence", "180a0b000000", 1],
  ["av1", "a frame of the same sequence", "1032001122", 2],
];

/** Three packets of one key frame, then one of a delta frame. */
const WHOLE_FRAMES: readonly (readonly [string, readonly string[]])[] = [
  ["vp9", [`8805${VP9_INTRA}`, "8005aaaa", "8405aaaa", "cc0686aaaa"]],
  ["h264", ["6742e01f", "68ce3c80", "7c05888400", "41888400"]],
  ["av1", ["580a0b000000", "90aaaa", "80aaaa", "1032001122"]],
];

/** A packet of `shape` with `block` on the ArcRTP side, without it on the other. */
function fromArc(name: string, shape: Shape, block: string): Check {
  const rtp = packet({ ...shape, payloadType: OPUS_RTP });
  return becomes(name, toRtp(packet({ ...shape, payloadType: OPUS_ARC, block })), rtp);
}

function intoArc(name: string, shape: Shape): Check {
  const arc = packet({ ...shape, payloadType: OPUS_ARC, block: "00000000" });
  return becomes(name, toArc(packet({ ...shape, payloadType: OPUS_RTP })), arc);
}

function anyBlock(rng: Rng): string {
  const flags = rng.u32() & 3;
  return hexOf(rng.u32() & 0xfc, 1) + hexOf(flags, 1) + hexOf(rng.u32() & 0xffff, 2) +
    ((flags & 2) === 0 ? "" : hexOf(rng.u32() & 0xff, 1));
}

function losing(name: string, hex: string, due: readonly string[]): Check {
  const sorted = [...due].sort().join(" ");
  return {
    name,
    request: toRtp(hex),
    ...answersWith(`lost: ${sorted}`, ({ lost }) => {
      const got = Array.isArray(lost) ? [...lost].sort().join(" ") : String(lost);
      return got === sorted ? undefined : `lost: ${got}`;
    }),
  };
}

function mapOf(codec: string, kind: string): Json {
  return { payload_types: [{ rtp: VP9_RTP, arcrtp: 45, codec, kind }] };
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
