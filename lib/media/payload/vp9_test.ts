import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, parseHex, toHex } from "../../base/bytes.ts";
import { type Fault, unwrap } from "../../base/parsed.ts";
import { DELTA_FRAME, DISPOSABLE_FRAME, KEY_FRAME, videoFrame } from "../frame.ts";
import { packetsOf, receive, receiveHex } from "./testing/pipe.ts";
import { isVp9Keyframe, makeVp9Depacketizer, Vp9Packetizer } from "./vp9.ts";
import { parseVp9Descriptor } from "./vp9_descriptor.ts";
import { classifyVp9, parseSuperframeIndex } from "./vp9_frame_header.ts";

const bytes = (hex: string) => unwrap(parseHex(hex.replaceAll(" ", "")));

Deno.test("ARC-MEDIA-vp9: the descriptor has a 15-bit picture id, B and E at the ends, P in delta frames", () => {
  const key = videoFrame(bytes("824983 42 00 01"), 0, 0, KEY_FRAME);
  const delta = videoFrame(bytes("8600 11"), 3000, 0, DELTA_FRAME);
  const packets = packetsOf(new Vp9Packetizer(0x7fff), [key, delta], 7);
  assert.deepEqual(packets.map((packet) => toHex(packet.payload)), [
    "88ffff" + "82498342",
    "84ffff" + "0001",
    "cc8000" + "860011",
  ]);
  assert.deepEqual(packets.map((packet) => packet.marker), [false, true, true]);
});

Deno.test("ARC-MEDIA-vp9: any descriptor of RFC 9628 is read: layers, references, scalability structure", () => {
  const read = (hex: string) => unwrap(parseVp9Descriptor(bytes(hex)));
  const plain = { beginsFrame: false, endsFrame: false, predicted: false, pictureId: undefined, spatialId: 0 };
  assert.deepEqual(read("0c 11"), { ...plain, beginsFrame: true, endsFrame: true, bytes: 1 });
  assert.deepEqual(read("80 7f"), { ...plain, pictureId: 0x7f, bytes: 2 });
  assert.deepEqual(read("80 ffff"), { ...plain, pictureId: 0x7fff, bytes: 3 });
  assert.deepEqual(read("20 05 aa"), { ...plain, spatialId: 2, bytes: 3 });
  assert.deepEqual(read("b0 01 05"), { ...plain, pictureId: 1, spatialId: 2, bytes: 3 });
  assert.deepEqual(read("d0 01 03 05 06 11"), { ...plain, predicted: true, pictureId: 1, bytes: 5 });
});

Deno.test("VP9: every strict prefix of a full descriptor is truncated and says what it needs", () => {
  // I, P, L, F, V: long picture id, layers, two references; SS with 2 layers' sizes and 2 pictures, of 1 and 3 references.
  const full = bytes("f2 8001 02 03 04 38 0140 00f0 0280 01e0 02 04 01 0c 01 02 03");
  assert.equal(unwrap(parseVp9Descriptor(full)).bytes, full.length);
  for (let length = 0; length < full.length; length++) {
    const parsed = parseVp9Descriptor(full.subarray(0, length));
    assert.ok(!parsed.ok && parsed.fault.reason === "truncated" && (parsed.fault.need ?? 0) > length, `${length}`);
  }
});

Deno.test("VP9: any bytes give a descriptor within them, or a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (payload) => {
      const parsed = parseVp9Descriptor(payload);
      if (parsed.ok) assert.ok(parsed.value.bytes >= 1 && parsed.value.bytes <= payload.length);
      else assert.ok(parsed.fault.reason === "truncated" || parsed.fault.reason === "bad_value");
    }),
    { seed: 7201, numRuns: 2000 },
  );
});

Deno.test("ARC-MEDIA-vp9: the layer frames of a picture come out together, at the marker", () => {
  const [frame] = receiveHex(
    makeVp9Depacketizer(),
    "a8 01 00 00" + "824983",
    "a4 01 00 00" + "0001",
    "ee 01 02 00" + "00" + "8600", // V with an empty scalability structure
  );
  assert.equal(toHex(frame.data), "824983" + "0001" + "8600");
  assert.deepEqual([frame.keyframe, frame.complete], [true, true]);
});

Deno.test("VP9: a picture that begins above the base layer after a loss is not complete", () => {
  const depacketizer = makeVp9Depacketizer();
  depacketizer.push(bytes("2c 02 00 8600"), true, 0, 0);
  assert.equal(depacketizer.poll()?.complete, false);
  depacketizer.push(bytes("2c 02 00 8600"), true, 3000, 1);
  assert.equal(depacketizer.poll()?.complete, true);
});

