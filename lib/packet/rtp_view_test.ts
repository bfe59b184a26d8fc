import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHex, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { rtpHeaderBytes, writeRtp } from "./rtp_header.ts";
import { parseRtp, RtpView } from "./rtp_view.ts";
import { anyBytes, inDirtyPool, rtpBytes, rtpFields } from "./testing/arbitrary.ts";

const hex = (text: string) => unwrap(parseHex(text.replaceAll(" ", "")));

Deno.test("RFC 3550 §5.1: every field is where the drawing says", () => {
  const view = unwrap(parseRtp(hex("91e0 1234 89abcdef deadbeef 00000007 1000 0001 aabbccdd 010203")));
  assert.deepEqual(view.headerFields(), {
    padding: false,
    marker: true,
    payloadType: 96,
    sequenceNumber: 0x1234,
    timestamp: 0x89abcdef,
    ssrc: 0xdeadbeef,
    csrc: [7],
    extension: { profile: 0x1000, data: hex("aabbccdd") },
  });
  assert.equal(toHex(view.payload()), "010203");
  assert.deepEqual([view.rtpHeaderEnd, view.payloadStart, view.payloadEnd], [24, 24, 27]);
});

Deno.test("plain RTP: write and parse are each other's inverse, in a dirty pool too", () => {
  const view = new RtpView();
  fc.assert(
    fc.property(rtpFields, fc.nat(), (fields, seed) => {
      const bytes = rtpBytes(fields);
      const { pool, start, end } = inDirtyPool(bytes, seed);
      assert.ok(view.parse(pool, start, end));
      const { payload, ...header } = fields;
      assert.deepEqual(view.headerFields(), header);
      assert.deepEqual(view.payload(), payload);
      assert.equal(view.payloadStart - start, rtpHeaderBytes(fields));
      const out = new Uint8Array(bytes.length);
      assert.equal(writeRtp({ ...view.headerFields(), payload: view.payload() }, out, 0), bytes.length);
      assert.deepEqual(out, bytes);
    }),
    { seed: 3550, numRuns: 200 },
  );
});

Deno.test("plain RTP: the writer touches nothing but the bytes that it reports, and fills extensions up with zeros", () => {
  const extension = { profile: 0x1000, data: hex("0102030405") };
  const out = new Uint8Array(40).fill(0xa5);
  assert.equal(writeRtp({ payloadType: 0, sequenceNumber: 1, timestamp: 2, ssrc: 3, extension }, out, 4), 24);
  assert.equal(
    toHex(out),
    "a5a5a5a5" + "90000001" + "00000002" + "00000003" + "10000002" + "0102030405000000" + "a5".repeat(12),
  );
});

Deno.test("plain RTP: every strict prefix of the header is truncated, and `need` leads to its length", () => {
  fc.assert(
    fc.property(rtpFields, (fields) => {
      const bytes = rtpBytes(fields);
      const view = new RtpView();
      for (let length = 0; length < rtpHeaderBytes(fields); length++) {
        assert.equal(view.parse(bytes, 0, length), false);
        assert.deepEqual([view.faultReason, view.faultOffset], ["truncated", length]);
      }
      let have = 0;
      while (!view.parse(bytes, 0, have)) have = view.faultNeed;
      assert.equal(have, rtpHeaderBytes(fields));
    }),
    { seed: 3551, numRuns: 150 },
  );
});

Deno.test("plain RTP: payload types 64..95 are no fault of RTP's own; padding counts are judged as in ArcRTP", () => {
  assert.equal(unwrap(parseRtp(hex("8048 0001 00000002 00000003"))).payloadType, 72);
  const zero = parseRtp(hex("a060 0001 00000002 00000003 0a00"));
  assert.ok(!zero.ok);
  assert.deepEqual([zero.fault.reason, zero.fault.offset], ["bad_padding", 13]);
  assert.match(zero.fault.message, /^Cannot strip RTP padding: need a count of 1\.\.2, got 0$/);
});

Deno.test("plain RTP: any bytes give a view within their bounds or a fault", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const parsed = parseRtp(bytes);
      if (parsed.ok) {
        const { rtpHeaderEnd, payloadEnd } = parsed.value;
        assert.ok(12 <= rtpHeaderEnd && rtpHeaderEnd <= payloadEnd && payloadEnd <= bytes.length);
      } else {
        assert.ok(parsed.fault.offset !== undefined && parsed.fault.offset <= bytes.length);
      }
    }),
    { seed: 3552, numRuns: 1000 },
  );
});
