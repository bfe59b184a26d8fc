import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHex, readU32, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { type ArcRtpFields, parseArcRtp } from "./arcrtp.ts";
import { dissectArcRtp, dissectReduced } from "./dissect_arcrtp.ts";
import { type Dissection, type FieldNode, findField, leavesOf } from "./field_node.ts";
import { readBits } from "./field_spec.ts";
import { ARCRTP_FIELDS, ELEMENT_VALUES } from "./field_table.ts";
import { SEND_TIME_BYTES, TRANSPORT_SEQUENCE_BYTES, writeStamps } from "./extensions.ts";
import { ReducedView } from "./reduced.ts";
import { anyBytes, arcRtpBytes, arcRtpFields } from "./testing/arbitrary.ts";

const hex = (text: string) => unwrap(parseHex(text.replaceAll(" ", "")));

/** Leaves must follow one another without gap or overlap, and groups must span their children. */
function assertTiles({ nodes }: Dissection, bytes: Uint8Array): void {
  let bit = 0;
  for (const leaf of leavesOf(nodes)) {
    assert.equal(leaf.bitOffset, bit, leaf.name);
    assert.ok(leaf.bitLength > 0, leaf.name);
    bit += leaf.bitLength;
  }
  assert.equal(bit, 8 * bytes.length);
  const visit = (node: FieldNode): void => {
    if (node.children === undefined) return;
    const bits = node.children.reduce((sum, child) => sum + child.bitLength, 0);
    assert.deepEqual([node.bitOffset, node.bitLength], [node.children[0].bitOffset, bits], node.name);
    node.children.forEach(visit);
  };
  nodes.forEach(visit);
}

function valueOf({ nodes }: Dissection, name: string): FieldNode["value"] {
  return findField(nodes, name)?.value;
}

/** `name = value (text)` of every leaf, without place. */
function lines({ nodes }: Dissection): string[] {
  return [...leavesOf(nodes)].map(({ name, value, text }) => {
    const shown = value instanceof Uint8Array ? toHex(value) : String(value);
    return `${name} = ${shown}${text === undefined ? "" : ` (${text})`}`;
  });
}

Deno.test("a packet with everything in it, leaf by leaf", () => {
  const bytes = hex(
    "b1e7 1234 89abcdef deadbeef 00000001" +
      "bede 0003 12060000 21fffe00 3077f0aa" +
      "6b07 09c4 0f" +
      "0102 0002",
  );
  const dissection = dissectArcRtp(bytes);
  assert.deepEqual(lines(dissection), [
    "arcrtp.version = 2",
    "arcrtp.p = true",
    "arcrtp.x = true",
    "arcrtp.cc = 1",
    "arcrtp.marker = true",
    "arcrtp.pt = 103",
    "arcrtp.seq = 4660",
    "arcrtp.timestamp = 2309737967",
    "arcrtp.ssrc = 3735928559 (0xdeadbeef)",
    "arcrtp.csrc = 1 (0x00000001)",
    "arcrtp.ext.profile = 48862 (0xbede)",
    "arcrtp.ext.words = 3 (12 bytes)",
    "arcrtp.ext.id = 1",
    "arcrtp.ext.len = 2",
    "arcrtp.ext.send_time = 393216 (1.5 s)",
    "arcrtp.ext.id = 2",
    "arcrtp.ext.len = 1",
    "arcrtp.ext.transport_seq = 65534",
    "arcrtp.ext.padding = 00",
    "arcrtp.ext.id = 3",
    "arcrtp.ext.len = 0",
    "arcrtp.ext.value = 77",
    "arcrtp.ext.ignored = f0aa",
    "arcrtp.quality = 1",
    "arcrtp.priority = 2 (medium)",
    "arcrtp.key_phase = 2",
    "arcrtp.reserved = 3",
    "arcrtp.flags.reserved = 1",
    "arcrtp.flags.loss = true",
    "arcrtp.flags.bandwidth = true",
    "arcrtp.bandwidth = 2500 (2500 kbps)",
    "arcrtp.loss = 15 (1.5 %)",
    "arcrtp.payload = 0102",
    "arcrtp.padding = 0002",
  ]);
  assert.deepEqual(dissection.faults, []);
  assert.deepEqual(dissection.nodes.map((node) => node.name), [
    "arcrtp.rtp",
    "arcrtp.csrcs",
    "arcrtp.ext",
    "arcrtp.block",
    "arcrtp.payload",
    "arcrtp.padding",
  ]);
  assert.equal(findField(dissection.nodes, "arcrtp.flags")?.text, "0x07");
  assertTiles(dissection, bytes);
});

