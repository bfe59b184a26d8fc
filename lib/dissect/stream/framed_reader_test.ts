import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, toHex, writeU16 } from "../../base/bytes.ts";
import { MemoryBudget } from "../network/memory_budget.ts";
import { hex } from "../testing/packets.ts";
import { feed, text } from "../testing/streams.ts";
import { FramedReader, walkFrames } from "./framed_reader.ts";

function framed(...units: Uint8Array[]): Uint8Array {
  return concatBytes(...units.flatMap((unit) => {
    const head = new Uint8Array(2);
    writeU16(head, 0, unit.length);
    return [head, unit];
  }));
}

function reader(isInStep = true, maxBytes = 1_000_000) {
  const units: string[] = [];
  const notes: string[] = [];
  const budget = new MemoryBudget(maxBytes);
  const sink = {
    unit: (bytes: Uint8Array, start: number, end: number) => units.push(toHex(bytes.subarray(start, end))),
    note: (message: string) => notes.push(message),
  };
  return { units, notes, budget, made: new FramedReader(sink, budget, isInStep) };
}

const MEDIA = hex("806f000100000002000000030000000001");
const JSON_UNIT = text('{"type":"ACK"}');

Deno.test("ARC-UNIT-frame-split: framed units are the same however the capture cuts their stream", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (list, sizes) => {
        const { made, units, budget } = reader();
        feed(made, framed(...list), sizes);
        assert.deepEqual(units, list.map(toHex));
        made.end();
        assert.equal(budget.usedBytes, 0);
      },
    ),
    { seed: 62, numRuns: 300 },
  );
});

Deno.test("ARC-UNIT-frame-zero-length: a length of 0 is told, and reading goes on where a segment begins with units", () => {
  const { made, units, notes } = reader();
  feed(made, concatBytes(framed(MEDIA), Uint8Array.of(0, 0, 1, 2, 3)));
  feed(made, Uint8Array.of(9, 9, 9, 9, 9));
  feed(made, framed(JSON_UNIT, MEDIA));
  assert.deepEqual(units, [toHex(MEDIA), toHex(JSON_UNIT), toHex(MEDIA)]);
  assert.deepEqual(notes, [
    "a framed length of 0 (ARC-UNIT-frame-zero-length)",
    "5 bytes passed over to the next unit",
  ]);
});

Deno.test("framed: after a hole only a segment that reads as units is taken, one in the middle of a unit is not", () => {
  const { made, units } = reader();
  feed(made, framed(MEDIA).subarray(0, 10));
  made.gap();
  feed(made, hex("00ff0000ffff"));
  made.push(framed(JSON_UNIT), 0, 16, false);
  feed(made, framed(JSON_UNIT));
  assert.deepEqual(units, [toHex(JSON_UNIT)]);
});

Deno.test("framed: a stream that ends within a unit says so, and gives its memory back", () => {
  const { made, notes, budget } = reader();
  feed(made, framed(MEDIA).subarray(0, 10));
  made.end();
  assert.deepEqual(notes, ["the stream ends within a unit, 10 bytes in"]);
  assert.equal(budget.usedBytes, 0);
});

Deno.test("framed: a unit that there is no memory for is given up", () => {
  const { made, notes, units } = reader(true, 100);
  feed(made, framed(MEDIA).subarray(0, 10));
  feed(made, framed(JSON_UNIT));
  assert.deepEqual(notes, ["no memory for a unit that came in pieces"]);
  assert.deepEqual(units, [toHex(JSON_UNIT)]);
});

Deno.test("framed: what reads as units, to the end or beyond it, and what does not", () => {
  const walk = (bytes: Uint8Array) => walkFrames(bytes, 0, bytes.length);
  assert.equal(walk(framed(MEDIA, JSON_UNIT)), "exact");
  assert.equal(walk(framed(MEDIA, JSON_UNIT).subarray(0, 25)), "part");
  assert.equal(walk(framed(MEDIA, text("SSH-2.0-x"))), "no");
  assert.equal(walk(text("SSH-2.0-OpenSSH")), "no");
  assert.equal(walk(Uint8Array.of(0, 3, 0x80, 0x6f, 1)), "no", "a media packet has 12 bytes at least");
});
