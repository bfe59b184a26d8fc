/** `arcrtc ping` from plan to exit code. */
import { systemClock } from "../../lib/net/clock.ts";
import { NetError } from "../../lib/net/net_error.ts";
import { ProbeConnection } from "../../lib/net/probe_connection.ts";
import { ProbeDriver } from "../../lib/net/probe_driver.ts";
import type { FloorKind, NoiseFloor } from "../../lib/net/probe_floor.ts";
import type { ProbeSettings } from "../../lib/net/probe_ways.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { judgeDifference, PairedComparison } from "../../lib/probe/comparison.ts";
import { judgeBudget } from "../../lib/probe/latency_budget.ts";
import { FixedSchedule, FloodSchedule, type Pacer } from "../../lib/probe/schedule.ts";
import { judgeSlo, probeFigures } from "../../lib/probe/slo.ts";
import { EXIT } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { chooseUdpIo } from "../ui/io_backend.ts";
import { CsvView } from "./ping_csv.ts";
import { JsonView } from "./ping_json.ts";
import { LiveView } from "./ping_live.ts";
import type { PingFlags } from "./ping_options.ts";
import { type PingPlan, planPing } from "./ping_plan.ts";
import {
  type ComparisonReport,
  exitOf,
  floorMs,
  type Pinged,
  type PingReport,
  type UnreachableReport,
} from "./ping_report.ts";
import { TextView } from "./ping_text.ts";
import { TRUST_HINT } from "../ui/tls_trust.ts";
import type { PingView } from "./ping_view.ts";

/** Shorter waits than this are no reason to give a target up before it was ever heard. */
const LEAST_TIMEOUT_MS = 1000;

/** Probes that a window remembers at least, so that duplicates are known as such; and at most. */
const WINDOW = { least: 1024, most: 65_536 };

/** Answers the exit code. @throws CliError */
export async function runPing(names: readonly string[], flags: PingFlags, io: Io): Promise<number> {
  const plan = planPing(names, flags, io);
  const clock = systemClock();
  const { sizeBytes, method } = plan;
  const timeoutMs = Math.max(LEAST_TIMEOUT_MS, plan.waitMs);
  // Only a flood has more packets at a time than one: nothing else gains by batches.
  const { openUdp } = chooseUdpIo(io, flags.io, flags.flood === true ? "auto" : "deno");
  const settings: ProbeSettings = { clock, rng: new SystemRng(), timeoutMs, sizeBytes, method, openUdp };
  const view = viewOf(flags, io, () => clock.nowMs());
  let interrupt = () => {};
  let isInterrupted = false;
  const stopListening = onInterrupt(() => {
    isInterrupted = true;
    interrupt();
  });
  const opened: ProbeConnection[] = [];
  try {
    const { connections, unreachable } = await connect(plan, settings);
    opened.push(...connections);
    for (const report of unreachable) view.unreachable(report);
    const floors = plan.wantsFloor ? await floorsOf(connections, settings, io) : [];
    const targets = connections.map((connection) => pingedOf(connection, floors, plan));
    view.start(plan, targets, floors);
    const pacer = pacerOf(plan, targets.length, settings);
    const comparison = plan.isComparison ? new PairedComparison(targets.length) : undefined;
    const driver = new ProbeDriver({
      clock,
      pacer,
      targets,
      onEvent(target, event) {
        if (event.kind === "answer") comparison?.record(event.round, target, event.receivedMs - event.sentMs);
        view.event(targets[target], event);
      },
    });
    interrupt = () => driver.stop();
    const startMs = clock.nowMs();
    if (!isInterrupted) await driver.run();
    const report: PingReport = {
      targets: targets.map((pinged, i) => ({
        pinged,
        summary: pinged.run.summary(),
        isFlood: !pacer.isFixed,
        skipped: pacer.skipped[i],
        reconnects: pinged.connection.reconnects,
        slo: judgeSlo(plan.slo, probeFigures(pinged.run)),
        budget: plan.wantsBudget ? judgeBudget(pinged.run.summary()) : [],
      })),
      unreachable,
      comparisons: comparison === undefined ? [] : compared(comparison, targets),
      elapsedMs: clock.nowMs() - startMs,
      wasInterrupted: isInterrupted,
    };
    view.end(report);
    return EXIT[exitOf(report)];
  } finally {
    stopListening();
    for (const connection of opened) connection.close();
  }
}

