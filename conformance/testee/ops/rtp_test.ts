import assert from "node:assert/strict";
import fc from "fast-check";
import { ask, engineCases, freshTestee, type Row, testRows } from "../testing.ts";

const HEADER = {
  version: 2,
  padding: false,
  extension: false,
  csrc_count: 0,
  csrc: [],
  marker: false,
  payload_type: 111,
  sequence_number: 1,
  timestamp: 2,
  ssrc: 3,
  extension_header: null,
};
const ARC = { quality: 0, priority: 0, key_phase: 0, flags: 0, bandwidth_kbps: null, loss_tenths: null };
const PACKET = { header: HEADER, arc: ARC, payload: "4869" };
const HEX = "806f00010000000200000003000000004869";

const FULL = {
  header: {
    ...HEADER,
    padding: true,
    extension: true,
    csrc_count: 2,
    csrc: [5, 0xffff_ffff],
    marker: true,
    extension_header: { profile: 0xbede, data: "10aabb00" },
  },
  arc: { quality: 3, priority: 2, key_phase: 1, flags: 3, bandwidth_kbps: 2500, loss_tenths: 255 },
  payload: "4869",
  padding: "0002",
};
const FULL_HEX = "b2ef00010000000200000003" + "00000005ffffffff" + "bede000110aabb00" + "e40309c4ff" + "4869" + "0002";

const parse = (hex: string, more: object = {}) => ({ op: "rtp.parse", hex, ...more });
const write = (packet: object, more: object = {}) => ({ op: "rtp.write", ...packet, ...more });
const writeHeader = (header: object, more: object = {}) => write({ ...PACKET, header: { ...HEADER, ...header } }, more);
const writeArc = (arc: object) => write({ ...PACKET, arc: { ...ARC, ...arc } });

