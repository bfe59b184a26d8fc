/**
 * The steps that a sequence is made of: an operation, and bytes that say how. A machine's target interprets them; what
 * it cannot carry out in its state it skips, so that every sequence is a case and steps can be left out at will.
 *
 * ```
 * +-----------+----------------+
 * | operation | argument ...   |
 * +-----------+----------------+
 * ```
 */
import { readU32 } from "../base/bytes.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import type { CaseRandom } from "./target.ts";

export function step(operation: number, ...argument: readonly number[]): Uint8Array {
  return new Uint8Array([operation, ...argument]);
}

/** A step with bytes of its own behind the operation. */
export function stepWith(operation: number, argument: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + argument.length);
  whole[0] = operation;
  whole.set(argument, 1);
  return whole;
}

/** The operation of a step, one of `count`. */
export function operationOf(unit: Uint8Array, count: number): number {
  return unit.length === 0 ? 0 : unit[0] % count;
}

/** Byte `at` of the argument; 0 where there is none. */
export function argumentByte(unit: Uint8Array, at: number): number {
  return unit[1 + at] ?? 0;
}

/** A seed out of the argument, for what a step does at random. */
export function argumentSeed(unit: Uint8Array): number {
  const word = new Uint8Array(4);
  word.set(unit.subarray(2, 6));
  return readU32(word, 0);
}

/** Another operation, another argument, or other bytes in it. */
export function mutateStep(unit: Uint8Array, other: Uint8Array, random: CaseRandom, maxBytes: number): Uint8Array {
  switch (random.below(4)) {
    case 0: {
      const copy = unit.length === 0 ? new Uint8Array(1) : unit.slice();
      copy[0] = random.below(64);
      return copy;
    }
    case 1:
      return stepWith(unit[0] ?? 0, random.bytes(5));
    case 2:
      return other;
    default:
      return stepWith(unit[0] ?? 0, mutateBytes(unit.subarray(1), other.subarray(1), random, maxBytes - 1));
  }
}

/** A sequence at random: operations below `count` with short arguments. */
export function randomSteps(random: CaseRandom, count: number, maxSteps: number): Uint8Array[] {
  return Array.from({ length: 1 + random.below(maxSteps) }, () => stepWith(random.below(count), random.bytes(5)));
}
