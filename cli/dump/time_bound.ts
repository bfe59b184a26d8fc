/** `--from` and `--to`: a time since the first unit (`1.5s`, `2m`) or a moment (`2026-01-31T12:00:00Z`). */
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { CliError } from "../ui/cli_error.ts";

const UNIT_S = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 } as const;

/** Seconds of a unit on the bound's own scale less the bound. */
export type TimeBound = (unit: UnitModel) => number;

/** @throws CliError where the text is neither. */
export function parseTimeBound(flag: string, text: string): TimeBound {
  const relative = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)?$/.exec(text);
  if (relative !== null) {
    const seconds = Number(relative[1]) * UNIT_S[(relative[2] ?? "s") as keyof typeof UNIT_S];
    return (unit) => unit.timeS - seconds;
  }
  const unixMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(unixMs)) {
    const hint = "it takes a time since the first unit, such as 1.5s or 2m, or a moment, such as 2026-01-31T12:00:00Z";
    throw new CliError("usage", `${flag} ${text} is no time`, hint);
  }
  const boundS = Math.floor(unixMs / 1000);
  const boundNs = Math.round((unixMs - boundS * 1000) * 1e6);
  return ({ unit }) => unit.timeS - boundS + (unit.timeNs - boundNs) / 1e9;
}
