/** What an H.264 sequence parameter set says of the picture (H.264 §7.3.2.1.1, §E.1.1): size and frame rate. */
import { BitReader } from "../payload/bits.ts";
import { readSe, readUe, unescapeNal } from "./rbsp.ts";
import { isPlausibleFps } from "./stream_info.ts";

export interface PictureFormat {
  readonly width: number;
  readonly height: number;
  /** Undefined where the stream does not say. */
  readonly fps: number | undefined;
}

/** Profiles whose parameter set tells the chroma format. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const MAX_MACROBLOCKS_PER_SIDE = 1024;

/** `nal` with its header; undefined for bytes that are no sensible parameter set. */
export function parseH264Sps(nal: Uint8Array): PictureFormat | undefined {
  const bits = new BitReader(unescapeNal(nal), 1);
  const profile = bits.read(8);
  bits.skip(16); // constraints, level
  readUe(bits); // id
  let chromaFormat = 1;
  if (HIGH_PROFILES.has(profile)) {
    chromaFormat = readUe(bits);
    if (chromaFormat > 3) return undefined;
    if (chromaFormat === 3) bits.skip(1);
    readUe(bits); // bit depths
    readUe(bits);
    bits.skip(1);
    if (bits.flag()) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
  }
  readUe(bits); // log2_max_frame_num_minus4
  if (!skipOrderCount(bits)) return undefined;
  readUe(bits); // max_num_ref_frames
  bits.skip(1);
  const widthMbs = readUe(bits) + 1;
  const heightMaps = readUe(bits) + 1;
  const isFrameOnly = bits.flag();
  if (!isFrameOnly) bits.skip(1);
  bits.skip(1); // direct_8x8_inference
  const crop = bits.flag() ? [readUe(bits), readUe(bits), readUe(bits), readUe(bits)] : [0, 0, 0, 0];
  if (bits.exhausted || widthMbs > MAX_MACROBLOCKS_PER_SIDE || heightMaps > MAX_MACROBLOCKS_PER_SIDE) return undefined;
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = (chromaFormat === 1 ? 2 : 1) * (isFrameOnly ? 1 : 2);
  const width = widthMbs * 16 - cropX * (crop[0] + crop[1]);
  const height = heightMaps * 16 * (isFrameOnly ? 1 : 2) - cropY * (crop[2] + crop[3]);
  if (width <= 0 || height <= 0) return undefined;
  return { width, height, fps: bits.flag() ? readFps(bits) : undefined };
}

function skipScalingLists(bits: BitReader, lists: number): void {
  for (let i = 0; i < lists; i++) {
    if (!bits.flag()) continue;
    let next = 8;
    let last = 8;
    for (let j = 0; j < (i < 6 ? 16 : 64) && next !== 0; j++) {
      next = (last + readSe(bits) + 256) & 0xff;
      if (next !== 0) last = next;
    }
  }
}

function skipOrderCount(bits: BitReader): boolean {
  const type = readUe(bits);
  if (type === 0) readUe(bits);
  if (type === 1) {
    bits.skip(1);
    readSe(bits);
    readSe(bits);
    const count = readUe(bits);
    if (count > 255) return false;
    for (let i = 0; i < count; i++) readSe(bits);
  }
  return type <= 2;
}

/** The beginning of the video usability information, which H.265 has alike. */
export function skipToChromaLocation(bits: BitReader): void {
  const EXTENDED_ASPECT = 255;
  if (bits.flag() && bits.read(8) === EXTENDED_ASPECT) bits.skip(32);
  if (bits.flag()) bits.skip(1); // overscan
  if (bits.flag()) { // video signal type
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) { // chroma sample location
    readUe(bits);
    readUe(bits);
  }
}

function readFps(bits: BitReader): number | undefined {
  skipToChromaLocation(bits);
  if (!bits.flag()) return undefined;
  const unitsInTick = bits.read(32);
  const timeScale = bits.read(32);
  // A tick is the time of a field: two make a frame.
  const fps = timeScale / (2 * unitsInTick);
  return !bits.exhausted && isPlausibleFps(fps) ? fps : undefined;
}
