import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../base/bytes.ts";
import { makeAnnexBReader, makeAnnexBWriter } from "./annexb.ts";
import { readAllFrames } from "./media_reader.ts";

const LONG = [0, 0, 0, 1];
const SHORT = [0, 0, 1];
const unit = (start: readonly number[], ...nal: number[]) => Uint8Array.of(...start, ...nal);

/** H.264 NAL units: header, then what the access unit search looks at, then bytes without start codes. */
const A = {
  delimiter: unit(LONG, 0x09, 0xf0),
  sps: unit(LONG, 0x67, 0x42, 0xc0, 0x1e, 0xff),
  pps: unit(LONG, 0x68, 0xce, 0x3c, 0x80),
  sei: unit(SHORT, 0x06, 0x05, 0x01, 0xaa, 0x80),
  idr: unit(SHORT, 0x65, 0x88, 0x11, 0x22),
  idrMore: unit(SHORT, 0x65, 0x0f, 0x33, 0x44),
  slice: unit(LONG, 0x41, 0x9a, 0x55, 0x66),
  sliceMore: unit(SHORT, 0x41, 0x1f, 0x77, 0x88),
  disposable: unit(LONG, 0x01, 0x9e, 0x99, 0x99),
  filler: unit(SHORT, 0x0c, 0xff, 0x80),
  endOfSequence: unit(SHORT, 0x0a),
};

/** H.265. */
const B = {
  vps: unit(LONG, 0x40, 0x01, 0x0c, 0x01),
  sps: unit(LONG, 0x42, 0x01, 0x01, 0x01),
  pps: unit(LONG, 0x44, 0x01, 0xc1, 0x72),
  delimiter: unit(LONG, 0x46, 0x01, 0x50),
  prefixSei: unit(SHORT, 0x4e, 0x01, 0x05, 0x80),
  suffixSei: unit(SHORT, 0x50, 0x01, 0x05, 0x80),
  idr: unit(SHORT, 0x26, 0x01, 0xaf, 0x11),
  idrMore: unit(SHORT, 0x26, 0x01, 0x2f, 0x22),
  trail: unit(LONG, 0x02, 0x01, 0xd0, 0x33),
  trailMore: unit(SHORT, 0x02, 0x01, 0x50, 0x44),
  layer1: unit(SHORT, 0x02, 0x09, 0xd0, 0x55),
  endOfBitstream: unit(SHORT, 0x4a, 0x01),
};

type Layout = readonly (readonly Uint8Array[])[];

const LAYOUTS: readonly ["h264" | "h265", string, Layout][] = [
  ["h264", "one slice a picture", [[A.sps, A.pps, A.idr], [A.slice], [A.slice]]],
  ["h264", "several slices a picture", [[A.sps, A.pps, A.sei, A.idr, A.idrMore], [A.slice, A.sliceMore, A.sliceMore]]],
  ["h264", "delimiters", [[A.delimiter, A.sps, A.pps, A.idr], [A.delimiter, A.slice], [A.delimiter, A.sei, A.slice]]],
  ["h264", "parameter sets and SEI go with the picture after them", [[A.sps, A.pps, A.idr], [A.sei, A.slice], [
    A.pps,
    A.slice,
  ]]],
  ["h264", "filler and end of sequence go with the picture before", [[A.idr, A.filler], [A.slice, A.endOfSequence], [
    A.sps,
    A.idr,
  ]]],
  ["h264", "disposable pictures", [[A.idr], [A.disposable], [A.slice]]],
  ["h265", "one slice a picture", [[B.vps, B.sps, B.pps, B.idr], [B.trail], [B.trail]]],
  ["h265", "several slices a picture", [[B.idr, B.idrMore], [B.trail, B.trailMore], [B.trail]]],
  ["h265", "delimiters and SEI on both sides", [[B.delimiter, B.vps, B.prefixSei, B.idr, B.suffixSei], [
    B.delimiter,
    B.trail,
  ]]],
  ["h265", "higher layers go with their base picture", [[B.idr, B.layer1], [B.trail, B.layer1]]],
  ["h265", "end of bitstream goes with the picture before", [[B.idr], [B.trail, B.endOfBitstream], [B.vps, B.idr]]],
];

for (const [codec, what, layout] of LAYOUTS) {
  Deno.test(`Annex B ${codec}: ${what}; alike in one piece and byte by byte`, () => {
    const units = layout.map((nals) => concatBytes(...nals));
    const file = concatBytes(...units);
    const whole = readAllFrames(makeAnnexBReader(codec), file);
    assert.deepEqual(whole.map((frame) => frame.data), units);
    const reader = makeAnnexBReader(codec);
    const frames = [];
    for (let i = 0; i <= file.length; i++) {
      if (i < file.length) reader.push(file.subarray(i, i + 1));
      else reader.end();
      for (let frame = reader.poll(); frame !== undefined; frame = reader.poll()) frames.push(frame);
    }
    assert.deepEqual(frames, whole);
    assert.equal(reader.fault, undefined);
  });
}

