/** Opus, AAC, G.722, PCM and opaque payloads. */
import assert from "node:assert/strict";
import { concatBytes, parseHex, toHex } from "../../base/bytes.ts";
import { type Fault, unwrap } from "../../base/parsed.ts";
import { audioFrame, DELTA_FRAME, type MediaFrame, videoFrame } from "../frame.ts";
import { AacDepacketizer, AacPacketizer } from "./aac.ts";
import { makeG722Depacketizer, makeG722Packetizer } from "./g722.ts";
import { makeOpaqueDepacketizer, OpaquePacketizer } from "./opaque.ts";
import { makeOpusDepacketizer, opusDurationTicks, OpusPacketizer } from "./opus.ts";
import type { Depacketizer } from "./payload_format.ts";
import { makePcmDepacketizer, makePcmPacketizer } from "./pcm.ts";
import { type Packet, packetsOf, receive, receiveHex } from "./testing/pipe.ts";

const bytes = (hex: string) => unwrap(parseHex(hex.replaceAll(" ", "")));

function refusal(depacketizer: Depacketizer, ...payloads: string[]): (string | number | undefined)[][] {
  const faults: Fault[] = [];
  const packets = payloads.map((hex, i): Packet => ({
    payload: bytes(hex),
    marker: i === payloads.length - 1,
    timestampTicks: 0,
    priority: 0,
  }));
  assert.deepEqual(receive(depacketizer, packets, new Set(), faults), []);
  assert.equal(depacketizer.stats.framesIncomplete, 1);
  return faults.map((fault) => [fault.reason, fault.offset]);
}

Deno.test("ARC-MEDIA-opus: an Opus packet is the payload of one RTP packet, never cut", () => {
  const packet = bytes("78 0102030405");
  const [sent] = packetsOf(new OpusPacketizer(), [audioFrame(packet, 960, 960)], 6);
  assert.equal(toHex(sent.payload), toHex(packet));
  assert.deepEqual([sent.timestampTicks, sent.priority], [960, 0]);
  const sink = { buffer: new Uint8Array(9), offsetBytes: 0, commit: () => assert.fail("committed") };
  const cut = new OpusPacketizer().packetize(audioFrame(packet, 0, 960), 5, sink);
  assert.equal(!cut.ok && cut.fault.reason, "too_large");
  const [frame] = receive(makeOpusDepacketizer(), [sent]);
  assert.deepEqual([toHex(frame.data), frame.durationTicks, frame.keyframe], [toHex(packet), 960, true]);
});

Deno.test("Opus: the first bytes say how long a packet plays", () => {
  const ms = (hex: string) => opusDurationTicks(bytes(hex)) / 48;
  assert.deepEqual(["00", "08", "10", "18"].map(ms), [10, 20, 40, 60]); // SILK
  assert.deepEqual(["60", "68", "70", "78"].map(ms), [10, 20, 10, 20]); // hybrid
  assert.deepEqual(["80", "88", "90", "98", "f8"].map(ms), [2.5, 5, 10, 20, 20]); // CELT
  assert.deepEqual(["79", "7a", "7b06", "7bc6"].map(ms), [40, 40, 120, 120]); // 2, 2, 6, 6 frames
  assert.deepEqual(["", "7b", "7b00", "7b07", "1b03"].map(ms), [0, 0, 0, 0, 0]); // no count, none, over 120 ms
});

Deno.test("audio: the marker is set where a talkspurt begins", () => {
  const markers = (frames: MediaFrame[]) => packetsOf(new OpusPacketizer(), frames, 100).map((packet) => packet.marker);
  const at = (ticks: number, durationTicks: number) => audioFrame(bytes("78"), ticks, durationTicks);
  assert.deepEqual(markers([at(0, 960), at(960, 960), at(9600, 960), at(10560, 960)]), [true, false, true, false]);
  // The duration comes from the packet where the frame does not know it.
  assert.deepEqual(markers([at(0, 0), at(960, 0), at(2880, 0)]), [true, false, true]);
  const unknown = audioFrame(bytes("7b"), 5, 0);
  assert.deepEqual(markers([unknown, unknown]), [true, false]);
});

