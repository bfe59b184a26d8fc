import assert from "node:assert/strict";
import { ask, freshTestee, type Row, testRows } from "../testing.ts";

const cut = (codec: string, mtu: number, ...frames: readonly object[]) => ({
  op: "payload.packetize",
  codec,
  mtu,
  frames,
});
const join = (codec: string, ...packets: readonly object[]) => ({ op: "payload.depacketize", codec, packets });

/** An access unit: an IDR slice of seven bytes behind its start code. */
const IDR = "0000000165010203040506";

const ROWS: readonly Row[] = [
  {
    name: "a custom codec: one frame, one packet",
    request: cut("x-lidar.v2", 100, { data: "0102", timestamp: 9 }, { data: "03", timestamp: 10, keyframe: true }),
    answer: {
      ok: {
        packets: [
          { payload: "0102", marker: true, timestamp: 9, priority: 2 },
          { payload: "03", marker: true, timestamp: 10, priority: 1 },
        ],
      },
    },
  },
  {
    name: "a custom codec is never cut",
    request: cut("x-lidar.v2", 1, { data: "01", timestamp: 0 }, { data: "0102", timestamp: 9 }),
    answer: { fault: { reason: "too_large", path: "$.frames[1].data" } },
  },
  {
    name: "H.264: a NAL unit that fits travels as it is",
    request: cut("h264", 1200, { data: IDR, timestamp: 5 }),
    answer: { ok: { packets: [{ payload: "65010203040506", marker: true, timestamp: 5, priority: 1 }] } },
  },
  {
    name: "H.264: one that does not is cut into FU-A",
    request: cut("h264", 5, { data: IDR, timestamp: 5 }),
    answer: {
      ok: {
        packets: [
          { payload: "7c85010203", marker: false, timestamp: 5, priority: 1 },
          { payload: "7c45040506", marker: true, timestamp: 5, priority: 1 },
        ],
      },
    },
  },
  {
    name: "H.264: and put together again",
    request: join(
      "h264",
      { payload: "7c85010203", marker: false, timestamp: 5 },
      { payload: "7c45040506", marker: true, timestamp: 5 },
    ),
    answer: { ok: { frames: [{ data: IDR, timestamp: 5, keyframe: true }] } },
  },
  {
    name: "H.264: without the middle of it there is no frame",
    request: join(
      "h264",
      { payload: "7c85010203", marker: false, timestamp: 5, sequence_number: 65535 },
      { payload: "7c45040506", marker: true, timestamp: 5, sequence_number: 1 },
      { payload: "65010203040506", marker: true, timestamp: 6, sequence_number: 2 },
    ),
    answer: { ok: { frames: [{ data: IDR, timestamp: 6, keyframe: true }] } },
  },
  {
    name: "more packets than a line could hold",
    request: cut("h264", 1, { data: "00".repeat(16_385), timestamp: 0 }),
    answer: { fault: { reason: "too_large", path: "$.frames[0].data" } },
  },
  {
    name: "an mtu of 0",
    request: cut("h264", 0),
    answer: { error: "$.mtu must be an integer in 1..65535" },
  },
];

testRows("payload", ROWS);

Deno.test("payload.depacketize: what is refused is listed and counted", () => {
  const testee = freshTestee();
  const answer = ask(testee, join("h264", { payload: "7c", marker: true, timestamp: 0 }));
  const { frames, refused } = answer.ok as {
    frames: unknown[];
    refused: { packet: number; fault: { reason: string } }[];
  };
  assert.deepEqual(frames, []);
  assert.deepEqual(refused.map(({ packet }) => packet), [0]);
  assert.deepEqual(ask(testee, { op: "stats" }), { ok: { [refused[0].fault.reason]: 1 } });
});
