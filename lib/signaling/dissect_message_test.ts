import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { type FieldNode, findField, leavesOf } from "../packet/field_node.ts";
import { dissectMessage } from "./dissect_message.ts";
import { EXAMPLES } from "./examples.ts";
import { MESSAGE_TYPES } from "./messages/registry.ts";
import { writeMessage } from "./parse_message.ts";

function bytesOf(bytes: Uint8Array, node: FieldNode): string {
  assert.ok(node.bitOffset % 8 === 0 && node.bitLength % 8 === 0);
  return new TextDecoder().decode(bytes.subarray(node.bitOffset / 8, (node.bitOffset + node.bitLength) / 8));
}

function checkNesting(nodes: readonly FieldNode[], start: number, end: number): void {
  let at = start;
  for (const node of nodes) {
    assert.ok(node.bitOffset >= at && node.bitOffset + node.bitLength <= end, node.name);
    at = node.bitOffset + node.bitLength;
    assert.equal(node.value === undefined, node.children !== undefined, node.name);
    if (node.children) checkNesting(node.children, node.bitOffset, at);
  }
}

Deno.test("dissect: every field of every message stands at its value's bytes, in wire order", () => {
  for (const type of MESSAGE_TYPES) {
    const bytes = utf8(writeMessage(EXAMPLES[type].full));
    const nodes = dissectMessage(bytes);
    checkNesting(nodes, 0, bytes.length * 8);
    assert.equal(nodes[0].name, "arcsig.type");
    assert.equal(nodes[0].value, type);
    for (const leaf of leavesOf(nodes)) {
      if (leaf.value !== undefined) assert.deepEqual(JSON.parse(bytesOf(bytes, leaf)), leaf.value, leaf.name);
    }
  }
});

Deno.test("dissect: names are the display filter's, labels and units are for people", () => {
  const nodes = dissectMessage(utf8(writeMessage(EXAMPLES.STREAM_START.full)));
  const read = (name: string) => {
    const node = findField(nodes, name);
    assert.ok(node, name);
    return [node.label, node.value, node.text];
  };
  assert.deepEqual(read("arcsig.ssrc"), ["SSRC", 12345678, "0x00bc614e"]);
  assert.deepEqual(read("arcsig.codec.audio.bitrate"), ["Bitrate", 128000, "128000 bit/s"]);
  assert.deepEqual(read("arcsig.codec.audio.sample_rate"), ["Sample rate", 48000, "48000 Hz"]);
  assert.deepEqual(read("arcsig.reduced_header.item.context_id"), ["Context ID", 0, undefined]);
  assert.deepEqual(read("arcsig.quality_ladder.item"), ["[0]", "ultra", undefined]);
  assert.deepEqual(read("arcsig.timestamp"), ["Timestamp", 1234567892, "1970-01-15T06:56:07.892Z"]);
});

Deno.test("dissect: times are written as the platform writes them", () => {
  const day = 86_400_000;
  const times = [0, 1, 951_782_400_000, 951_868_800_000, 1_709_164_800_000, 4_107_542_399_999, 253_402_300_799_999];
  for (let i = 0; i < 500; i++) times.push(i * 37 * day + i * 12_345_678);
  for (const time of times) {
    const [node] = dissectMessage(utf8(`{"timestamp":${time}}`));
    assert.equal(node.text, new Date(time).toISOString());
  }
  for (const time of ["-1", "1.5", "1e300", '"x"']) {
    assert.equal(dissectMessage(utf8(`{"timestamp":${time}}`))[0].text, undefined);
  }
});

Deno.test("dissect: what is no message is shown all the same", () => {
  const [odd, word] = dissectMessage(utf8('{ "odd name\u20ac" : null , "x" : [true, {}] }'));
  assert.deepEqual([odd.name, odd.label, odd.value], ["arcsig.other", '"odd name\u20ac"', "null"]);
  assert.deepEqual(word.children?.map((node) => [node.name, node.value, node.children]), [
    ["arcsig.x.item", true, undefined],
    ["arcsig.x.item", undefined, []],
  ]);
  const numbered = dissectMessage(utf8('{"b":1,"1":2,"a":3}'));
  assert.deepEqual(numbered.map((node) => node.value), [1, 2, 3]);
  const [malformed] = dissectMessage(utf8('{"type":'));
  assert.equal(malformed.name, "arcsig.malformed");
  assert.equal(malformed.bitLength, 64);
  assert.ok(malformed.text?.startsWith("Cannot parse JSON"));
  assert.deepEqual(dissectMessage(utf8("7")).map((node) => [node.name, node.value]), [["arcsig", 7]]);
});

Deno.test("dissect: never throws, and stays inside of the bytes", () => {
  const inputs = fc.oneof(fc.json().map(utf8), fc.uint8Array({ maxLength: 50 }));
  fc.assert(
    fc.property(inputs, (bytes) => checkNesting(dissectMessage(bytes), 0, bytes.length * 8)),
    { seed: 77, numRuns: 400 },
  );
});
