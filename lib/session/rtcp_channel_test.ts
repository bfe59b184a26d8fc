import assert from "node:assert/strict";
import { PacketBatch } from "../base/batch.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import { PacketBudget } from "../crypto/srtp_keys.ts";
import type { RtcpPacket } from "../packet/rtcp/compound.ts";
import { RtcpChannel } from "./rtcp_channel.ts";
import { StreamKeyring } from "./stream_keys.ts";
import { BACKEND, CALLEE, CALLER, master } from "./testing/plane_pair.ts";

interface End {
  readonly ring: StreamKeyring;
  readonly channel: RtcpChannel;
}

function end(own: string, remote: string, epochs = [0]): End {
  const ring = new StreamKeyring(BACKEND, "aes-128-gcm", "hmac-sha256-80");
  const channel = new RtcpChannel(ring, own, remote, undefined);
  for (const epoch of epochs) ring.epochMade(epoch, master(epoch), new PacketBudget());
  ring.epochSend(epochs[0]);
  return { ring, channel };
}

function pli(senderSsrc: number): RtcpPacket {
  return { kind: "pli", senderSsrc, mediaSsrc: 5 };
}

/** The one unit that the channel has ready, in the middle of a dirty batch. */
function unitOf({ channel }: End, nowMs = 0): Uint8Array<ArrayBuffer> {
  const batch = new PacketBatch(4);
  batch.bytes.fill(0x5a);
  channel.poll(batch, 3, nowMs);
  assert.equal(batch.size, 1);
  assert.equal(batch.addresses[0], 3);
  return batch.packet(0).slice();
}

function open({ channel }: End, unit: Uint8Array): ReturnType<RtcpChannel["open"]> {
  const pool = new Uint8Array(unit.length + 40).fill(0xa5);
  pool.set(unit, 11);
  return channel.open(pool, 11, 11 + unit.length);
}

Deno.test("ARC-KEY-schedule-rtcp-keys: RTCP is opened with the keys of the peer that sends it, and with no others", () => {
  const caller = end(CALLER, CALLEE);
  const callee = end(CALLEE, CALLER);
  caller.channel.queue([pli(1), pli(1)], 0);
  const unit = unitOf(caller);
  assert.equal(open(caller, unit), "auth");
  assert.equal(callee.channel.knows(1), false);
  const opened = open(callee, unit);
  assert.ok(typeof opened !== "string" && opened.epoch === 0);
  assert.deepEqual(opened.packets, [pli(1), pli(1)]);
  assert.equal(callee.channel.knows(1), true);
  assert.equal(open(callee, unit), "replay");
});

Deno.test("ARC-KEY-epoch-trial: units of every held epoch open, and of none that is not held", () => {
  const caller = end(CALLER, CALLEE, [1, 0, 2]);
  const callee = end(CALLEE, CALLER, [0, 1]);
  for (const [epoch, expected] of [[1, 1], [0, 0], [2, "auth"]] as const) {
    caller.ring.epochSend(epoch);
    caller.channel.queue([pli(7)], 0);
    const opened = open(callee, unitOf(caller));
    assert.equal(typeof opened === "string" ? opened : opened.epoch, expected);
  }
});

Deno.test("ARC-UNIT-media-size: what does not fit one unit becomes several, none too large", () => {
  const caller = end(CALLER, CALLEE);
  const callee = end(CALLEE, CALLER);
  const report: RtcpPacket = {
    kind: "rr",
    ssrc: 9,
    extension: EMPTY_BYTES,
    reports: Array.from({ length: 31 }, (_, i) => ({
      ssrc: i,
      fractionLost256: 0,
      cumulativeLost: 0,
      extendedHighestSequence32: 0,
      jitterTicks: 0,
      lastSrCompact: 0,
      delaySinceLastSrCompact: 0,
    })),
  };
  caller.channel.queue([report, report, pli(9), report], 0);
  const batch = new PacketBatch(8);
  caller.channel.poll(batch, 0, 0);
  assert.equal(batch.size, 3);
  let packets = 0;
  for (let i = 0; i < batch.size; i++) {
    assert.ok(batch.lengths[i] <= 1232);
    const opened = open(callee, batch.packet(i));
    packets += typeof opened === "string" ? 0 : opened.packets.length;
  }
  assert.equal(packets, 4);
});

Deno.test("RTCP that found no path is bounded, and forgotten when it tells of another time", () => {
  const caller = end(CALLER, CALLEE);
  for (let i = 0; i < 200; i++) caller.channel.queue([pli(1)], i);
  const batch = new PacketBatch(200);
  caller.channel.poll(batch, 0, 400);
  assert.equal(batch.size, 50, "of the last 64, those of the last 250 ms");
  batch.clear();
  caller.channel.poll(batch, 0, 400);
  assert.equal(batch.size, 0);
});

Deno.test("ARC-RTCP-bad-length: any bytes, every prefix and every bit flip are refused, and change nothing", () => {
  const rng = new SeededRng(6);
  const caller = end(CALLER, CALLEE);
  const callee = end(CALLEE, CALLER);
  caller.channel.queue([pli(1)], 0);
  const unit = unitOf(caller);
  for (let length = 0; length < unit.length; length++) {
    assert.equal(typeof open(callee, unit.subarray(0, length)), "string", `prefix of ${length}`);
  }
  for (let bit = 0; bit < unit.length * 8; bit++) {
    const flipped = unit.slice();
    flipped[bit >>> 3] ^= 1 << (bit & 7);
    assert.equal(typeof open(callee, flipped), "string", `bit ${bit}`);
  }
  for (let i = 0; i < 500; i++) open(callee, rng.fill(new Uint8Array(rng.u32() % 200)));
  assert.equal(callee.channel.knows(1), false);
  assert.notEqual(typeof open(callee, unit), "string");
});
