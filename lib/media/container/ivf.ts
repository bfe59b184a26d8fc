/**
 * IVF: one VP9 or AV1 stream, one frame (AV1: temporal unit) after the other. All integers little-endian.
 *
 * ```
 * file header, 32 bytes                      frame header, 12 bytes
 *  0  "DKIF"                                  0  u32 length of the frame in bytes
 *  4  u16 version 0     6  u16 header length  4  u64 presentation time in time base units
 *  8  "VP90" | "AV01"  12  u16 width   14  u16 height
 * 16  u32 time base denominator   20  u32 numerator
 * 24  u32 length of the stream      28  u32 unused
 * ```
 *
 * The writer's time base is 1/90000, so that timestamps come back as they were. The length is a number of frames to
 * libvpx and a duration in time base units to ffmpeg (the same where a unit is a frame); players show the latter, so that
 * is what is written.
 */
import { concatBytes, EMPTY_BYTES } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { type MediaFrame, videoFrame } from "../frame.ts";
import { classifyAv1 } from "../payload/obu.ts";
import { MAX_FRAME_BYTES } from "../payload/payload_format.ts";
import { classifyVp9 } from "../payload/vp9_frame_header.ts";
import type { ByteQueue } from "./byte_queue.ts";
import {
  hasMagic,
  readU16Le,
  readU32Le,
  readU64Le,
  writeMagic,
  writeU16Le,
  writeU32Le,
  writeU64Le,
} from "./little_endian.ts";
import { type ContainerSyntax, makeMediaReader, type MediaReader, NO_FRAME } from "./media_reader.ts";
import type { FileEnd, MediaWriter } from "./media_writer.ts";
import { isPlausibleFps, VIDEO_CLOCK_HZ, type VideoStreamInfo } from "./stream_info.ts";

const FILE_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 12;
const LENGTH_OFFSET = 24;
/** Longest file header believed: the field has 16 bits, and no known writer uses more than 32. */
const MAX_HEADER_BYTES = 4096;

type IvfCodec = "vp9" | "av1";
const FOURCC: Readonly<Record<IvfCodec, string>> = { vp9: "VP90", av1: "AV01" };

export function makeIvfReader(): MediaReader {
  return makeMediaReader(new IvfSyntax());
}

class IvfSyntax implements ContainerSyntax {
  readonly container = "IVF";
  stream: VideoStreamInfo | undefined;
  #codec: IvfCodec = "vp9";
  /** Ticks of the 90 kHz clock in one unit of the file's time base, as a fraction. */
  #ticksNumerator = 0;
  #ticksDenominator = 1;

