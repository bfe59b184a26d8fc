/** SPEC clause 5.7: payload types, and how each codec is put into packets. */
import type { Case, Check, OpsCase } from "../../case.ts";
import { answersWith, refuses } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { STREAM } from "../../vectors/party.ts";
import { streamStart } from "../messages.ts";
import { ANNA, at, callee, refused, sent, T } from "./script.ts";

const VP9_KEY = `82${"aa".repeat(20)}`;
const VP9_DELTA = `86${"aa".repeat(20)}`;
const NAL = "00000001";

export const CASES: readonly Case[] = [
  {
    id: "media/default-payload-types",
    requirements: ["ARC-MEDIA-default-payload-types"],
    title: "Each codec of the table is taken without payload type and clock rate; another is not",
    needs: "ops",
    checks: () => {
      const audio = ["opus", "g722", "aac", "pcm"].map((name) => [name, audioBlock(name)] as const);
      const video = ["vp9", "h264", "av1", "h265"].map((name) => [name, videoBlock(name)] as const);
      return [
        ...[...audio, ...video].map(([name, fields]) =>
          callee(name, [at(50, streamStart(ANNA, T, fields))], sent("ACK", { in_reply_to: { type: "STREAM_START" } }))
        ),
        callee(
          "x-lidar",
          [at(50, streamStart(ANNA, T, audioBlock("x-lidar")))],
          refused("bad_message", "STREAM_START"),
        ),
      ];
    },
  },
  {
    id: "media/both-payload-types",
    requirements: ["ARC-MEDIA-both-payload-types"],
    title: "A stream of both media is one of two SSRCs, of which no other stream may have either",
    needs: "ops",
    checks: () => {
      const codec = { ...audioBlock("opus").codec, ...videoBlock("vp9").codec };
      const both = at(50, streamStart(ANNA, T, { stream_type: "both", codec, ssrc: 500 }));
      const other = (ssrc: number) =>
        at(100, streamStart(ANNA, T + 100, { stream_id: STREAM.replace(/^./, "a"), ssrc }));
      return [
        callee("its audio's", [both, other(500)], refused("bad_state", "STREAM_START", { fromMs: 100 })),
        callee("its video's", [both, other(501)], refused("bad_state", "STREAM_START", { fromMs: 100 })),
        callee("the next", [both, other(502)], sent("ACK", {}, { fromMs: 100 })),
      ];
    },
  },
  codecCase("opus", "ARC-MEDIA-opus", "One Opus packet is one payload, as it is, and never cut", [
    packed("opus", 1200, ["78aabb", "78cc"], ["78aabb", "78cc"]),
    packed("opus", 1200, ["f8"], ["f8"]),
    uncut("opus", 2, "78aabb"),
  ]),
  codecCase("g722", "ARC-MEDIA-g722", "G.722 octets are the payload, and its clock counts one for each", [
    packed("g722", 1200, ["aa".repeat(160)], ["aa".repeat(160)]),
    {
      ...cut("g722, 20 ms in two packets", "g722", 80, ["ab".repeat(160)]),
      ...payloads("two packets of 80 ticks", (packets) => {
        const [first, second] = packets.map(({ timestamp }) => Number(timestamp));
        return packets.length === 2 && second - first === 80 ? undefined : `they are at ${first} and ${second}`;
      }),
    },
  ]),
  codecCase("aac", "ARC-MEDIA-aac", "An AU header section of 16 bits, 13 of size and 3 of index, is before the frame", [
    packed("aac", 1200, ["0102030405"], ["001000280102030405"]),
    packed("aac", 1200, ["ff".repeat(300)], [`00100960${"ff".repeat(300)}`]),
    {
      ...cut("aac, a frame that does not fit", "aac", 6, ["0102030405"]),
      ...payloads("fragments that tell the size of the whole, the last with the marker", (packets) => {
        const texts = packets.map(({ payload, marker }) => `${payload}${marker ? "!" : ""}`).join(" ");
        return texts === "001000280102 001000280304 0010002805!" ? undefined : `they are ${texts}`;
      }),
    },
  ]),
  codecCase(
    "pcm",
    "ARC-MEDIA-pcm",
    "Samples are 16 bits in network byte order, channels interleaved, whole in each packet",
    [
      packed("pcm", 1200, ["0001fffe7fff8000"], ["0001fffe7fff8000"], { clock_rate: 8000, channels: 1 }),
      {
        ...cut("pcm, stereo in packets of at most 10 bytes", "pcm", 10, ["000100020003000400050006"], {
          clock_rate: 8000,
          channels: 2,
        }),
        ...payloads("whole frames of two samples", (packets) => {
          const isWhole = packets.every(({ payload }) => String(payload).length % 8 === 0);
          const joined = packets.map(({ payload }) => payload).join("");
          return isWhole && joined === "000100020003000400050006" ? undefined : `they are ${JSON.stringify(packets)}`;
        }),
      },
    ],
  ),
  codecCase(
    "vp9",
    "ARC-MEDIA-vp9",
    "A descriptor of RFC 9628 is before each part: picture id, begin, end, and P between key frames",
    [
      {
        ...cut("vp9, a key frame", "vp9", 1200, [VP9_KEY]),
        ...payloads("one descriptor with B and E, without P", ([packet]) => descriptor(packet, 0x0c, 0x4c)),
      },
      {
        ...cut("vp9, a key frame that is cut", "vp9", 12, [VP9_KEY]),
        ...payloads(
          "B on the first and E on the last alone",
          (packets) =>
            descriptor(packets[0], 0x08, 0x4c) ?? descriptor(packets[1], 0x00, 0x4c) ??
              descriptor(packets.at(-1), 0x04, 0x4c),
        ),
      },
      {
        ...cut("vp9, a frame that depends on others", "vp9", 1200, [VP9_DELTA]),
        ...payloads("P", ([packet]) => descriptor(packet, 0x4c, 0x4c)),
      },
      joined("vp9", 12, [VP9_KEY, VP9_DELTA]),
    ],
  ),
  codecCase("h264", "ARC-MEDIA-h264", "A NAL unit travels alone, in a STAP-A with others, or in FU-A", [
    packed("h264", 1200, [`${NAL}65010203040506`], ["65010203040506"]),
    {
      ...cut("h264, cut", "h264", 5, [`${NAL}65010203040506`]),
      ...payloads("FU-A with start and end, NRI and type of the unit", (packets) => {
        const texts = packets.map(({ payload }) => payload).join(" ");
        return texts === "7c85010203 7c45040506" ? undefined : `they are ${texts}`;
      }),
    },
    joined("h264", 1200, [`${NAL}67010203${NAL}680a${NAL}65010203040506`]),
    joined("h264", 5, [`${NAL}65010203040506`, `${NAL}41010203040506070809`]),
  ]),
  codecCase("av1", "ARC-MEDIA-av1", "OBUs without sizes are behind an aggregation header; Z and Y join fragments", [
    {
      ...cut("av1, cut", "av1", 8, ["320a0102030405060708090a"]),
      ...payloads("Y, then Z, W of one element, and no size in the OBU header", (packets) => {
        const texts = packets.map(({ payload }) => payload).join(" ");
        return texts === "5030010203040506 900708090a" ? undefined : `they are ${texts}`;
      }),
    },
    joined("av1", 8, ["12000a0b00000024c4ffdf3ffbff1032050102030405"]),
    joined("av1", 1200, ["120032050102030405", "120032050504030201"]),
  ]),
  codecCase("h265", "ARC-MEDIA-h265", "A NAL unit with its header of two bytes travels alone, or in FUs of type 49", [
    packed("h265", 1200, [`${NAL}260101020304050607`], ["260101020304050607"]),
    {
      ...cut("h265, cut", "h265", 6, [`${NAL}260101020304050607`]),
      ...payloads("FUs with start and end and the unit's type", (packets) => {
        const texts = packets.map(({ payload }) => payload).join(" ");
        return texts === "620193010203 620113040506 62015307" ? undefined : `they are ${texts}`;
      }),
    },
    joined("h265", 6, [`${NAL}260101020304050607`]),
  ]),
  codecCase(
    "opaque",
    "ARC-MEDIA-opaque",
    "A codec of another name is one frame in one packet, as it is, and never cut",
    [
      packed("x-lidar.v2", 1200, ["0102", "03"], ["0102", "03"]),
      packed("x", 1232, ["ff".repeat(1200)], ["ff".repeat(1200)]),
      uncut("x-lidar.v2", 1, "0102"),
    ],
  ),
];

