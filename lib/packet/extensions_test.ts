import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, parseHex, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { unixMsToAbsSendTime } from "../base/time.ts";
import { parseArcRtp } from "./arcrtp.ts";
import {
  ElementCursor,
  ONE_BYTE_PROFILE,
  RESERVED_STAMPS,
  StampReader,
  STAMPS_BYTES,
  writeElement,
  writeStamps,
} from "./extensions.ts";
import type { RtpExtension } from "./rtp_header.ts";
import type { RtpView } from "./rtp_view.ts";
import { arcRtpBytes, inDirtyPool } from "./testing/arbitrary.ts";

const hex = (text: string) => unwrap(parseHex(text.replaceAll(" ", "")));

function packetWith(extension?: RtpExtension): RtpView {
  const zeros = { payloadType: 96, sequenceNumber: 0, timestamp: 0, ssrc: 0, quality: 0, priority: 0, keyPhase: 0 };
  return unwrap(parseArcRtp(arcRtpBytes({ ...zeros, extension, payload: hex("10ffffff20ffff") })));
}

const oneByte = (data: string) => packetWith({ profile: ONE_BYTE_PROFILE, data: hex(data) });

interface Seen {
  readonly id: number;
  readonly data: string;
}

/** All elements of the data, and whether the list was malformed. */
function elementsOf(data: Uint8Array): { seen: Seen[]; malformed: boolean; cursor: ElementCursor } {
  const { pool, start, end } = inDirtyPool(data);
  const cursor = new ElementCursor();
  const seen: Seen[] = [];
  cursor.openData(pool, start, end, start);
  while (cursor.next()) seen.push({ id: cursor.id, data: toHex(pool.subarray(cursor.valueStart, cursor.valueEnd)) });
  return { seen, malformed: cursor.malformed, cursor };
}

const element = fc.record({
  id: fc.integer({ min: 1, max: 14 }),
  data: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  paddingBefore: fc.integer({ min: 0, max: 3 }),
});

Deno.test("RFC 8285 §4.2: elements read as written, padding before, between and behind", () => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 6 }), (elements) => {
      const out = new Uint8Array(200);
      let at = 0;
      for (const { id, data, paddingBefore } of elements) {
        at += paddingBefore;
        at += writeElement(id, data, out, at);
      }
      const { seen, malformed } = elementsOf(out.subarray(0, at + 2));
      assert.deepEqual(seen, elements.map(({ id, data }) => ({ id, data: toHex(data) })));
      assert.equal(malformed, false);
    }),
    { seed: 8285, numRuns: 200 },
  );
});

Deno.test("RFC 8285 §4.2: the list ends at id 15 and at id 0 with a length, with what came before still good", () => {
  for (const stop of ["f0", "ff", "01", "0f"]) {
    const { seen, malformed } = elementsOf(hex(`30aa ${stop} 40bb`));
    assert.deepEqual(seen, [{ id: 3, data: "aa" }], stop);
    assert.equal(malformed, false);
  }
});

Deno.test("ARC-RTP-ext-bad-element: an element past the end ends the list and is bad_extension; the packet stays valid", () => {
  const { seen, malformed, cursor } = elementsOf(hex("30aa 12bbcc"));
  assert.deepEqual(seen, [{ id: 3, data: "aa" }]);
  assert.ok(malformed);
  assert.deepEqual(cursor.fault(), {
    reason: "bad_extension",
    offset: 2,
    message: "Cannot parse header extension: element needs 4 bytes, got 3",
  });
  const packet = oneByte("21abcd 12 aabb 0000");
  const stamps = new StampReader();
  assert.equal(stamps.read(packet), true, "aabb00 is a whole element");
  assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [0xaabb00, 0xabcd]);
  const short = oneByte("21abcd 00 00 12 aabb");
  assert.equal(stamps.read(short), false);
  assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [undefined, 0xabcd]);
  const packetCursor = new ElementCursor();
  packetCursor.open(short);
  while (packetCursor.next());
  assert.equal(packetCursor.fault().offset, 12 + 4 + 5, "offsets count from the start of the packet");
});

Deno.test("ARC-RTP-ext-bad-element: an element 1 or 2 of a wrong length is ignored and reported", () => {
  const stamps = new StampReader();
  assert.equal(stamps.read(oneByte("11aabb 21abcd 0000")), false);
  assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [undefined, 0xabcd]);
  assert.equal(stamps.read(oneByte("12aabbcc 20ab 0000")), false);
  assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [0xaabbcc, undefined]);
});