function viewOf(flags: PingFlags, io: Io, nowMs: () => number): PingView {
  const isQuiet = flags.quiet === true;
  const wantsHistogram = flags.histogram === true;
  if (flags.json) return new JsonView(io, { isQuiet });
  if (flags.csv) return new CsvView(io, { wantsHistogram });
  return flags.live ? new LiveView(io, nowMs) : new TextView(io, { isQuiet, wantsHistogram });
}

/** Opens all targets at once. One that does not answer is only reported, as long as there is another. */
async function connect(
  plan: PingPlan,
  settings: ProbeSettings,
): Promise<{ connections: readonly ProbeConnection[]; unreachable: readonly UnreachableReport[] }> {
  const results = await Promise.allSettled(plan.targets.map((target) => ProbeConnection.open(target, settings)));
  const connections: ProbeConnection[] = [];
  const unreachable: UnreachableReport[] = [];
  let firstError: unknown;
  results.forEach((result, i) => {
    if (result.status === "fulfilled") return void connections.push(result.value);
    firstError ??= result.reason;
    const why = result.reason instanceof Error ? result.reason.message : String(result.reason);
    unreachable.push({ name: plan.targets[i].name, why });
  });
  // Without one side there is nothing to compare.
  const isEnough = plan.isComparison ? unreachable.length === 0 : connections.length > 0;
  if (isEnough) return { connections, unreachable };
  for (const connection of connections) connection.close();
  throw failure(firstError);
}

function failure(error: unknown): unknown {
  if (!(error instanceof NetError)) return error;
  switch (error.kind) {
    case "unreachable":
      return new CliError(
        "unreachable",
        error.message,
        "arcrtc serve --open starts a server that answers on this machine",
      );
    case "refused":
      return new CliError("refused", error.message);
    case "untrusted":
      return new CliError(
        "refused",
        error.message,
        TRUST_HINT,
      );
  }
}

/** The server that the floor is measured against is loaded only now: whoever asks for help does not wait for it. */
async function floorsOf(
  connections: readonly ProbeConnection[],
  settings: ProbeSettings,
  io: Io,
): Promise<readonly NoiseFloor[]> {
  const kinds = new Map<string, FloorKind>();
  for (const connection of connections) kinds.set(kindKey(kindOf(connection)), kindOf(connection));
  const { measureFloors } = await import("../../lib/net/probe_floor.ts");
  try {
    return await measureFloors([...kinds.values()], settings);
  } catch (error) {
    // Where this machine does not let us listen, others can be measured all the same.
    io.stderr(`warning: the self-noise cannot be measured: ${error instanceof Error ? error.message : error}\n`);
    return [];
  }
}

function kindOf({ target, chosen }: ProbeConnection): FloorKind {
  const { method } = chosen.way;
  // Whatever the target speaks, a TCP connection is opened the same way.
  if (method === "tcp-connect") return { protocol: "tcp", format: undefined, method };
  return { protocol: target.protocol, format: target.format, method };
}

function kindKey({ protocol, format, method }: FloorKind): string {
  return `${protocol} ${format} ${method}`;
}

function pingedOf(connection: ProbeConnection, floors: readonly NoiseFloor[], plan: PingPlan): Pinged {
  const window = Math.max(WINDOW.least, Math.min(WINDOW.most, Math.ceil((4 * plan.waitMs) / plan.minGapMs)));
  const run = connection.newRun(plan.waitMs, window);
  const key = kindKey(kindOf(connection));
  return { target: connection.target, connection, run, floor: floors.find(({ kind }) => kindKey(kind) === key) };
}

function pacerOf(plan: PingPlan, targets: number, { clock, rng }: ProbeSettings): Pacer {
  const { intervalMs, count, durationMs, minGapMs, isComparison } = plan;
  const options = { startMs: clock.nowMs(), targets, count, durationMs };
  if (intervalMs === undefined) return new FloodSchedule({ ...options, minGapMs });
  return new FixedSchedule({ ...options, intervalMs, ...(isComparison ? { shuffle: rng } : {}) });
}

function compared(comparison: PairedComparison, targets: readonly Pinged[]): readonly ComparisonReport[] {
  const [reference, ...others] = targets;
  return others.map((pinged, i) => {
    const difference = comparison.difference(i + 1);
    const noiseMs = Math.max(floorMs(reference), floorMs(pinged));
    const verdict = difference === undefined ? "too-few-pairs" : judgeDifference(difference, noiseMs);
    return { name: pinged.target.name, reference: reference.target.name, difference, verdict, noiseMs };
  });
}
