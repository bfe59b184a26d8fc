import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHex, readU16, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import {
  type ArcRtpFields,
  arcRtpHeaderBytes,
  ArcRtpView,
  isUsablePayloadType,
  lossTenthsOf,
  parseArcRtp,
  Priority,
  setKeyPhase,
  writeArcBlock,
  writeArcRtp,
  writeArcRtpHeader,
} from "./arcrtp.ts";
import { setSequenceNumber, writePadding } from "./rtp_header.ts";
import { anyBytes, arcRtpBytes, arcRtpFields, inDirtyPool } from "./testing/arbitrary.ts";

const hex = (text: string) => unwrap(parseHex(text.replaceAll(" ", "")));

/** A packet with everything in it, field by field. */
const FULL = hex(
  "b2e7 1234 89abcdef deadbeef" + // P X CC=2, M PT=103, sequence, timestamp, SSRC
    "00000001 fffffffe" + // CSRC list
    "bede 0001 1200aabb" + // extension of one word
    "6b03 09c4 0f" + // Q=1 PR=2 K=2 reserved=3, both flags, 2500 kbps, 1.5 %
    "0102030405 000003", // payload and three bytes of padding
);

const BARE = hex("8060 0001 00000002 00000003 00000000");

function packet(fields: Partial<ArcRtpFields> = {}): ArcRtpFields {
  return {
    payloadType: 96,
    sequenceNumber: 1,
    timestamp: 2,
    ssrc: 3,
    quality: 0,
    priority: 0,
    keyPhase: 0,
    ...fields,
  };
}

function faultOf(bytes: Uint8Array) {
  const parsed = parseArcRtp(bytes);
  assert.equal(parsed.ok, false, `${toHex(bytes)} must not parse`);
  return parsed.ok ? undefined : parsed.fault;
}

Deno.test("ARC-RTP-field-order, ARC-RTP-arc-block: every field of a full packet is where the drawing says", () => {
  const view = unwrap(parseArcRtp(FULL));
  assert.deepEqual(view.fields(), {
    padding: true,
    marker: true,
    payloadType: 103,
    sequenceNumber: 0x1234,
    timestamp: 0x89abcdef,
    ssrc: 0xdeadbeef,
    csrc: [1, 0xfffffffe],
    extension: { profile: 0xbede, data: hex("1200aabb") },
    quality: 1,
    priority: Priority.medium,
    keyPhase: 2,
    bandwidthKbps: 2500,
    lossTenths: 15,
    payload: hex("0102030405000003"),
  });
  assert.deepEqual(
    [view.version, view.csrcCount, view.hasExtension, view.extensionProfile, view.extensionStart, view.extensionEnd],
    [2, 2, true, 0xbede, 24, 28],
  );
  assert.deepEqual([view.arcStart, view.headerEnd, view.payloadStart, view.payloadEnd], [28, 33, 33, 38]);
  assert.equal(toHex(view.payload()), "0102030405");
});

Deno.test("ARC-RTP-minimum-length: 16 bytes with P=X=CC=0 and no loss flag are a packet with an empty payload", () => {
  const view = unwrap(parseArcRtp(BARE));
  assert.deepEqual([view.payloadStart, view.payloadEnd, view.payload().length], [16, 16, 0]);
  assert.deepEqual([view.extensionProfile, view.extensionStart, view.extensionEnd], [0, 12, 12]);
  for (let length = 0; length < 16; length++) {
    const fault = faultOf(BARE.subarray(0, length));
    assert.deepEqual(
      [fault?.reason, fault?.offset, fault?.need, fault?.message],
      ["truncated", length, 16, `Cannot parse ArcRTP header: need 16 bytes, got ${length}`],
    );
  }
});

Deno.test("ARC-RTP-version: any version but 2 is refused at byte 0", () => {
  for (const version of [0, 1, 3]) {
    const bytes = Uint8Array.from(BARE);
    bytes[0] = (version << 6) | 0x20;
    const fault = faultOf(bytes);
    assert.deepEqual([fault?.reason, fault?.offset, fault?.need], ["bad_version", 0, undefined]);
    assert.match(fault?.message ?? "", new RegExp(`need version 2, got ${version}`));
  }
});

