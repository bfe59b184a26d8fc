import assert from "node:assert/strict";
import engine from "../../../fixtures/armoricore/h264.json" with { type: "json" };
import { concatBytes, parseHex, toHex } from "../../base/bytes.ts";
import { type Fault, unwrap } from "../../base/parsed.ts";
import { DELTA_FRAME, DISPOSABLE_FRAME, KEY_FRAME, videoFrame } from "../frame.ts";
import { NalCursor } from "./annexb.ts";
import { classifyH264, isH264Keyframe, makeH264Depacketizer, makeH264Packetizer } from "./h264.ts";
import { packetsOf, receive, receiveHex } from "./testing/pipe.ts";

const bytes = (hex: string) => unwrap(parseHex(hex.replaceAll(" ", "")));

/** The payloads of one access unit, in hex; `!` marks the marker. */
function send(accessUnit: string, maxPayloadBytes: number): string[] {
  const data = bytes(accessUnit);
  const packets = packetsOf(makeH264Packetizer(), [videoFrame(data, 0, 0, classifyH264(data))], maxPayloadBytes);
  return packets.map((packet) => toHex(packet.payload) + (packet.marker ? "!" : ""));
}

function refusal(...payloads: string[]): Fault[] {
  const faults: Fault[] = [];
  const packets = payloads.map((hex, i) => ({
    payload: bytes(hex),
    marker: i === payloads.length - 1,
    timestampTicks: 0,
    priority: 2 as const,
  }));
  const depacketizer = makeH264Depacketizer();
  assert.deepEqual(receive(depacketizer, packets, new Set(), faults), []);
  assert.equal(depacketizer.stats.framesIncomplete, 1);
  return faults;
}

Deno.test("ARC-MEDIA-h264: NAL units travel alone, as STAP-A and as FU-A, the marker on the last", () => {
  // One that fits alone; two that fit together (NRI is the higher one's); one in three fragments.
  assert.deepEqual(send("00000001 6511223344", 5), ["6511223344!"]);
  assert.deepEqual(send("00000001 0911 000001 6511", 9), ["7800020911" + "00026511!"]);
  assert.deepEqual(send("00000001 65 112233445566 77", 5), ["7c85112233", "7c05445566", "7c4577!"]);
  assert.deepEqual(send("00000001 6711 00000001 6822 000001 65 1122334455", 9), [
    "7800026711" + "00026822",
    "651122334455!",
  ]);
});

Deno.test("ARC-MEDIA-h264: payloads of packetization-mode 1 give the access unit in canonical Annex B", () => {
  const [frame] = receiveHex(
    makeH264Depacketizer(),
    "78 0002 0910 0003 674200 0002 68ce",
    "06 0102",
    "7c 85 1122",
    "7c 05",
    "7c 45 33",
  );
  assert.equal(
    toHex(frame.data),
    "000000010910" + "00000001674200" + "0000000168ce" + "000001060102" + "00000165112233",
  );
  assert.equal(frame.keyframe, true);
  assert.equal(frame.priority, 1);
  assert.equal(frame.complete, true);
});

Deno.test("H.264: start codes of any length on the way in are canonical on the way out", () => {
  const packets = packetsOf(makeH264Packetizer(), [
    videoFrame(bytes("0000000001 6742 000001 68ce 00000001 0601 0000000001 6588 0000"), 0, 0, KEY_FRAME),
  ], 1200);
  const [frame] = receive(makeH264Depacketizer(), packets);
  assert.equal(toHex(frame.data), "000000016742" + "0000000168ce" + "0000010601" + "0000016588");
});

Deno.test("H.264: all fragments but the last are full, and none is empty", () => {
  for (let payloadBytes = 1; payloadBytes < 40; payloadBytes++) {
    const nal = concatBytes(Uint8Array.of(0, 0, 1, 0x65), new Uint8Array(payloadBytes).fill(7));
    const packets = packetsOf(makeH264Packetizer(), [videoFrame(nal, 0, 0, KEY_FRAME)], 9);
    const lengths = packets.map((packet) => packet.payload.length);
    assert.ok(lengths.slice(0, -1).every((length) => length === 9));
    assert.ok(packets.length === 1 || lengths[lengths.length - 1] > 2);
  }
});

Deno.test("H.264: a NAL unit above 65535 bytes is not aggregated, though the payload had room", () => {
  const large = new Uint8Array(70_000).fill(0x41);
  const data = concatBytes(bytes("00000001 0601 000001"), large, bytes("000001 0602"));
  const packets = packetsOf(makeH264Packetizer(), [videoFrame(data, 0, 0, DELTA_FRAME)], 100_000);
  assert.deepEqual(packets.map((packet) => packet.payload.length), [2, 70_000, 2]);
});