const ROWS: readonly Row[] = [
  { name: "the smallest packet with a payload", request: parse(HEX), answer: { ok: PACKET } },
  { name: "every field at once", request: parse(FULL_HEX), answer: { ok: FULL } },
  {
    name: "plain RTP has no Arc block",
    request: parse(HEX, { plain: true }),
    answer: { ok: { header: HEADER, arc: null, payload: "000000004869" } },
  },
  {
    name: "undefined flags are shown, bandwidth without its flag is not",
    request: parse("806f00010000000200000003" + "03f40005" + "0a"),
    answer: { ok: { ...PACKET, arc: { ...ARC, flags: 0xf4 }, payload: "0a" } },
  },
  { name: "empty", request: parse(""), answer: { fault: { reason: "truncated", offset: 0, need: 16 } } },
  {
    name: "fifteen bytes",
    request: parse(HEX.slice(0, 30)),
    answer: { fault: { reason: "truncated", offset: 15, need: 16 } },
  },
  {
    name: "a loss flag without its byte",
    request: parse("806f0001000000020000000300020000"),
    answer: { fault: { reason: "truncated", offset: 16, need: 17 } },
  },
  { name: "version 1", request: parse("4" + HEX.slice(1)), answer: { fault: { reason: "bad_version", offset: 0 } } },
  {
    name: "a payload type of RTCP's",
    request: parse(HEX.replace("6f", "48")),
    answer: { fault: { reason: "bad_value", offset: 1 } },
  },
  {
    name: "padding of 0",
    request: parse("a" + HEX.slice(1, -2) + "00"),
    answer: { fault: { reason: "bad_padding", offset: 17 } },
  },
  { name: "hex of half a byte", request: parse("806"), answer: { error: oddHex("$.hex", 3) } },
  { name: "no hex", request: { op: "rtp.parse" }, answer: { error: "$.hex must be a string" } },
  {
    name: "a dialect of nobody's",
    request: parse(HEX, { dialect: "arcrtc-2.0" }),
    answer: { error: "$.dialect must be one of arcrtc-1.0, armoricore" },
  },

  { name: "write: the same bytes", request: write(PACKET), answer: { ok: { hex: HEX } } },
  { name: "write: every field at once", request: write(FULL), answer: { ok: { hex: FULL_HEX } } },
  {
    name: "write: what can be left out",
    request: write({
      header: { payload_type: 111, sequence_number: 1, timestamp: 2, ssrc: 3 },
      arc: { quality: 0, priority: 0 },
      payload: "4869",
    }),
    answer: { ok: { hex: HEX } },
  },
  {
    name: "write: without Arc block it is plain RTP",
    request: write({ header: HEADER, arc: null, payload: "4869" }),
    answer: { ok: { hex: "806f000100000002000000034869" } },
  },
  {
    name: "write: padding at the end of the payload",
    request: write({ header: { ...HEADER, padding: true }, arc: ARC, payload: "48690002" }),
    answer: { ok: { hex: "a06f000100000002000000030000000048690002" } },
  },
  {
    name: "write: undefined flags are sent as 0",
    request: writeArc({ flags: 0xfc }),
    answer: { ok: { hex: HEX } },
  },
  {
    name: "write: flags that contradict their fields",
    request: writeArc({ flags: 1 }),
    answer: { fault: { reason: "bad_value", path: "$.arc.flags" } },
  },
  {
    name: "write: a payload type of RTCP's",
    request: writeHeader({ payload_type: 64 }),
    answer: { fault: { reason: "bad_value", path: "$.header.payload_type" } },
  },
  {
    name: "write: another version",
    request: writeHeader({ version: 1 }),
    answer: { fault: { reason: "bad_version", path: "$.header.version" } },
  },
  {
    name: "write: sixteen CSRCs",
    request: writeHeader({ csrc: Array(16).fill(1), csrc_count: 16 }),
    answer: { fault: { reason: "bad_value", path: "$.header.csrc" } },
  },
  {
    name: "write: a count that is not the list's",
    request: writeHeader({ csrc_count: 1 }),
    answer: { fault: { reason: "bad_value", path: "$.header.csrc_count" } },
  },
  {
    name: "write: X without an extension",
    request: writeHeader({ extension: true }),
    answer: { fault: { reason: "bad_extension", path: "$.header.extension" } },
  },
  {
    name: "write: an extension beyond its length field",
    request: writeHeader({ extension: true, extension_header: { profile: 1, data: "00".repeat(4 * 0xffff + 1) } }),
    answer: { fault: { reason: "too_large", path: "$.header.extension_header.data" } },
  },
  {
    name: "write: P without padding",
    request: writeHeader({ padding: true }),
    answer: { fault: { reason: "bad_padding", path: "$.payload" } },
  },
  {
    name: "write: padding without P",
    request: write({ ...PACKET, padding: "01" }),
    answer: { fault: { reason: "bad_padding", path: "$.padding" } },
  },
  {
    name: "write: a number beyond its bits",
    request: writeHeader({ sequence_number: 65536 }),
    answer: { error: "$.header.sequence_number must be an integer in 0..65535" },
  },
  { name: "write: no header", request: { op: "rtp.write" }, answer: { error: "$.header must be an object" } },
];

function oddHex(path: string, digits: number): string {
  return `${path} must be hex (Cannot parse hex: need an even number of digits, got ${digits})`;
}

testRows("rtp", ROWS);

