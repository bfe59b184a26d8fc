import { type Fault, fault, truncated } from "../../base/parsed.ts";
import type { FrameClass } from "../frame.ts";
import { AV1_CONTINUES_IN_NEXT, AV1_CONTINUES_PREVIOUS, AV1_NEW_SEQUENCE } from "./av1_packetizer.ts";
import type { FrameAssembly } from "./frame_assembly.ts";
import { FrameDepacketizer, type FrameDepacketizerOptions, type FrameSyntax } from "./frame_depacketizer.ts";
import { leb128Bytes, leb128End, leb128Value, writeLeb128 } from "./leb128.ts";
import { classifyAv1, OBU_SIZE_BIT, OBU_TEMPORAL_DELIMITER, OBU_TILE_LIST, ObuCursor } from "./obu.ts";
import type { Depacketizer } from "./payload_format.ts";

const DELIMITER_HEADER = (OBU_TEMPORAL_DELIMITER << 3) | OBU_SIZE_BIT;
const DELIMITER_BYTES = 2;

/**
 * Puts temporal units back together: the delimiter first, every OBU with the shortest size field. An OBU that came with
 * a size field keeps the one it has.
 */
class Av1Syntax implements FrameSyntax {
  readonly #obu = new ObuCursor();
  /** Length of the frame before the OBU whose fragments are coming in; -1 between OBUs. */
  #openAt = -1;

  get midFragment(): boolean {
    return this.#openAt >= 0;
  }

  begin(): void {
    this.#openAt = -1;
  }

  append(payload: Uint8Array, frame: FrameAssembly): Fault | undefined {
    if (payload.length < 2) return truncated("AV1 payload", 2, payload.length).fault;
    const header = payload[0];
    const continues = (header & AV1_CONTINUES_PREVIOUS) !== 0;
    const newSequence = (header & AV1_NEW_SEQUENCE) !== 0;
    if (continues && newSequence) {
      return fault("bad_value", "Cannot parse AV1 payload: a sequence begins inside an OBU", { offset: 0 }).fault;
    }
    if (continues !== this.midFragment) {
      if (continues && frame.length === 0 && frame.afterGap) {
        frame.damaged = true;
        return undefined;
      }
      const expected = continues ? "an OBU to continue" : "the rest of an OBU";
      return fault("bad_state", `Cannot depacketize AV1: need ${expected}`, { offset: 0 }).fault;
    }
    if (frame.length === 0) {
      const at = frame.extend(DELIMITER_BYTES);
      if (at < 0) return tooLarge();
      frame.bytes[at] = DELIMITER_HEADER;
      frame.bytes[at + 1] = 0;
      if (newSequence) frame.proven = true;
    }
    return this.#appendElements(payload, frame);
  }

  classify(data: Uint8Array): FrameClass {
    return classifyAv1(data);
  }

  #appendElements(payload: Uint8Array, frame: FrameAssembly): Fault | undefined {
    const count = (payload[0] >>> 4) & 3;
    const unfinished = (payload[0] & AV1_CONTINUES_IN_NEXT) !== 0;
    let at = 1;
    for (let i = 0; count === 0 ? at < payload.length : i < count; i++) {
      let end = payload.length;
      if (i + 1 !== count) {
        const lengthEnd = leb128End(payload, at, payload.length);
        const length = lengthEnd < 0 ? -1 : leb128Value(payload, at, lengthEnd);
        if (length < 1) return fault("bad_length", "Cannot parse AV1 element: bad length field", { offset: at }).fault;
        at = lengthEnd;
        end = at + length;
      }
      if (end > payload.length) return truncated("AV1 element", end, payload.length).fault;
      if (end === at) return truncated("AV1 element", at + 1, payload.length).fault;

      if (!this.midFragment) this.#openAt = frame.length;
      if (!frame.append(payload, at, end)) return tooLarge();
      const last = count === 0 ? end === payload.length : i + 1 === count;
      if (!last || !unfinished) {
        const refused = this.#finishObu(frame, at);
        if (refused !== undefined) return refused;
      }
      at = end;
    }
    return undefined;
  }

  /** Gives the OBU at the frame's end its size field, or takes it away again when it is one that receivers ignore. */
  #finishObu(frame: FrameAssembly, offset: number): Fault | undefined {
    const obu = this.#obu;
    const start = frame.startOffset + this.#openAt;
    const end = frame.startOffset + frame.length;
    obu.open(frame.bytes, start, end);
    if (!obu.advance() || obu.end !== end) {
      return fault("bad_value", "Cannot parse AV1 payload: malformed OBU", { offset }).fault;
    }
    if (obu.type === OBU_TEMPORAL_DELIMITER || obu.type === OBU_TILE_LIST) {
      frame.truncate(this.#openAt);
    } else if (!obu.hasSize) {
      const size = end - obu.bodyStart;
      const bodyAt = obu.bodyStart - frame.startOffset;
      if (frame.extend(leb128Bytes(size)) < 0) return tooLarge();
      const from = frame.startOffset + bodyAt;
      frame.bytes.copyWithin(from + leb128Bytes(size), from, from + size);
      frame.bytes[frame.startOffset + this.#openAt] |= OBU_SIZE_BIT;
      writeLeb128(frame.bytes, from, size);
    }
    this.#openAt = -1;
    return undefined;
  }
}

function tooLarge(): Fault {
  return fault("too_large", "Cannot depacketize AV1: temporal unit over the limit").fault;
}

export function makeAv1Depacketizer(options: FrameDepacketizerOptions = {}): Depacketizer {
  return new FrameDepacketizer(new Av1Syntax(), options);
}

/** True for the first payload of a coded video sequence, which begins with a key frame. */
export function isAv1Keyframe(payload: Uint8Array): boolean {
  return payload.length > 1 && (payload[0] & (AV1_NEW_SEQUENCE | AV1_CONTINUES_PREVIOUS)) === AV1_NEW_SEQUENCE;
}
