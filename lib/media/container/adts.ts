/**
 * AAC in ADTS (ISO/IEC 13818-7 §6.2): every access unit behind a header that says all a decoder needs.
 *
 * ```
 * bits 12 sync 0xFFF | 1 ID | 2 layer 0 | 1 no CRC
 *       2 profile (object type - 1) | 4 sampling index | 1 private | 3 channels | 1 original | 1 home
 *       1 copyright id | 1 copyright start | 13 frame length (header included) | 11 fullness | 2 blocks - 1
 *      16 CRC, unless `no CRC`
 * ```
 *
 * Frames are the raw access units. The CRC is not checked (it covers parts that only a decoder can find).
 */
import { concatBytes, EMPTY_BYTES } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { audioFrame, type MediaFrame } from "../frame.ts";
import { AAC_UNIT_TICKS } from "../payload/aac.ts";
import { AAC_SAMPLE_RATES, type AacConfig, parseAudioSpecificConfig, writeAudioSpecificConfig } from "./aac_config.ts";
import type { ByteQueue } from "./byte_queue.ts";
import { type ContainerSyntax, makeMediaReader, type MediaReader, NO_FRAME } from "./media_reader.ts";
import type { FileEnd, MediaWriter } from "./media_writer.ts";
import { shiftFault } from "./shift_fault.ts";
import type { AudioStreamInfo } from "./stream_info.ts";

const HEADER_BYTES = 7;
const CRC_BYTES = 2;
/** The field has 13 bits. */
const MAX_FRAME_LENGTH = 0x1fff;
/** Buffer fullness of a variable-rate stream. */
const VARIABLE_RATE = 0x7ff;

export interface AdtsHeader extends AacConfig {
  /** 7, or 9 with a CRC. */
  readonly headerBytes: number;
  /** Header and access unit together. */
  readonly frameBytes: number;
}

/** The header at the start of `b`, which must hold 7 bytes of it; `offset`s of faults count from there. */
export function parseAdtsHeader(b: Uint8Array): Parsed<AdtsHeader> {
  if (b.length < HEADER_BYTES) {
    return fault("truncated", `Cannot parse ADTS header: need 7 bytes, got ${b.length}`, { offset: b.length, need: 7 });
  }
  if (b[0] !== 0xff || (b[1] & 0xf6) !== 0xf0) {
    return fault("bad_value", "Cannot parse ADTS header: no sync word 0xFFF with layer 0", { offset: 0 });
  }
  const headerBytes = (b[1] & 1) === 1 ? HEADER_BYTES : HEADER_BYTES + CRC_BYTES;
  const sampleRateHz = AAC_SAMPLE_RATES[(b[2] >>> 2) & 15];
  if (sampleRateHz === undefined) {
    return fault("bad_value", `Cannot parse ADTS header: sampling index ${(b[2] >>> 2) & 15} is reserved`, {
      offset: 2,
    });
  }
  const frameBytes = ((b[3] & 3) << 11) | (b[4] << 3) | (b[5] >>> 5);
  if (frameBytes <= headerBytes) {
    return fault("bad_length", `Cannot parse ADTS header: frame of ${frameBytes} bytes with its header`, { offset: 3 });
  }
  if ((b[6] & 3) !== 0) {
    return fault("bad_value", `Cannot split ADTS frame: ${(b[6] & 3) + 1} access units in one`, { offset: 6 });
  }
  return ok({
    objectType: (b[2] >>> 6) + 1,
    sampleRateHz,
    channels: channelCount(((b[2] & 1) << 2) | (b[3] >>> 6)),
    headerBytes,
    frameBytes,
  });
}

function channelCount(configuration: number): number {
  return configuration === 7 ? 8 : configuration;
}

export function makeAdtsReader(): MediaReader {
  return makeMediaReader(new AdtsSyntax());
}

