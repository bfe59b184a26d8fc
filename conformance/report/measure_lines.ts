/** What was measured, a line for each figure: for people, whatever the verdicts. */
import { visible } from "../../lib/base/hex_text.ts";
import { boundText, figure } from "../measure.ts";
import type { CaseResult } from "../results.ts";
import type { ReportStyle } from "./report.ts";

export function measureLines(results: readonly CaseResult[], { paint }: ReportStyle): string[] {
  const measuring = results.filter(({ measures }) => measures.length > 0);
  if (measuring.length === 0) return [];
  const all = measuring.flatMap(({ measures }) => measures);
  const widest = {
    name: Math.max(...all.map(({ name }) => name.length)),
    figure: Math.max(...all.map(({ value }) => figure(value).length)),
  };
  return [
    paint("dim", "measured, which counts for nothing"),
    ...measuring.flatMap(({ id, measures }) => [
      id,
      ...measures.map((measure) => {
        const { name, value, unit } = measure;
        return visible(
          `  ${name.padEnd(widest.name)}  ${figure(value).padStart(widest.figure)} ${unit}${boundText(measure)}`,
        );
      }),
    ]),
  ];
}
