/** `arcrtc bench` from flags to exit code. */
import { EXIT } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { nearestName } from "../ui/nearest_name.ts";
import { BENCH_AREAS, type BenchArea, type BenchResult } from "./bench_row.ts";
import { benchText } from "./bench_text.ts";
import { busyWarning, describeMachine } from "./machine.ts";

export interface BenchFlags {
  readonly only?: string;
  readonly quick?: true;
  readonly seconds?: string;
  readonly json?: true;
}

const DEFAULT_SECONDS = 0.3;
const QUICK_SECONDS = 0.03;
const MAX_SECONDS = 60;

/** Answers the exit code. @throws CliError */
export async function runBench(flags: BenchFlags, io: Io): Promise<number> {
  const areas = areasOf(flags.only);
  const seconds = secondsOf(flags);
  const machine = await describeMachine();
  const warning = busyWarning(machine);
  if (warning !== undefined) io.stderr(`warning: ${warning}\n`);
  const results: BenchResult[] = [];
  const progress = (what: string) => io.stderr(`measuring ${what}\n`);
  if (areas.has("parse") || areas.has("protect") || areas.has("unprotect")) {
    progress("packets");
    const { packetRows } = await import("./packet_rows.ts");
    results.push(...packetRows(areas, seconds));
  }
  if (areas.has("relay")) {
    progress("the relay");
    const { relayRows } = await import("./relay_rows.ts");
    results.push(...await relayRows(seconds));
  }
  if (areas.has("timer")) {
    progress("timers");
    const { timerRows } = await import("./timer_rows.ts");
    results.push(...await timerRows(seconds));
  }
  if (areas.has("startup")) {
    progress("start-up");
    const { startupRows } = await import("./startup_rows.ts");
    results.push(...await startupRows());
  }
  const rows = results.filter((result) => "count" in result);
  const notMeasured = results.filter((result) => "why" in result);
  io.stdout(
    flags.json
      ? jsonDocument(envelope("bench", { machine, ...(warning && { warning }), seconds, rows, notMeasured }))
      : benchText(machine, rows, notMeasured),
  );
  return EXIT.ok;
}

function areasOf(only: string | undefined): ReadonlySet<BenchArea> {
  if (only === undefined) return new Set(BENCH_AREAS);
  return new Set(
    only.split(",").map((name) => {
      const area = BENCH_AREAS.find((known) => known === name);
      if (area !== undefined) return area;
      const near = nearestName(name, BENCH_AREAS);
      const hint = near === undefined ? `it takes ${BENCH_AREAS.join(", ")}` : `did you mean '${near}'?`;
      throw new CliError("usage", `--only: nothing named '${name}' is measured`, hint);
    }),
  );
}

function secondsOf({ quick, seconds }: BenchFlags): number {
  if (seconds === undefined) return quick ? QUICK_SECONDS : DEFAULT_SECONDS;
  const value = /^\d+(\.\d+)?$/.test(seconds) ? Number(seconds) : NaN;
  if (quick) throw new CliError("usage", "--quick and --seconds say two things", "give one of them");
  if (value > 0 && value <= MAX_SECONDS) return value;
  throw new CliError(
    "usage",
    `--seconds '${seconds}' is out of bounds`,
    `it takes a number above 0 up to ${MAX_SECONDS}`,
  );
}
