/**
 * AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), as far as plain AAC needs it: what RFC 3640 carries as `config`.
 *
 * ```
 * 5 object type (31: + 6 bits, 32 and up) | 4 sampling index (15: + 24 bits Hz) | 4 channels | GASpecificConfig ...
 * ```
 */
import { fault, ok, type Parsed, truncated } from "../../base/parsed.ts";
import { BitReader } from "../payload/bits.ts";

/** By sampling index (Table 1.18). */
export const AAC_SAMPLE_RATES: readonly number[] = [
  96_000,
  88_200,
  64_000,
  48_000,
  44_100,
  32_000,
  24_000,
  22_050,
  16_000,
  12_000,
  11_025,
  8_000,
  7_350,
];

export interface AacConfig {
  /** Audio object type: 1 Main, 2 LC, 3 SSR, 4 LTP, 5 SBR, ... */
  readonly objectType: number;
  readonly sampleRateHz: number;
  /** 0: the channel layout is inside the stream (program config element). */
  readonly channels: number;
}

export function parseAudioSpecificConfig(b: Uint8Array): Parsed<AacConfig> {
  const bits = new BitReader(b);
  let objectType = bits.read(5);
  const isEscaped = objectType === 31;
  if (isEscaped) objectType = 32 + bits.read(6);
  const index = bits.read(4);
  const sampleRateHz = index === 15 ? bits.read(24) : AAC_SAMPLE_RATES[index];
  const layout = bits.read(4);
  if (bits.exhausted) {
    const neededBits = 5 + (isEscaped ? 6 : 0) + 4 + (index === 15 ? 24 : 0) + 4;
    return truncated("AudioSpecificConfig", Math.ceil(neededBits / 8), b.length);
  }
  if (sampleRateHz === undefined || sampleRateHz === 0) {
    return fault("bad_value", `Cannot parse AudioSpecificConfig: sampling index ${index}`, { offset: 0 });
  }
  if (layout > 7) {
    return fault("bad_value", `Cannot parse AudioSpecificConfig: channel layout ${layout}`, { offset: 1 });
  }
  return ok({ objectType, sampleRateHz, channels: layout === 7 ? 8 : layout });
}

/** The two bytes for a stream of 1024-sample access units; `bad_value` for what does not fit in them. */
export function writeAudioSpecificConfig(config: AacConfig): Parsed<Uint8Array> {
  const rateIndex = AAC_SAMPLE_RATES.indexOf(config.sampleRateHz);
  const layout = config.channels === 8 ? 7 : config.channels;
  if (config.objectType < 1 || config.objectType > 30 || rateIndex < 0 || config.channels === 7 || layout > 7) {
    return fault(
      "bad_value",
      `Cannot write AudioSpecificConfig: ${config.sampleRateHz} Hz, ${config.channels} channels`,
    );
  }
  return ok(Uint8Array.of((config.objectType << 3) | (rateIndex >>> 1), ((rateIndex & 1) << 7) | (layout << 3)));
}