Deno.test("Annex B: key, delta and disposable frames are told apart; times are 30 a second unless said otherwise", () => {
  const file = concatBytes(A.idr, A.slice, A.disposable);
  const frames = readAllFrames(makeAnnexBReader("h264"), file);
  assert.deepEqual(frames.map((f) => [f.keyframe, f.priority, f.timestampTicks]), [
    [true, 1, 0],
    [false, 2, 3000],
    [false, 3, 6000],
  ]);
  const slow = readAllFrames(makeAnnexBReader("h264", { fps: 30_000 / 1001 }), file);
  assert.deepEqual(slow.map((f) => f.timestampTicks), [0, 3003, 6006]);
});

Deno.test("Annex B: stray zeros between units stay with the picture before, the zero of a start code does not", () => {
  const file = concatBytes(new Uint8Array(5), A.idr, new Uint8Array(3), A.slice, new Uint8Array(2));
  const frames = readAllFrames(makeAnnexBReader("h264"), file);
  assert.deepEqual(frames.map((f) => f.data.length), [5 + A.idr.length + 3, A.slice.length + 2]);
});

Deno.test("Annex B: empty units and a start code at the very end harm nothing", () => {
  const frames = readAllFrames(
    makeAnnexBReader("h264"),
    concatBytes(unit(LONG), A.idr, unit(SHORT), A.slice, unit(SHORT)),
  );
  assert.equal(frames.length, 2);
});

Deno.test("Annex B: a file without a start code, or that begins with something else, is refused", () => {
  for (
    const bytes of [Uint8Array.of(1, 2, 3), concatBytes(Uint8Array.of(7), A.idr), new Uint8Array(50), new Uint8Array(0)]
  ) {
    const reader = makeAnnexBReader("h264");
    assert.deepEqual(readAllFrames(reader, bytes), []);
    assert.deepEqual([reader.fault?.reason, reader.fault?.offset], ["bad_value", 0]);
  }
});

Deno.test("Annex B: parameter sets without a picture are no frame", () => {
  const reader = makeAnnexBReader("h264");
  assert.deepEqual(readAllFrames(reader, concatBytes(A.sps, A.pps)), []);
  assert.equal(reader.fault, undefined);
  assert.equal(readAllFrames(makeAnnexBReader("h264"), concatBytes(A.idr, A.slice, A.sps)).length, 2);
});

Deno.test("Annex B: a picture without end is refused at 8 MiB, however it comes", () => {
  const chunk = new Uint8Array(1 << 20).fill(0x55);
  const reader = makeAnnexBReader("h264");
  reader.push(A.idr);
  for (let i = 0; i < 20; i++) reader.push(chunk);
  assert.equal(reader.fault?.reason, "too_large");
  const whole = makeAnnexBReader("h264");
  whole.push(concatBytes(A.idr, ...new Array(9).fill(chunk), A.slice));
  assert.equal(whole.fault?.reason, "too_large");
});

Deno.test("Annex B: any sequence of units is read without loss and without invention", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...Object.values(A)), { maxLength: 30 }), (units) => {
      const file = concatBytes(A.idr, ...units);
      const frames = readAllFrames(makeAnnexBReader("h264"), file);
      const read = concatBytes(...frames.map((frame) => frame.data));
      assert.deepEqual(read, file.subarray(0, read.length));
      // Only what belongs to a picture that never comes is left.
      const rest = file.subarray(read.length);
      assert.equal(readAllFrames(makeAnnexBReader("h264"), concatBytes(A.idr, rest)).length, 1);
      const pictures = units.filter((nal) => nal === A.idr || nal === A.slice || nal === A.disposable).length + 1;
      assert.ok(frames.length >= pictures && frames.length <= units.length + 1);
    }),
    { seed: 7, numRuns: 300 },
  );
});

Deno.test("Annex B: reading one frame of a large file does not go over the file again and again", () => {
  // Quadratic work on 3 MB of small pictures would take minutes.
  const pictures = new Array(30_000).fill(concatBytes(A.slice, new Uint8Array(96).fill(0x77)));
  const reader = makeAnnexBReader("h264");
  assert.equal(readAllFrames(reader, concatBytes(A.idr, ...pictures)).length, 30_001);
});

Deno.test("Annex B writer: a frame that is no byte stream is refused", () => {
  const writer = makeAnnexBWriter();
  const frame = readAllFrames(makeAnnexBReader("h264"), A.idr)[0];
  assert.ok(writer.write(frame).ok);
  assert.equal(writer.write({ ...frame, data: Uint8Array.of(0x65, 0x88) }).ok, false);
  assert.equal(writer.write({ ...frame, data: new Uint8Array(0) }).ok, false);
});
