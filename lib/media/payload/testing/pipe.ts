/** Frames in, packets, frames out: what the tests of all payload formats share. */
import assert from "node:assert/strict";
import { type Fault, unwrap } from "../../../base/parsed.ts";
import type { Priority } from "../../../packet/arcrtp.ts";
import { audioFrame, type MediaFrame, videoFrame } from "../../frame.ts";
import { classifyFrame } from "../classify.ts";
import type { Depacketizer, Packetizer, PayloadFormat } from "../payload_format.ts";

export interface Packet {
  readonly payload: Uint8Array;
  readonly marker: boolean;
  readonly timestampTicks: number;
  readonly priority: Priority;
}

/** Longer than any frame of `frames.ts` plays. */
export const FRAME_TICKS = 6000;

/** Frames of these bytes, {@link FRAME_TICKS} apart. */
export function framesOf(format: PayloadFormat, data: readonly Uint8Array[]): MediaFrame[] {
  const audio = format === "opus" || format === "aac" || format === "g722" || format === "pcm";
  return data.map((bytes, i) =>
    audio
      ? audioFrame(bytes, i * FRAME_TICKS, 0)
      : videoFrame(bytes, i * FRAME_TICKS, FRAME_TICKS, classifyFrame(format, bytes))
  );
}

/** The packets of `frames`; the packetizer writes into the middle of a dirty buffer and must leave the rest alone. */
export function packetsOf(packetizer: Packetizer, frames: readonly MediaFrame[], maxPayloadBytes: number): Packet[] {
  const packets: Packet[] = [];
  const margin = 5;
  const buffer = new Uint8Array(maxPayloadBytes + 2 * margin).fill(0xa5);
  for (const frame of frames) {
    const before = packets.length;
    const count = unwrap(packetizer.packetize(frame, maxPayloadBytes, {
      buffer,
      offsetBytes: margin,
      commit(lengthBytes, marker, timestampTicks, priority) {
        assert.ok(lengthBytes >= 1 && lengthBytes <= maxPayloadBytes, `payload of ${lengthBytes} bytes`);
        packets.push({ payload: buffer.slice(margin, margin + lengthBytes), marker, timestampTicks, priority });
        assert.ok(buffer.subarray(0, margin).every((byte) => byte === 0xa5), "wrote before the payload");
        assert.ok(buffer.subarray(margin + lengthBytes).every((byte) => byte === 0xa5), "wrote after the payload");
        buffer.fill(0xa5);
      },
    }));
    assert.equal(count, packets.length - before);
  }
  return packets;
}

/** What comes out, copied, when the packets at the indexes `lost` do not arrive. Faults go to `faults`. */
export function receive(
  depacketizer: Depacketizer,
  packets: readonly Packet[],
  lost: ReadonlySet<number> = new Set(),
  faults: Fault[] = [],
): MediaFrame[] {
  const frames: MediaFrame[] = [];
  packets.forEach(({ payload, marker, timestampTicks }, index) => {
    if (lost.has(index)) return;
    const fault = depacketizer.push(payload, marker, timestampTicks, index);
    if (fault !== undefined) faults.push(fault);
    for (let frame = depacketizer.poll(); frame !== undefined; frame = depacketizer.poll()) {
      frames.push({ ...frame, data: frame.data.slice() });
    }
  });
  return frames;
}

/** Pushes payloads given in hex, all of one frame, the last with the marker. */
export function receiveHex(depacketizer: Depacketizer, ...payloads: readonly string[]): MediaFrame[] {
  const packets = payloads.map((hex, i): Packet => ({
    payload: Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (byte) => parseInt(byte, 16)),
    marker: i === payloads.length - 1,
    timestampTicks: 0,
    priority: 2,
  }));
  const faults: Fault[] = [];
  const frames = receive(depacketizer, packets, new Set(), faults);
  assert.deepEqual(faults, []);
  return frames;
}
