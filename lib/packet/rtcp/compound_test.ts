import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, equalBytes, parseHex, toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { SeededRng } from "../../base/rng.ts";
import { parseRtcp, rtcpBytes, type RtcpPacket, writeRtcp } from "./compound.ts";
import { dissectRtcp } from "./dissect.ts";
import { rtcpToJson } from "./to_json.ts";
import { compounds, toBytes } from "./testing/packets.ts";

interface Vector {
  readonly id: string;
  readonly wire?: string;
  readonly wire_ntp_msw_zeroed?: string;
  readonly result?: unknown;
}

const fixture = new URL("../../../fixtures/armoricore/rtcp.json", import.meta.url);
const vectors = (JSON.parse(Deno.readTextFileSync(fixture)) as { cases: Vector[] }).cases;

function hex(text: string): Uint8Array {
  return unwrap(parseHex(text));
}

function reasonOf(bytes: Uint8Array): string {
  const parsed = parseRtcp(bytes);
  return parsed.ok ? "ok" : parsed.fault.reason;
}

const RR = hex("80c900010000cafe");
const PLI = hex("81ce00020000cafe0000beef");

Deno.test("armoricore vectors: every report that the engine writes is read and written back to the same bytes", () => {
  const reports = vectors.filter(({ id }) => id.startsWith("rr_") || id.startsWith("sr_"));
  assert.equal(reports.length, 7);
  for (const vector of reports) {
    const wire = hex(vector.wire ?? vector.wire_ntp_msw_zeroed ?? "");
    const packets = unwrap(parseRtcp(wire));
    assert.equal(packets.length, 1, vector.id);
    assert.equal(packets[0].kind, vector.id.slice(0, 2), vector.id);
    assert.equal(toHex(toBytes(packets)), toHex(wire), vector.id);
  }
});

Deno.test("armoricore vectors: the fields of reports, with loss clamped and a block too many kept as extension", () => {
  const byId = (id: string) => {
    const vector = vectors.find((v) => v.id === id);
    return unwrap(parseRtcp(hex(vector?.wire ?? vector?.wire_ntp_msw_zeroed ?? "")))[0];
  };
  const loss = byId("rr_lost_-8388608");
  assert.ok(loss.kind === "rr");
  assert.deepEqual(loss.reports, [{
    ssrc: 2,
    fractionLost256: 255,
    cumulativeLost: -0x80_0000,
    extendedHighestSequence32: 0x1ffff,
    jitterTicks: 77,
    lastSrCompact: 0x11223344,
    delaySinceLastSrCompact: 0x55667788,
  }]);
  const full = byId("rr_32");
  assert.ok(full.kind === "rr");
  assert.equal(full.reports.length, 31);
  assert.equal(toHex(full.extension), "0000001f1f00001f0001ffff0000004d1122334455667788");
  const sr = byId("sr_0");
  assert.ok(sr.kind === "sr");
  assert.deepEqual(
    [sr.ssrc, sr.rtpTimestampTicks, sr.packetCount, sr.octetCount, sr.reports.length],
    [0x01020304, 0xaabbccdd, 10, 2000, 0],
  );
});

Deno.test("armoricore vectors: bare headers are refused, as their packets are not there", () => {
  const expected: Record<string, string> = {
    "80c90001": "bad_length",
    "81cb0001": "bad_length",
    "81cd0003": "bad_length",
    "80cf0001": "bad_length",
    "40c80006": "bad_version",
    "9fc80006": "bad_length",
    "80c800": "truncated",
    "80c9ffff00": "bad_length",
  };
  const headers = vectors.filter(({ id }) => id.startsWith("header_"));
  assert.equal(headers.length, Object.keys(expected).length);
  for (const { wire = "" } of headers) assert.equal(reasonOf(hex(wire)), expected[wire], wire);
});