function audioBlock(name: string) {
  return { codec: { audio: { name, bitrate: 64_000, sample_rate: 48_000, channels: 2 } } };
}

function videoBlock(name: string) {
  return { stream_type: "video", codec: { video: { name, bitrate: 64_000, width: 320, height: 180, fps: 30 } } };
}

function codecCase(name: string, requirement: string, title: string, checks: readonly Check[]): OpsCase {
  return { id: `media/${name}`, requirements: [requirement], title, needs: "ops", checks: () => checks };
}

function cut(name: string, codec: string, mtu: number, frames: readonly string[], params: Json = {}) {
  const timed = frames.map((data, i) => ({ data, timestamp: 3000 * i }));
  return { name, request: { op: "payload.packetize", codec, mtu, frames: timed, ...params } };
}

/** Packetized to exactly these payloads, and put together again to the frames. */
function packed(
  codec: string,
  mtu: number,
  frames: readonly string[],
  due: readonly string[],
  params: Json = {},
): Check {
  return {
    ...cut(`${codec}, ${frames.length} of ${frames[0].length / 2} bytes`, codec, mtu, frames, params),
    ...payloads(due.length === 1 ? "one payload" : `${due.length} payloads`, (packets) => {
      const got = packets.map(({ payload }) => payload).join(" ");
      return got === due.join(" ") ? undefined : `they are ${got}`;
    }),
    then: ({ packets }) => [restored(codec, mtu, packets, frames, params)],
  };
}