Deno.test("the leaves cover every bit once, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.oneof(anyBytes, arcRtpFields.map(arcRtpBytes)), fc.boolean(), fc.nat(), (bytes, encrypted, cut) => {
      assertTiles(dissectArcRtp(bytes, { encrypted }), bytes);
      const prefix = bytes.subarray(0, cut % (bytes.length + 1));
      assertTiles(dissectArcRtp(prefix, { encrypted }), prefix);
      assertTiles(dissectReduced(prefix), prefix);
    }),
    { seed: 1401, numRuns: 1000 },
  );
});

Deno.test("a dissection has the parser's fault, and names what it left", () => {
  fc.assert(
    fc.property(anyBytes, fc.boolean(), (bytes, encrypted) => {
      const parsed = parseArcRtp(bytes, { encrypted });
      const faults = dissectArcRtp(bytes, { encrypted }).faults.filter(({ reason }) => reason !== "bad_extension");
      assert.deepEqual(faults, parsed.ok ? [] : [parsed.fault]);
    }),
    { seed: 1402, numRuns: 500 },
  );
  const cut = dissectArcRtp(hex("9060 0001 00000002 00000003 bede 0009 00000000 00000000"));
  assert.deepEqual(cut.faults.map(({ reason, need }) => [reason, need]), [["truncated", 56]]);
  assert.equal(toHex(valueOf(cut, "arcrtp.undissected") as Uint8Array), "0000000000000000");
  const noBlock = dissectArcRtp(hex("9060 0001 00000002 00000003 bede 0001 20110000"));
  assert.deepEqual(noBlock.faults.map(({ reason, need }) => [reason, need]), [["truncated", 24]]);
  assert.equal(valueOf(noBlock, "arcrtp.ext.id"), 2, "what is there is dissected");
  const reduced = dissectReduced(hex("c00102"));
  assert.deepEqual(reduced.faults.map(({ reason, need }) => [reason, need]), [["truncated", 4]]);
  assert.equal(valueOf(reduced, "arcrtp.reduced.seq8"), 1);
});

Deno.test("ARC-RTP-ext-bad-element: an element past the end is shown as ignored and reported; the packet is dissected on", () => {
  const bytes = hex("9060 0001 00000002 00000003 bede 0001 2011 3f22 40000000 aa");
  assert.ok(parseArcRtp(bytes).ok);
  const dissection = dissectArcRtp(bytes);
  assert.deepEqual(dissection.faults.map(({ reason, offset }) => [reason, offset]), [["bad_extension", 18]]);
  assert.deepEqual(lines(dissection).slice(11), [
    "arcrtp.ext.id = 2",
    "arcrtp.ext.len = 0",
    "arcrtp.ext.value = 11",
    "arcrtp.ext.ignored = 3f22",
    "arcrtp.quality = 1",
    "arcrtp.priority = 0 (critical)",
    "arcrtp.key_phase = 0",
    "arcrtp.reserved = 0",
    "arcrtp.flags.reserved = 0",
    "arcrtp.flags.loss = false",
    "arcrtp.flags.bandwidth = false",
    "arcrtp.bandwidth = 0 (0 kbps)",
    "arcrtp.payload = aa",
  ]);
});