Deno.test("H.264: what cannot be an access unit is refused before anything is sent", () => {
  const sink = { buffer: new Uint8Array(64), offsetBytes: 0, commit: () => assert.fail("committed") };
  const refuse = (hex: string, max = 64) => {
    const result = makeH264Packetizer().packetize(videoFrame(bytes(hex), 0, 0, DELTA_FRAME), max, sink);
    assert.ok(!result.ok);
    return [result.fault.reason, result.fault.offset];
  };
  assert.deepEqual(refuse("6588"), ["bad_value", 0]);
  assert.deepEqual(refuse("00000001"), ["bad_length", 4]);
  assert.deepEqual(refuse("00000001 6588 000001 78aa"), ["bad_value", 9]);
  assert.deepEqual(refuse("00000001 0011"), ["bad_value", 4]);
  assert.deepEqual(refuse("00000001 6588", 2), ["bad_length", undefined]);
});

Deno.test("H.264: malformed payloads are faults with a place, and cost the frame", () => {
  const cases: readonly [payloads: string[], reason: string, offset: number | undefined][] = [
    [["00 11"], "unknown_type", 0],
    [["79 000165"], "unknown_type", 0], // STAP-B
    [["7d 85 11"], "unknown_type", 0], // FU-B
    [["78"], "truncated", 1],
    [["78 00"], "truncated", 2],
    [["78 0000"], "bad_length", 1],
    [["78 0002 65"], "truncated", 4],
    [["78 0001 65 00"], "truncated", 5],
    [["78 0001 78"], "unknown_type", 3],
    [["7c"], "truncated", 1],
    [["7c c5 11"], "bad_value", 1],
    [["7c 9c 11"], "unknown_type", 1],
    [["7c 05 11"], "bad_state", 1],
    [["7c 85 11", "7c 85 11"], "bad_state", 1],
    [["7c 85 11", "7c 41 11"], "bad_state", 1],
    [["7c 85 11", "65 11"], "bad_state", 0],
  ];
  for (const [payloads, reason, offset] of cases) {
    assert.deepEqual(
      refusal(...payloads).map((fault) => [fault.reason, fault.offset]),
      [[reason, offset]],
      `${payloads}`,
    );
  }
});

Deno.test("H.264: a fragment without its end costs the frame", () => {
  assert.deepEqual(refusal("7c 85 01 02"), []);
});

Deno.test("H.264: after a gap a frame is complete when it begins with a delimiter, or an SPS in streams without", () => {
  const complete = (before: string, after: string) => {
    const depacketizer = makeH264Depacketizer({ fromStart: true });
    depacketizer.push(bytes(before), true, 0, 0);
    depacketizer.push(bytes(after), true, 3000, 2);
    return depacketizer.poll()?.complete;
  };
  assert.equal(complete("4111", "4122"), false);
  assert.equal(complete("4111", "0911"), true);
  assert.equal(complete("4111", "6742"), true);
  assert.equal(complete("0911", "6742"), false);
  assert.equal(complete("0911", "0922"), true);
});

Deno.test("H.264: a fragment without beginning is a fault, but not where the beginning was lost", () => {
  const depacketizer = makeH264Depacketizer({ fromStart: true });
  const push = (hex: string, index: number) => depacketizer.push(bytes(hex), true, index * 3000, index)?.reason;
  assert.equal(push("7c 45 11", 0), "bad_state");
  assert.equal(push("7c 45 11", 2), undefined);
  assert.equal(push("7c 45 11", 3), "bad_state");
  assert.equal(push("41 11", 4), undefined);
  assert.equal(depacketizer.poll()?.complete, true);
  assert.equal(depacketizer.stats.framesIncomplete, 3);
});

Deno.test("H.264: without a marker, the next timestamp ends a frame", () => {
  const depacketizer = makeH264Depacketizer({ fromStart: true });
  depacketizer.push(bytes("4111"), false, 0, 0);
  assert.equal(depacketizer.poll(), undefined);
  depacketizer.push(bytes("4122"), true, 3000, 1);
  const frames = [depacketizer.poll(), depacketizer.poll()];
  assert.deepEqual(frames.map((frame) => frame && [toHex(frame.data), frame.timestampTicks, frame.complete]), [
    ["000000014111", 0, true],
    ["000000014122", 3000, true],
  ]);
});

Deno.test("H.264: without markers, the second frame after a loss is complete again", () => {
  const depacketizer = makeH264Depacketizer({ fromStart: true });
  const complete = [0, 2, 3, 4].map((index) => {
    depacketizer.push(bytes("4111"), false, index * 3000, index);
    return depacketizer.poll()?.complete;
  });
  assert.deepEqual(complete, [undefined, undefined, false, true]);
});

