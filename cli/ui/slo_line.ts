/** A service level and what became of it, for people and for programs. */
import type { SloVerdict } from "../../lib/probe/slo.ts";
import { formatDelay } from "../ping/ping_figures.ts";
import { tidyOrNull } from "./delay_json.ts";
import type { painter } from "./style.ts";

/** `slo p99<50ms  met, got 12.3 ms`. */
export function sloLine(
  { level, verdict, measured, why }: SloVerdict,
  paint: ReturnType<typeof painter>,
): string {
  const colour = verdict === "met" ? "green" : "red";
  const got = measured === undefined
    ? ""
    : level.metric.kind === "ratio"
    ? `, got ${(measured * 100).toFixed(2)} %`
    : `, got ${formatDelay(measured)} ms`;
  const because = why === undefined ? "" : `: ${why}`;
  return `slo ${level.text}  ${paint(colour, verdict)}${got}${because}`;
}

export function sloJson({ level, verdict, measured, why }: SloVerdict): object {
  return { level: level.text, verdict, measured: tidyOrNull(measured), ...(why === undefined ? {} : { why }) };
}