Deno.test("ARC-MEDIA-aac: an access unit travels behind AU headers of 13 + 3 bits, whole or cut", () => {
  const unit = bytes("2110 0400 aabb");
  assert.deepEqual(packetsOf(new AacPacketizer(), [audioFrame(unit, 0, 1024)], 100).map((p) => toHex(p.payload)), [
    "0010" + "0030" + "21100400aabb",
  ]);
  const cut = packetsOf(new AacPacketizer(), [audioFrame(unit, 0, 1024)], 8);
  assert.deepEqual(cut.map((p) => [toHex(p.payload), p.marker]), [
    ["0010" + "0030" + "21100400", false],
    ["0010" + "0030" + "aabb", true],
  ]);
  const [frame] = receive(new AacDepacketizer(), cut);
  assert.deepEqual([toHex(frame.data), frame.durationTicks, frame.complete], [toHex(unit), 1024, true]);
});

Deno.test("ARC-MEDIA-aac: several access units in a packet are 1024 ticks apart, or as told", () => {
  const payload = "0030 0010 0008 0018  1111 22 333333";
  const read = (depacketizer: Depacketizer) =>
    receiveHex(depacketizer, payload).map((frame) => [toHex(frame.data), frame.timestampTicks, frame.durationTicks]);
  assert.deepEqual(read(new AacDepacketizer()), [["1111", 0, 1024], ["22", 1024, 1024], ["333333", 2048, 1024]]);
  assert.deepEqual(read(new AacDepacketizer(960)).map(([, ticks]) => ticks), [0, 960, 1920]);
});

Deno.test("AAC: 8191 bytes are the most that an access unit may have", () => {
  const largest = new Uint8Array(8191).fill(0x21);
  const packets = packetsOf(new AacPacketizer(), [audioFrame(largest, 0, 1024)], 1132);
  assert.equal(toHex(receive(new AacDepacketizer(), packets)[0].data), toHex(largest));
  const sink = { buffer: new Uint8Array(1200), offsetBytes: 0, commit: () => assert.fail("committed") };
  const larger = new AacPacketizer().packetize(audioFrame(new Uint8Array(8192), 0, 1024), 1132, sink);
  assert.equal(!larger.ok && larger.fault.reason, "too_large");
});

Deno.test("AAC: malformed payloads are faults with a place, and cost the frame", () => {
  const cases: readonly [payloads: string[], reason: string, offset: number][] = [
    [["00"], "truncated", 1],
    [["0010"], "truncated", 2],
    [["0010 00"], "truncated", 3],
    [["0000 11"], "bad_length", 0],
    [["000d 0010 1111"], "bad_length", 0],
    [["0010 0000"], "bad_length", 2],
    [["0010 0008 1122"], "bad_length", 5],
    [["0020 0010 0011 1111 2222"], "bad_value", 4],
    [["0020 0010 0010 1111 22"], "truncated", 9],
    [["0010 0020 1111", "0010 0028 2222"], "bad_length", 2],
    [["0010 0020 1111", "0010 0020 222222"], "bad_length", 2],
  ];
  for (const [payloads, reason, offset] of cases) {
    assert.deepEqual(refusal(new AacDepacketizer(), ...payloads), [[reason, offset]], `${payloads}`);
  }
});

Deno.test("AAC: a unit with a refused fragment is given up, even when the others add up to its size", () => {
  const fragments = ["0010 0020 1111", "0010 0028 2222", "0010 0020 3333"];
  assert.deepEqual(refusal(new AacDepacketizer(), ...fragments), [["bad_length", 2]]);
});

Deno.test("AAC: a lost fragment is seen by the size of the unit, whichever it was", () => {
  const packets = packetsOf(
    new AacPacketizer(),
    [audioFrame(new Uint8Array(50).fill(1), 0, 1024), audioFrame(new Uint8Array(50).fill(2), 1024, 1024)],
    24,
  );
  assert.equal(packets.length, 6);
  for (let lost = 0; lost < 6; lost++) {
    const depacketizer = new AacDepacketizer();
    const frames = receive(depacketizer, packets, new Set([lost]));
    assert.deepEqual(frames.map((frame) => frame.timestampTicks), lost === 5 ? [0] : [lost < 3 ? 1024 : 0], `${lost}`);
    assert.ok(frames.every((frame) => frame.data.length === 50));
  }
});

