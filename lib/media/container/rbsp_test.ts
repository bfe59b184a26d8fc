import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../../base/bytes.ts";
import { BitReader } from "../payload/bits.ts";
import { BitWriter, escapeNal, readSe, readUe, unescapeNal } from "./rbsp.ts";

/** Mostly the bytes that matter. */
const bytes = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 0xff), { maxLength: 60 }).map((b) => Uint8Array.from(b));

Deno.test("escapeNal: no start code is left inside, and unescapeNal gives the bytes back", () => {
  fc.assert(
    fc.property(bytes, (raw) => {
      const escaped = escapeNal(raw);
      assert.doesNotMatch(toHex(escaped), /^(?:..)*0000(?:00|01|02)/);
      assert.deepEqual(unescapeNal(escaped), raw);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

Deno.test("unescapeNal: a 03 goes only after two zeros, and counts them anew", () => {
  assert.equal(toHex(unescapeNal(Uint8Array.of(0, 0, 3, 0, 0, 3, 1, 0, 3, 3))), "0000000001000303");
});

Deno.test("Exp-Golomb: the first codes are those of H.264 Table 9-2", () => {
  const codes = ["1", "010", "011", "00100", "00101", "00110", "00111", "0001000", "0001001"];
  codes.forEach((code, value) => {
    const byte = parseInt(code.padEnd(16, "1"), 2);
    assert.equal(readUe(new BitReader(Uint8Array.of(byte >> 8, byte))), value);
  });
});

Deno.test("Exp-Golomb: whatever is written is read, signed and unsigned, mixed with plain bits", () => {
  const item = fc.oneof(
    fc.record({ kind: fc.constant("ue" as const), value: fc.integer({ min: 0, max: 2 ** 31 - 2 }) }),
    fc.record({ kind: fc.constant("se" as const), value: fc.integer({ min: -(2 ** 30), max: 2 ** 30 }) }),
    fc.record({ kind: fc.constant("u32" as const), value: fc.nat(0xffff_ffff) }),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 200 }), (items) => {
      const writer = new BitWriter();
      for (const { kind, value } of items) {
        if (kind === "u32") writer.write(value, 32);
        else writer[kind](value);
      }
      const reader = new BitReader(writer.finish());
      for (const { kind, value } of items) {
        assert.equal(kind === "u32" ? reader.read(32) : kind === "ue" ? readUe(reader) : readSe(reader) + 0, value + 0);
      }
      assert.equal(reader.flag(), true, "the stop bit");
      assert.equal(reader.exhausted, false);
    }),
    { seed: 2, numRuns: 200 },
  );
});

Deno.test("Exp-Golomb: a code without end is no endless loop", () => {
  assert.equal(readUe(new BitReader(new Uint8Array(100))), 0xffff_ffff);
  const short = new BitReader(new Uint8Array(2));
  assert.equal(readUe(short), 0);
  assert.equal(short.exhausted, true);
});

Deno.test("BitWriter: whole bytes go in where it is aligned, and the buffer grows", () => {
  const writer = new BitWriter().write(1, 1).align().bytes(new Uint8Array(1000).fill(7)).write(5, 3);
  const written = writer.finish();
  assert.equal(written.length, 1002);
  assert.deepEqual([written[0], written[1], written[1000], written[1001]], [0x80, 7, 7, 0xb0]);
});
