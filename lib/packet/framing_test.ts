import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../base/bytes.ts";
import { FrameReader, writeFrame, writeFrameHeader } from "./framing.ts";
import { inDirtyPool } from "./testing/arbitrary.ts";

function frames(...units: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const stream = new Uint8Array(units.reduce((n, unit) => n + 2 + unit.length, 0));
  let at = 0;
  for (const unit of units) at += writeFrame(unit, stream, at);
  assert.equal(at, stream.length);
  return stream;
}

/** Feeds the chunks one after the other and copies every unit out. */
function readAll(reader: FrameReader, chunks: readonly Uint8Array[]): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (const chunk of chunks) {
    reader.feed(chunk);
    while (reader.next()) units.push(reader.bytes.slice(reader.start, reader.end));
  }
  return units;
}

/** `stream` cut at the given places. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((n) => n % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return at.slice(1).map((end, i) => stream.slice(at[i], end));
}

const units = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40, size: "max" }), { maxLength: 8 });

Deno.test("ARC-UNIT-stream-framing: each unit is preceded by its length as a u16", () => {
  assert.deepEqual(frames(Uint8Array.of(7, 8, 9), Uint8Array.of(1)), Uint8Array.of(0, 3, 7, 8, 9, 0, 1, 1));
  const long = frames(new Uint8Array(0x1234));
  assert.deepEqual([long[0], long[1], long.length], [0x12, 0x34, 0x1236]);
  assert.deepEqual(readAll(new FrameReader(), [frames(new Uint8Array(0xffff))])[0].length, 0xffff);
});

Deno.test("ARC-UNIT-frame-split: any cut of the stream gives the same units, and nothing is lost", () => {
  fc.assert(
    fc.property(units, fc.array(fc.nat(), { maxLength: 12 }), (sent, places) => {
      const reader = new FrameReader();
      const got = readAll(reader, cut(frames(...sent), places));
      assert.deepEqual(got, sent);
      assert.equal(reader.fault, undefined);
      assert.equal(reader.pendingBytes, 0);
    }),
    { seed: 4571, numRuns: 500 },
  );
});

Deno.test("ARC-UNIT-frame-split: one byte at a time, and one chunk reused for every read", () => {
  const sent = [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(5), Uint8Array.of(9)];
  const reader = new FrameReader();
  const chunk = new Uint8Array(1);
  const got: Uint8Array[] = [];
  for (const byte of frames(...sent)) {
    chunk[0] = byte;
    reader.feed(chunk);
    while (reader.next()) got.push(reader.bytes.slice(reader.start, reader.end));
  }
  assert.deepEqual(got, sent);
});

Deno.test("ARC-UNIT-frame-zero-length: a length of 0 is bad_length and ends the stream", () => {
  fc.assert(
    fc.property(units, fc.array(fc.nat(), { maxLength: 6 }), (sent, places) => {
      const good = frames(...sent);
      const stream = concatBytes(good, Uint8Array.of(0, 0), frames(Uint8Array.of(1)));
      const reader = new FrameReader();
      assert.deepEqual(readAll(reader, cut(stream, places)), sent);
      assert.equal(reader.fault?.reason, "bad_length");
      assert.equal(reader.fault?.offset, good.length);
      assert.deepEqual(readAll(reader, [frames(Uint8Array.of(1))]), [], "nothing comes after a fault");
    }),
    { seed: 4572, numRuns: 200 },
  );
});

Deno.test("a length above the limit is too_large before any of the unit is held", () => {
  for (const cuts of [[], [1], [2], [3]]) {
    const reader = new FrameReader(4);
    const stream = concatBytes(frames(new Uint8Array(4)), frames(new Uint8Array(5)));
    assert.equal(readAll(reader, cut(stream, cuts.map((n) => n + 6))).length, 1);
    assert.equal(reader.fault?.reason, "too_large");
    assert.equal(reader.fault?.offset, 6);
    assert.match(reader.fault?.message ?? "", /at most 4, got 5/);
    assert.ok(reader.pendingBytes <= 2);
  }
});

Deno.test("any bytes in any chunks: a value or a fault, and at most one unit is held", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30, size: "max" })), (chunks) => {
      const reader = new FrameReader(20);
      readAll(reader, chunks);
      assert.ok(reader.pendingBytes <= 22);
    }),
    { seed: 4573, numRuns: 500 },
  );
});

Deno.test("a whole unit is handed out in place, from a view into a dirty pool", () => {
  const { pool, start, end } = inDirtyPool(frames(Uint8Array.of(1, 2), Uint8Array.of(3)));
  const reader = new FrameReader();
  const chunk = pool.subarray(start, end);
  reader.feed(chunk);
  assert.ok(reader.next());
  assert.equal(reader.bytes, chunk);
  assert.deepEqual([reader.start, reader.end], [2, 4]);
  assert.ok(reader.next());
  assert.equal(reader.bytes, chunk, "the last one too");
  assert.deepEqual([...reader.bytes.subarray(reader.start, reader.end)], [3]);
  assert.equal(reader.next(), false);
});

Deno.test("feeding before the last chunk is drained would lose bytes and throws", () => {
  const reader = new FrameReader();
  reader.feed(frames(Uint8Array.of(1)));
  assert.throws(() => reader.feed(Uint8Array.of(0)), /drain/);
});

Deno.test("units that cannot be framed are refused to the programmer", () => {
  assert.throws(() => writeFrame(new Uint8Array(0), new Uint8Array(9), 0), /1\.\.65535 bytes, got 0/);
  assert.throws(() => writeFrameHeader(65536, new Uint8Array(9), 0), RangeError);
  assert.throws(() => writeFrame(new Uint8Array(8), new Uint8Array(9), 0), RangeError);
});
