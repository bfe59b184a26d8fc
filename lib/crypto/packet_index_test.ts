import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../base/bytes.ts";
import { estimateIndex, MAX_PACKET_INDEX, packetIndex, rocOf, seq16Of, writePacketNonce } from "./packet_index.ts";
import { hex } from "./testing/backends.ts";

/** RFC 3711 §3.3.1, step by step as it stands there, but without its modulo: a ROC of -1 stays -1. */
function estimateByTheBook(seq: number, roc: number, s_l: number): number {
  let v: number;
  if (s_l < 32_768) {
    v = seq - s_l > 32_768 ? roc - 1 : roc;
  } else {
    v = s_l - 32_768 > seq ? roc + 1 : roc;
  }
  return seq + v * 65_536;
}

const EDGES = [0, 1, 2, 32_766, 32_767, 32_768, 32_769, 65_534, 65_535];
const seq16 = fc.oneof(fc.constantFrom(...EDGES), fc.nat(0xffff));
const roc = fc.oneof(fc.constantFrom(0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff));

Deno.test("ARC-SRTP-index-estimate: agrees with the algorithm of RFC 3711 section 3.3.1, ties and ends included", () => {
  fc.assert(
    fc.property(seq16, roc, seq16, (seq, roc, highestSeq) => {
      assert.equal(estimateIndex(seq, packetIndex(roc, highestSeq)), estimateByTheBook(seq, roc, highestSeq));
    }),
    { seed: 21, numRuns: 2000 },
  );
});

Deno.test("packet index: is never more than half a round from the highest", () => {
  fc.assert(
    fc.property(seq16, roc, seq16, (seq, roc, highestSeq) => {
      const highest = packetIndex(roc, highestSeq);
      const index = estimateIndex(seq, highest);
      assert.ok(Math.abs(index - highest) <= 32_768);
      assert.equal(index < 0 || seq16Of(index) === seq, true);
    }),
    { seed: 22, numRuns: 1000 },
  );
});

Deno.test("packet index: both ends of the space show as numbers outside of it", () => {
  assert.ok(estimateIndex(65_535, packetIndex(0, 5)) < 0);
  assert.ok(estimateIndex(5, packetIndex(0xffff_ffff, 65_535)) > MAX_PACKET_INDEX);
  assert.equal(estimateIndex(0, packetIndex(0, 65_535)), 65_536);
  assert.equal(estimateIndex(65_535, packetIndex(1, 0)), 65_535);
  assert.equal(estimateIndex(0, 0), 0);
});

Deno.test("packet index: takes apart what it puts together, up to 2^48-1", () => {
  fc.assert(
    fc.property(seq16, roc, (seq, roc) => {
      assert.equal(rocOf(packetIndex(roc, seq)), roc);
      assert.equal(seq16Of(packetIndex(roc, seq)), seq);
    }),
    { seed: 23, numRuns: 500 },
  );
  assert.equal(packetIndex(0xffff_ffff, 0xffff), MAX_PACKET_INDEX);
});

Deno.test("ARC-SRTP-nonce: the example of RFC 7714 section 16.1.1", () => {
  const nonce = new Uint8Array(12).fill(0xee);
  writePacketNonce(nonce, hex("517569642070726f2071756f"), 0x5501a0b2, 0, 0xf17b);
  assert.equal(toHex(nonce), "51753c6580c2726f20718414");
});

Deno.test("ARC-SRTP-nonce: two zero bytes, SSRC, ROC and sequence number, exclusive-ored with the salt", () => {
  const nonce = new Uint8Array(12);
  writePacketNonce(nonce, new Uint8Array(12), 0xfedcba98, 0x89abcdef, 0x8001);
  assert.equal(toHex(nonce), "0000fedcba9889abcdef8001");
  writePacketNonce(nonce, hex("ffffffffffffffffffffffff"), 0xfedcba98, 0x89abcdef, 0x8001);
  assert.equal(toHex(nonce), "ffff01234567765432107ffe");
});
