import { fault, ok, type Parsed } from "../../base/parsed.ts";
import type { MediaFrame } from "../frame.ts";
import type { Packetizer, PayloadSink } from "./payload_format.ts";
import { Talkspurt } from "./talkspurt.ts";

/** Default packet time of RFC 3551 §4.2. */
export const DEFAULT_PTIME_MS = 20;

export interface SampledOptions {
  readonly name: string;
  readonly clockRateHz: number;
  /** Bytes of one tick of the clock, all channels together. Cuts are made only between ticks. */
  readonly bytesPerTick: number;
  readonly ptimeMs?: number;
}

/**
 * Audio with a fixed number of bytes per tick, which may be cut anywhere between ticks: packets hold `ptimeMs`, or what
 * fits. The packets of a frame are told by their timestamps alone, so the receiver gets a frame per packet.
 */
export class SampledPacketizer implements Packetizer {
  readonly #name: string;
  readonly #bytesPerTick: number;
  readonly #ptimeTicks: number;
  readonly #talkspurt = new Talkspurt();

  constructor(options: SampledOptions) {
    this.#name = options.name;
    this.#bytesPerTick = options.bytesPerTick;
    this.#ptimeTicks = Math.max(1, Math.round((options.clockRateHz * (options.ptimeMs ?? DEFAULT_PTIME_MS)) / 1000));
  }

  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number> {
    const { data, timestampTicks } = frame;
    const perTick = this.#bytesPerTick;
    if (data.length === 0 || data.length % perTick !== 0) {
      return fault(
        "bad_length",
        `Cannot packetize ${this.#name}: need a multiple of ${perTick} bytes, got ${data.length}`,
        { offset: data.length - (data.length % perTick) },
      );
    }
    const stepBytes = Math.min(this.#ptimeTicks, Math.floor(maxPayloadBytes / perTick)) * perTick;
    if (stepBytes < 1) {
      return fault(
        "bad_length",
        `Cannot packetize ${this.#name}: need payloads of ${perTick} bytes, got ${maxPayloadBytes}`,
      );
    }
    let payloads = 0;
    for (let from = 0; from < data.length; from += stepBytes) {
      const to = Math.min(data.length, from + stepBytes);
      sink.buffer.set(data.subarray(from, to), sink.offsetBytes);
      const ticks = timestampTicks + from / perTick;
      sink.commit(to - from, this.#talkspurt.marker(ticks, (to - from) / perTick), ticks, frame.priority);
      payloads++;
    }
    return ok(payloads);
  }
}
