import assert from "node:assert/strict";
import fc from "fast-check";
import { unwrap } from "../base/parsed.ts";
import { parseArcRtp } from "../packet/arcrtp.ts";
import { classifyUnit, UnitKind } from "../packet/demux.ts";
import { UnitRanker } from "../relay/unit_priority.ts";
import {
  dueMsOf,
  LoadPacketReader,
  LoadPacketWriter,
  MIN_LOAD_PACKET_BYTES,
  priorityOf,
  stampSent,
} from "./load_packet.ts";

const RUN = 0xfeed_beef;

const place = fc.record({
  session: fc.nat(9999),
  priority: fc.nat(3),
  sequence: fc.nat(0xffff_fffe),
});

/** A packet in the middle of a dirty buffer. */
function packetOf(
  at: number,
  bytes: number,
  fields: { session: number; priority: number; sequence: number },
  dueMs: number,
) {
  const out = new Uint8Array(at + bytes).fill(0xa5);
  new LoadPacketWriter(RUN).write(out, at, fields, dueMs);
  return out;
}

Deno.test("load packet: what is written is read again, and a relay ranks it by its class [ARC-RELAY-priority]", () => {
  const reader = new LoadPacketReader(RUN);
  const ranker = new UnitRanker();
  fc.assert(fc.property(
    place,
    fc.nat(50),
    fc.integer({ min: MIN_LOAD_PACKET_BYTES, max: 1232 }),
    fc.double({ min: 0, max: 1e12, noNaN: true }),
    fc.double({ min: 0, max: 1e12, noNaN: true }),
    (fields, at, bytes, dueMs, sentMs) => {
      const packet = packetOf(at, bytes, fields, dueMs);
      stampSent(packet, at, sentMs);
      assert.equal(classifyUnit(packet, at, packet.length), UnitKind.arcrtp);
      assert.equal(ranker.priorityOf(packet, at, packet.length), fields.priority);
      assert.equal(priorityOf(packet, at), fields.priority);
      assert.equal(dueMsOf(packet, at), dueMs);
      assert.ok(reader.parse(packet, at, packet.length));
      const { session, priority, sequence } = reader;
      assert.deepEqual({ session, priority, sequence, dueMs: reader.dueMs, sentMs: reader.sentMs }, {
        ...fields,
        dueMs,
        sentMs,
      });
    },
  ));
});

Deno.test("load packet: headers are as a session writes them, sequence numbers wrap [ARC-RTP-arc-block]", () => {
  const view = unwrap(parseArcRtp(packetOf(0, 100, { session: 3, priority: 0, sequence: 65_537 }, 1000)));
  assert.deepEqual([view.payloadType, view.sequenceNumber, view.timestamp, view.quality], [111, 1, 48_000, 0]);
  const video = unwrap(parseArcRtp(packetOf(0, 100, { session: 3, priority: 2, sequence: 1 }, 1000)));
  assert.deepEqual([video.payloadType, video.timestamp], [96, 90_000]);
  assert.notEqual(video.ssrc, view.ssrc);
});

Deno.test("load packet: another run's, a shorter one, and any bytes are not ours", () => {
  const packet = packetOf(0, 200, { session: 1, priority: 1, sequence: 5 }, 7);
  assert.equal(new LoadPacketReader(RUN + 1).parse(packet), false);
  const reader = new LoadPacketReader(RUN);
  for (let bytes = 0; bytes < MIN_LOAD_PACKET_BYTES; bytes++) assert.equal(reader.parse(packet, 0, bytes), false);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    reader.parse(bytes);
  }));
  // A relay or a path that changes the SSRC has not forwarded what was sent.
  packet[11] ^= 1;
  assert.equal(reader.parse(packet), false);
});
