import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, parseHex, toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { SeededRng } from "../../base/rng.ts";
import { NalCursor, startCodeBytes, writeStartCode } from "./annexb.ts";
import { nalUnit } from "./testing/frames.ts";

function nalUnits(data: Uint8Array): { nals: string[]; aligned: boolean } {
  const cursor = new NalCursor();
  const nals: string[] = [];
  cursor.open(data);
  while (cursor.advance()) nals.push(toHex(data.subarray(cursor.start, cursor.end)));
  return { nals, aligned: cursor.aligned };
}

const split = (hex: string) => nalUnits(unwrap(parseHex(hex.replaceAll(" ", ""))));

Deno.test("Annex B: start codes of 3 and 4 bytes, zeros before and after", () => {
  assert.deepEqual(split("000001 67aa 00000001 68bb 000001 65"), { nals: ["67aa", "68bb", "65"], aligned: true });
  assert.deepEqual(split("000000000001 67aa 000000000001 68 0000"), { nals: ["67aa", "68"], aligned: true });
});

Deno.test("Annex B: empty NAL units are passed over", () => {
  assert.deepEqual(split("000001 000001 00000001 0000 000001 6501"), { nals: ["6501"], aligned: true });
  assert.deepEqual(split(""), { nals: [], aligned: true });
  assert.deepEqual(split("000001"), { nals: [], aligned: true });
  assert.deepEqual(split("0000000000"), { nals: [], aligned: true });
});

Deno.test("Annex B: bytes before the first start code are seen", () => {
  assert.equal(split("67 000001 68").aligned, false);
  assert.equal(split("6742").aligned, false);
  assert.deepEqual(split("01 000001 68").nals, ["68"]);
});

Deno.test("Annex B: zeros, ones and escapes inside a NAL unit do not end it", () => {
  assert.deepEqual(split("000001 65 0001 0100 01 000003 01 0002"), {
    nals: ["65000101000100000301" + "0002"],
    aligned: true,
  });
});

Deno.test("Annex B: any NAL units are found again behind any start codes", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 3 })), { maxLength: 8 }),
      (seed, plan) => {
        const rng = new SeededRng(seed);
        const nals = plan.map(([payloadBytes]) => nalUnit(rng, [0x41], payloadBytes));
        const data = concatBytes(...nals.flatMap((nal, i) => {
          const code = new Uint8Array(3 + plan[i][1]);
          code[code.length - 1] = 1;
          return [code, nal];
        }));
        assert.deepEqual(nalUnits(data), { nals: nals.map(toHex), aligned: true });
      },
    ),
    { seed: 7102, numRuns: 300 },
  );
});

Deno.test("Annex B: the cursor says where the next NAL unit begins without reading it", () => {
  const cursor = new NalCursor();
  cursor.open(Uint8Array.of(0, 0, 1, 0x67, 0, 0, 1, 0x68));
  assert.equal(cursor.nextStart, 3);
  cursor.advance();
  assert.equal(cursor.nextStart, 7);
  cursor.skip();
  cursor.skip();
  assert.equal(cursor.nextStart, -1);
  assert.equal(cursor.advance(), false);
});

Deno.test("Annex B: the canonical start code has 4 bytes first and before parameter sets, 3 elsewhere", () => {
  assert.deepEqual([startCodeBytes(true, false), startCodeBytes(false, true), startCodeBytes(false, false)], [4, 4, 3]);
  const out = new Uint8Array(9).fill(0xff);
  assert.equal(writeStartCode(out, 1, 3), 3);
  assert.equal(writeStartCode(out, 4, 4), 4);
  assert.equal(toHex(out), "ff00000100000001ff");
});
