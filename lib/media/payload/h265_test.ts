import assert from "node:assert/strict";
import { parseHex, toHex } from "../../base/bytes.ts";
import { type Fault, unwrap } from "../../base/parsed.ts";
import { DELTA_FRAME, DISPOSABLE_FRAME, KEY_FRAME, videoFrame } from "../frame.ts";
import { classifyH265, isH265Keyframe, makeH265Depacketizer, makeH265Packetizer } from "./h265.ts";
import { packetsOf, receive, receiveHex } from "./testing/pipe.ts";

const bytes = (hex: string) => unwrap(parseHex(hex.replaceAll(" ", "")));

function send(accessUnit: string, maxPayloadBytes: number): string[] {
  const data = bytes(accessUnit);
  const packets = packetsOf(makeH265Packetizer(), [videoFrame(data, 0, 0, classifyH265(data))], maxPayloadBytes);
  return packets.map((packet) => toHex(packet.payload) + (packet.marker ? "!" : ""));
}

Deno.test("ARC-MEDIA-h265: NAL units travel alone, in an AP and in FUs, the marker on the last", () => {
  assert.deepEqual(send("00000001 2601 2233", 5), ["26012233!"]);
  // AP: type 48; FU: type 49, the NAL unit's own type 19 with start and end bits.
  assert.deepEqual(send("00000001 4601 11 000001 2601 22", 20), ["6001" + "0003460111" + "0003260122!"]);
  assert.deepEqual(send("00000001 2601 1122334455", 5), ["6201931122", "6201133344", "62015355!"]);
});

Deno.test("ARC-MEDIA-h265: an AP has the lowest layer and temporal id of its NAL units, and F when any has it", () => {
  assert.deepEqual(send("00000001 029b 11 000001 028a 22", 20), ["60" + "8a" + "0003029b11" + "0003028a22!"]);
  assert.deepEqual(send("00000001 0301 11 000001 0302 22", 20), ["61" + "01" + "0003030111" + "0003030222!"]);
  assert.deepEqual(send("00000001 8201 11 000001 0202 22", 20), ["e0" + "01" + "0003820111" + "0003020222!"]);
});

Deno.test("ARC-MEDIA-h265: the three payload forms give the access unit in canonical Annex B", () => {
  const [frame] = receiveHex(
    makeH265Depacketizer(),
    "6001 0003 460150 0003 40010c 0004 42010101",
    "4401c1",
    "6201 93 1122",
    "6201 13",
    "6201 53 33",
    "4e0105",
  );
  assert.equal(
    toHex(frame.data),
    "00000001460150" + "0000000140010c" + "0000000142010101" + "000000014401c1" + "0000012601112233" + "0000014e0105",
  );
  assert.equal(frame.keyframe, true);
  assert.equal(frame.complete, true);
});

Deno.test("H.265: malformed payloads are faults with a place, and cost the frame", () => {
  const cases: readonly [payloads: string[], reason: string, offset: number][] = [
    [["26"], "truncated", 1],
    [["6001"], "truncated", 2],
    [["6001 0001 26"], "bad_length", 2],
    [["6001 0003 2601"], "truncated", 6],
    [["6001 0002 6001"], "unknown_type", 4],
    [["6401 11"], "unknown_type", 0], // PACI
    [["6201"], "truncated", 2],
    [["6201 d3 11"], "bad_value", 2],
    [["6201 b1 11"], "unknown_type", 2],
    [["6201 13 11"], "bad_state", 2],
    [["6201 93 11", "6201 14 11"], "bad_state", 2],
    [["6201 93 11", "2601 11"], "bad_state", 0],
  ];
  for (const [payloads, reason, offset] of cases) {
    const faults: Fault[] = [];
    const depacketizer = makeH265Depacketizer();
    const packets = payloads.map((hex, i) => ({
      payload: bytes(hex),
      marker: i === payloads.length - 1,
      timestampTicks: 0,
      priority: 2 as const,
    }));
    assert.deepEqual(receive(depacketizer, packets, new Set(), faults), []);
    assert.deepEqual(faults.map((fault) => [fault.reason, fault.offset]), [[reason, offset]], `${payloads}`);
    assert.equal(depacketizer.stats.framesIncomplete, 1);
  }
});

Deno.test("H.265: what cannot be an access unit is refused before anything is sent", () => {
  const sink = { buffer: new Uint8Array(64), offsetBytes: 0, commit: () => assert.fail("committed") };
  const refuse = (hex: string, max = 64) => {
    const result = makeH265Packetizer().packetize(videoFrame(bytes(hex), 0, 0, DELTA_FRAME), max, sink);
    assert.ok(!result.ok);
    return result.fault.reason;
  };
  assert.equal(refuse("2601"), "bad_value");
  assert.equal(refuse("00000001 2601 000001 26"), "bad_length");
  assert.equal(refuse("00000001 6001 11"), "bad_value");
  assert.equal(refuse("00000001 2601 11", 3), "bad_length");
});

Deno.test("H.265: key frames are IDR, BLA and CRA pictures, disposable ones even types below 15", () => {
  for (const type of [16, 18, 19, 20, 21, 23]) {
    assert.equal(classifyH265(Uint8Array.of(0, 0, 1, type << 1, 1, 0x80)), KEY_FRAME, `${type}`);
  }
  for (const type of [0, 2, 8, 14]) {
    assert.equal(classifyH265(Uint8Array.of(0, 0, 1, type << 1, 1, 0x80)), DISPOSABLE_FRAME, `${type}`);
  }
  for (const type of [1, 9, 15, 24, 31]) {
    assert.equal(classifyH265(Uint8Array.of(0, 0, 1, type << 1, 1, 0x80)), DELTA_FRAME, `${type}`);
  }
  assert.equal(classifyH265(bytes("00000001 460150 00000001 40010c 000001 2601af")), KEY_FRAME);
  assert.equal(classifyH265(bytes("000001 000001 2601af")), KEY_FRAME);
  for (const payload of ["2601af", "4001", "4201 01", "620193 11", "6001 0003 460150 0003 2601af"]) {
    assert.equal(isH265Keyframe(bytes(payload)), payload !== "4001", payload);
  }
  for (const payload of ["", "0201af", "620181 11", "4401c1", "6001 0003 460150", "6001 ffff 2601"]) {
    assert.equal(isH265Keyframe(bytes(payload)), false, payload);
  }
});
