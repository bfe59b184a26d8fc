/**
 * H.264 and H.265 as Annex B byte streams, cut into access units.
 *
 * An access unit ends where the next begins: at the first delimiter, parameter set, SEI (or reserved prefix type) after
 * a slice, or at the first slice of another picture, which says so in its first bit: `first_mb_in_slice` 0 (H.264
 * §7.4.1.2.4; arbitrary slice order is not supported), `first_slice_segment_in_pic_flag` (H.265 §7.4.2.4.4). So parameter
 * sets and SEI belong to the picture after them. Frames are the bytes as they are in the file, start codes included.
 *
 * The format has no times: frames are spaced by the rate that the caller gives, else the one in the parameter set, else
 * 30 a second, in the order of the file (so a stream with B frames gets its decoding order).
 */
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { type FrameClass, type MediaFrame, videoFrame } from "../frame.ts";
import { NalCursor } from "../payload/annexb.ts";
import { classifyH264 } from "../payload/h264.ts";
import { classifyH265 } from "../payload/h265.ts";
import { MAX_FRAME_BYTES } from "../payload/payload_format.ts";
import type { ByteQueue } from "./byte_queue.ts";
import { parseH264Sps, type PictureFormat } from "./h264_sps.ts";
import { parseH265Sps } from "./h265_sps.ts";
import { type ContainerSyntax, makeMediaReader, type MediaReader, NO_FRAME } from "./media_reader.ts";
import type { FileEnd, MediaWriter } from "./media_writer.ts";
import { VIDEO_CLOCK_HZ, type VideoStreamInfo } from "./stream_info.ts";

const DEFAULT_FPS = 30;

/** Where a NAL unit stands in its access unit. */
type NalPlace = "before the slices" | "first slice" | "slice" | "anywhere";

interface NalSyntax {
  readonly codec: "h264" | "h265";
  readonly container: string;
  /** Bytes of a NAL unit, header included, that `placeOf` looks at. */
  readonly lookBytes: number;
  placeOf(b: Uint8Array, at: number): NalPlace;
  isSps(headerByte: number): boolean;
  parseSps(nal: Uint8Array): PictureFormat | undefined;
  classify(accessUnit: Uint8Array): FrameClass;
}

const H264: NalSyntax = {
  codec: "h264",
  container: "H.264 Annex B",
  lookBytes: 2,
  placeOf(b, at) {
    const type = b[at] & 0x1f;
    if (type === 1 || type === 2 || type === 5) return (b[at + 1] & 0x80) !== 0 ? "first slice" : "slice";
    // SEI, parameter sets, delimiter, and the types reserved to stand with them.
    return (type >= 6 && type <= 9) || (type >= 14 && type <= 18) ? "before the slices" : "anywhere";
  },
  isSps: (headerByte) => (headerByte & 0x1f) === 7,
  parseSps: parseH264Sps,
  classify: classifyH264,
};

const H265: NalSyntax = {
  codec: "h265",
  container: "H.265 Annex B",
  lookBytes: 3,
  placeOf(b, at) {
    const type = (b[at] >>> 1) & 0x3f;
    const layer = ((b[at] & 1) << 5) | (b[at + 1] >>> 3);
    // Higher layers belong to the picture of the base layer before them.
    if (layer !== 0) return "anywhere";
    if (type < 32) return (b[at + 2] & 0x80) !== 0 ? "first slice" : "slice";
    const isPrefix = (type >= 32 && type <= 35) || type === 39 || (type >= 41 && type <= 44) ||
      (type >= 48 && type <= 55);
    return isPrefix ? "before the slices" : "anywhere";
  },
  isSps: (headerByte) => ((headerByte >>> 1) & 0x3f) === 33,
  parseSps: parseH265Sps,
  classify: classifyH265,
};

export interface AnnexBReaderOptions {
  /** Frames per second; what the stream itself says when absent. */
  readonly fps?: number;
}

export function makeAnnexBReader(codec: "h264" | "h265", options: AnnexBReaderOptions = {}): MediaReader {
  return makeMediaReader(new AnnexBSyntax(codec === "h264" ? H264 : H265, options.fps));
}

class AnnexBSyntax implements ContainerSyntax {
  readonly #nals: NalSyntax;
  readonly #givenFps: number | undefined;
  readonly #cursor = new NalCursor();
  stream: VideoStreamInfo | undefined;
  #fps = DEFAULT_FPS;
  /** Bytes of the input, from its present start, in which no further start code begins. */
  #scannedBytes = 0;
  #isAligned = false;
  #hasSlice = false;
  #frameCount = 0;