Deno.test("ARC-RTP-payload-types-excluded: 64..95 are refused at byte 1, with the marker or without, and not written", () => {
  for (let payloadType = 0; payloadType < 128; payloadType++) {
    const excluded = payloadType >= 64 && payloadType <= 95;
    assert.equal(isUsablePayloadType(payloadType), !excluded);
    for (const marker of [0, 0x80]) {
      const bytes = Uint8Array.from(BARE);
      bytes[1] = marker | payloadType;
      const parsed = parseArcRtp(bytes);
      assert.equal(parsed.ok, !excluded);
      if (!parsed.ok) assert.deepEqual([parsed.fault.reason, parsed.fault.offset], ["bad_value", 1]);
    }
    const write = () => writeArcRtp(packet({ payloadType }), new Uint8Array(16), 0);
    if (excluded) assert.throws(write, new RegExp(`outside of 64..95, got ${payloadType}`));
    else assert.equal(write(), 16);
  }
});

Deno.test("ARC-RTP-own-fields-length: every strict prefix of the header is truncated, and `need` leads to its length", () => {
  fc.assert(
    fc.property(arcRtpFields, (fields) => {
      const bytes = arcRtpBytes(fields);
      const headerBytes = arcRtpHeaderBytes(fields);
      for (let length = 0; length < headerBytes; length++) {
        const fault = faultOf(bytes.subarray(0, length));
        assert.equal(fault?.reason, "truncated");
        assert.equal(fault?.offset, length);
        assert.ok(fault?.need !== undefined && fault.need > length && fault.need <= headerBytes);
      }
      let have = 0;
      const view = new ArcRtpView();
      while (!view.parse(bytes, 0, have)) have = view.faultNeed;
      assert.equal(have, headerBytes);
    }),
    { seed: 2101, numRuns: 150 },
  );
});

Deno.test("ARC-RTP-round-trip: parse of write gives the fields, and write of parse the bytes", () => {
  fc.assert(
    fc.property(arcRtpFields, (fields) => {
      const bytes = arcRtpBytes(fields);
      const view = unwrap(parseArcRtp(bytes));
      assert.deepEqual(view.fields(), fields);
      assert.equal(view.headerEnd, arcRtpHeaderBytes(fields));
      assert.deepEqual(arcRtpBytes(view.fields()), bytes);
    }),
    { seed: 2102, numRuns: 300 },
  );
});

Deno.test("ARC-RTP-reserved-ignored: reserved bits and undefined flags change no field", () => {
  fc.assert(
    fc.property(arcRtpFields, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 63 }), (fields, low, flags) => {
      const bytes = arcRtpBytes(fields);
      const { arcStart } = unwrap(parseArcRtp(bytes));
      bytes[arcStart] |= low;
      bytes[arcStart + 1] |= flags << 2;
      assert.deepEqual(unwrap(parseArcRtp(bytes)).fields(), fields);
    }),
    { seed: 2103, numRuns: 200 },
  );
});

Deno.test("ARC-RTP-reserved-zero: a writer leaves reserved bits and undefined flags 0, over whatever was there", () => {
  fc.assert(
    fc.property(arcRtpFields, (fields) => {
      const out = new Uint8Array(200).fill(0xff);
      const headerBytes = writeArcRtpHeader(fields, out, 3);
      const view = new ArcRtpView();
      assert.ok(view.parse(out, 3, 3 + headerBytes));
      assert.equal(out[view.arcStart] & 3, 0);
      assert.equal(view.flags & 0xfc, 0);
    }),
    { seed: 2104, numRuns: 200 },
  );
});

Deno.test("ARC-RTP-bandwidth-flag: without its flag the field is written 0 and ignored", () => {
  const bytes = arcRtpBytes(packet({ bandwidthKbps: 0xffff }));
  assert.deepEqual([bytes[13], readU16(bytes, 14), unwrap(parseArcRtp(bytes)).bandwidthKbps], [1, 0xffff, 0xffff]);
  bytes[13] = 0;
  assert.equal(unwrap(parseArcRtp(bytes)).bandwidthKbps, undefined);
  const out = new Uint8Array(16).fill(0xff);
  writeArcRtp(packet(), out, 0);
  assert.equal(toHex(out.subarray(12)), "00000000");
  assert.equal(unwrap(parseArcRtp(arcRtpBytes(packet({ bandwidthKbps: 0 })))).bandwidthKbps, 0, "0 is a value");
});

