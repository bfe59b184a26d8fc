import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../base/bytes.ts";
import { ethernet, hex, ipv4, ipv6, udp } from "../testing/packets.ts";
import { isSupportedLinkType, LinkView } from "./link_layer.ts";

const V4 = ipv4(udp(Uint8Array.of(1)));
const V6 = ipv6(udp(Uint8Array.of(1)));

function ipOf(linkType: number, frame: Uint8Array): { at: number; vlanId: number } | undefined {
  const link = new LinkView();
  // In the middle of a larger buffer: offsets count from its start.
  const pool = concatBytes(new Uint8Array(3).fill(0xee), frame, new Uint8Array(9).fill(0xee));
  if (!link.parse(linkType, pool, 3, 3 + frame.length)) return undefined;
  return { at: link.ipStart - 3, vlanId: link.vlanId };
}

Deno.test("link: Ethernet, with no tag, one, two, and the old double tags", () => {
  assert.deepEqual(ipOf(1, ethernet(V4)), { at: 14, vlanId: -1 });
  assert.deepEqual(ipOf(1, ethernet(V6)), { at: 14, vlanId: -1 });
  assert.deepEqual(ipOf(1, ethernet(V4, [[0x8100, 0x3007]])), { at: 18, vlanId: 7 });
  assert.deepEqual(ipOf(1, ethernet(V6, [[0x88a8, 5], [0x8100, 4094]])), { at: 22, vlanId: 4094 });
  assert.deepEqual(ipOf(1, ethernet(V4, [[0x9100, 1], [0x9200, 2], [0x8100, 3]])), { at: 26, vlanId: 3 });
});

Deno.test("link: a pile of tags is followed only so far", () => {
  const tags = (count: number) => Array.from({ length: count }, () => [0x8100, 1] as const);
  assert.equal(ipOf(1, ethernet(V4, tags(8)))?.at, 46);
  assert.equal(ipOf(1, ethernet(V4, tags(9))), undefined);
});

Deno.test("link: Linux cooked captures, both versions, with tags", () => {
  const sll = hex("0000 0001 0006 020000000001 0000");
  assert.equal(ipOf(113, concatBytes(sll, hex("0800"), V4))?.at, 16);
  assert.equal(ipOf(113, concatBytes(sll, hex("86dd"), V6))?.at, 16);
  assert.deepEqual(ipOf(113, concatBytes(sll, hex("8100 0009 0800"), V4)), { at: 20, vlanId: 9 });
  const sll2 = hex("0000 00000002 0001 00 06 0200000000010000");
  assert.equal(ipOf(276, concatBytes(hex("0800"), sll2, V4))?.at, 20);
  assert.equal(ipOf(276, concatBytes(hex("86dd"), sll2, V6))?.at, 20);
  assert.deepEqual(ipOf(276, concatBytes(hex("8100"), sll2, hex("0009 0800"), V4)), { at: 24, vlanId: 9 });
});

Deno.test("link: BSD loopback in either byte order and with every system's number for IPv6", () => {
  for (const family of ["00000002", "02000000", "0000001e", "1c000000", "18000000", "0a000000"]) {
    assert.equal(ipOf(0, concatBytes(hex(family), V4))?.at, 4, family);
  }
  assert.equal(ipOf(108, concatBytes(hex("00000002"), V4))?.at, 4);
  assert.equal(ipOf(108, concatBytes(hex("02000000"), V4)), undefined);
  assert.equal(ipOf(0, concatBytes(hex("00000007"), V4)), undefined);
});

Deno.test("link: raw IP by each of its numbers; what is not IP or not known is refused", () => {
  for (const linkType of [101, 12, 14, 228, 229]) assert.equal(ipOf(linkType, V4)?.at, 0);
  assert.equal(ipOf(1, concatBytes(ethernet(V4).subarray(0, 12), hex("0806"), V4)), undefined);
  assert.equal(ipOf(127, V4), undefined);
  assert.deepEqual([isSupportedLinkType(1), isSupportedLinkType(276), isSupportedLinkType(127)], [true, true, false]);
});

Deno.test("link: any bytes of any link type give an answer inside of them", () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 1, 101, 108, 113, 276, 3), fc.uint8Array({ maxLength: 60 }), (linkType, bytes) => {
      const found = ipOf(linkType, bytes);
      if (found !== undefined) assert.ok(found.at >= 0 && found.at <= bytes.length);
    }),
    { seed: 21, numRuns: 1000 },
  );
});
