/** Units of every kind that nobody on the way can open: what a relay has to carry as it is. */

import { utf8, writeU16, writeU32 } from "../../lib/base/bytes.ts";
import { MIN_SEALED_BYTES, SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";

const FILLER = 0x5a;
const MIN_FULL_BYTES = 16;

export interface OpaqueMedia {
  readonly ssrc?: number;
  /** PR, 0..3. */
  readonly priority?: number;
  readonly bytes?: number;
}

/** A packet with a full header. */
export function fullUnit(
  sequenceNumber: number,
  { ssrc = 1, priority = 0, bytes = 100 }: OpaqueMedia = {},
): Uint8Array {
  const unit = new Uint8Array(Math.max(MIN_FULL_BYTES, bytes)).fill(FILLER);
  unit.set([0x80, 0x60], 0);
  writeU16(unit, 2, sequenceNumber);
  writeU32(unit, 4, sequenceNumber * 960);
  writeU32(unit, 8, ssrc);
  writeU32(unit, 12, priority << 28);
  return unit;
}

/** The same with a reduced header of context 0. */
export function reducedUnit(sequenceNumber: number, { priority = 0, bytes = 100 }: OpaqueMedia = {}): Uint8Array {
  const unit = new Uint8Array(Math.max(4, bytes)).fill(FILLER);
  unit.set([0xc0 | (priority << 3), sequenceNumber & 0xff], 0);
  writeU16(unit, 2, (sequenceNumber * 960) & 0xffff);
  return unit;
}

/** A receiver report as it looks when it is protected. */
export function rtcpUnit(ssrc = 1, bytes = 64): Uint8Array {
  const unit = new Uint8Array(bytes).fill(FILLER);
  unit.set([0x80, 201], 0);
  writeU16(unit, 2, bytes / 4 - 1);
  writeU32(unit, 4, ssrc);
  return unit;
}

/** A message as it looks when it is sealed; its tag is nobody's. */
export function sealedUnit(message: object): Uint8Array {
  const json = utf8(JSON.stringify(message));
  const unit = new Uint8Array(Math.max(MIN_SEALED_BYTES, json.length + SEAL_OVERHEAD_BYTES)).fill(FILLER);
  unit.set(json, 0);
  unit[json.length] = 0;
  return unit;
}

export function plainUnit(message: object): Uint8Array {
  return utf8(JSON.stringify(message));
}