Deno.test("ARC-RTP-loss-byte: it is there exactly with its flag, and is no payload", () => {
  const bytes = arcRtpBytes(packet({ lossTenths: 0, payload: hex("aabb") }));
  assert.equal(toHex(bytes.subarray(12)), "0002000000aabb");
  const view = unwrap(parseArcRtp(bytes));
  assert.deepEqual([view.lossTenths, toHex(view.payload())], [0, "aabb"]);
  bytes[13] = 0;
  const without = unwrap(parseArcRtp(bytes));
  assert.deepEqual([without.lossTenths, toHex(without.payload())], [undefined, "00aabb"]);
  const cut = faultOf(hex("8060 0001 00000002 00000003 00020000"));
  assert.deepEqual([cut?.reason, cut?.offset, cut?.need], ["truncated", 16, 17]);
});

Deno.test("ARC-RTP-loss-unit: tenths of a percent, rounded down, held within 0..255", () => {
  for (let tenths = 0; tenths <= 255; tenths++) assert.equal(lossTenthsOf(tenths / 1000), tenths);
  assert.deepEqual([0.0199, 0.2549, 0.255, 0.2551, 0.256, 1, 7, -0.1].map(lossTenthsOf), [
    19,
    254,
    255,
    255,
    255,
    255,
    255,
    0,
  ]);
});

Deno.test("ARC-RTP-padding-count: 1..payload length is stripped, everything else is malformed", () => {
  for (let count = 0; count < 256; count++) {
    const bytes = hex(`a060 0001 00000002 00000003 00000000 0a0b0c0d ${count.toString(16).padStart(2, "0")}`);
    const parsed = parseArcRtp(bytes);
    assert.equal(parsed.ok, count >= 1 && count <= 5, `count ${count}`);
    if (parsed.ok) {
      assert.equal(parsed.value.payload().length, 5 - count);
    } else {
      assert.deepEqual([parsed.fault.reason, parsed.fault.offset], ["bad_padding", 20]);
      assert.match(parsed.fault.message, new RegExp(`count of 1..5, got ${count}$`));
    }
  }
  const empty = faultOf(hex("a060 0001 00000002 00000003 00000000"));
  assert.deepEqual([empty?.reason, empty?.offset], ["bad_padding", 16]);
  assert.match(empty?.message ?? "", /got an empty payload/);
});

Deno.test("ARC-RTP-padding-inside-ciphertext: parse leaves padding alone; it is judged at the plaintext's end", () => {
  const encrypted = hex("a060 0001 00000002 00000003 00000000 0a0b02 ffffffff00");
  assert.equal(parseArcRtp(encrypted).ok, false);
  const view = unwrap(parseArcRtp(encrypted, { encrypted: true }));
  assert.equal(view.payloadEnd, encrypted.length);
  assert.ok(view.stripPadding(19), "the four bytes of tag are not the plaintext's");
  assert.equal(toHex(view.payload()), "0a");
  assert.ok(view.stripPadding(19), "stripping again strips the same");
  assert.equal(view.payloadEnd, 17);
  assert.equal(view.stripPadding(18), false, "0x0b is above the payload's length");
  assert.equal(view.faultReason, "bad_padding");
  assert.ok(view.parse(BARE) && view.stripPadding());
  assert.equal(view.faultReason, undefined);
});

Deno.test("padding is written as zeros and its count", () => {
  const out = new Uint8Array(6).fill(0xff);
  assert.equal(writePadding(4, out, 1), 4);
  assert.equal(toHex(out), "ff00000004ff");
  assert.equal(writePadding(1, out, 0), 1);
  assert.equal(out[0], 1);
  assert.equal(writePadding(255, new Uint8Array(255), 0), 255);
  for (const count of [0, 256, NaN]) assert.throws(() => writePadding(count, out, 0), RangeError);
  assert.throws(() => writePadding(6, out, 1), /need 6 bytes of room, got 5/);
});

Deno.test("any bytes give a view within their bounds or a fault with reason and offset", () => {
  const view = new ArcRtpView();
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      if (view.parse(bytes) && view.stripPadding()) {
        assert.ok(16 <= view.headerEnd && view.headerEnd <= view.payloadEnd && view.payloadEnd <= bytes.length);
        assert.ok(view.extensionStart <= view.extensionEnd && view.extensionEnd === view.arcStart);
        return;
      }
      const fault = view.fault();
      assert.ok(["truncated", "bad_version", "bad_value", "bad_padding"].includes(fault.reason));
      assert.ok(fault.offset !== undefined && fault.offset >= 0 && fault.offset <= bytes.length);
      assert.equal(fault.need !== undefined, fault.reason === "truncated");
    }),
    { seed: 2105, numRuns: 2000 },
  );
});

