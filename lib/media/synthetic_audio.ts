/**
 * Test audio that needs no encoder: valid Opus packets of silence, or an audible tone as PCM.
 *
 * **Opus.** The first thing that a CELT frame codes is a flag for silence (RFC 6716 §4.3, Table 56). It is improbable, so
 * a frame that begins with one bits codes it, and the decoder then takes all further bits of the frame for used: there
 * the mark and filling stand.
 *
 * ```
 * TOC 0xFC (CELT, full band, 20 ms, stereo, one frame) | FF FF FF FF | mark, 16 bytes | filling
 * ```
 *
 * **PCM.** 16-bit mono at 16 kHz, 20 ms, a sine of 440 Hz. The lowest bit of each of the first 128 samples is a bit of the
 * mark (inaudible at -90 dB), whose CRC is over the samples with these bits cleared and then the mark.
 */
import { writeU16 } from "../base/bytes.ts";
import { fault, type Parsed } from "../base/parsed.ts";
import { below, SeededRng } from "../base/rng.ts";
import type { AudioStreamInfo } from "./container/stream_info.ts";
import { audioFrame, type MediaFrame } from "./frame.ts";
import { MARK_BYTES, readMark, sealMark, type TestMark, writeMark } from "./synthetic_mark.ts";

const OPUS_TOC = 0xfc;
const OPUS_SILENCE = 0xffff_ffff;
const OPUS_MARK_OFFSET = 5;
const OPUS_FRAME_TICKS = 960;
/** Sizes as of 48 kbit/s with variable rate: 120 bytes on average. */
const OPUS_MIN_BYTES = 80;
const OPUS_SPREAD_BYTES = 81;

const PCM_RATE_HZ = 16_000;
const PCM_FRAME_SAMPLES = 320;
const PCM_TONE_HZ = 440;
const PCM_PEAK = 8000;
const MARK_BITS = MARK_BYTES * 8;

export const TEST_OPUS_STREAM: AudioStreamInfo = {
  kind: "audio",
  codec: "opus",
  clockRateHz: 48_000,
  sampleRateHz: 48_000,
  channels: 2,
};

export const TEST_PCM_STREAM: AudioStreamInfo = {
  kind: "audio",
  codec: "pcm",
  clockRateHz: PCM_RATE_HZ,
  sampleRateHz: PCM_RATE_HZ,
  channels: 1,
};

/** The sizes and filling of Opus packets; one seed, one sequence. */
export class TestOpus {
  readonly #rng: SeededRng;

  constructor(seed: number) {
    this.#rng = new SeededRng(seed);
  }

  make(mark: TestMark): MediaFrame {
    const packet = this.#rng.fill(new Uint8Array(OPUS_MIN_BYTES + below(this.#rng, OPUS_SPREAD_BYTES)));
    packet[0] = OPUS_TOC;
    packet.fill(0xff, 1, OPUS_MARK_OFFSET);
    writeMark(packet, OPUS_MARK_OFFSET, mark);
    sealMark(packet, OPUS_MARK_OFFSET);
    return audioFrame(packet, mark.frameNumber * OPUS_FRAME_TICKS, OPUS_FRAME_TICKS);
  }
}

export function readOpusMark(packet: Uint8Array): Parsed<TestMark> {
  if (
    packet[0] !== OPUS_TOC ||
    packet[1] * 0x100_0000 + packet[2] * 0x1_0000 + packet[3] * 256 + packet[4] !== OPUS_SILENCE
  ) {
    return fault("bad_value", "Cannot read test frame: it is no marked Opus packet", { offset: 0 });
  }
  return readMark(packet, OPUS_MARK_OFFSET);
}

export function makeTestPcm(mark: TestMark): MediaFrame {
  const marked = new Uint8Array(PCM_FRAME_SAMPLES * 2 + MARK_BYTES);
  const firstSample = mark.frameNumber * PCM_FRAME_SAMPLES;
  for (let i = 0; i < PCM_FRAME_SAMPLES; i++) {
    // The phase is taken modulo one second, in which the tone repeats: exact for any frame number.
    const phase = (2 * Math.PI * PCM_TONE_HZ * ((firstSample + i) % PCM_RATE_HZ)) / PCM_RATE_HZ;
    const sample = Math.round(PCM_PEAK * Math.sin(phase));
    writeU16(marked, i * 2, (i < MARK_BITS ? sample & ~1 : sample) & 0xffff);
  }
  writeMark(marked, PCM_FRAME_SAMPLES * 2, mark);
  sealMark(marked, PCM_FRAME_SAMPLES * 2);
  const data = marked.slice(0, PCM_FRAME_SAMPLES * 2);
  for (let i = 0; i < MARK_BITS; i++) {
    data[i * 2 + 1] |= (marked[PCM_FRAME_SAMPLES * 2 + (i >>> 3)] >>> (7 - (i & 7))) & 1;
  }
  return audioFrame(data, firstSample, PCM_FRAME_SAMPLES);
}

export function readPcmMark(samples: Uint8Array): Parsed<TestMark> {
  if (samples.length !== PCM_FRAME_SAMPLES * 2) {
    return fault("bad_length", `Cannot read test frame: ${samples.length} bytes of PCM, need ${PCM_FRAME_SAMPLES * 2}`);
  }
  const marked = new Uint8Array(samples.length + MARK_BYTES);
  marked.set(samples);
  for (let i = 0; i < MARK_BITS; i++) {
    marked[samples.length + (i >>> 3)] |= (samples[i * 2 + 1] & 1) << (7 - (i & 7));
    marked[i * 2 + 1] &= 0xfe;
  }
  return readMark(marked, samples.length);
}