  constructor(nals: NalSyntax, givenFps: number | undefined) {
    this.#nals = nals;
    this.#givenFps = givenFps;
  }

  get container(): string {
    return this.#nals.container;
  }

  next(input: ByteQueue): Parsed<MediaFrame | undefined> {
    const bytes = input.peek();
    for (;;) {
      this.#cursor.open(bytes.subarray(this.#scannedBytes));
      const found = this.#cursor.nextStart;
      if (!this.#isAligned && !this.#cursor.aligned) {
        return fault("bad_value", `Cannot read ${this.container}: it begins with no start code`, {
          offset: input.offsetBytes,
        });
      }
      const nalAt = this.#scannedBytes + found;
      if (found < 0 || (bytes.length < nalAt + this.#nals.lookBytes && !input.isEnded)) return this.#atEndOf(input);
      this.#isAligned = true;
      // A NAL unit that the file's end cuts short says nothing of its place.
      const place = bytes.length < nalAt + this.#nals.lookBytes ? "anywhere" : this.#nals.placeOf(bytes, nalAt);
      const isSlice = place === "first slice" || place === "slice";
      const beginsNext = this.#hasSlice && (place === "first slice" || place === "before the slices");
      this.#hasSlice = isSlice || (this.#hasSlice && !beginsNext);
      if (!beginsNext) {
        this.#scannedBytes = nalAt;
        continue;
      }
      // A zero before the start code belongs to it (B.1.1).
      const cutAt = bytes[nalAt - 4] === 0 ? nalAt - 4 : nalAt - 3;
      this.#scannedBytes = nalAt - cutAt;
      return this.#frame(input, cutAt);
    }
  }

  /** No further start code: the last access unit, or a wait for more. */
  #atEndOf(input: ByteQueue): Parsed<MediaFrame | undefined> {
    if (!input.isEnded) {
      // The last three bytes may begin a start code, or a NAL unit too short to be placed.
      this.#scannedBytes = Math.max(this.#scannedBytes, input.available - 3 - this.#nals.lookBytes);
      return input.available > MAX_FRAME_BYTES ? this.#tooLarge(input) : NO_FRAME;
    }
    const { available } = input;
    if (!this.#isAligned && this.#frameCount === 0) {
      return fault("bad_value", `Cannot read ${this.container}: it has no start code`, { offset: input.offsetBytes });
    }
    if (available === 0 || !this.#hasSlice) {
      input.skip(available);
      return NO_FRAME;
    }
    this.#hasSlice = false;
    this.#scannedBytes = 0;
    return this.#frame(input, available);
  }

  #tooLarge(input: ByteQueue): Parsed<MediaFrame | undefined> {
    return fault("too_large", `Cannot read ${this.container}: an access unit of more than ${MAX_FRAME_BYTES} bytes`, {
      offset: input.offsetBytes,
    });
  }

  #frame(input: ByteQueue, lengthBytes: number): Parsed<MediaFrame | undefined> {
    if (lengthBytes > MAX_FRAME_BYTES) return this.#tooLarge(input);
    const data = input.take(lengthBytes);
    this.stream ??= this.#describe(data);
    const timestampTicks = Math.round((this.#frameCount++ * VIDEO_CLOCK_HZ) / this.#fps);
    return ok(videoFrame(data, timestampTicks, 0, this.#nals.classify(data)));
  }

  #describe(accessUnit: Uint8Array): VideoStreamInfo {
    let picture: PictureFormat | undefined;
    this.#cursor.open(accessUnit);
    while (picture === undefined && this.#cursor.advance()) {
      const { start, end } = this.#cursor;
      if (this.#nals.isSps(accessUnit[start])) picture = this.#nals.parseSps(accessUnit.subarray(start, end));
    }
    this.#fps = this.#givenFps ?? picture?.fps ?? DEFAULT_FPS;
    return {
      kind: "video",
      codec: this.#nals.codec,
      clockRateHz: VIDEO_CLOCK_HZ,
      width: picture?.width ?? 0,
      height: picture?.height ?? 0,
      fps: this.#fps,
    };
  }
}

/** Access units one after the other, as they are. */
export function makeAnnexBWriter(): MediaWriter {
  const cursor = new NalCursor();
  return {
    write(frame: MediaFrame): Parsed<Uint8Array> {
      cursor.open(frame.data);
      if (cursor.nextStart >= 0 && cursor.aligned) return ok(frame.data.slice());
      return fault("bad_value", "Cannot write Annex B: the frame begins with no start code", { offset: 0 });
    },
    end: (): FileEnd => ({ bytes: EMPTY_BYTES, patches: [] }),
  };
}
