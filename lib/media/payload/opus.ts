/**
 * Opus payload, RFC 7587: one Opus packet per RTP packet, never cut. The clock is 48 kHz whatever the coding rate.
 *
 * The first byte (RFC 6716 §3.1) says how long the packet plays:
 *
 * ```
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * | config  |s| c |   c 0: one frame; 1, 2: two; 3: count in the low 6 bits of the second byte
 * +-+-+-+-+-+-+-+-+
 * ```
 */
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { AUDIO_FRAME, type MediaFrame } from "../frame.ts";
import { WholeDepacketizer } from "./whole_depacketizer.ts";
import type { Depacketizer, Packetizer, PayloadSink } from "./payload_format.ts";
import { Talkspurt } from "./talkspurt.ts";

/** 120 ms (RFC 6716 §3.2.5, R5). */
const MAX_DURATION_TICKS = 5760;
const SILK_TICKS = [480, 960, 1920, 2880];
const HYBRID_TICKS = [480, 960];
const CELT_TICKS = [120, 240, 480, 960];

/**
 * How long an Opus packet plays, in ticks of 1/48000 s; 0 when its first bytes do not say or break RFC 6716. The rest
 * of the packet is the decoder's to judge.
 */
export function opusDurationTicks(packet: Uint8Array): number {
  if (packet.length === 0) return 0;
  const config = packet[0] >>> 3;
  const code = packet[0] & 3;
  const frameTicks = config < 12
    ? SILK_TICKS[config & 3]
    : config < 16
    ? HYBRID_TICKS[config & 1]
    : CELT_TICKS[config & 3];
  const frames = code === 0 ? 1 : code < 3 ? 2 : packet.length > 1 ? packet[1] & 0x3f : 0;
  const ticks = frames * frameTicks;
  return ticks <= MAX_DURATION_TICKS ? ticks : 0;
}

export class OpusPacketizer implements Packetizer {
  readonly #talkspurt = new Talkspurt();

  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number> {
    const { data, timestampTicks } = frame;
    if (data.length === 0) return fault("bad_length", "Cannot packetize Opus: the packet is empty", { offset: 0 });
    if (data.length > maxPayloadBytes) {
      return fault(
        "too_large",
        `Cannot packetize Opus: need a payload of ${data.length} bytes, got ${maxPayloadBytes}; packets are never cut`,
      );
    }
    sink.buffer.set(data, sink.offsetBytes);
    const marker = this.#talkspurt.marker(timestampTicks, frame.durationTicks || opusDurationTicks(data));
    sink.commit(data.length, marker, timestampTicks, frame.priority);
    return ok(1);
  }
}

export function makeOpusDepacketizer(): Depacketizer {
  return new WholeDepacketizer(AUDIO_FRAME, opusDurationTicks);
}
