import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, parseHex, utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { type FieldNode, findField, leavesOf } from "../field_node.ts";
import { parseRtcp } from "./compound.ts";
import { dissectRtcp } from "./dissect.ts";
import { compounds, toBytes } from "./testing/packets.ts";

/** Leaves follow one another without gap or overlap from bit 0 to the end, inside their groups. */
function assertTiles(nodes: readonly FieldNode[], bitEnd: number): void {
  let at = 0;
  for (const leaf of leavesOf(nodes)) {
    assert.equal(leaf.bitOffset, at, leaf.name);
    at += leaf.bitLength;
  }
  assert.equal(at, bitEnd);
}

function assertNested(node: FieldNode): void {
  if (node.children === undefined) return;
  const bits = node.children.reduce((sum, child) => sum + child.bitLength, 0);
  assert.equal(bits, node.bitLength, node.name);
  node.children.forEach(assertNested);
}

Deno.test("the leaves cover every bit of every packet, and groups are as long as what they hold", () => {
  fc.assert(
    fc.property(compounds, (packets) => {
      const bytes = toBytes(packets);
      const tree = dissectRtcp(bytes);
      assert.deepEqual(tree.map(({ name }) => name), packets.map(({ kind }) => `rtcp.${kind}`));
      assertTiles(tree, bytes.length * 8);
      tree.forEach(assertNested);
    }),
    { seed: 41, numRuns: 150 },
  );
});

Deno.test("any bytes give a tree over all of them, with one malformed leaf exactly where the parser refuses", () => {
  fc.assert(
    fc.property(compounds, fc.nat(), fc.nat(255), fc.nat(), (packets, where, value, cut) => {
      const bytes = toBytes(packets);
      bytes[where % Math.min(80, bytes.length)] = value;
      const input = bytes.subarray(0, bytes.length - (cut % 3));
      const tree = dissectRtcp(input);
      assertTiles(tree, input.length * 8);
      assert.equal(findField(tree, "rtcp.malformed") !== undefined, !parseRtcp(input).ok);
    }),
    { seed: 42, numRuns: 400 },
  );
  assert.deepEqual(dissectRtcp(new Uint8Array(0)).map(({ name, text }) => [name, text]), [
    ["rtcp.malformed", "Cannot parse RTCP header: need 4 bytes, got 0"],
  ]);
});

Deno.test("values and their words", () => {
  const sdes = toBytes([{ kind: "sdes", chunks: [{ ssrc: 0xcafe, items: [{ itemType: 1, text: utf8("a@b") }] }] }]);
  const nack = toBytes([{ kind: "nack", senderSsrc: 1, mediaSsrc: 2, items: [{ pid16: 65535, blp16: 1 }] }]);
  const feedback = unwrap(parseHex("8fcd00060000cafe0000beef000a000400000107d4800105018b0000"));
  const padded = unwrap(parseHex("a0c900020000cafe00000004"));
  const tree = dissectRtcp(concatBytes(sdes, nack, feedback, padded));
  const say = (name: string) => {
    const node = findField(tree, name);
    return [node?.value, node?.text];
  };
  assert.deepEqual(say("rtcp.sdes.ssrc"), [0xcafe, "0x0000cafe"]);
  assert.deepEqual(say("rtcp.sdes.type"), [1, "cname"]);
  assert.deepEqual(say("rtcp.sdes.text"), [utf8("a@b"), "a@b"]);
  assert.deepEqual(say("rtcp.nack.blp"), [1, "lost: 65535 0"]);
  assert.deepEqual(say("rtcp.twcc.reference"), [1, "64 ms"]);
  assert.deepEqual(say("rtcp.twcc.chunk"), [0xd480, "1102000"]);
  assert.deepEqual(say("rtcp.twcc.delta"), [1, "packet 10: 0.25 ms"]);
  assert.deepEqual(say("rtcp.padding"), [Uint8Array.of(0, 0, 0, 4), undefined]);
  assert.equal(tree[3].label, "Receiver report");
});