Deno.test("H.264: key frames are IDR pictures, disposable ones are not referred to", () => {
  assert.equal(classifyH264(bytes("00000001 0910 00000001 6742 000001 6588")), KEY_FRAME);
  assert.equal(classifyH264(bytes("00000001 4188")), DELTA_FRAME);
  assert.equal(classifyH264(bytes("00000001 0601 000001 0188")), DISPOSABLE_FRAME);
  assert.equal(classifyH264(bytes("00000001 6742")), DELTA_FRAME);
  assert.equal(classifyH264(new Uint8Array(0)), DELTA_FRAME);
  for (const payload of ["6588", "6742", "7c851122", "7c0511", "78 0002 0910 0002 6588"]) {
    assert.equal(isH264Keyframe(bytes(payload)), true, payload);
  }
  for (const payload of ["", "65", "4188", "0910", "7c8111", "78 0002 0910", "78 0002 0910 0002", "78ffff65"]) {
    assert.equal(isH264Keyframe(bytes(payload)), false, payload);
  }
});

// The engine's vectors: one NAL unit per call, RTP packets of 12 header bytes.

const RTP_HEADER_BYTES = 12;

function annexB(nal: string): Uint8Array {
  return bytes(`00000001${nal}`);
}

function nalUnits(accessUnit: Uint8Array): string[] {
  const cursor = new NalCursor();
  const nals: string[] = [];
  cursor.open(accessUnit);
  while (cursor.advance()) nals.push(toHex(accessUnit.subarray(cursor.start, cursor.end)));
  return nals;
}

/** Where the engine leaves RFC 6184, and we do not follow. */
const ENGINE_DIFFERS: Record<string, string> = {
  packetize_idr_empty_tail: "sends an empty last fragment when the NAL unit fills the others",
  packetize_fbit_set: "loses the F bit of a fragmented NAL unit",
  packetize_type24: "sends a NAL unit of type 24, which receivers take for a STAP-A",
  packetize_max2: "panics",
  depacketize_fu_b_29: "takes FU-B for FU-A",
  depacketize_startcode_in_payload: "accepts a start code in a payload",
};

Deno.test("H.264: the engine's packets are read, and ours are the same bytes, wherever it keeps to RFC 6184", () => {
  let compared = 0;
  for (const { id, nal, max_payload_size: max, result } of engine.cases) {
    if (nal === undefined || result?.rtp === undefined) continue;
    const packets = result.rtp.map((hex) => bytes(hex));
    const payloads = packets.map((packet) => packet.subarray(RTP_HEADER_BYTES));
    if (id !== "packetize_type24") {
      const [frame] = receive(
        makeH264Depacketizer(),
        payloads.map((payload, i) => ({ payload, marker: packets[i][1] >= 0x80, timestampTicks: 0, priority: 1 })),
      );
      assert.deepEqual(nalUnits(frame.data), result.depacketized, id);
    }
    if (id in ENGINE_DIFFERS) continue;
    const ours = packetsOf(makeH264Packetizer(), [videoFrame(annexB(nal), 0, 0, KEY_FRAME)], max);
    assert.deepEqual(ours.map((packet) => toHex(packet.payload)), payloads.map(toHex), id);
    assert.deepEqual(ours.map((packet) => packet.marker), packets.map((packet) => packet[1] >= 0x80), id);
    compared++;
  }
  assert.equal(compared, 3);
});

Deno.test("H.264: the engine's payloads come out as its NAL units, or are refused where it leaves RFC 6184", () => {
  let compared = 0;
  for (const { id, payloads, result } of engine.cases) {
    if (payloads === undefined) continue;
    const depacketizer = makeH264Depacketizer();
    const faults: Fault[] = [];
    const frames = receive(
      depacketizer,
      payloads.map((hex, i) => ({
        payload: bytes(hex),
        marker: i === payloads.length - 1,
        timestampTicks: 0,
        priority: 2,
      })),
      new Set(),
      faults,
    );
    const expected = id in ENGINE_DIFFERS ? [] : (result?.nals ?? []).map((nal) => nal.data);
    assert.deepEqual(frames.flatMap((frame) => nalUnits(frame.data)), expected, id);
    assert.equal(faults.length > 0, id in ENGINE_DIFFERS || result?.error !== undefined, id);
    compared++;
  }
  assert.equal(compared, 5);
});

Deno.test("H.264: where the engine leaves RFC 6184 we send what the RFC says", () => {
  const differing = engine.cases.filter(({ id, nal }) => nal !== undefined && id in ENGINE_DIFFERS);
  for (const { id, nal, max_payload_size: max } of differing) {
    const sink = { buffer: new Uint8Array(200), offsetBytes: 0, commit() {} };
    const result = makeH264Packetizer().packetize(videoFrame(annexB(nal ?? ""), 0, 0, KEY_FRAME), max ?? 0, sink);
    if (id === "packetize_type24" || id === "packetize_max2") {
      assert.equal(result.ok, false, id);
      continue;
    }
    const packets = packetsOf(makeH264Packetizer(), [videoFrame(annexB(nal ?? ""), 0, 0, KEY_FRAME)], max ?? 0);
    assert.deepEqual(nalUnits(receive(makeH264Depacketizer(), packets)[0].data), [nal], id);
  }
  assert.equal(differing.length, 4);
});
