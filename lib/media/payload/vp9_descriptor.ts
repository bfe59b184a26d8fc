/**
 * The VP9 payload descriptor, RFC 9628 §4.2:
 *
 * ```
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * |I|P|L|F|B|E|V|Z|
 * +-+-+-+-+-+-+-+-+
 * |M| picture id  |   I: 7 bits, or 15 bits over two bytes when M
 * +-+-+-+-+-+-+-+-+
 * | TID |U| SID |D|   L: layer indices
 * +-+-+-+-+-+-+-+-+
 * |   TL0PICIDX   |   L and not F
 * +-+-+-+-+-+-+-+-+
 * | P_DIFF      |N|   F and P: up to three, N says that another follows
 * +-+-+-+-+-+-+-+-+
 * | scalability structure (V)
 * +-+-+-+-+-+-+-+-+
 * | N_S |Y|G| 0 0 0 |   Y: (N_S + 1) x (u16 width, u16 height)
 * | N_G (when G)    |   then N_G x ( TID U R 0 0 | R x P_DIFF )
 * ```
 */
import { readU16, writeU16 } from "../../base/bytes.ts";
import { fault, ok, type Parsed, truncated } from "../../base/parsed.ts";

const I = 0x80;
const P = 0x40;
const L = 0x20;
const F = 0x10;
const B = 0x08;
const E = 0x04;
const V = 0x02;
const MAX_P_DIFFS = 3;

export interface Vp9Descriptor {
  /** The frame's first packet. With spatial layers, every layer has its own. */
  readonly beginsFrame: boolean;
  readonly endsFrame: boolean;
  /** The frame refers to earlier pictures. */
  readonly predicted: boolean;
  readonly pictureId: number | undefined;
  readonly spatialId: number;
  /** Bytes of the descriptor: the frame's bytes follow. */
  readonly bytes: number;
}

/** Bytes that {@link writeVp9Descriptor} writes. */
export const VP9_DESCRIPTOR_BYTES = 3;

/** Writes the shortest useful form: 15-bit picture id, no layers, not flexible. Returns {@link VP9_DESCRIPTOR_BYTES}. */
export function writeVp9Descriptor(
  out: Uint8Array,
  at: number,
  pictureId: number,
  predicted: boolean,
  begins: boolean,
  ends: boolean,
): number {
  out[at] = I | (predicted ? P : 0) | (begins ? B : 0) | (ends ? E : 0);
  writeU16(out, at + 1, 0x8000 | pictureId);
  return VP9_DESCRIPTOR_BYTES;
}

/** False where the first byte alone says that no key frame begins: most packets need no more than that. */
export function mayBeginVp9Keyframe(flags: number): boolean {
  return (flags & (B | P)) === B;
}

/** Reads any descriptor of RFC 9628. `truncated` where it ends early, `bad_value` for what the RFC forbids. */
export function parseVp9Descriptor(payload: Uint8Array): Parsed<Vp9Descriptor> {
  const short = (need: number) => truncated("VP9 payload descriptor", need, payload.length);
  const size = payload.length;
  if (size < 1) return short(1);
  const flags = payload[0];
  let at = 1;

  let pictureId: number | undefined;
  if ((flags & I) !== 0) {
    if (size < at + 1) return short(at + 1);
    if ((payload[at] & 0x80) === 0) {
      pictureId = payload[at++];
    } else {
      if (size < at + 2) return short(at + 2);
      pictureId = readU16(payload, at) & 0x7fff;
      at += 2;
    }
  } else if ((flags & F) !== 0) {
    return fault("bad_value", "Cannot parse VP9 payload descriptor: flexible mode needs a picture id", { offset: 0 });
  }

  let spatialId = 0;
  if ((flags & L) !== 0) {
    const bytes = (flags & F) === 0 ? 2 : 1;
    if (size < at + bytes) return short(at + bytes);
    spatialId = (payload[at] >>> 1) & 7;
    at += bytes;
  }

  if ((flags & F) !== 0 && (flags & P) !== 0) {
    for (let i = 0, more = true; more; i++) {
      if (i === MAX_P_DIFFS) {
        return fault("bad_value", "Cannot parse VP9 payload descriptor: more than 3 references", { offset: at - 1 });
      }
      if (size < at + 1) return short(at + 1);
      more = (payload[at++] & 1) !== 0;
    }
  }

  if ((flags & V) !== 0) {
    const end = scalabilityEnd(payload, at);
    if (end > size) return short(end);
    at = end;
  }
  return ok({
    beginsFrame: (flags & B) !== 0,
    endsFrame: (flags & E) !== 0,
    predicted: (flags & P) !== 0,
    pictureId,
    spatialId,
    bytes: at,
  });
}

/** Index after the scalability structure at `at`; beyond the payload when it is cut short there. */
function scalabilityEnd(payload: Uint8Array, at: number): number {
  if (at >= payload.length) return at + 1;
  const head = payload[at++];
  if ((head & 0x10) !== 0) at += ((head >>> 5) + 1) * 4;
  if ((head & 0x08) === 0) return at;
  if (at >= payload.length) return at + 1;
  const pictures = payload[at++];
  for (let i = 0; i < pictures; i++) {
    if (at >= payload.length) return at + 1;
    at += 1 + ((payload[at] >>> 2) & 3);
  }
  return at;
}