Deno.test("VP9: malformed payloads are faults, and cost the frame", () => {
  const cases: readonly [payloads: string[], reason: string][] = [
    [["80"], "truncated"],
    [["8c 01"], "truncated"],
    [["1c 86"], "bad_value"],
    [["dc 01 03 03 03 86"], "bad_value"],
    [["00 86"], "bad_state"],
    [["08 86", "08 86"], "bad_state"],
  ];
  for (const [payloads, reason] of cases) {
    const faults: Fault[] = [];
    const depacketizer = makeVp9Depacketizer();
    const packets = payloads.map((hex, i) => ({
      payload: bytes(hex),
      marker: i === payloads.length - 1,
      timestampTicks: 0,
      priority: 2 as const,
    }));
    assert.deepEqual(receive(depacketizer, packets, new Set(), faults), []);
    assert.deepEqual(faults.map((fault) => fault.reason), [reason], `${payloads}`);
    assert.equal(depacketizer.stats.framesIncomplete, 1);
  }
});

Deno.test("VP9: a key frame is where B is set and P is not, unless the frame's header says otherwise", () => {
  assert.equal(isVp9Keyframe(bytes("88 8001 824983")), true);
  assert.equal(isVp9Keyframe(bytes("08 8600")), false); // a sender that never sets P
  assert.equal(isVp9Keyframe(bytes("48 8249")), false);
  assert.equal(isVp9Keyframe(bytes("00 8249")), false);
  assert.equal(isVp9Keyframe(bytes("28 02 00 8249")), false); // a higher layer
  assert.equal(isVp9Keyframe(bytes("08 11")), true); // not readable, encrypted perhaps
  assert.equal(isVp9Keyframe(bytes("88")), false);
});

/** Bits as text, filled up with zeros to whole bytes. */
function packBits(text: string): Uint8Array {
  const bits = text.replaceAll(" ", "");
  return Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (byte) => parseInt(byte.padEnd(8, "0"), 2));
}

Deno.test("VP9: disposable frames refresh no reference and no probabilities", () => {
  // marker, profile, show_existing, inter, shown, error resilient, [reset contexts], refresh flags, ...
  const inter = "10 00 0 1 1";
  const references = "000 0 000 0 000 0 1 0 0 1"; // indices; size from the first; no render size; no mv; switchable
  assert.equal(classifyVp9(packBits("10 00 0 0 1 0")), KEY_FRAME);
  assert.equal(classifyVp9(packBits("10 11 0 0 0 1 0")), KEY_FRAME); // profile 3 has a reserved bit
  assert.equal(classifyVp9(packBits(`${inter} 1 00000001`)), DELTA_FRAME);
  assert.equal(classifyVp9(packBits(`${inter} 1 00000000`)), DISPOSABLE_FRAME);
  assert.equal(classifyVp9(packBits(`${inter} 0 00 00000000 ${references} 0`)), DISPOSABLE_FRAME);
  assert.equal(classifyVp9(packBits(`${inter} 0 00 00000000 ${references} 1`)), DELTA_FRAME);
  const explicitSize = `000 0 000 0 000 0 000 ${"0".repeat(32)} 1 ${"0".repeat(32)} 0 0 00`;
  assert.equal(classifyVp9(packBits(`${inter} 0 00 00000000 ${explicitSize} 0 1`)), DISPOSABLE_FRAME);
  assert.equal(classifyVp9(packBits(`${inter} 0 00 00000000 ${explicitSize} 1 1`)), DELTA_FRAME);
  assert.equal(classifyVp9(packBits("10 00 0 1 0 1 1 00000000")), DELTA_FRAME); // intra-only
  assert.equal(classifyVp9(packBits("10 00 1 000")), DELTA_FRAME); // show_existing_frame
  assert.equal(classifyVp9(packBits("01 00 0 0 1 0")), DELTA_FRAME);
  assert.equal(classifyVp9(new Uint8Array(0)), DELTA_FRAME);
});

Deno.test("VP9: a superframe is what its first frame is, and disposable when all its frames are", () => {
  const key = bytes("82 4983");
  const disposable = packBits("10 00 0 1 1 1 00000000");
  const delta = packBits("10 00 0 1 1 1 00000001");
  const superframe = (...frames: Uint8Array[]) => {
    const marker = 0xc0 | (frames.length - 1);
    return concatBytes(...frames, Uint8Array.from([marker, ...frames.map((frame) => frame.length), marker]));
  };
  assert.deepEqual(parseSuperframeIndex(superframe(key, delta))?.sizes, [3, 2]);
  assert.equal(classifyVp9(superframe(key, delta)), KEY_FRAME);
  assert.equal(classifyVp9(superframe(disposable, delta)), DELTA_FRAME);
  assert.equal(classifyVp9(superframe(disposable, disposable)), DISPOSABLE_FRAME);
  assert.equal(parseSuperframeIndex(bytes("82 49 c0 03 c1")), undefined); // the index does not begin as it ends
  assert.equal(parseSuperframeIndex(bytes("82 c0 02 c0")), undefined); // more than there is
  assert.equal(parseSuperframeIndex(bytes("c1")), undefined);
  assert.equal(parseSuperframeIndex(new Uint8Array(0)), undefined);
});
