import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import { ArcRtpView, writeArcRtp } from "../packet/arcrtp.ts";
import { PacketPool } from "./packet_pool.ts";
import { RtxHistory } from "./rtx_history.ts";
import { KeySet } from "./stream_keys.ts";

const OPTIONS = { ssrc: 0xabcd, payloadType: 97, keys: new KeySet(), rng: new SeededRng(1) };

function packet(pool: PacketPool, sequenceNumber: number, priority: number): number {
  const slot = pool.acquire();
  const payload = Uint8Array.from({ length: 50 }, (_, i) => sequenceNumber + i);
  const fields = {
    marker: true,
    payloadType: 98,
    sequenceNumber,
    timestamp: 777,
    ssrc: 0x1234,
    quality: 2,
    priority,
    keyPhase: 0,
    bandwidthKbps: 300,
    lossTenths: 8,
  };
  pool.lengths[slot] = writeArcRtp({ ...fields, payload }, pool.bytes(slot), pool.offset(slot));
  pool.headerBytes[slot] = pool.lengths[slot] - payload.length;
  pool.arcOffsets[slot] = 12;
  pool.priorities[slot] = priority;
  return slot;
}

Deno.test("ARC-LOSS-rtx-format ARC-LOSS-rtx-kept-fields: the copy is the original but for SSRC, payload type and the OSN", () => {
  const pool = new PacketPool();
  const history = new RtxHistory(pool, OPTIONS, 64);
  history.keep(packet(pool, 500, 1), 500, 0);
  assert.equal(history.resend(500, 10), 17 + 2 + 50);
  const slot = history.source.queue.shift();
  const view = new ArcRtpView();
  assert.ok(view.parse(pool.bytes(slot), pool.offset(slot), pool.offset(slot) + pool.lengths[slot]));
  const { ssrc, payloadType, marker, timestamp, quality, priority, bandwidthKbps, lossTenths } = view;
  assert.deepEqual([ssrc, payloadType, marker, timestamp], [0xabcd, 97, true, 777]);
  assert.deepEqual([quality, priority, bandwidthKbps, lossTenths], [2, 1, 300, 8]);
  assert.deepEqual([...view.payload().subarray(0, 4)], [500 >> 8, 500 & 0xff, 500 & 0xff, 501 & 0xff]);
});

Deno.test("ARC-LOSS-retransmit-critical: PR 2 and 3 are not kept; three times at most, for a second, as long as there is room", () => {
  const pool = new PacketPool();
  const history = new RtxHistory(pool, OPTIONS, 64);
  const give = (sequence16: number, priority: number, nowMs: number) => {
    const slot = packet(pool, sequence16, priority);
    history.keep(slot, sequence16, nowMs);
    pool.release(slot);
  };
  for (let priority = 0; priority < 4; priority++) give(priority, priority, 0);
  assert.deepEqual([0, 1, 2, 3].map((sequence16) => history.resend(sequence16, 5) > 0), [true, true, false, false]);
  assert.ok(history.resend(0, 10) > 0 && history.resend(0, 15) > 0);
  assert.equal(history.resend(0, 20), 0, "a fourth time");
  assert.equal(history.resend(1, 1001), 0, "after a second");
  assert.equal(history.unanswered, 4);
  // A turn of the sequence numbers and of the table: the older packet with the same place is gone, and its slot free.
  for (let i = 0; i < 200; i++) give((65_500 + i) & 0xffff, 0, 2000);
  assert.equal(history.resend(65_500, 2000), 0);
  assert.ok(history.resend((65_500 + 199) & 0xffff, 2000) > 0);
  for (let slot = history.source.queue.shift(); slot >= 0; slot = history.source.queue.shift()) pool.release(slot);
  assert.equal(pool.used, 64);
  history.clear();
  assert.equal(pool.used, 0);
});
