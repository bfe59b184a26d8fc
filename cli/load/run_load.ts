/** `arcrtc load` from plan to exit code. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { sessionsOf } from "../../lib/load/load_plan.ts";
import { LoadRun } from "../../lib/load/load_run.ts";
import { systemClock } from "../../lib/net/clock.ts";
import type { DatagramTransport } from "../../lib/net/datagram.ts";
import { LoadDriver, type LoadReport } from "../../lib/net/load_driver.ts";
import type { LoadTarget, LoadTargetContext } from "../../lib/net/load_target.ts";
import { NetError } from "../../lib/net/net_error.ts";
import { resolveTarget } from "../../lib/net/probe_ways.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { judgeSlo, type SloVerdict } from "../../lib/probe/slo.ts";
import { EXIT, type ExitName } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { chooseUdpIo } from "../ui/io_backend.ts";
import type { OpenUdp } from "../../lib/net/udp_io.ts";
import { TRUST_HINT } from "../ui/tls_trust.ts";
import { CsvView, JsonView } from "./load_lines.ts";
import { type LoadCommandPlan, planLoad } from "./load_command_plan.ts";
import type { LoadFlags } from "./load_options.ts";
import { TextView } from "./load_text.ts";
import type { LoadView } from "./load_view.ts";

/** A relay that reads only so many messages of one address a second makes many sessions wait their turn. */
const OPEN_TIMEOUT_MS = 20_000;

/** What a session may have due at a time: so many ms of its packets, as timers and stalls are late. */
const QUEUE_MS = 100;
const QUEUE_PACKETS = { least: 8, most: 1024 };

/** A peer's socket knows its relay, and those who stray there. */
const ADDRESSES = 16;

/** Answers the exit code. @throws CliError */
export async function runLoad(name: string, flags: LoadFlags, io: Io): Promise<number> {
  const plan = planLoad(name, flags, io);
  const { openUdp } = chooseUdpIo(io, flags.io);
  const { load } = plan;
  const clock = systemClock();
  const run = new LoadRun(sessionsOf(load), clock.nowMs());
  const queuePackets = Math.ceil(QUEUE_MS / load.intervalMs);
  const target = await openTarget(plan, {
    run,
    clock,
    rng: new SystemRng(),
    packetBytes: load.packetBytes,
    queuePackets: Math.min(QUEUE_PACKETS.most, Math.max(QUEUE_PACKETS.least, queuePackets)),
    timeoutMs: OPEN_TIMEOUT_MS,
  }, openUdp);
  const view = viewOf(flags, io);
  view.start(plan, target.label);
  let startMs: number | undefined;
  const driver = new LoadDriver({
    plan: load,
    run,
    target,
    clock,
    onOpened: (sessions) => view.opened(sessions),
    onInterval(interval, activeSources) {
      startMs ??= interval.fromMs;
      view.interval({
        interval,
        activeSources,
        fromMs: interval.fromMs - startMs,
        untilMs: interval.untilMs - startMs,
      });
    },
  });
  const stopListening = onInterrupt(() => driver.stop());
  try {
    await driver.open();
    const report = await driver.measure();
    const slo = judgeSlo(plan.slo, run.total, run.classes);
    const exit = exitOf(report, slo);
    view.end({ report, slo, troubles: target.troubles.list(), exit });
    return EXIT[exit];
  } catch (error) {
    throw failure(error, plan);
  } finally {
    stopListening();
    await target.close();
  }
}

/** Loads only what this kind of target needs. */
async function openTarget(
  plan: LoadCommandPlan,
  context: LoadTargetContext,
  openUdp: OpenUdp,
): Promise<LoadTarget> {
  const { target, transport } = plan;
  const { protocol, relaySecret, port } = target;
  if (protocol !== "relay" || relaySecret === undefined) {
    const { LoadSignaling } = await import("../../lib/net/load_signaling.ts");
    return new LoadSignaling(target, context);
  }
  const { LoadRelay } = await import("../../lib/net/load_relay.ts");
  let host: string;
  try {
    host = await resolveTarget(target);
  } catch (error) {
    throw new CliError("unreachable", error instanceof Error ? error.message : String(error));
  }
  const relay = { host, port };
  const openTransport = await transportOpener(plan, relay, context, openUdp);
  return new LoadRelay({ relay, secret: relaySecret, protocol: transport, openTransport }, context);
}

async function transportOpener(
  { transport, target }: LoadCommandPlan,
  relay: HostPort,
  { clock, timeoutMs }: LoadTargetContext,
  openUdp: OpenUdp,
): Promise<() => Promise<DatagramTransport>> {
  if (transport === "udp") {
    const local = { host: relay.host.includes(":") ? "::" : "0.0.0.0", port: 0 };
    return () => Promise.resolve(openUdp({ ...local, addressCapacity: ADDRESSES }));
  }
  const { openStreamTransport } = await import("../../lib/net/stream_transport.ts");
  const tls = transport === "tls" ? target.trust : undefined;
  return () => openStreamTransport({ host: target.host, to: relay, tls, timeoutMs, clock });
}

function viewOf(flags: LoadFlags, io: Io): LoadView {
  const isQuiet = flags.quiet === true;
  if (flags.json) return new JsonView(io, isQuiet);
  return flags.csv ? new CsvView(io) : new TextView(io, isQuiet);
}

/** What is worst counts, an interruption only where all was well. */
function exitOf({ run, wasInterrupted }: LoadReport, slo: readonly SloVerdict[]): ExitName {
  const { sent, received } = run.total.counts;
  if (sent > 0 && received === 0) return "unreachable";
  if (slo.some(({ verdict }) => verdict !== "met")) return "sloMissed";
  return wasInterrupted ? "interrupted" : "ok";
}

function failure(error: unknown, { target, load }: LoadCommandPlan): unknown {
  if (!(error instanceof NetError)) return error;
  const isRelay = target.protocol === "relay";
  if (error.kind === "unreachable") {
    const hint = isRelay
      ? "arcrtc relay --secret @FILE starts one; a relay reads only --max-messages a second of one address"
      : "arcrtc serve --open starts a server on this machine";
    return new CliError("unreachable", error.message, hint);
  }
  if (error.kind === "untrusted") {
    return new CliError("refused", error.message, TRUST_HINT);
  }
  if (!isRelay) {
    const hint = "a server takes so many connections of one address: see --max-per-address of arcrtc serve";
    return new CliError("refused", error.message, hint);
  }
  const sessions = sessionsOf(load);
  const hint = error.message.endsWith("busy")
    ? `${sessions} sessions from one address need a relay with --max-bindings ${2 * sessions} and --max-sessions ` +
      `${sessions}; those of an earlier run that was killed end after 30 s`
    : "the secret must be the relay's";
  return new CliError("refused", error.message, hint);
}
