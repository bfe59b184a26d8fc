import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHex, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { flexfecHeaderBytes, parseFlexfecHeader, writeFlexfecMask } from "./flexfec_header.ts";

const RECOVERY = "25cc00110badf00d";

function parse(hex: string) {
  const bytes = unwrap(parseHex(hex));
  return parseFlexfecHeader(bytes, 0, bytes.length);
}

function mask(...offsets: number[]): string {
  const out = new Uint8Array(24);
  const headerBytes = writeFlexfecMask(0x1234, offsets, out, 0);
  return toHex(out.subarray(8, headerBytes));
}

Deno.test("ARC-LOSS-fec-format: masks of 15, 46 and 110 bits, a k bit of 1 before each further one", () => {
  assert.equal(mask(0), "12344000");
  assert.equal(mask(0, 14), "12344001");
  assert.equal(mask(15), "1234800040000000");
  assert.equal(mask(0, 45), "1234c00000000001");
  assert.equal(mask(46), "12348000800000008000000000000000");
  assert.equal(mask(1, 16, 109), "1234a000a00000000000000000000001");
  assert.deepEqual([0, 14, 15, 45, 46, 109].map(flexfecHeaderBytes), [12, 12, 16, 16, 24, 24]);
});

Deno.test("what is written is read back, in the middle of a dirty pool", () => {
  const rng = new SeededRng(1);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(109), { minLength: 1 }), fc.nat(0xffff), fc.nat(9), (offsets, base, at) => {
      const pool = rng.fill(new Uint8Array(at + 40));
      const before = pool.slice();
      pool[at] &= 0x3f;
      const headerBytes = writeFlexfecMask(base, offsets, pool, at);
      const header = unwrap(parseFlexfecHeader(pool, at, at + headerBytes));
      assert.deepEqual(header, { baseSequence16: base, offsets: offsets.sort((a, b) => a - b), headerBytes });
      assert.deepEqual(
        pool.subarray(at + 1, at + 8),
        before.subarray(at + 1, at + 8),
        "recovery fields are left alone",
      );
      assert.deepEqual(pool.subarray(at + headerBytes), before.subarray(at + headerBytes));
      for (let end = 0; end < headerBytes; end++) {
        const short = parseFlexfecHeader(pool, at, at + end);
        assert.ok(!short.ok && short.fault.reason === "truncated" && (short.fault.need ?? 0) > end);
      }
    }),
    { seed: 101, numRuns: 200 },
  );
});

Deno.test("other formats and empty masks are refused", () => {
  const reason = (hex: string) => {
    const parsed = parse(hex);
    return parsed.ok ? "ok" : parsed.fault.reason;
  };
  assert.equal(reason(`${RECOVERY}12344000`), "ok");
  assert.equal(reason(`a5cc00110badf00d12344000`), "unknown_type", "R: a retransmission");
  assert.equal(reason(`65cc00110badf00d12344000`), "unknown_type", "F: a fixed mask");
  assert.equal(reason(`${RECOVERY}12340000`), "bad_value");
  assert.equal(reason(`${RECOVERY}1234800000000000`), "bad_value");
  assert.equal(reason(`${RECOVERY}12348000800000000000000000000000`), "bad_value");
  assert.throws(() => mask(110), RangeError);
  assert.throws(() => mask(-1), RangeError);
  assert.throws(() => mask(), RangeError);
});

Deno.test("any bytes give a header or a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const parsed = parseFlexfecHeader(bytes, 0, bytes.length);
      if (parsed.ok) {
        assert.ok(parsed.value.offsets.length >= 1 && parsed.value.headerBytes <= bytes.length);
        assert.ok(parsed.value.offsets.every((offset, i, all) => offset <= 109 && (i === 0 || offset > all[i - 1])));
      }
    }),
    { seed: 102, numRuns: 1000 },
  );
});
