/** Faults of a part, told in terms of the file that it is in. */
import type { Fault } from "../../base/parsed.ts";

/** The same refusal with its offset (and need) counted from `bytes` earlier. */
export function shiftFault(
  refused: { readonly ok: false; readonly fault: Fault },
  bytes: number,
): { readonly ok: false; readonly fault: Fault } {
  const { offset = 0, need, ...rest } = refused.fault;
  const shifted = { ...rest, offset: offset + bytes };
  return { ok: false, fault: need === undefined ? shifted : { ...shifted, need: need + bytes } };
}