Deno.test("ARC-RTP-ext-profile, ARC-RTP-ext-send-time, ARC-RTP-ext-transport-sequence: the stamped block, byte for byte", () => {
  const packet = packetWith(RESERVED_STAMPS);
  assert.equal(toHex(packet.bytes.subarray(12, 24)), "bede0002" + "12000000" + "21000000");
  const stamps = new StampReader();
  assert.ok(stamps.read(packet));
  assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [0, 0]);
  // 1970-01-01T00:00:01.5Z is NTP second 2208988801.5, whose low six bits of seconds are 1.
  writeStamps(packet.bytes, packet.extensionStart, unixMsToAbsSendTime(1500), 0xfffe);
  assert.equal(toHex(packet.bytes.subarray(12, 24)), "bede0002" + "12060000" + "21fffe00");
  assert.ok(stamps.read(packet));
  assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [0x060000, 0xfffe]);
});

Deno.test("stamping touches the reserved bytes only, and any value reads back", () => {
  const stamps = new StampReader();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffff }), fc.integer({ min: 0, max: 0xffff }), (sendTime, sequence) => {
      const packet = packetWith(RESERVED_STAMPS);
      const before = packet.bytes.slice();
      packet.bytes.fill(0xff, packet.extensionStart, packet.extensionStart + STAMPS_BYTES);
      writeStamps(packet.bytes, packet.extensionStart, sendTime, sequence);
      assert.ok(stamps.read(packet));
      assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [sendTime, sequence]);
      before.fill(0, packet.extensionStart, packet.extensionStart + STAMPS_BYTES);
      packet.bytes.fill(0, packet.extensionStart, packet.extensionStart + STAMPS_BYTES);
      assert.deepEqual(packet.bytes, before);
    }),
    { seed: 8286, numRuns: 100 },
  );
});

Deno.test("ARC-RTP-ext-other-profile: an extension of another profile, or none, has no elements and no fault", () => {
  const stamps = new StampReader();
  stamps.read(oneByte("12aabbcc 21abcd 00"));
  for (const packet of [packetWith({ profile: 0x1000, data: hex("12aabbcc") }), packetWith()]) {
    assert.equal(stamps.read(packet), true);
    assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [undefined, undefined]);
    const cursor = new ElementCursor();
    cursor.open(packet);
    assert.equal(cursor.next(), false);
    assert.equal(cursor.malformed, false);
  }
});

Deno.test("ARC-RTP-ext-unknown-skipped: unknown elements of any length hide nothing behind them", () => {
  const stamps = new StampReader();
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 14 }), fc.uint8Array({ minLength: 1, maxLength: 16 }), (id, data) => {
      const unknown = new Uint8Array(data.length + 1);
      writeElement(id, data, unknown, 0);
      const known = hex("12aabbcc 21abcd");
      assert.ok(stamps.read(packetWith({ profile: ONE_BYTE_PROFILE, data: concatBytes(unknown, known) })));
      assert.deepEqual([stamps.sendTime24, stamps.transportSequence16], [0xaabbcc, 0xabcd]);
    }),
    { seed: 8287, numRuns: 100 },
  );
});

Deno.test("any data: the cursor ends, and every element lies within the data behind the one before", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60, size: "max" }), (data) => {
      const cursor = new ElementCursor();
      let before = 0;
      cursor.openData(data, 0, data.length, 0);
      while (cursor.next()) {
        assert.ok(before <= cursor.elementStart && cursor.valueStart === cursor.elementStart + 1);
        assert.ok(cursor.valueStart < cursor.valueEnd && cursor.valueEnd <= data.length);
        assert.ok(cursor.id >= 1 && cursor.id <= 14);
        before = cursor.valueEnd;
      }
      assert.equal(cursor.next(), false, "the end stays the end");
    }),
    { seed: 8288, numRuns: 1000 },
  );
});

Deno.test("elements that cannot be written are refused to the programmer", () => {
  const out = new Uint8Array(20);
  for (const id of [0, 15, NaN]) assert.throws(() => writeElement(id, hex("aa"), out, 0), /id of 1\.\.14/);
  for (const length of [0, 17]) assert.throws(() => writeElement(1, new Uint8Array(length), out, 0), /1\.\.16 bytes/);
  assert.throws(() => writeElement(1, new Uint8Array(3), out, 17), /room/);
});
