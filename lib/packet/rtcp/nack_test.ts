import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHex, toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { parseRtcp } from "./compound.ts";
import { packNackItems, unpackNackItems } from "./nack.ts";
import { toBytes } from "./testing/packets.ts";

Deno.test("ARC-RTCP-feedback: a generic NACK is RTPFB format 1 with PID and bitmask of the 16 that follow", () => {
  const items = packNackItems([100, 101, 116, 117]);
  assert.deepEqual(items, [{ pid16: 100, blp16: 0x8001 }, { pid16: 117, blp16: 0 }]);
  const bytes = toBytes([{ kind: "nack", senderSsrc: 0xcafe, mediaSsrc: 0xbeef, items }]);
  assert.equal(toHex(bytes), "81cd00040000cafe0000beef0064800100750000");
});

Deno.test("sequence numbers that wrap are packed across the wrap", () => {
  assert.deepEqual(packNackItems([65534, 0, 3, 65535]), [{ pid16: 65534, blp16: 0b1_0011 }]);
  assert.deepEqual(unpackNackItems([{ pid16: 65534, blp16: 0b1_0011 }]), [65534, 65535, 0, 3]);
  assert.deepEqual(unpackNackItems([{ pid16: 65535, blp16: 0xffff }]).slice(-1), [15]);
});

Deno.test("packing any set and unpacking it gives the set in order, in the fewest items", () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.uniqueArray(fc.nat(300), { maxLength: 60 }), (base, offsets) => {
      const lost = offsets.map((offset) => (base + offset) & 0xffff);
      const items = packNackItems([...lost, ...lost.slice(0, 2)]);
      const sorted = [...offsets].sort((a, b) => a - b);
      assert.deepEqual(unpackNackItems(items), sorted.map((offset) => (base + offset) & 0xffff));
      let fewest = 0;
      let covered = -1;
      for (const offset of sorted) {
        if (offset <= covered) continue;
        fewest++;
        covered = offset + 16;
      }
      assert.equal(items.length, fewest);
    }),
    { seed: 11, numRuns: 500 },
  );
});

Deno.test("a NACK of nothing, or of half an item, is refused; so is a PLI with anything in it", () => {
  for (
    const hex of [
      "81cd00020000cafe0000beef",
      "81cd00010000cafe",
      "81ce00030000cafe0000beef00000000",
      "81ce00010000cafe",
    ]
  ) {
    const parsed = parseRtcp(unwrap(parseHex(hex)));
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_length", hex);
  }
});
