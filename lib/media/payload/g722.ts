/**
 * G.722 payload, RFC 3551 §4.5.2: 64 kbit/s, one byte per tick. The clock is 8 kHz by an old mistake that the RFC
 * keeps; the audio is sampled at 16 kHz, two samples per byte.
 */
import { AUDIO_FRAME } from "../frame.ts";
import { WholeDepacketizer } from "./whole_depacketizer.ts";
import type { Depacketizer, Packetizer } from "./payload_format.ts";
import { SampledPacketizer } from "./sampled_packetizer.ts";

export function makeG722Packetizer(ptimeMs?: number): Packetizer {
  return new SampledPacketizer({ name: "G.722", clockRateHz: 8000, bytesPerTick: 1, ptimeMs });
}

export function makeG722Depacketizer(): Depacketizer {
  return new WholeDepacketizer(AUDIO_FRAME, (payload) => payload.length);
}
