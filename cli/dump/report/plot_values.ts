/** Values of a grid for charts and their tables. */
import type { TimeGrid } from "../../../lib/dissect/report/time_grid.ts";

export function bucketsOf({ used }: TimeGrid): number[] {
  return Array.from({ length: used }, (_, i) => i);
}

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

/** The greatest of the values in words. */
export function greatest(values: readonly (number | undefined)[], unit: string): string {
  const most = values.reduce<number | undefined>(
    (max, value) => value === undefined || (max !== undefined && max >= value) ? max : value,
    undefined,
  );
  return most === undefined ? "not known" : `at most ${most.toFixed(2)} ${unit}`;
}
