import assert from "node:assert/strict";
import { parseHex, toHex, utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { parseRtcp } from "./compound.ts";
import { SDES_CNAME } from "./sdes.ts";
import { toBytes } from "./testing/packets.ts";

function reasonOf(hex: string): string {
  const parsed = parseRtcp(unwrap(parseHex(hex)));
  return parsed.ok ? "ok" : parsed.fault.reason;
}

Deno.test("RFC 3550 §6.5: chunks end with one to four zero bytes on a word boundary", () => {
  const chunk = (text: string) => ({ ssrc: 1, items: [{ itemType: SDES_CNAME, text: utf8(text) }] });
  const wire = (text: string) => toHex(toBytes([{ kind: "sdes", chunks: [chunk(text)] }]));
  assert.equal(wire("a"), "81ca00020000000101016100");
  assert.equal(wire("ab"), "81ca0003000000010102616200000000");
  assert.equal(wire("abc"), "81ca0003000000010103616263000000");
  assert.equal(toHex(toBytes([{ kind: "sdes", chunks: [{ ssrc: 1, items: [] }] }])), "81ca00020000000100000000");
});

Deno.test("SDES whose items or chunks do not fit exactly is refused", () => {
  assert.equal(reasonOf("81ca00020000000101016100"), "ok");
  assert.equal(reasonOf("81ca00020000000101026162"), "bad_length", "no zero byte behind the items");
  assert.equal(reasonOf("81ca00020000000101ff6100"), "bad_length", "an item beyond the packet");
  assert.equal(reasonOf("81ca00020000000101016105"), "bad_length", "half an item");
  assert.equal(reasonOf("82ca00020000000101016100"), "bad_length", "a chunk too few");
  assert.equal(reasonOf("80ca00020000000101016100"), "bad_length", "a chunk too many");
  assert.equal(reasonOf("81ca000100000001"), "bad_length", "no list of items");
  assert.equal(reasonOf("80ca0000"), "ok");
});

Deno.test("RFC 3550 §6.6: BYE with and without a reason, and any that does not fit exactly", () => {
  const bye = { kind: "bye", ssrcs: [0xcafe], reason: utf8("bye") } as const;
  assert.equal(toHex(toBytes([bye])), "81cb00020000cafe03627965");
  assert.equal(toHex(toBytes([{ ...bye, reason: utf8("bye!") }])), "81cb00030000cafe0462796521000000");
  assert.equal(toHex(toBytes([{ ...bye, reason: new Uint8Array(0) }])), "81cb00020000cafe00000000");
  assert.equal(toHex(toBytes([{ ...bye, reason: null }])), "81cb00010000cafe");
  assert.equal(reasonOf("82cb00010000cafe"), "bad_length");
  assert.equal(reasonOf("81cb00020000cafe04627965"), "bad_length");
  assert.equal(reasonOf("81cb00030000cafe0362796500000000"), "bad_length");
});
