import assert from "node:assert/strict";
import { concatBytes, parseHex, toHex } from "../../base/bytes.ts";
import { type Fault, unwrap } from "../../base/parsed.ts";
import { DELTA_FRAME, KEY_FRAME, type MediaFrame, videoFrame } from "../frame.ts";
import { isAv1Keyframe, makeAv1Depacketizer } from "./av1_depacketizer.ts";
import { Av1Packetizer } from "./av1_packetizer.ts";
import { classifyAv1 } from "./obu.ts";
import { obu } from "./testing/frames.ts";
import { packetsOf, receive, receiveHex } from "./testing/pipe.ts";

const bytes = (hex: string) => unwrap(parseHex(hex.replaceAll(" ", "")));
const frameOf = (data: Uint8Array): MediaFrame => videoFrame(data, 0, 0, classifyAv1(data));

/** The payloads of one temporal unit, in hex. */
function send(temporalUnit: string, maxPayloadBytes: number): string[] {
  return packetsOf(new Av1Packetizer(), [frameOf(bytes(temporalUnit))], maxPayloadBytes).map(({ payload }) =>
    toHex(payload)
  );
}

Deno.test("ARC-MEDIA-av1: OBUs travel without delimiter and size fields, W counts them, N begins a sequence", () => {
  // Delimiter, sequence header (3 bytes), frame (4 bytes): W=2, N; the last element has no length.
  assert.deepEqual(send("1200 0a03000011 3204 10112233", 100), ["28" + "04" + "08000011" + "30" + "10112233"]);
  // A delta frame.
  assert.deepEqual(send("1200 3204 30112233", 100), ["10" + "30" + "30112233"]);
});

Deno.test("ARC-MEDIA-av1: an OBU that does not fit is cut: Y where it goes on, Z where it continues, N once", () => {
  assert.deepEqual(send("1200 0a03000011 3209 10 1122334455667788", 8), [
    "18" + "08000011",
    "50" + "30101122334455",
    "90" + "667788",
  ]);
  assert.deepEqual(send("1200 0a03000011 3209 10 1122334455667788", 14), [
    "68" + "04" + "08000011" + "3010112233445566".slice(0, 16),
    "90" + "7788",
  ]);
});

Deno.test("ARC-MEDIA-av1: at most three OBUs share a packet, and only those of one layer", () => {
  assert.deepEqual(send("1200 2a0101 2a0102 2a0103 2a0104", 100), ["30" + "022801" + "022802" + "2803", "10" + "2804"]);
  const layered = concatBytes(
    bytes("1200"),
    obu(6, bytes("3001"), 0, 0x00),
    obu(5, bytes("aa")),
    obu(6, bytes("3002"), 0, 0x08),
  );
  assert.deepEqual(packetsOf(new Av1Packetizer(), [frameOf(layered)], 100).map(({ payload }) => toHex(payload)), [
    "20" + "04" + "34003001" + "28aa",
    "10" + "34083002",
  ]);
});

Deno.test("ARC-MEDIA-av1: any W, with delimiters and tile lists to ignore, gives the temporal unit with its delimiter", () => {
  const expected = "1200" + "0a03000011" + "320410112233";
  for (
    const payloads of [
      ["28 04 08000011 30 10112233"],
      ["08 04 08000011 05 30 10112233"],
      ["18 08000011", "10 30 10112233"],
      ["38 0110 04 08000011 30 10112233"],
      ["38 04 08000011 02 40ff 30 10112233"],
      ["68 04 08000011 30 10", "d0 11", "90 2233"],
      ["48 04 08000011 02 30 10", "80 03 112233"],
    ]
  ) {
    const [frame] = receiveHex(makeAv1Depacketizer(), ...payloads);
    assert.equal(toHex(frame.data), expected, `${payloads}`);
    assert.deepEqual([frame.keyframe, frame.complete], [true, true]);
  }
});

Deno.test("AV1: size fields that are not the shortest come through, and those that are missing come out shortest", () => {
  const padded = concatBytes(bytes("1200"), obu(1, bytes("000011"), 4), obu(6, new Uint8Array(300).fill(0x10), 8));
  for (const maxPayloadBytes of [12, 50, 1200]) {
    const [frame] = receive(
      makeAv1Depacketizer(),
      packetsOf(new Av1Packetizer(), [frameOf(padded)], maxPayloadBytes),
    );
    assert.equal(toHex(frame.data), toHex(padded));
  }
  const unsized = concatBytes(bytes("1200 30"), new Uint8Array(200).fill(0x30));
  const [frame] = receive(makeAv1Depacketizer(), packetsOf(new Av1Packetizer(), [frameOf(unsized)], 60));
  assert.equal(toHex(frame.data), "120032c801" + "30".repeat(200));
});

