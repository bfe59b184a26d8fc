import assert from "node:assert/strict";
import { classifyUnit, MAX_UNIT_BYTES, UNIT_KIND_NAMES, UnitKind } from "./demux.ts";
import { inDirtyPool } from "./testing/arbitrary.ts";

/** The table of SPEC 1.1 again, as ranges. */
const TABLE: readonly (readonly [number, number, UnitKind])[] = [
  [0x00, 0x03, UnitKind.stun],
  [0x04, 0x13, UnitKind.unknown],
  [0x14, 0x3f, UnitKind.dtls],
  [0x40, 0x7a, UnitKind.unknown],
  [0x7b, 0x7b, UnitKind.json],
  [0x7c, 0x7f, UnitKind.unknown],
  [0x80, 0xbf, UnitKind.arcrtp],
  [0xc0, 0xff, UnitKind.reduced],
];

Deno.test("ARC-UNIT-first-byte, ARC-UNIT-unknown-class: the first byte alone decides, at any length", () => {
  let covered = 0;
  for (const [first, last, kind] of TABLE) {
    for (let byte = first; byte <= last; byte++) {
      covered++;
      assert.equal(classifyUnit(Uint8Array.of(byte)), kind, `first byte ${byte}`);
      assert.equal(classifyUnit(Uint8Array.of(byte, 0, 0, 0, 0)), kind, `first byte ${byte}, longer`);
    }
  }
  assert.equal(covered, 256);
  assert.equal(classifyUnit(new Uint8Array(0)), UnitKind.unknown);
});

Deno.test("ARC-UNIT-rtcp-second-byte: 192..223 behind 0x80..0xBF is RTCP, and nowhere else", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const kind = classifyUnit(Uint8Array.of(first, second));
      const isRtcp = first >= 0x80 && first <= 0xbf && second >= 192 && second <= 223;
      assert.equal(kind === UnitKind.rtcp, isRtcp, `${first}, ${second}`);
    }
  }
});

Deno.test("ARC-UNIT-json-first-byte: white space and byte order marks do not begin a JSON unit", () => {
  assert.equal(classifyUnit(new TextEncoder().encode("{}")), UnitKind.json);
  for (const prefix of [" ", "\t", "\r", "\n", "\ufeff", "["]) {
    assert.notEqual(classifyUnit(new TextEncoder().encode(`${prefix}{}`)), UnitKind.json);
  }
});

Deno.test("a unit inside a pool: nothing outside of its bounds counts", () => {
  const { pool, start, end } = inDirtyPool(Uint8Array.of(0x80));
  pool[end] = 200;
  assert.equal(classifyUnit(pool, start, end), UnitKind.arcrtp);
  assert.equal(classifyUnit(pool, start, end + 1), UnitKind.rtcp);
  assert.equal(classifyUnit(pool, start, start), UnitKind.unknown);
});

Deno.test("the bound on units is the IPv6 minimum less IPv6 and UDP headers", () => {
  assert.equal(MAX_UNIT_BYTES, 1280 - 40 - 8);
});

Deno.test("kinds and their names are in step", () => {
  for (const [name, kind] of Object.entries(UnitKind)) assert.equal(UNIT_KIND_NAMES[kind], name);
});
