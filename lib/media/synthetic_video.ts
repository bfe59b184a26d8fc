/**
 * Test video that needs no encoder: a valid H.264 stream (constrained baseline, 128 x 96) of macroblocks that are either
 * written out sample by sample (I_PCM, H.264 §7.3.5) or, in delta frames, left as they were (P_Skip). Any player shows it.
 *
 * ```
 * key frame:    SPS  PPS  SEI(mark)  IDR slice: 48 I_PCM macroblocks          about 18.6 kB
 * delta frame:            SEI(mark)  P slice: some I_PCM, the others skipped  about 0.4 kB for each
 * ```
 *
 * What one sees: a grey ramp; a white square that moves one place a frame; at the top left the frame number's low 16
 * bits as 4 x 4 cells; and, as many as the bit rate asks for, squares of noise. The deblocking filter is off, so a
 * decoder's picture is these samples to the bit.
 */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { fault, type Parsed } from "../base/parsed.ts";
import { below, SeededRng } from "../base/rng.ts";
import { BitWriter, escapeNal, unescapeNal } from "./container/rbsp.ts";
import { VIDEO_CLOCK_HZ, type VideoStreamInfo } from "./container/stream_info.ts";
import { DELTA_FRAME, KEY_FRAME, type MediaFrame, videoFrame } from "./frame.ts";
import { NalCursor } from "./payload/annexb.ts";
import { MARK_BYTES, readMark, sealMark, type TestMark, writeMark } from "./synthetic_mark.ts";

const WIDTH_MBS = 8;
const HEIGHT_MBS = 6;
const MB_COUNT = WIDTH_MBS * HEIGHT_MBS;
/** Luma 16 x 16 and two chroma planes of 8 x 8. */
const MB_BYTES = 384;
const LUMA_BYTES = 256;

const NAL_SLICE = 0x41;
const NAL_IDR = 0x65;
const NAL_SEI = 0x06;
const NAL_SPS = 0x67;
const NAL_PPS = 0x68;

const SLICE_TYPE_P = 5;
const SLICE_TYPE_I = 7;
const MB_TYPE_I_PCM = 25;
/** In a P slice the five inter types come first. */
const MB_TYPE_I_PCM_IN_P = 5 + MB_TYPE_I_PCM;
/** `frame_num` counts modulo 2^8: log2_max_frame_num_minus4 is 4. */
const FRAME_NUM_BITS = 8;

/**
 * What our SEI begins with (H.264 §7.3.2.3.1, §D.1.7): the NAL header, "user data, unregistered", its length, and a UUID
 * made once for this purpose.
 */
const SEI_USER_DATA_UNREGISTERED = 5;
const SEI_UUID = Uint8Array.of(157, 78, 31, 82, 106, 11, 76, 61, 142, 113, 43, 165, 200, 19, 246, 7);
const SEI_PREFIX = concatBytes(
  Uint8Array.of(NAL_SEI, SEI_USER_DATA_UNREGISTERED, SEI_UUID.length + MARK_BYTES),
  SEI_UUID,
);
const STOP_BIT = 0x80;

/** Number cells, the square's new place, the square's old place. */
const MACROBLOCKS_ALWAYS = 3;

export interface TestVideoOptions {
  readonly fps: number;
  readonly keyframeInterval: number;
  /** Aimed at by the number of noise squares; at least what the moving square and the key frames need. */
  readonly bitrateBps: number;
}

export function testVideoStream(fps: number): VideoStreamInfo {
  return {
    kind: "video",
    codec: "h264",
    clockRateHz: VIDEO_CLOCK_HZ,
    width: WIDTH_MBS * 16,
    height: HEIGHT_MBS * 16,
    fps,
  };
}

/** Makes the frames of one stream, in order. */
export class TestVideo {
  readonly #rng: SeededRng;
  readonly #options: TestVideoOptions;
  readonly #noisePerFrame: number;
  readonly #parameterSets: readonly Uint8Array[];
  /** Noise squares of the last frame: wiped by the next. */
  #noisy: number[] = [];
  #sinceKey = 0;
  #idrCount = 0;

  constructor(seed: number, options: TestVideoOptions) {
    this.#rng = new SeededRng(seed);
    this.#options = options;
    const interval = Math.max(1, options.keyframeInterval);
    const bytesPerInterval = (options.bitrateBps / 8) * (interval / options.fps) - MB_COUNT * MB_BYTES;
    // Each noise square costs two macroblocks: its own and, a frame later, its wiping.
    const macroblocks = bytesPerInterval / (Math.max(1, interval - 1) * (MB_BYTES + 2)) - MACROBLOCKS_ALWAYS;
    this.#noisePerFrame = Math.min(MB_COUNT / 3, Math.max(0, macroblocks / 2));
    this.#parameterSets = [nal(NAL_SPS, writeSps(options.fps)), nal(NAL_PPS, writePps())];
  }

