/** How much was fuzzed, added up from the JSON lines of runs: what the table beside the corpus is made of. */
import { grouped } from "./fuzz_tally.ts";

export interface TargetFigures {
  readonly executions: number;
  readonly seconds: number;
}

/** By target, in the order in which the targets were first told of. */
export type Figures = ReadonlyMap<string, TargetFigures>;

interface FiguresLine {
  readonly target: string;
  readonly executions: number;
  readonly busy_seconds: number;
}

/**
 * The figures of the runs whose output of `--json` this is, one behind the other. A run that was ended by force has no
 * summary: then the last progress of each of its targets counts.
 */
export function figuresOf(jsonLines: string): Figures {
  const total = new Map<string, TargetFigures>();
  const running = new Map<string, FiguresLine>();
  const add = (lines: Iterable<FiguresLine>) => {
    for (const { target, executions, busy_seconds } of lines) {
      const before = total.get(target) ?? { executions: 0, seconds: 0 };
      total.set(target, { executions: before.executions + executions, seconds: before.seconds + busy_seconds });
    }
    running.clear();
  };
  for (const line of jsonLines.split("\n")) {
    const entry = parseLine(line);
    if (entry?.kind === "summary") add((entry.targets as unknown[] ?? []).filter(isFiguresLine));
    else if (entry?.kind === "progress" && isFiguresLine(entry)) {
      // Executions only grow within a run.
      if ((running.get(entry.target)?.executions ?? 0) > entry.executions) add([...running.values()]);
      running.set(entry.target, entry);
    }
  }
  add(running.values());
  return total;
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    // The last line of a run that was ended by force may be cut.
    return undefined;
  }
}

function isFiguresLine(entry: unknown): entry is FiguresLine {
  const { target, executions, busy_seconds } = entry as Partial<Record<keyof FiguresLine, unknown>>;
  return typeof target === "string" && typeof executions === "number" && typeof busy_seconds === "number";
}

export function sumOf(figures: Figures): TargetFigures {
  let [executions, seconds] = [0, 0];
  for (const each of figures.values()) {
    executions += each.executions;
    seconds += each.seconds;
  }
  return { executions, seconds };
}

/** A table in Markdown, the sum last. */
export function figuresTable(figures: Figures): string {
  const row = (name: string, { executions, seconds }: TargetFigures) =>
    `| ${name} | ${grouped(executions)} | ${grouped(seconds)} | ${
      grouped(seconds === 0 ? 0 : executions / seconds)
    } |\n`;
  const rows = [...figures].map(([name, each]) => row(name, each));
  return "| target | executions | seconds | a second |\n| - | -: | -: | -: |\n" + rows.join("") +
    row("all", sumOf(figures));
}

const BEGIN = "<!-- figures -->\n";
const END = "<!-- /figures -->\n";

/** The document with another table between its markers; undefined where it has none. */
export function withTable(document: string, table: string): string | undefined {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) return undefined;
  return `${document.slice(0, from + BEGIN.length)}\n${table}\n${document.slice(to)}`;
}
