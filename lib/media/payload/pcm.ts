/**
 * PCM as L16, RFC 3551 §4.5.11: signed 16-bit samples in network order, channels interleaved. The clock is the sampling
 * rate. Frames are in network order too; containers that are not swap (`frame.ts`).
 */
import { fault } from "../../base/parsed.ts";
import { AUDIO_FRAME } from "../frame.ts";
import { WholeDepacketizer } from "./whole_depacketizer.ts";
import type { Depacketizer, Packetizer } from "./payload_format.ts";
import { SampledPacketizer } from "./sampled_packetizer.ts";

const SAMPLE_BYTES = 2;

export function makePcmPacketizer(clockRateHz: number, channels: number, ptimeMs?: number): Packetizer {
  return new SampledPacketizer({ name: "PCM", clockRateHz, bytesPerTick: SAMPLE_BYTES * channels, ptimeMs });
}

export function makePcmDepacketizer(channels: number): Depacketizer {
  const perTick = SAMPLE_BYTES * channels;
  return new WholeDepacketizer(AUDIO_FRAME, (payload) => {
    if (payload.length % perTick === 0) return payload.length / perTick;
    return fault("bad_length", `Cannot parse PCM payload: need a multiple of ${perTick} bytes, got ${payload.length}`, {
      offset: payload.length - (payload.length % perTick),
    }).fault;
  });
}
