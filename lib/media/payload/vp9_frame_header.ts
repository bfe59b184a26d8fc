/**
 * The beginning of a VP9 frame's uncompressed header (VP9 bitstream §6.2), as far as it tells key frames and disposable
 * ones, and the index at the end of a superframe (Annex B): several frames, all but one of them hidden, in one chunk.
 */
import { DELTA_FRAME, DISPOSABLE_FRAME, type FrameClass, KEY_FRAME } from "../frame.ts";
import { BitReader } from "./bits.ts";

const FRAME_MARKER = 2;

/** The class of a frame or superframe; {@link DELTA_FRAME} where the bytes make no sense. */
export function classifyVp9(data: Uint8Array): FrameClass {
  const index = parseSuperframeIndex(data);
  if (index === undefined) return classifyVp9Frame(data, 0, data.length) ?? DELTA_FRAME;
  const first = classifyVp9Frame(data, 0, index.sizes[0]) ?? DELTA_FRAME;
  if (first !== DISPOSABLE_FRAME) return first;
  let at = 0;
  for (const size of index.sizes) {
    if (classifyVp9Frame(data, at, at + size) !== DISPOSABLE_FRAME) return DELTA_FRAME;
    at += size;
  }
  return DISPOSABLE_FRAME;
}

/** The class that the header of the frame at `from`..`to` gives it; `undefined` when no VP9 frame begins there. */
export function classifyVp9Frame(data: Uint8Array, from: number, to: number): FrameClass | undefined {
  const bits = new BitReader(data, from, Math.min(to, data.length));
  if (bits.read(2) !== FRAME_MARKER) return undefined;
  const profile = bits.read(1) + 2 * bits.read(1);
  if (profile === 3) bits.skip(1);
  if (bits.flag()) return bits.exhausted ? undefined : DELTA_FRAME; // show_existing_frame
  const interFrame = bits.flag();
  const shown = bits.flag();
  const errorResilient = bits.flag();
  if (bits.exhausted) return undefined;
  if (!interFrame) return KEY_FRAME;
  const intraOnly = !shown && bits.flag();
  if (!errorResilient) bits.skip(2); // reset_frame_context
  if (intraOnly) return DELTA_FRAME;
  const refreshed = bits.read(8);
  if (refreshed !== 0 || bits.exhausted) return DELTA_FRAME;
  return keepsContexts(bits, errorResilient) && !bits.exhausted ? DISPOSABLE_FRAME : DELTA_FRAME;
}

/** Reads on to `refresh_frame_context`: even a frame that is no reference may change the probabilities of later ones. */
function keepsContexts(bits: BitReader, errorResilient: boolean): boolean {
  if (errorResilient) return true;
  bits.skip(3 * 4); // ref_frame_idx and sign_bias
  let sizeFromReference = false;
  for (let i = 0; i < 3 && !sizeFromReference; i++) sizeFromReference = bits.flag();
  if (!sizeFromReference) bits.skip(32);
  if (bits.flag()) bits.skip(32); // render size
  bits.skip(1); // allow_high_precision_mv
  if (!bits.flag()) bits.skip(2); // interpolation filter
  return !bits.flag();
}

/** The sizes that a superframe's index lists; `undefined` when `data` is a single frame. */
export function parseSuperframeIndex(data: Uint8Array): { readonly sizes: readonly number[] } | undefined {
  if (data.length === 0) return undefined;
  const marker = data[data.length - 1];
  if ((marker & 0xe0) !== 0xc0) return undefined;
  const frames = (marker & 7) + 1;
  const sizeBytes = ((marker >>> 3) & 3) + 1;
  const indexBytes = 2 + frames * sizeBytes;
  const indexAt = data.length - indexBytes;
  if (indexAt < 0 || data[indexAt] !== marker) return undefined;
  const sizes: number[] = [];
  let total = 0;
  for (let i = 0; i < frames; i++) {
    let size = 0;
    for (let j = sizeBytes - 1; j >= 0; j--) size = size * 256 + data[indexAt + 1 + i * sizeBytes + j];
    total += size;
    sizes.push(size);
  }
  return total <= indexAt ? { sizes } : undefined;
}