Deno.test("the views read what the table says, and agree on where the payload lies", () => {
  fc.assert(
    fc.property(arcRtpFields, (fields: ArcRtpFields) => {
      const bytes = arcRtpBytes(fields);
      const view = unwrap(parseArcRtp(bytes));
      const dissection = dissectArcRtp(bytes);
      for (
        const [name, expected] of [
          ["arcrtp.version", view.version],
          ["arcrtp.p", view.padding],
          ["arcrtp.x", view.hasExtension],
          ["arcrtp.cc", view.csrcCount],
          ["arcrtp.marker", view.marker],
          ["arcrtp.pt", view.payloadType],
          ["arcrtp.seq", view.sequenceNumber],
          ["arcrtp.timestamp", view.timestamp],
          ["arcrtp.ssrc", view.ssrc],
          ["arcrtp.ext.profile", view.hasExtension ? view.extensionProfile : undefined],
          ["arcrtp.quality", view.quality],
          ["arcrtp.priority", view.priority],
          ["arcrtp.key_phase", view.keyPhase],
          ["arcrtp.flags", view.flags],
          ["arcrtp.flags.loss", view.hasLoss],
          ["arcrtp.flags.bandwidth", view.hasBandwidth],
          ["arcrtp.bandwidth", view.bandwidthKbps ?? 0],
          ["arcrtp.loss", view.lossTenths],
          ["arcrtp.payload", view.payload().length > 0 ? view.payload() : undefined],
        ] as const
      ) {
        assert.deepEqual(valueOf(dissection, name), expected, name);
      }
      const csrcs = [...leavesOf(dissection.nodes)].filter(({ name }) => name === "arcrtp.csrc");
      assert.deepEqual(csrcs.map(({ value }) => value), fields.csrc);
    }),
    { seed: 1403, numRuns: 200 },
  );
});

Deno.test("ARC-RTP-reduced-layout: the reduced view reads what the table says", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 8 }), (unit) => {
      unit[0] |= 0xc0;
      const view = new ReducedView();
      assert.ok(view.parse(unit));
      const dissection = dissectReduced(unit);
      assert.deepEqual(dissection.faults, []);
      assert.deepEqual(
        ["class", "marker", "priority", "cid", "seq8", "ts16"].map((name) =>
          valueOf(dissection, `arcrtp.reduced.${name}`)
        ),
        [3, view.marker, view.priority, view.contextId, view.sequence8, view.timestamp16],
      );
    }),
    { seed: 1404, numRuns: 100 },
  );
});

Deno.test("readBits reads any run of bits, most significant first", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.nat(31),
      fc.integer({ min: 1, max: 32 }),
      (b, at, n) => {
        const bits = (BigInt(readU32(b, 0)) << 32n) | BigInt(readU32(b, 4));
        assert.equal(readBits(b, at, n), Number((bits >> BigInt(64 - at - n)) & ((1n << BigInt(n)) - 1n)));
      },
    ),
    { seed: 1405, numRuns: 500 },
  );
});

Deno.test("the table: names are unique, widths readable, clauses are rules of SPEC.md or RFC sections", () => {
  const spec = Deno.readTextFileSync(new URL("../../conformance/SPEC.md", import.meta.url));
  const rules = new Set([...spec.matchAll(/^- \*\*(ARC-[A-Za-z0-9-]+)\*\*/gm)].map((match) => match[1]));
  assert.equal(new Set(ARCRTP_FIELDS.map(({ name }) => name)).size, ARCRTP_FIELDS.length);
  for (const { name, type, bitWidth, values, clause, description } of ARCRTP_FIELDS) {
    assert.match(name, /^arcrtp(\.[a-z0-9_]+)+$/);
    assert.ok(type === "bytes" ? bitWidth === 0 : bitWidth >= 1 && bitWidth <= 32, name);
    if (type === "bool") assert.equal(bitWidth, 1, name);
    if (values !== undefined) assert.equal(values.length, 2 ** bitWidth, name);
    assert.ok(/^RFC \d+ §[\d.]+$/.test(clause) || rules.has(clause), `${name}: ${clause} is no rule`);
    assert.match(description, /\.$/);
  }
});

Deno.test("the table: known elements are as long as the code that stamps them says", () => {
  const widths = Object.entries(ELEMENT_VALUES).map(([id, field]) => [Number(id), field?.bitWidth]);
  assert.deepEqual(widths, [[1, 8 * SEND_TIME_BYTES], [2, 8 * TRANSPORT_SEQUENCE_BYTES]]);
  const bytes = hex("9060 0001 00000002 00000003 bede 0002 0000000000000000 00000000");
  writeStamps(bytes, 16, 0xabcdef, 0x1234);
  const dissection = dissectArcRtp(bytes);
  assert.deepEqual(
    [valueOf(dissection, "arcrtp.ext.send_time"), valueOf(dissection, "arcrtp.ext.transport_seq")],
    [0xabcdef, 0x1234],
  );
});