Deno.test("ARC-RTCP-feedback: parse(write(x)) is x for every packet type, in compounds of any order", () => {
  fc.assert(
    fc.property(compounds, (packets) => {
      const bytes = toBytes(packets);
      const parsed = unwrap(parseRtcp(bytes));
      assert.deepEqual(parsed, packets);
      assert.ok(equalBytes(toBytes(parsed), bytes));
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("writes inside a dirty pool touch only their own bytes, and read back the same from there", () => {
  const rng = new SeededRng(2);
  fc.assert(
    fc.property(compounds, fc.nat(40), (packets, at) => {
      const size = rtcpBytes(packets);
      const pool = rng.fill(new Uint8Array(at + size + 24));
      const before = pool.slice();
      assert.equal(writeRtcp(packets, pool, at), size);
      assert.ok(equalBytes(pool.subarray(0, at), before.subarray(0, at)));
      assert.ok(equalBytes(pool.subarray(at + size), before.subarray(at + size)));
      assert.deepEqual(
        unwrap(parseRtcp(pool.subarray(at, at + size))).map(rtcpToJson),
        packets.map(rtcpToJson),
      );
    }),
    { seed: 3, numRuns: 150 },
  );
});

Deno.test("any bytes give packets or a fault inside the input, never an exception; what was read can be rewritten", () => {
  const header = fc.tuple(
    fc.constantFrom(0x80, 0x81, 0x82, 0x8f, 0x9f, 0xa0, 0xa1, 0xaf),
    fc.integer({ min: 198, max: 208 }),
  );
  const part = fc.tuple(header, fc.uint8Array({ maxLength: 60 })).map(([[first, type], body]) => {
    const words = body.length >> 2;
    return concatBytes(Uint8Array.of(first, type, 0, words), body.subarray(0, words * 4));
  });
  const inputs = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => concatBytes(...parts)),
  );
  let accepted = 0;
  fc.assert(
    fc.property(inputs, (bytes) => {
      const parsed = parseRtcp(bytes);
      if (!parsed.ok) {
        assert.ok((parsed.fault.offset ?? -1) >= 0 && (parsed.fault.offset ?? 0) <= bytes.length);
        return;
      }
      accepted++;
      const canonical = toBytes(parsed.value);
      assert.deepEqual(unwrap(parseRtcp(canonical)).map(rtcpToJson), parsed.value.map(rtcpToJson));
    }),
    { seed: 4, numRuns: 4000 },
  );
  assert.ok(accepted > 200, `only ${accepted} accepted`);
});

Deno.test("one damaged byte in a valid compound never throws", () => {
  fc.assert(
    fc.property(compounds, fc.nat(), fc.integer({ min: 1, max: 255 }), (packets, where, flip) => {
      const bytes = toBytes(packets);
      bytes[where % Math.min(bytes.length, 64)] ^= flip;
      parseRtcp(bytes);
      dissectRtcp(bytes);
    }),
    { seed: 5, numRuns: 400 },
  );
});

Deno.test("ARC-RTCP-bad-length: every strict prefix that cuts a packet is refused as a whole", () => {
  fc.assert(
    fc.property(compounds, fc.nat(), (packets, cut) => {
      const bytes = toBytes(packets);
      const length = cut % bytes.length;
      const edges = packets.map((_, i) => rtcpBytes(packets.slice(0, i + 1)));
      assert.equal(parseRtcp(bytes.subarray(0, length)).ok, edges.includes(length));
    }),
    { seed: 6, numRuns: 400 },
  );
  assert.equal(reasonOf(new Uint8Array(0)), "truncated");
  assert.equal(reasonOf(concatBytes(RR, hex("80c90002"), new Uint8Array(4))), "bad_length");
  const short = parseRtcp(concatBytes(RR, hex("80c90002"), new Uint8Array(4)));
  assert.ok(!short.ok && short.fault.offset === 10);
});

Deno.test("ARC-RTCP-unknown-skipped: packets of unknown type are stepped over by their length and kept byte for byte", () => {
  const app = hex("83cc00030000cafe61626364deadbeef");
  const remb = hex("8fce00050000cafe0000000052454d42010200000000000f");
  const compound = concatBytes(app, RR, remb, PLI);
  const packets = unwrap(parseRtcp(compound));
  assert.deepEqual(packets.map(({ kind }) => kind), ["unknown", "rr", "unknown", "pli"]);
  assert.equal(toHex(toBytes(packets)), toHex(compound));
});

Deno.test("RFC 5506: a compound may begin with any type, and hold just one packet", () => {
  assert.deepEqual(unwrap(parseRtcp(PLI)), [{ kind: "pli", senderSsrc: 0xcafe, mediaSsrc: 0xbeef }]);
  assert.deepEqual(unwrap(parseRtcp(concatBytes(PLI, RR))).map(({ kind }) => kind), ["pli", "rr"]);
});

Deno.test("RFC 3550 §6.4.1: padding is a counted multiple of four in the last packet", () => {
  const padded = hex("a0c900020000cafe00000004");
  assert.equal(toHex(toBytes(unwrap(parseRtcp(padded)))), toHex(RR));
  assert.equal(reasonOf(concatBytes(padded, RR)), "bad_padding");
  assert.equal(reasonOf(concatBytes(RR, padded)), "ok");
  assert.equal(reasonOf(hex("a0c900020000cafe00000000")), "bad_padding");
  assert.equal(reasonOf(hex("a0c900020000cafe00000003")), "bad_padding");
  assert.equal(reasonOf(hex("a0c900020000cafe0000000c")), "bad_padding");
  assert.equal(reasonOf(hex("a0c900020000cafe00000008")), "bad_length", "nothing is left for the SSRC");
  assert.equal(reasonOf(hex("a0c90000")), "bad_padding");
  const unknown = hex("a0cc00020000cafe01020304");
  assert.equal(toHex(toBytes(unwrap(parseRtcp(unknown)))), toHex(unknown), "unknown types keep theirs");
});

Deno.test("versions other than 2 are refused wherever they stand", () => {
  for (const first of [0x00, 0x40, 0xc0]) {
    const bytes = concatBytes(RR, Uint8Array.of(first, 0xc9, 0, 1, 0, 0, 0, 1));
    const parsed = parseRtcp(bytes);
    assert.ok(!parsed.ok);
    assert.deepEqual([parsed.fault.reason, parsed.fault.offset], ["bad_version", 8]);
  }
});

Deno.test("a buffer that is too small and impossible packets are the caller's mistakes", () => {
  const rr: RtcpPacket = { kind: "rr", ssrc: 1, reports: [], extension: new Uint8Array(0) };
  assert.throws(() => writeRtcp([rr], new Uint8Array(8), 1), RangeError);
  assert.throws(() => toBytes([{ ...rr, extension: new Uint8Array(3) }]), RangeError);
  assert.throws(() => toBytes([{ kind: "bye", ssrcs: new Array(32).fill(1), reason: null }]), RangeError);
  assert.throws(() => toBytes([{ kind: "bye", ssrcs: [], reason: new Uint8Array(256) }]), RangeError);
  assert.throws(() => toBytes([{ kind: "nack", senderSsrc: 1, mediaSsrc: 2, items: [] }]), RangeError);
});