  next(input: ByteQueue): Parsed<MediaFrame | undefined> {
    if (this.stream === undefined) {
      const isRead = this.#readHeader(input);
      if (!isRead.ok) return isRead;
      if (!isRead.value) return NO_FRAME;
    }
    for (;;) {
      const header = input.has(FRAME_HEADER_BYTES, "IVF frame header", true);
      if (!header.ok) return header;
      if (!header.value) return NO_FRAME;
      const view = input.peek(FRAME_HEADER_BYTES);
      const lengthBytes = readU32Le(view, 0);
      const time = readU64Le(view, 4);
      if (lengthBytes > MAX_FRAME_BYTES) {
        return fault("too_large", `Cannot read IVF frame: ${lengthBytes} bytes, at most ${MAX_FRAME_BYTES}`, {
          offset: input.offsetBytes,
        });
      }
      const timestampTicks = Math.round((time * this.#ticksNumerator) / this.#ticksDenominator);
      if (!Number.isSafeInteger(timestampTicks)) {
        return fault("bad_value", `Cannot read IVF frame: presentation time ${time} is out of range`, {
          offset: input.offsetBytes + 4,
        });
      }
      const body = input.has(FRAME_HEADER_BYTES + lengthBytes, "IVF frame");
      if (!body.ok) return body;
      if (!body.value) return NO_FRAME;
      input.skip(FRAME_HEADER_BYTES);
      // An encoder that drops a frame may leave its empty place in the file.
      if (lengthBytes === 0) continue;
      const data = input.take(lengthBytes);
      return ok(videoFrame(data, timestampTicks, 0, this.#codec === "vp9" ? classifyVp9(data) : classifyAv1(data)));
    }
  }

  #readHeader(input: ByteQueue): Parsed<boolean> {
    const fixed = input.has(FILE_HEADER_BYTES, "IVF header");
    if (!fixed.ok || !fixed.value) return fixed;
    const view = input.peek(FILE_HEADER_BYTES);
    if (!hasMagic(view, 0, "DKIF")) {
      return fault("bad_value", "Cannot read IVF header: it begins with no DKIF", { offset: 0 });
    }
    const version = readU16Le(view, 4);
    if (version !== 0) {
      return fault("bad_version", `Cannot read IVF header: version ${version}, expected 0`, { offset: 4 });
    }
    const headerBytes = readU16Le(view, 6);
    if (headerBytes < FILE_HEADER_BYTES || headerBytes > MAX_HEADER_BYTES) {
      return fault("bad_length", `Cannot read IVF header: its length is ${headerBytes}, expected 32`, { offset: 6 });
    }
    const codec = hasMagic(view, 8, FOURCC.vp9) ? "vp9" : hasMagic(view, 8, FOURCC.av1) ? "av1" : undefined;
    if (codec === undefined) {
      return fault("unknown_type", "Cannot read IVF file: its codec is neither VP90 nor AV01", { offset: 8 });
    }
    const denominator = readU32Le(view, 16);
    const numerator = readU32Le(view, 20);
    if (denominator === 0 || numerator === 0) {
      return fault("bad_value", `Cannot read IVF header: time base ${numerator}/${denominator}`, { offset: 16 });
    }
    this.#codec = codec;
    this.#ticksNumerator = numerator * VIDEO_CLOCK_HZ;
    this.#ticksDenominator = denominator;
    const fps = denominator / numerator;
    this.stream = {
      kind: "video",
      codec,
      clockRateHz: VIDEO_CLOCK_HZ,
      width: readU16Le(view, 12),
      height: readU16Le(view, 14),
      // A fine time base (1/1000, 1/90000) is a clock, not a frame rate.
      fps: isPlausibleFps(fps) ? fps : undefined,
    };
    input.skip(headerBytes);
    return ok(true);
  }
}

export function makeIvfWriter(stream: VideoStreamInfo & { readonly codec: IvfCodec }): MediaWriter {
  return new IvfWriter(stream);
}

class IvfWriter implements MediaWriter {
  readonly #stream: VideoStreamInfo & { readonly codec: IvfCodec };
  #isBegun = false;
  #firstTicks = 0;
  #lastTicks = 0;
  /** Between the last two frames: taken for the duration of the last. */
  #stepTicks = 0;

  constructor(stream: VideoStreamInfo & { readonly codec: IvfCodec }) {
    this.#stream = stream;
  }

  write(frame: MediaFrame): Parsed<Uint8Array> {
    if (frame.data.length > MAX_FRAME_BYTES) {
      return fault("too_large", `Cannot write IVF frame: ${frame.data.length} bytes, at most ${MAX_FRAME_BYTES}`);
    }
    if (frame.timestampTicks < 0) {
      return fault("bad_value", `Cannot write IVF frame: its timestamp is ${frame.timestampTicks}`);
    }
    const header = new Uint8Array(FRAME_HEADER_BYTES);
    writeU32Le(header, 0, frame.data.length);
    writeU64Le(header, 4, frame.timestampTicks);
    const fileHeader = this.#isBegun ? EMPTY_BYTES : this.#header();
    if (!this.#isBegun) this.#firstTicks = frame.timestampTicks;
    else this.#stepTicks = Math.max(0, frame.timestampTicks - this.#lastTicks);
    this.#isBegun = true;
    this.#lastTicks = frame.timestampTicks;
    return ok(concatBytes(fileHeader, header, frame.data));
  }

  end(): FileEnd {
    if (!this.#isBegun) return { bytes: this.#header(), patches: [] };
    const durationTicks = this.#lastTicks + this.#stepTicks - this.#firstTicks;
    const length = new Uint8Array(4);
    writeU32Le(length, 0, Math.min(0xffff_ffff, Math.max(0, durationTicks)));
    return { bytes: EMPTY_BYTES, patches: [{ offsetBytes: LENGTH_OFFSET, bytes: length }] };
  }

  #header(): Uint8Array {
    const header = new Uint8Array(FILE_HEADER_BYTES);
    writeMagic(header, 0, "DKIF");
    writeU16Le(header, 6, FILE_HEADER_BYTES);
    writeMagic(header, 8, FOURCC[this.#stream.codec]);
    writeU16Le(header, 12, this.#stream.width);
    writeU16Le(header, 14, this.#stream.height);
    writeU32Le(header, 16, VIDEO_CLOCK_HZ);
    writeU32Le(header, 20, 1);
    return header;
  }
}
