/**
 * The mark that every synthetic frame carries, so that a receiver can prove which frame it has and that it is whole.
 *
 * ```
 *  0 "ARCT"   4 u32 source id   8 u32 frame number   12 u32 CRC over the frame, the 4 bytes of the CRC as zeros
 * ```
 */
import { readU32, writeU32 } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { oggCrc } from "./container/ogg_page.ts";

export const MARK_BYTES = 16;
const CRC_OFFSET = 12;
/** "ARCT". */
const MAGIC = 0x41_52_43_54;

export interface TestMark {
  /** Chosen by whoever made the source. */
  readonly sourceId: number;
  /** Counts from 0, modulo 2^32. */
  readonly frameNumber: number;
}

/** Writes the mark at `at` with no CRC yet: see {@link sealMark}. */
export function writeMark(b: Uint8Array, at: number, mark: TestMark): void {
  writeU32(b, at, MAGIC);
  writeU32(b, at + 4, mark.sourceId);
  writeU32(b, at + 8, mark.frameNumber);
  writeU32(b, at + CRC_OFFSET, 0);
}

/** Fills in the CRC of the mark at `at`, over all of `b`, once the rest of it stands. */
export function sealMark(b: Uint8Array, at: number): void {
  writeU32(b, at + CRC_OFFSET, oggCrc(b));
}

/** The mark at `at`; `bad_value` where there is none or the CRC over `b` differs. */
export function readMark(b: Uint8Array, at: number): Parsed<TestMark> {
  if (b.length < at + MARK_BYTES || readU32(b, at) !== MAGIC) {
    return fault("bad_value", "Cannot read test frame: it carries no mark", { offset: at });
  }
  const zeroed = oggCrc(ZEROS, 0, 4, oggCrc(b, 0, at + CRC_OFFSET));
  if (oggCrc(b, at + MARK_BYTES, b.length, zeroed) !== readU32(b, at + CRC_OFFSET)) {
    return fault("bad_value", "Cannot read test frame: its bytes are not those that were marked", { offset: at });
  }
  return ok({ sourceId: readU32(b, at + 4), frameNumber: readU32(b, at + 8) });
}

const ZEROS = new Uint8Array(4);
