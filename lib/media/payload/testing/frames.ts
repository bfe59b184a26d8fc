/** Media made up from a seed: the right form, meaningless content. */
import fc from "fast-check";
import { concatBytes } from "../../../base/bytes.ts";
import { below, SeededRng } from "../../../base/rng.ts";
import { writeLeb128 } from "../leb128.ts";
import type { PayloadFormat } from "../payload_format.ts";

export const ALL_FORMATS: readonly PayloadFormat[] = [
  "opus",
  "aac",
  "g722",
  "pcm",
  "vp9",
  "h264",
  "h265",
  "av1",
  "opaque",
];

export function randomBytes(rng: SeededRng, count: number): Uint8Array {
  return rng.fill(new Uint8Array(count));
}

/** Small sizes often, now and then one of several packets. */
function size(rng: SeededRng): number {
  return 1 + below(rng, below(rng, 3) === 0 ? 4000 : 60);
}

/** A NAL unit whose bytes cannot be mistaken for a start code: never two zeros together, none at the end. */
export function nalUnit(rng: SeededRng, header: readonly number[], payloadBytes: number): Uint8Array {
  const nal = concatBytes(Uint8Array.from(header), randomBytes(rng, payloadBytes));
  for (let i = header.length; i < nal.length; i++) if (nal[i] === 0 && nal[i - 1] === 0) nal[i] = 1;
  if (nal[nal.length - 1] === 0) nal[nal.length - 1] = 1;
  return nal;
}

const START3 = Uint8Array.of(0, 0, 1);
const START4 = Uint8Array.of(0, 0, 0, 1);

/** An access unit in canonical form: `[AUD] [SPS PPS] [SEI] slices`. */
function accessUnit(
  rng: SeededRng,
  key: boolean,
  delimited: boolean,
  header: (type: "aud" | "vps" | "sps" | "pps" | "sei" | "idr" | "slice") => number[] | undefined,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (type: Parameters<typeof header>[0], bytes: number) => {
    const head = header(type);
    if (head === undefined) return;
    const long = parts.length === 0 || type === "vps" || type === "sps" || type === "pps";
    parts.push(long ? START4 : START3, nalUnit(rng, head, bytes));
  };
  if (delimited) add("aud", 1);
  if (key) {
    add("vps", 20);
    add("sps", 25);
    add("pps", 5);
  }
  if (below(rng, 3) === 0) add("sei", 1 + below(rng, 40));
  for (let slices = 1 + below(rng, 3); slices > 0; slices--) add(key ? "idr" : "slice", size(rng));
  return concatBytes(...parts);
}

const H264_TYPES = { aud: 0x09, sps: 0x67, pps: 0x68, sei: 0x06, idr: 0x65 };
const H265_TYPES = { aud: 35, vps: 32, sps: 33, pps: 34, sei: 39, idr: 19 };

export function h264AccessUnit(rng: SeededRng, key: boolean, delimited: boolean): Uint8Array {
  const disposable = below(rng, 2) === 0;
  return accessUnit(rng, key, delimited, (type) => {
    if (type === "vps") return undefined;
    return [type === "slice" ? (disposable ? 0x01 : 0x41) : H264_TYPES[type]];
  });
}

export function h265AccessUnit(rng: SeededRng, key: boolean, delimited: boolean): Uint8Array {
  const sliceType = below(rng, 2);
  return accessUnit(rng, key, delimited, (type) => [(type === "slice" ? sliceType : H265_TYPES[type]) << 1, 0x01]);
}

/** An OBU with a size field of `sizeBytes` bytes, or the shortest when that is 0. */
export function obu(type: number, body: Uint8Array, sizeBytes = 0, layer?: number): Uint8Array {
  const size = new Uint8Array(8);
  let used = writeLeb128(size, 0, body.length);
  while (used < sizeBytes) {
    size[used - 1] |= 0x80;
    size[used++] = 0;
  }
  const header = layer === undefined ? [(type << 3) | 2] : [(type << 3) | 6, layer];
  return concatBytes(Uint8Array.from(header), size.subarray(0, used), body);
}

const DELIMITER = obu(2, new Uint8Array(0));

/** A temporal unit: delimiter, a sequence header in a key frame, then frames, a few with padded sizes. */
export function temporalUnit(rng: SeededRng, key: boolean): Uint8Array {
  const parts = [DELIMITER];
  if (key) {
    const sequence = randomBytes(rng, 11);
    sequence[0] &= 0xf7; // reduced_still_picture_header
    parts.push(obu(1, sequence));
  }
  if (below(rng, 3) === 0) parts.push(obu(5, randomBytes(rng, below(rng, 12)))); // metadata
  for (let frames = 1 + below(rng, 4); frames > 0; frames--) {
    const body = randomBytes(rng, size(rng));
    body[0] = key ? 0x10 : 0x30;
    parts.push(obu(6, body, below(rng, 4) === 0 ? 4 : 0));
  }
  return concatBytes(...parts);
}

/** A frame of `format` that fits its rules; `key` counts for video, `delimited` for H.264 and H.265. */
export function frameData(format: PayloadFormat, rng: SeededRng, key: boolean, delimited: boolean): Uint8Array {
  switch (format) {
    case "h264":
      return h264AccessUnit(rng, key, delimited);
    case "h265":
      return h265AccessUnit(rng, key, delimited);
    case "av1":
      return temporalUnit(rng, key);
    case "vp9": {
      const data = randomBytes(rng, size(rng) + 1);
      data[0] = key ? 0x82 : 0x86;
      data[data.length - 1] = 0; // no superframe index
      return data;
    }
    case "pcm":
      return randomBytes(rng, 4 * size(rng));
    case "opus":
    case "opaque":
      return randomBytes(rng, 1 + below(rng, 30));
    default:
      return randomBytes(rng, size(rng));
  }
}

/** A short stream of any format with a payload limit, as few numbers, so that a counterexample can be read. */
export interface StreamSpec {
  readonly format: PayloadFormat;
  readonly seed: number;
  readonly count: number;
  readonly maxPayloadBytes: number;
  readonly delimited: boolean;
}

export function streams(formats: readonly PayloadFormat[] = ALL_FORMATS): fc.Arbitrary<StreamSpec> {
  return fc.record({
    format: fc.constantFrom(...formats),
    seed: fc.integer(),
    count: fc.integer({ min: 1, max: 5 }),
    maxPayloadBytes: fc.oneof(fc.integer({ min: 30, max: 200 }), fc.constantFrom(400, 1132, 1200)),
    delimited: fc.boolean(),
  });
}

/** The frames of a stream; the first is a key frame. */
export function streamData({ format, seed, count, delimited }: StreamSpec): Uint8Array[] {
  const rng = new SeededRng(seed);
  return Array.from({ length: count }, (_, i) => frameData(format, rng, i === 0 || i === 3, delimited));
}