Deno.test("AV1: a temporal unit without delimiter gets one", () => {
  const [frame] = receive(makeAv1Depacketizer(), packetsOf(new Av1Packetizer(), [frameOf(bytes("320230ff"))], 60));
  assert.equal(toHex(frame.data), "1200320230ff");
});

Deno.test("ARC-MEDIA-av1: tile lists stay behind", () => {
  assert.deepEqual(send("1200 42021122 320230ff", 100), ["10" + "3030ff"]);
});

Deno.test("AV1: what is no temporal unit is refused before anything is sent", () => {
  const sink = { buffer: new Uint8Array(64), offsetBytes: 0, commit: () => assert.fail("committed") };
  const refuse = (hex: string) => {
    const result = new Av1Packetizer().packetize(videoFrame(bytes(hex), 0, 0, DELTA_FRAME), 64, sink);
    assert.ok(!result.ok);
    return [result.fault.reason, result.fault.offset];
  };
  assert.deepEqual(refuse("1200"), ["bad_length", 2]);
  assert.deepEqual(refuse("1200 3203 30"), ["bad_value", 3]);
  assert.deepEqual(refuse("1200 b2 01 30"), ["bad_value", 2]);
  assert.deepEqual(refuse("1200 320130 1200"), ["bad_value", 5]);
  assert.deepEqual(refuse("36"), ["bad_value", 0]);
  assert.deepEqual(refuse("32 80"), ["bad_value", 1]);
});

Deno.test("AV1: malformed payloads are faults with a place, and cost the frame", () => {
  const cases: readonly [payloads: string[], reason: string, offset: number][] = [
    [["10"], "truncated", 1],
    [["98 30"], "bad_value", 0],
    [["90 30"], "bad_state", 0],
    [["50 3010", "10 3010"], "bad_state", 0],
    [["20 05 30"], "truncated", 3],
    [["20 01 30"], "truncated", 3],
    [["00 00"], "bad_length", 1],
    [["00 80"], "bad_length", 1],
    [["00 ffffffffff 30"], "bad_length", 1],
    [["10 b0 10"], "bad_value", 1],
    [["10 34"], "bad_value", 1],
    [["10 32 05 10"], "bad_value", 1],
    [["10 32 00 10"], "bad_value", 1],
  ];
  for (const [payloads, reason, offset] of cases) {
    const faults: Fault[] = [];
    const depacketizer = makeAv1Depacketizer();
    const packets = payloads.map((hex, i) => ({
      payload: bytes(hex),
      marker: i === payloads.length - 1,
      timestampTicks: 0,
      priority: 2 as const,
    }));
    assert.deepEqual(receive(depacketizer, packets, new Set(), faults), [], `${payloads}`);
    assert.deepEqual(faults.map((fault) => [fault.reason, fault.offset]), [[reason, offset]], `${payloads}`);
    assert.equal(depacketizer.stats.framesIncomplete, 1);
  }
});

Deno.test("AV1: after a loss only a new sequence proves a frame's start", () => {
  const depacketizer = makeAv1Depacketizer({ fromStart: true });
  const complete = (hex: string, index: number) => {
    depacketizer.push(bytes(hex), true, index * 3000, index);
    return depacketizer.poll()?.complete;
  };
  assert.equal(complete("10 30 30ff", 0), true);
  assert.equal(complete("10 30 30ff", 2), false);
  assert.equal(complete("10 30 30ff", 3), true);
  assert.equal(complete("28 04 08000011 30 10112233", 5), true);
  assert.equal(complete("90 30", 7), undefined);
});

Deno.test("AV1: a key frame has a sequence header and a shown key frame; N shows it in the payload", () => {
  assert.equal(classifyAv1(bytes("1200 0a03000011 320110")), KEY_FRAME);
  assert.equal(classifyAv1(bytes("1200 0a03000011 1a0110")), KEY_FRAME);
  assert.equal(classifyAv1(bytes("1200 0a03180011 320100")), KEY_FRAME); // reduced_still_picture_header
  assert.equal(classifyAv1(bytes("1200 320110")), DELTA_FRAME);
  assert.equal(classifyAv1(bytes("1200 0a03000011 320100")), DELTA_FRAME); // not shown
  assert.equal(classifyAv1(bytes("1200 0a03000011 320130")), DELTA_FRAME); // inter frame
  assert.equal(classifyAv1(bytes("1200 0a03000011 1a0190")), DELTA_FRAME); // shows an existing frame
  assert.equal(classifyAv1(bytes("1200 0a03000011 3200")), DELTA_FRAME);
  assert.equal(classifyAv1(new Uint8Array(0)), DELTA_FRAME);
  assert.equal(isAv1Keyframe(bytes("18 0811")), true);
  for (const payload of ["", "18", "10 0811", "98 0811"]) assert.equal(isAv1Keyframe(bytes(payload)), false, payload);
});
