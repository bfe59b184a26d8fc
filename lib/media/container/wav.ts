/**
 * PCM in RIFF/WAVE, 16 bit. Files are little-endian, frames are network order (L16, RFC 3551 §4.5.11): bytes are swapped
 * on the way in and out.
 *
 * ```
 * "RIFF" u32 length "WAVE"  ( id[4] u32 length  bytes  [pad to even] )*
 * "fmt ": u16 format (1 PCM, 0xFFFE extensible), u16 channels, u32 rate, u32 bytes/s, u16 block, u16 bits
 *         extensible: u16 22, u16 valid bits, u32 channel mask, GUID whose first u16 is the format
 * "data": interleaved samples
 * ```
 *
 * A length of 0xFFFFFFFF (written to a pipe by ffmpeg and by this writer) means: to the end of the file.
 */
import { concatBytes, EMPTY_BYTES } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { audioFrame, type MediaFrame } from "../frame.ts";
import type { ByteQueue } from "./byte_queue.ts";
import { hasMagic, readU16Le, readU32Le, writeMagic, writeU16Le, writeU32Le } from "./little_endian.ts";
import { type ContainerSyntax, makeMediaReader, type MediaReader, NO_FRAME } from "./media_reader.ts";
import type { FileEnd, MediaWriter } from "./media_writer.ts";
import { shiftFault } from "./shift_fault.ts";
import type { AudioStreamInfo } from "./stream_info.ts";

const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const FMT_BYTES = 16;
const EXTENSIBLE_FMT_BYTES = 40;
/** The largest `fmt ` chunk believed; more is no format description. */
const MAX_FMT_BYTES = 1024;
const FORMAT_PCM = 1;
const FORMAT_EXTENSIBLE = 0xfffe;
const TO_THE_END = 0xffff_ffff;
const MAX_RATE_HZ = 768_000;
const MAX_CHANNELS = 64;
/** Frames are cut at 20 ms, the default packet time of RFC 3551 §4.5. */
const FRAMES_PER_SECOND = 50;

export function makeWavReader(): MediaReader {
  return makeMediaReader(new WavSyntax());
}

class WavSyntax implements ContainerSyntax {
  readonly container = "WAV";
  stream: AudioStreamInfo | undefined;
  #phase: "riff" | "chunks" | "data" | "done" = "riff";
  #blockBytes = 0;
  #frameBytes = 0;
  /** Of the data chunk; Infinity when its length is not known. */
  #bytesLeft = 0;
  #timestampTicks = 0;

  next(input: ByteQueue): Parsed<MediaFrame | undefined> {
    if (this.#phase === "riff") {
      const isRead = this.#readRiff(input);
      if (!isRead.ok) return isRead;
      if (!isRead.value) return NO_FRAME;
    }
    while (this.#phase === "chunks") {
      const isRead = this.#readChunk(input);
      if (!isRead.ok) return isRead;
      if (!isRead.value) return NO_FRAME;
    }
    if (this.#phase === "done") {
      input.skip(input.available);
      return NO_FRAME;
    }
    return this.#readSamples(input);
  }

