/** SPEC clauses 2.1 and 5.7: what a packetizer says of its frames, and what a depacketizer does without a fragment. */
import type { Case } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";

export const CASES: readonly Case[] = [
  {
    id: "media/priority",
    requirements: ["ARC-RTP-priority-values"],
    title: "PR is 0 for audio, 1 for key frames, 2 for delta frames and 3 for disposable ones",
    needs: "ops",
    checks: () =>
      ([
        ["opus", OPUS, 0],
        ["g722", "5a".repeat(160), 0],
        ["h264", "0000000165010203", 1],
        ["h264", "0000000141010203", 2],
        ["h264", "0000000101010203", 3],
        ["h265", "000000012601aabb", 1],
        ["h265", "000000010201aabb", 2],
        ["vp9", VP9_KEY_FRAME, 1],
        ["av1", AV1_UNIT, 1],
      ] as const).map(([codec, data, priority]) => ({
        name: `${codec} ${data.slice(0, 12)}`,
        request: cut(codec, 1132, [data]),
        ...answersWith(`priority ${priority}`, ({ packets }) => {
          const got = entries(packets).map((packet) => packet.priority);
          return got.length > 0 && got.every((each) => each === priority) ? undefined : `the priorities are ${got}`;
        }),
      })),
  },
  {
    id: "media/h264-loss",
    requirements: ["ARC-MEDIA-h264"],
    title: "A frame of H.264 without one of its fragments does not come out, the next one does",
    needs: "ops",
    checks: () => [{
      name: "the middle is missing",
      request: {
        op: "payload.depacketize",
        codec: "h264",
        packets: [
          { payload: "7c85010203", marker: false, timestamp: 0, sequence_number: 65535 },
          { payload: "7c45040506", marker: true, timestamp: 0, sequence_number: 1 },
          { payload: "65070809", marker: true, timestamp: 3000, sequence_number: 2 },
        ],
      },
      ...answersWith("the second frame alone", ({ frames }) => {
        const got = entries(frames).map(({ data }) => data).join();
        return got === "0000000165070809" ? undefined : `got ${got}`;
      }),
    }],
  },
];

/** 20 ms of Opus: CELT, one frame. */
const OPUS = "f80102030405";
/** A key frame of profile 0, 160 x 90: its uncompressed header, then 290 bytes of noughts and ones. */
const VP9_KEY_FRAME = "824983420009f0059018" + "a5".repeat(290);
/** A temporal delimiter, a sequence header and a key frame, each with its size. */
const AV1_UNIT = "1200" + "0a0a00000002a7c2f3ca0d10" + `32ac02${"10" + "a5".repeat(299)}`;

function cut(codec: string, mtu: number, data: readonly string[]) {
  const frames = data.map((each, i) => ({ data: each, timestamp: 3000 * i }));
  return { op: "payload.packetize", codec, mtu, frames };
}

function entries(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