Deno.test("one view reads packet after packet in a dirty pool, with the same answers as on its own", () => {
  const view = new ArcRtpView();
  fc.assert(
    fc.property(arcRtpFields, fc.nat(), (fields, seed) => {
      const alone = arcRtpBytes(fields);
      const { pool, start, end } = inDirtyPool(alone, seed);
      assert.ok(view.parse(pool, start, end) && view.stripPadding());
      const expected = unwrap(parseArcRtp(alone));
      assert.deepEqual(view.fields(), expected.fields());
      assert.deepEqual(view.payload(), expected.payload());
      assert.equal(view.payloadStart, start + expected.payloadStart);
      for (let length = 0; length < arcRtpHeaderBytes(fields); length++) {
        assert.equal(view.parse(pool, start, start + length), false, "bytes behind the end do not count");
        assert.deepEqual({ ok: false, fault: view.fault() }, parseArcRtp(alone.subarray(0, length)));
      }
    }),
    { seed: 2106, numRuns: 200 },
  );
});

Deno.test("writers touch nothing but the bytes that they report", () => {
  fc.assert(
    fc.property(arcRtpFields, (fields) => {
      const expected = arcRtpBytes(fields);
      const out = new Uint8Array(expected.length + 40).fill(0xa5);
      assert.equal(writeArcRtp(fields, out, 20), expected.length);
      assert.deepEqual(out.subarray(20, 20 + expected.length), expected);
      for (let i = 0; i < out.length; i++) {
        if (i < 20 || i >= 20 + expected.length) assert.equal(out[i], 0xa5);
      }
    }),
    { seed: 2107, numRuns: 100 },
  );
});

Deno.test("what a programmer got wrong is thrown: no room, too many CSRCs, too long an extension, no fault", () => {
  const whole = packet({ lossTenths: 1, payload: new Uint8Array(3) });
  for (let room = 0; room < 20; room++) {
    assert.throws(() => writeArcRtp(whole, new Uint8Array(room), 0), RangeError, `room ${room}`);
  }
  assert.equal(writeArcRtp(whole, new Uint8Array(20), 0), 20);
  assert.throws(() => writeArcRtp(packet({ csrc: new Array(16).fill(0) }), new Uint8Array(99), 0), /at most 15 CSRCs/);
  const extension = { profile: 0, data: new Uint8Array(4 * 65536) };
  assert.throws(() => writeArcRtp(packet({ extension }), new Uint8Array(300_000), 0), /at most 262140 bytes/);
  const largest = { profile: 0, data: new Uint8Array(4 * 65535) };
  assert.equal(writeArcRtp(packet({ extension: largest }), new Uint8Array(300_000), 0), 12 + 4 + 4 * 65535 + 4);
  assert.throws(() => new ArcRtpView().fault(), /succeeded/);
});

Deno.test("an extension is filled up to whole words with zeros", () => {
  const extension = { profile: 0x1000, data: hex("0102030405") };
  const bytes = arcRtpBytes(packet({ extension }));
  assert.equal(toHex(bytes.subarray(12, 24)), "100000020102030405000000");
});

Deno.test("ARC-RTP-field-order: Q, PR and K are two bits each, from the top down", () => {
  const out = new Uint8Array(4);
  for (let value = 0; value < 4; value++) {
    const at = { quality: 0, priority: 0, keyPhase: 0 };
    writeArcBlock({ ...at, quality: value }, out, 0);
    assert.equal(out[0], value << 6);
    writeArcBlock({ ...at, priority: value }, out, 0);
    assert.equal(out[0], value << 4);
    writeArcBlock({ ...at, keyPhase: value }, out, 0);
    assert.equal(out[0], value << 2);
  }
  assert.deepEqual(Priority, { critical: 0, high: 1, medium: 2, low: 3 });
});

Deno.test("setters change their field and nothing else", () => {
  fc.assert(
    fc.property(arcRtpFields, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 65535 }), (fields, k, seq) => {
      const bytes = arcRtpBytes(fields);
      setKeyPhase(bytes, unwrap(parseArcRtp(bytes)).arcStart, k);
      setSequenceNumber(bytes, 0, seq);
      assert.deepEqual(bytes, arcRtpBytes({ ...fields, keyPhase: k, sequenceNumber: seq }));
    }),
    { seed: 2108, numRuns: 100 },
  );
});