/** Packetized however, in payloads that fit, and put together again. */
function joined(codec: string, mtu: number, frames: readonly string[]): Check {
  return {
    ...cut(`${codec}, ${frames.length} of ${frames[0].length / 2} bytes in ${mtu}, there`, codec, mtu, frames),
    ...payloads(`payloads of at most ${mtu} bytes, a marker a frame`, (packets) => {
      const long = packets.find(({ payload }) => String(payload).length > 2 * mtu);
      if (long !== undefined) return `one is ${long.payload}`;
      const markers = packets.filter(({ marker }) => marker === true).length;
      return markers === frames.length ? undefined : `${markers} markers for ${frames.length} frames`;
    }),
    then: ({ packets }) => [restored(codec, mtu, packets, frames, {})],
  };
}

function restored(codec: string, mtu: number, packets: unknown, frames: readonly string[], params: Json): Check {
  return {
    name: `${codec}, ${frames.length} of ${frames[0].length / 2} bytes in ${mtu}, and back`,
    request: { op: "payload.depacketize", codec, packets, ...params },
    ...answersWith("the same frames", ({ frames: got }) => {
      const texts = Array.isArray(got) ? got.filter(isJson).map(({ data }) => data).join(" ") : "";
      return shortCodes(texts) === shortCodes(frames.join(" ")) ? undefined : `they are ${texts}`;
    }),
  };
}

/** Annex B lets a NAL unit begin with three bytes or four: the same to every decoder. */
function shortCodes(hex: string): string {
  return hex.replaceAll(NAL, NAL.slice(2));
}

/** A frame that does not fit is refused rather than cut. */
function uncut(codec: string, mtu: number, frame: string): Check {
  return { ...cut(`${codec}, too large for ${mtu}`, codec, mtu, [frame]), ...refuses() };
}

function payloads(expected: string, judge: (packets: readonly Json[]) => string | undefined) {
  return answersWith(expected, ({ packets }) => {
    return Array.isArray(packets) && packets.every(isJson) ? judge(packets) : "there are no packets";
  });
}

/** The bits of the first byte of a VP9 payload under the mask; the picture id of 15 bits is there too. */
function descriptor(packet: Json | undefined, bits: number, mask: number): string | undefined {
  const payload = String(packet?.payload);
  const first = parseInt(payload.slice(0, 2), 16);
  return (first & mask) === bits ? undefined : `the payload is ${payload}`;
}