class AdtsSyntax implements ContainerSyntax {
  readonly container = "ADTS";
  stream: AudioStreamInfo | undefined;
  #frameCount = 0;

  next(input: ByteQueue): Parsed<MediaFrame | undefined> {
    const start = input.has(HEADER_BYTES, "ADTS header", true);
    if (!start.ok) return start;
    if (!start.value) return NO_FRAME;
    const parsed = parseAdtsHeader(input.peek(HEADER_BYTES));
    if (!parsed.ok) return shiftFault(parsed, input.offsetBytes);
    const header = parsed.value;
    const body = input.has(header.frameBytes, "ADTS frame");
    if (!body.ok) return body;
    if (!body.value) return NO_FRAME;
    const config = writeAudioSpecificConfig(header);
    if (!config.ok) return config;
    this.stream ??= {
      kind: "audio",
      codec: "aac",
      clockRateHz: header.sampleRateHz,
      sampleRateHz: header.sampleRateHz,
      channels: header.channels,
      config: config.value,
    };
    if (header.sampleRateHz !== this.stream.sampleRateHz || header.channels !== this.stream.channels) {
      return fault(
        "bad_state",
        `Cannot read ADTS file: it changes from ${this.stream.sampleRateHz} Hz, ${this.stream.channels} channels to ` +
          `${header.sampleRateHz} Hz, ${header.channels}`,
        { offset: input.offsetBytes + 2 },
      );
    }
    input.skip(header.headerBytes);
    const data = input.take(header.frameBytes - header.headerBytes);
    return ok(audioFrame(data, this.#frameCount++ * AAC_UNIT_TICKS, AAC_UNIT_TICKS));
  }
}

/** A fault where ADTS has no way to say what the stream is: another object type, rate or channel layout. */
export function makeAdtsWriter(stream: AudioStreamInfo): Parsed<MediaWriter> {
  const config: Parsed<AacConfig> = stream.config !== undefined
    ? parseAudioSpecificConfig(stream.config)
    : ok({ objectType: 2, sampleRateHz: stream.sampleRateHz, channels: stream.channels });
  if (!config.ok) return config;
  const { objectType, sampleRateHz, channels } = config.value;
  const rateIndex = AAC_SAMPLE_RATES.indexOf(sampleRateHz);
  const layout = channels === 8 ? 7 : channels;
  if (objectType < 1 || objectType > 4 || rateIndex < 0 || layout > 7 || channels === 7) {
    return fault(
      "bad_value",
      `Cannot write ADTS: no header for object type ${objectType}, ${sampleRateHz} Hz, ${channels} channels`,
    );
  }
  return ok(new AdtsWriter(objectType, rateIndex, layout));
}

class AdtsWriter implements MediaWriter {
  readonly #objectType: number;
  readonly #rateIndex: number;
  readonly #layout: number;

  constructor(objectType: number, rateIndex: number, layout: number) {
    this.#objectType = objectType;
    this.#rateIndex = rateIndex;
    this.#layout = layout;
  }

  write(frame: MediaFrame): Parsed<Uint8Array> {
    const length = HEADER_BYTES + frame.data.length;
    if (length > MAX_FRAME_LENGTH || frame.data.length === 0) {
      return fault(
        "bad_length",
        `Cannot write ADTS frame: ${frame.data.length} bytes, need 1..${MAX_FRAME_LENGTH - 7}`,
      );
    }
    const header = Uint8Array.of(
      0xff,
      0xf1,
      ((this.#objectType - 1) << 6) | (this.#rateIndex << 2) | (this.#layout >>> 2),
      ((this.#layout & 3) << 6) | (length >>> 11),
      length >>> 3,
      ((length & 7) << 5) | (VARIABLE_RATE >>> 6),
      (VARIABLE_RATE & 0x3f) << 2,
    );
    return ok(concatBytes(header, frame.data));
  }

  end(): FileEnd {
    return { bytes: EMPTY_BYTES, patches: [] };
  }
}