  #readRiff(input: ByteQueue): Parsed<boolean> {
    const here = input.has(RIFF_HEADER_BYTES, "RIFF header");
    if (!here.ok || !here.value) return here;
    const view = input.peek(RIFF_HEADER_BYTES);
    if (!hasMagic(view, 0, "RIFF") || !hasMagic(view, 8, "WAVE")) {
      return fault("bad_value", "Cannot read WAV file: it begins with no RIFF....WAVE", { offset: 0 });
    }
    input.skip(RIFF_HEADER_BYTES);
    this.#phase = "chunks";
    return ok(true);
  }

  #readChunk(input: ByteQueue): Parsed<boolean> {
    const here = input.has(CHUNK_HEADER_BYTES, "RIFF chunk header");
    if (!here.ok || !here.value) return here;
    const view = input.peek(CHUNK_HEADER_BYTES);
    const lengthBytes = readU32Le(view, 4);
    const paddedBytes = lengthBytes + (lengthBytes & 1);
    if (hasMagic(view, 0, "data")) {
      if (this.stream === undefined) {
        return fault("bad_state", "Cannot read WAV file: data comes before its format", { offset: input.offsetBytes });
      }
      input.skip(CHUNK_HEADER_BYTES);
      this.#bytesLeft = lengthBytes === TO_THE_END ? Infinity : lengthBytes;
      this.#phase = "data";
      return ok(true);
    }
    if (!hasMagic(view, 0, "fmt ")) {
      input.skip(CHUNK_HEADER_BYTES + paddedBytes);
      return ok(true);
    }
    if (lengthBytes < FMT_BYTES || lengthBytes > MAX_FMT_BYTES) {
      return fault("bad_length", `Cannot read WAV format: ${lengthBytes} bytes, need ${FMT_BYTES} or 40`, {
        offset: input.offsetBytes + 4,
      });
    }
    const body = input.has(CHUNK_HEADER_BYTES + paddedBytes, "WAV format");
    if (!body.ok || !body.value) return body;
    const format = parseFormat(input.peek(CHUNK_HEADER_BYTES + lengthBytes).subarray(CHUNK_HEADER_BYTES));
    if (!format.ok) return shiftFault(format, input.offsetBytes + CHUNK_HEADER_BYTES);
    const { sampleRateHz, channels } = format.value;
    this.stream = { kind: "audio", codec: "pcm", clockRateHz: sampleRateHz, sampleRateHz, channels };
    this.#blockBytes = channels * 2;
    this.#frameBytes = Math.max(1, Math.floor(sampleRateHz / FRAMES_PER_SECOND)) * this.#blockBytes;
    input.skip(CHUNK_HEADER_BYTES + paddedBytes);
    return ok(true);
  }

  #readSamples(input: ByteQueue): Parsed<MediaFrame | undefined> {
    const wanted = Math.min(this.#frameBytes, this.#bytesLeft);
    if (wanted === 0) {
      this.#phase = "done";
      input.skip(input.available);
      return NO_FRAME;
    }
    if (input.available < wanted && !input.isEnded) return NO_FRAME;
    const whole = Math.min(wanted, input.available);
    const lengthBytes = whole - (whole % this.#blockBytes);
    if (lengthBytes > 0) {
      const data = swapBytes(input.take(lengthBytes));
      const durationTicks = lengthBytes / this.#blockBytes;
      const frame = audioFrame(data, this.#timestampTicks, durationTicks);
      this.#timestampTicks += durationTicks;
      this.#bytesLeft -= lengthBytes;
      return ok(frame);
    }
    if (this.#bytesLeft === Infinity && input.available === 0) return NO_FRAME;
    const missing = this.#bytesLeft === Infinity ? this.#blockBytes : this.#bytesLeft;
    return fault("truncated", `Cannot read WAV data: the file ends ${missing - input.available} bytes early`, {
      offset: input.offsetBytes + input.available,
      need: input.offsetBytes + missing,
    });
  }
}

function parseFormat(b: Uint8Array): Parsed<{ readonly sampleRateHz: number; readonly channels: number }> {
  const tag = readU16Le(b, 0);
  if (tag === FORMAT_EXTENSIBLE && b.length < EXTENSIBLE_FMT_BYTES) {
    return fault("bad_length", `Cannot read WAV format: ${b.length} bytes, need 40 for the extensible form`, {
      offset: 0,
    });
  }
  const format = tag === FORMAT_EXTENSIBLE ? readU16Le(b, 24) : tag;
  const bits = readU16Le(b, 14);
  if (format !== FORMAT_PCM || bits !== 16) {
    return fault(
      "unknown_type",
      `Cannot read WAV file: format ${format} with ${bits} bits; only 16-bit PCM is supported`,
      {
        offset: format === FORMAT_PCM ? 14 : 0,
      },
    );
  }
  const channels = readU16Le(b, 2);
  const sampleRateHz = readU32Le(b, 4);
  if (channels === 0 || channels > MAX_CHANNELS) {
    return fault("bad_value", `Cannot read WAV format: ${channels} channels`, { offset: 2 });
  }
  if (sampleRateHz === 0 || sampleRateHz > MAX_RATE_HZ) {
    return fault("bad_value", `Cannot read WAV format: ${sampleRateHz} samples a second`, { offset: 4 });
  }
  if (readU16Le(b, 12) !== channels * 2) {
    return fault("bad_value", `Cannot read WAV format: blocks of ${readU16Le(b, 12)} bytes`, { offset: 12 });
  }
  return ok({ sampleRateHz, channels });
}

/** Swaps each pair of bytes, in place. */
function swapBytes<T extends Uint8Array>(b: T): T {
  for (let i = 0; i + 1 < b.length; i += 2) {
    const first = b[i];
    b[i] = b[i + 1];
    b[i + 1] = first;
  }
  return b;
}

export function makeWavWriter(stream: AudioStreamInfo): MediaWriter {
  return new WavWriter(stream);
}

class WavWriter implements MediaWriter {
  readonly #stream: AudioStreamInfo;
  #isBegun = false;
  #dataBytes = 0;

  constructor(stream: AudioStreamInfo) {
    this.#stream = stream;
  }

  write(frame: MediaFrame): Parsed<Uint8Array> {
    const blockBytes = this.#stream.channels * 2;
    if (frame.data.length % blockBytes !== 0) {
      return fault(
        "bad_length",
        `Cannot write WAV: ${frame.data.length} bytes are no whole ${blockBytes}-byte samples`,
      );
    }
    const samples = swapBytes(frame.data.slice());
    this.#dataBytes += samples.length;
    if (this.#isBegun) return ok(samples);
    this.#isBegun = true;
    return ok(concatBytes(this.#header(), samples));
  }

  end(): FileEnd {
    if (!this.#isBegun) return { bytes: this.#header(), patches: lengths(0) };
    // Beyond 4 GiB the lengths cannot be written; the file stays one that ends where it ends.
    return { bytes: EMPTY_BYTES, patches: this.#dataBytes < TO_THE_END - 36 ? lengths(this.#dataBytes) : [] };
  }

  #header(): Uint8Array {
    const { sampleRateHz, channels } = this.#stream;
    const b = new Uint8Array(44);
    writeMagic(b, 0, "RIFF");
    writeU32Le(b, 4, TO_THE_END);
    writeMagic(b, 8, "WAVEfmt ");
    writeU32Le(b, 16, FMT_BYTES);
    writeU16Le(b, 20, FORMAT_PCM);
    writeU16Le(b, 22, channels);
    writeU32Le(b, 24, sampleRateHz);
    writeU32Le(b, 28, sampleRateHz * channels * 2);
    writeU16Le(b, 32, channels * 2);
    writeU16Le(b, 34, 16);
    writeMagic(b, 36, "data");
    writeU32Le(b, 40, TO_THE_END);
    return b;
  }
}

function lengths(dataBytes: number): FileEnd["patches"] {
  const u32 = (value: number) => {
    const b = new Uint8Array(4);
    writeU32Le(b, 0, value);
    return b;
  };
  return [{ offsetBytes: 4, bytes: u32(36 + dataBytes) }, { offsetBytes: 40, bytes: u32(dataBytes) }];
}