Deno.test("ARC-MEDIA-g722: a byte is a tick of the 8 kHz clock, 20 ms are 160 bytes", () => {
  const data = Uint8Array.from({ length: 400 }, (_, i) => i);
  const packets = packetsOf(makeG722Packetizer(), [audioFrame(data, 800, 400)], 1132);
  assert.deepEqual(packets.map((p) => [p.payload.length, p.timestampTicks, p.marker]), [
    [160, 800, true],
    [160, 960, false],
    [80, 1120, false],
  ]);
  const frames = receive(makeG722Depacketizer(), packets);
  assert.deepEqual(frames.map((frame) => frame.durationTicks), [160, 160, 80]);
  assert.equal(toHex(concatBytes(...frames.map((frame) => frame.data))), toHex(data));
});

Deno.test("ARC-MEDIA-pcm: samples stay in network order and whole, 20 ms to a packet, fewer where they do not fit", () => {
  const data = Uint8Array.from({ length: 4 * 1000 }, (_, i) => i >> 2);
  const packets = packetsOf(makePcmPacketizer(16000, 2), [audioFrame(data, 0, 1000)], 2000);
  assert.deepEqual(packets.map((p) => [p.payload.length, p.timestampTicks]), [
    [1280, 0],
    [1280, 320],
    [1280, 640],
    [160, 960],
  ]);
  assert.equal(toHex(packets[1].payload), toHex(data.subarray(1280, 2560)));
  const small = packetsOf(makePcmPacketizer(48000, 2), [audioFrame(data, 0, 1000)], 1133);
  assert.deepEqual(small.map((p) => p.payload.length), [1132, 1132, 1132, 604]);
  const ptime5 = packetsOf(makePcmPacketizer(48000, 1, 5), [audioFrame(data, 0, 2000)], 1132);
  assert.ok(ptime5.slice(0, -1).every((packet) => packet.payload.length === 480));
  assert.deepEqual(refusal(makePcmDepacketizer(2), "00 01 02 03 04"), [["bad_length", 4]]);
  assert.deepEqual(refusal(makePcmDepacketizer(1), "00"), [["bad_length", 0]]);
});

Deno.test("ARC-MEDIA-opaque: one frame per packet, as it is, never cut", () => {
  const data = bytes("00 01 02");
  const video = packetsOf(new OpaquePacketizer("video"), [videoFrame(data, 0, 0, DELTA_FRAME)], 3);
  assert.deepEqual(video.map((p) => [toHex(p.payload), p.marker, p.priority]), [["000102", true, 2]]);
  const audio = [audioFrame(data, 0, 10), audioFrame(data, 10, 10)];
  assert.deepEqual(packetsOf(new OpaquePacketizer("audio"), audio, 3).map((p) => p.marker), [true, false]);
  const sink = { buffer: new Uint8Array(9), offsetBytes: 0, commit: () => assert.fail("committed") };
  const cut = new OpaquePacketizer("video").packetize(videoFrame(data, 0, 0, DELTA_FRAME), 2, sink);
  assert.equal(!cut.ok && cut.fault.reason, "too_large");
  const classOf = (depacketizer: Depacketizer) => {
    const [frame] = receive(depacketizer, video);
    return [toHex(frame.data), frame.keyframe, frame.priority, frame.complete];
  };
  assert.deepEqual(classOf(makeOpaqueDepacketizer("video")), ["000102", false, 2, true]);
  assert.deepEqual(classOf(makeOpaqueDepacketizer("audio")), ["000102", true, 0, true]);
});

Deno.test("audio: a whole payload is handed through without a copy", () => {
  const payload = bytes("78 01");
  for (const depacketizer of [makeOpusDepacketizer(), makeG722Depacketizer(), makePcmDepacketizer(1)]) {
    depacketizer.push(payload, false, 0, 0);
    assert.equal(depacketizer.poll()?.data, payload);
  }
});