Deno.test("ARC-RTP-round-trip: rtp.write gives the packet that rtp.parse was given", () => {
  const testee = freshTestee();
  const header = fc.record({
    csrc: fc.array(fc.nat(0xffff_ffff), { maxLength: 15 }),
    marker: fc.boolean(),
    payload_type: fc.nat(127).filter((pt) => pt < 64 || pt > 95),
    sequence_number: fc.nat(0xffff),
    timestamp: fc.nat(0xffff_ffff),
    ssrc: fc.nat(0xffff_ffff),
    words: fc.option(fc.uint8Array({ maxLength: 8 })),
  });
  const arc = fc.record({
    quality: fc.nat(3),
    priority: fc.nat(3),
    key_phase: fc.nat(3),
    bandwidth_kbps: fc.option(fc.nat(0xffff)),
    loss_tenths: fc.option(fc.nat(255)),
  });
  const toHex = (bytes: Uint8Array) => bytes.reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), "");
  fc.assert(
    fc.property(header, fc.option(arc), fc.uint8Array({ maxLength: 40 }), fc.nat(9), (h, arc, body, paddingBytes) => {
      const { words, ...rest } = h;
      const data = words === null ? undefined : toHex(words).padEnd(Math.ceil(words.length / 4) * 8, "0");
      const request = {
        op: "rtp.write",
        header: {
          ...rest,
          padding: paddingBytes > 0,
          extension_header: data === undefined ? null : { profile: 0x1000, data },
        },
        arc,
        payload: toHex(body),
        padding: paddingBytes === 0 ? "" : "00".repeat(paddingBytes - 1) + toHex(Uint8Array.of(paddingBytes)),
      };
      const { hex } = ask(testee, request).ok as { hex: string };
      const parsed = ask(testee, { op: "rtp.parse", hex, plain: arc === null }).ok as object;
      assert.deepEqual(ask(testee, { op: "rtp.write", ...parsed }), { ok: { hex } });
    }),
    { seed: 20, numRuns: 300 },
  );
});

interface ParseCase {
  readonly id: string;
  readonly wire: string;
  readonly result: { readonly ok?: Record<string, unknown>; readonly error?: string };
}

const QUALITIES = ["Excellent", "Good", "Fair", "Poor"];
const PRIORITIES = ["Critical", "High", "Medium", "Low"];

Deno.test("ARC-DIALECT-armoricore-arc-block ARC-DIALECT-armoricore-padding: rtp.parse reads what the engine reads", () => {
  const testee = freshTestee();
  for (const { id, wire, result } of engineCases<ParseCase>("arcrtp_parse")) {
    const answer = ask(testee, { op: "rtp.parse", dialect: "armoricore", hex: wire });
    if (result.ok === undefined) {
      assert.ok("fault" in answer, `${id}: the engine refuses (${result.error})`);
      continue;
    }
    const { header, arc, payload } = answer.ok as { header: object; arc: Record<string, number>; payload: string };
    assert.deepEqual({ header, payload }, { header: result.ok.header, payload: result.ok.payload }, id);
    assert.equal(QUALITIES[arc.quality], result.ok.quality, id);
    assert.equal(PRIORITIES[arc.priority], result.ok.priority, id);
    assert.equal(arc.bandwidth_kbps, result.ok.bandwidth_estimate_kbps, id);
    assert.equal(arc.loss_tenths, result.ok.packet_loss_rate_tenths, id);
    assert.equal(arc.key_phase, 0, id);
  }
});

Deno.test("rtp.parse of plain RTP reads what the engine reads", () => {
  const testee = freshTestee();
  for (const { id, wire, result } of engineCases<ParseCase>("rtp_parse")) {
    const answer = ask(testee, { op: "rtp.parse", dialect: "armoricore", plain: true, hex: wire });
    if (result.ok === undefined) {
      assert.ok("fault" in answer, `${id}: the engine refuses (${result.error})`);
      continue;
    }
    const { header, payload } = answer.ok as { header: object; payload: string };
    assert.deepEqual({ header, payload }, { header: result.ok.header, payload: result.ok.payload }, id);
  }
});

interface SerializeCase {
  readonly id: string;
  readonly wire: string;
  readonly input: Record<string, unknown>;
}

Deno.test("rtp.write writes what the engine writes, contradictions included", () => {
  const testee = freshTestee();
  for (const { id, wire, input } of engineCases<SerializeCase>("arcrtp_serialize")) {
    const arc = {
      quality: input.quality_value,
      priority: input.priority_value,
      bandwidth_kbps: input.bandwidth_estimate_kbps,
      loss_tenths: input.packet_loss_rate_tenths,
    };
    const request = { op: "rtp.write", dialect: "armoricore", header: input.header, arc, payload: input.payload };
    assert.deepEqual(ask(testee, request), { ok: { hex: wire } }, id);
  }
});