  /** The next frame; a key frame where one is due or asked for. */
  make(mark: TestMark, forceKeyframe: boolean): MediaFrame {
    const isKey = forceKeyframe || mark.frameNumber === 0 || this.#sinceKey >= this.#options.keyframeInterval;
    if (isKey) this.#sinceKey = 0;
    const slice = isKey ? this.#keySlice(mark.frameNumber) : this.#deltaSlice(mark.frameNumber);
    this.#sinceKey++;
    const parameterSets = isKey ? this.#parameterSets : [];
    const units = [...parameterSets, writeSei(mark, [...parameterSets, slice]), slice];
    const timestampTicks = Math.round((mark.frameNumber * VIDEO_CLOCK_HZ) / this.#options.fps);
    return videoFrame(joinUnits(units), timestampTicks, 0, isKey ? KEY_FRAME : DELTA_FRAME);
  }

  #keySlice(frameNumber: number): Uint8Array {
    const bits = new BitWriter();
    bits.ue(0).ue(SLICE_TYPE_I).ue(0).write(0, FRAME_NUM_BITS);
    bits.ue(this.#idrCount++ & 0xffff); // idr_pic_id: neighbouring IDR pictures differ
    bits.write(0, 2); // no_output_of_prior_pics, long_term_reference
    bits.se(0).ue(1); // slice_qp_delta, deblocking off
    for (let mb = 0; mb < MB_COUNT; mb++) bits.ue(MB_TYPE_I_PCM).align().bytes(drawMacroblock(mb, frameNumber));
    this.#noisy = [];
    return nal(NAL_IDR, bits.finish());
  }

  #deltaSlice(frameNumber: number): Uint8Array {
    const bits = new BitWriter();
    bits.ue(0).ue(SLICE_TYPE_P).ue(0).write(this.#sinceKey % 2 ** FRAME_NUM_BITS, FRAME_NUM_BITS);
    bits.write(0, 1); // num_ref_idx_active_override
    bits.write(0, 1); // ref_pic_list_modification
    bits.write(0, 1); // adaptive_ref_pic_marking
    bits.se(0).ue(1); // slice_qp_delta, deblocking off
    const noisy = this.#chooseNoise();
    const changed = new Set([0, squareAt(frameNumber), squareAt(frameNumber - 1), ...this.#noisy, ...noisy]);
    let skipped = 0;
    for (let mb = 0; mb < MB_COUNT; mb++) {
      if (!changed.has(mb)) {
        skipped++;
        continue;
      }
      const samples = drawMacroblock(mb, frameNumber);
      if (noisy.includes(mb)) this.#drawNoise(samples);
      bits.ue(skipped).ue(MB_TYPE_I_PCM_IN_P).align().bytes(samples);
      skipped = 0;
    }
    if (skipped > 0) bits.ue(skipped);
    this.#noisy = noisy;
    return nal(NAL_SLICE, bits.finish());
  }

  /** Between none and twice the mean, so that sizes vary as an encoder's do. */
  #chooseNoise(): number[] {
    const count = Math.floor((below(this.#rng, 2001) / 1000) * this.#noisePerFrame + below(this.#rng, 1000) / 1000);
    const places: number[] = [];
    for (let i = 0; i < count; i++) places.push(1 + below(this.#rng, MB_COUNT - 1));
    return places;
  }

  #drawNoise(samples: Uint8Array): void {
    for (let i = 0; i < LUMA_BYTES; i++) samples[i] = 64 + (this.#rng.u32() & 0x7f);
  }
}

/** The mark of a frame made here, checked against all of its NAL units: `bad_value` for any other. */
export function readVideoMark(accessUnit: Uint8Array): Parsed<TestMark> {
  const cursor = new NalCursor();
  cursor.open(accessUnit);
  let mark: Uint8Array | undefined;
  const marked: Uint8Array[] = [];
  while (cursor.aligned && cursor.advance()) {
    const unit = accessUnit.subarray(cursor.start, cursor.end);
    if (unit[0] !== NAL_SEI) marked.push(unit);
    else if (mark === undefined) mark = unpackSei(unit);
  }
  if (mark === undefined) return fault("bad_value", "Cannot read test frame: it carries no mark", { offset: 0 });
  return readMark(concatBytes(mark, ...marked), 0);
}

/** The mark in an SEI NAL unit of ours; undefined in any other. */
function unpackSei(unit: Uint8Array): Uint8Array | undefined {
  const raw = unescapeNal(unit);
  if (raw.length !== SEI_PREFIX.length + MARK_BYTES + 1 || raw[raw.length - 1] !== STOP_BIT) return undefined;
  if (!equalBytes(raw.subarray(0, SEI_PREFIX.length), SEI_PREFIX)) return undefined;
  return raw.subarray(SEI_PREFIX.length, SEI_PREFIX.length + MARK_BYTES);
}

/** The SEI NAL unit with the mark, whose CRC is over the other units: headers, parameter sets and picture. */
function writeSei(mark: TestMark, units: readonly Uint8Array[]): Uint8Array {
  const marked = concatBytes(new Uint8Array(MARK_BYTES), ...units);
  writeMark(marked, 0, mark);
  sealMark(marked, 0);
  return escapeNal(concatBytes(SEI_PREFIX, marked.subarray(0, MARK_BYTES), Uint8Array.of(STOP_BIT)));
}

/** Start codes as `payload/annexb.ts` has them: four bytes first and at parameter sets, else three. */
function joinUnits(units: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...units.flatMap((unit, i) => {
    const isLong = i === 0 || unit[0] === NAL_SPS || unit[0] === NAL_PPS;
    return [isLong ? Uint8Array.of(0, 0, 0, 1) : Uint8Array.of(0, 0, 1), unit];
  }));
}

function nal(header: number, rbsp: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(header), escapeNal(rbsp));
}

/** Everywhere but on place 0, which shows the frame number. */
function squareAt(frameNumber: number): number {
  return 1 + (((frameNumber % (MB_COUNT - 1)) + (MB_COUNT - 1)) % (MB_COUNT - 1));
}

/** The samples of one macroblock without noise: luma 16 x 16, Cb 8 x 8, Cr 8 x 8, none of them 0 (§7.4.5 of old editions). */
function drawMacroblock(mb: number, frameNumber: number): Uint8Array {
  const samples = new Uint8Array(MB_BYTES).fill(128, LUMA_BYTES);
  const column = mb % WIDTH_MBS;
  const row = Math.floor(mb / WIDTH_MBS);
  const isSquare = mb === squareAt(frameNumber);
  for (let i = 0; i < LUMA_BYTES; i++) {
    const [x, y] = [i & 15, i >>> 4];
    if (mb === 0) samples[i] = cellBit(frameNumber, x, y) === 1 ? 235 : 16;
    else samples[i] = isSquare ? 235 : 40 + column * 16 + x + row * 6;
  }
  return samples;
}

/** Cell 0, at the top left, is the highest of the 16 bits. */
function cellBit(frameNumber: number, x: number, y: number): number {
  const cell = (y >>> 2) * 4 + (x >>> 2);
  return (frameNumber >>> (15 - cell)) & 1;
}

/** §7.3.2.1.1, with the timing and reordering parts of the usability information (§E.1.1). */
function writeSps(fps: number): Uint8Array {
  const PROFILE_BASELINE = 66;
  const CONSTRAINED = 0xc0;
  const LEVEL_3 = 30;
  const bits = new BitWriter();
  bits.write(PROFILE_BASELINE, 8).write(CONSTRAINED, 8).write(LEVEL_3, 8);
  bits.ue(0).ue(FRAME_NUM_BITS - 4).ue(2); // id, frame_num, output order = decoding order
  bits.ue(1).write(0, 1); // one reference frame, no gaps
  bits.ue(WIDTH_MBS - 1).ue(HEIGHT_MBS - 1);
  bits.write(1, 1).write(1, 1).write(0, 1); // frames only, direct_8x8_inference, no cropping
  bits.write(1, 1); // usability information
  bits.write(0, 4); // aspect ratio, overscan, signal type, chroma location
  const UNITS = 1000;
  bits.write(1, 1).write(UNITS, 32).write(Math.round(2 * fps * UNITS), 32).write(1, 1);
  bits.write(0, 2).write(0, 1); // HRD parameters, picture structure
  bits.write(1, 1).write(1, 1).ue(0).ue(0).ue(16).ue(16).ue(0).ue(1); // no reordering, one frame buffered
  return bits.finish();
}

/** §7.3.2.2. */
function writePps(): Uint8Array {
  const bits = new BitWriter();
  bits.ue(0).ue(0).write(0, 2).ue(0); // ids, CAVLC, order fields, one slice group
  bits.ue(0).ue(0).write(0, 3); // reference counts, weighting
  bits.se(0).se(0).se(0); // quantizers
  bits.write(1, 1).write(0, 2); // deblocking control present, intra prediction, redundancy
  return bits.finish();
}
