/** Every in-process target: the library's, and those that need the conformance suite's second reading. */
import { LIBRARY_TARGETS } from "../../lib/fuzz/targets/targets.ts";
import { OP_TARGET } from "./op_target.ts";
import { REFERENCE_TARGETS } from "./reference_targets.ts";
import type { FuzzTarget } from "../../lib/fuzz/target.ts";

export const TARGETS: readonly FuzzTarget[] = [...LIBRARY_TARGETS, ...REFERENCE_TARGETS, OP_TARGET];

/** @throws RangeError for a name that is not in the table; names from outside are checked before. */
export function findTarget(name: string): FuzzTarget {
  const target = TARGETS.find((known) => known.name === name);
  if (target === undefined) throw new RangeError(`there is no target ${name}`);
  return target;
}
