/** What an H.265 sequence parameter set says of the picture (H.265 §7.3.2.2, §E.2.1): size and frame rate. */
import { BitReader } from "../payload/bits.ts";
import { type PictureFormat, skipToChromaLocation } from "./h264_sps.ts";
import { readSe, readUe, unescapeNal } from "./rbsp.ts";
import { isPlausibleFps } from "./stream_info.ts";

const GENERAL_PROFILE_BITS = 88;
const LEVEL_BITS = 8;
const MAX_SIDE = 16_888;
const MAX_REFERENCE_SETS = 64;
const MAX_PICTURES_PER_SET = 16;
const MAX_LONG_TERM = 32;

/** `nal` with its header; undefined for bytes that are no sensible parameter set. */
export function parseH265Sps(nal: Uint8Array): PictureFormat | undefined {
  const bits = new BitReader(unescapeNal(nal), 2);
  bits.skip(4);
  const subLayers = bits.read(3);
  bits.skip(1);
  skipProfileTierLevel(bits, subLayers);
  readUe(bits); // id
  const chromaFormat = readUe(bits);
  if (chromaFormat > 3) return undefined;
  if (chromaFormat === 3) bits.skip(1);
  const codedWidth = readUe(bits);
  const codedHeight = readUe(bits);
  const crop = bits.flag() ? [readUe(bits), readUe(bits), readUe(bits), readUe(bits)] : [0, 0, 0, 0];
  if (bits.exhausted || codedWidth > MAX_SIDE || codedHeight > MAX_SIDE) return undefined;
  const width = codedWidth - (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1) * (crop[0] + crop[1]);
  const height = codedHeight - (chromaFormat === 1 ? 2 : 1) * (crop[2] + crop[3]);
  if (width <= 0 || height <= 0) return undefined;
  return { width, height, fps: skipToUsability(bits, subLayers) ? readFps(bits) : undefined };
}

function skipProfileTierLevel(bits: BitReader, subLayers: number): void {
  bits.skip(GENERAL_PROFILE_BITS + LEVEL_BITS);
  if (subLayers === 0) return;
  const present: number[] = [];
  for (let i = 0; i < 8; i++) present.push(bits.read(2));
  for (let i = 0; i < subLayers; i++) {
    if ((present[i] & 2) !== 0) bits.skip(GENERAL_PROFILE_BITS);
    if ((present[i] & 1) !== 0) bits.skip(LEVEL_BITS);
  }
}

/** Everything between the picture's size and its usability information; true when there is such information. */
function skipToUsability(bits: BitReader, subLayers: number): boolean {
  readUe(bits); // bit depths
  readUe(bits);
  const orderCountBits = readUe(bits) + 4;
  if (orderCountBits > 16) return false;
  for (let i = bits.flag() ? 0 : subLayers; i <= subLayers; i++) {
    readUe(bits);
    readUe(bits);
    readUe(bits);
  }
  for (let i = 0; i < 6; i++) readUe(bits); // block sizes and transform depths
  if (bits.flag() && bits.flag()) skipScalingLists(bits);
  bits.skip(2); // amp, sample adaptive offset
  if (bits.flag()) { // pcm
    bits.skip(8);
    readUe(bits);
    readUe(bits);
    bits.skip(1);
  }
  if (!skipReferenceSets(bits)) return false;
  if (bits.flag()) { // long-term references
    const count = readUe(bits);
    if (count > MAX_LONG_TERM) return false;
    bits.skip(count * (orderCountBits + 1));
  }
  bits.skip(2); // temporal mvp, strong intra smoothing
  return bits.flag();
}

function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!bits.flag()) {
        readUe(bits);
        continue;
      }
      if (size > 1) readSe(bits);
      for (let i = 0; i < Math.min(64, 16 << (2 * size)); i++) readSe(bits);
    }
  }
}

/**
 * Short-term reference picture sets (§7.3.7). A set may be predicted from the one before, flag by flag, so its picture
 * order distances must be worked out (§7.4.8) to know how many flags the next has.
 */
function skipReferenceSets(bits: BitReader): boolean {
  const count = readUe(bits);
  if (count > MAX_REFERENCE_SETS) return false;
  let distances: number[] = [];
  for (let i = 0; i < count; i++) {
    const isPredicted = i > 0 && bits.flag();
    const next = isPredicted ? readPredictedSet(bits, distances) : readSet(bits);
    if (next === undefined || bits.exhausted) return false;
    distances = next;
  }
  return true;
}

function readSet(bits: BitReader): number[] | undefined {
  const negative = readUe(bits);
  const positive = readUe(bits);
  if (negative > MAX_PICTURES_PER_SET || positive > MAX_PICTURES_PER_SET) return undefined;
  const distances: number[] = [];
  for (let i = 0, at = 0; i < negative; i++, bits.skip(1)) distances.push(at -= readUe(bits) + 1);
  for (let i = 0, at = 0; i < positive; i++, bits.skip(1)) distances.push(at += readUe(bits) + 1);
  return distances;
}

function readPredictedSet(bits: BitReader, reference: readonly number[]): number[] | undefined {
  const isNegative = bits.flag();
  const shift = (readUe(bits) + 1) * (isNegative ? -1 : 1);
  const distances: number[] = [];
  for (const distance of [...reference, 0]) {
    const isUsed = bits.flag();
    const isKept = isUsed || bits.flag();
    if (isKept && distance + shift !== 0) distances.push(distance + shift);
  }
  if (distances.length > 2 * MAX_PICTURES_PER_SET) return undefined;
  // In each direction the nearest comes first.
  const before = distances.filter((distance) => distance < 0).sort((a, b) => b - a);
  return [...before, ...distances.filter((distance) => distance > 0).sort((a, b) => a - b)];
}

function readFps(bits: BitReader): number | undefined {
  skipToChromaLocation(bits);
  bits.skip(3);
  if (bits.flag()) { // default display window
    for (let i = 0; i < 4; i++) readUe(bits);
  }
  if (!bits.flag()) return undefined;
  const unitsInTick = bits.read(32);
  const timeScale = bits.read(32);
  const fps = timeScale / unitsInTick;
  return !bits.exhausted && isPlausibleFps(fps) ? fps : undefined;
}
