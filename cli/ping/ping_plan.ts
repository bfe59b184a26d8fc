/** What the flags of `arcrtc ping` make of a run. */
import { isLoopback } from "../../lib/net/address_key.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import { parseProbeTarget, type ProbeTarget } from "../../lib/net/probe_target.ts";
import { ANSWERABLE_HEARTBEAT_BYTES } from "../../lib/probe/heartbeat_text.ts";
import type { ProbeMethod } from "../../lib/probe/probe_report.ts";
import { answersFor, type SloLevel } from "../../lib/probe/slo.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { RELAY_SECRET_VARIABLE, relaySecret } from "../ui/relay_secret.ts";
import { tlsTrust } from "../ui/tls_trust.ts";
import { FLOOD_COUNT, MAX_RATE, type PingFlags } from "./ping_options.ts";

/** What is to be done, checked. */
export interface PingPlan {
  readonly targets: readonly ProbeTarget[];
  /** Undefined in a flood, which has none. */
  readonly intervalMs: number | undefined;
  /** Probes of one target are never closer than this. */
  readonly minGapMs: number;
  /** For each target; undefined: until the duration is over or somebody interrupts. */
  readonly count: number | undefined;
  readonly durationMs: number | undefined;
  readonly waitMs: number;
  readonly sizeBytes: number;
  readonly method: ProbeMethod | undefined;
  readonly slo: readonly SloLevel[];
  readonly isComparison: boolean;
  readonly wantsBudget: boolean;
  readonly wantsFloor: boolean;
}

const DEFAULT_INTERVAL_MS = 1000;
/** Of runs that need many answers to say anything. */
const QUICK_INTERVAL_MS = 100;
/** Nobody but this machine is asked more often without --flood. */
const REMOTE_INTERVAL_MS = 10;
const REMOTE_FLOOD_RATE = 1000;
const MAX_FLOOD_COUNT = 1_000_000;
const COMPARE_COUNT = 100;
const BUDGET_COUNT = 10;
const MAX_TARGETS = 64;

/** @throws CliError where flags contradict each other, or would bother others. */
export function planPing(names: readonly string[], flags: PingFlags, io: Io): PingPlan {
  refuseContradictions(names, flags, io);
  const trust = tlsTrust(flags, names.map((name) => name.split(":", 1)[0].toLowerCase()));
  const targets = names.map((name) => targetOf(name, flags, trust, io));
  const isFlood = flags.flood === true;
  const isLocal = targets.every(({ host }) => isLoopback(host));
  const slo = flags.slo ?? [];
  const isQuick = flags.compare === true || slo.length > 0;
  const askedMs = flags.interval ?? (flags.rate === undefined ? undefined : 1000 / flags.rate);
  const intervalMs = askedMs ?? (isQuick ? QUICK_INTERVAL_MS : DEFAULT_INTERVAL_MS);
  if (!isFlood && !isLocal && intervalMs < REMOTE_INTERVAL_MS) {
    const hint = "--flood takes the risk; on this machine itself there is no such limit";
    throw new CliError("usage", `other machines are asked every ${REMOTE_INTERVAL_MS} ms at most`, hint);
  }
  if (intervalMs < 1000 / MAX_RATE) throw new CliError("usage", `the shortest interval is ${1000 / MAX_RATE} ms`);
  const count = flags.count ?? defaultCount(flags, slo);
  if (isFlood && (count ?? 0) > MAX_FLOOD_COUNT) {
    throw new CliError("usage", `a flood has ${MAX_FLOOD_COUNT} probes at most`);
  }
  const sizeBytes = flags.size ?? ANSWERABLE_HEARTBEAT_BYTES;
  if (sizeBytes < ANSWERABLE_HEARTBEAT_BYTES && targets.some(isOverUdp)) {
    const why =
      `over UDP a HEARTBEAT has ${ANSWERABLE_HEARTBEAT_BYTES} bytes at least: peers send no more than they got`;
    throw new CliError("usage", why, "see arcrtc explain ARC-RELAY-nil-heartbeat-size");
  }
  return {
    targets,
    intervalMs: isFlood ? undefined : intervalMs,
    minGapMs: isFlood ? askedMs ?? 1000 / (isLocal ? MAX_RATE : REMOTE_FLOOD_RATE) : intervalMs,
    count,
    durationMs: flags.duration,
    waitMs: flags.wait,
    sizeBytes,
    method: flags.method,
    slo,
    isComparison: flags.compare === true,
    wantsBudget: flags.budget === true,
    wantsFloor: flags.floor,
  };
}

function isOverUdp({ protocol }: ProbeTarget): boolean {
  return protocol === "udp" || protocol === "relay";
}

function refuseContradictions(names: readonly string[], flags: PingFlags, io: Io): void {
  const outputs = [flags.json && "--json", flags.csv && "--csv", flags.live && "--live"].filter(Boolean);
  if (outputs.length > 1) throw new CliError("usage", `${outputs.join(" and ")} exclude each other`);
  if (flags.live && !io.stdoutIsTerminal) {
    throw new CliError("usage", "--live needs a terminal", "--histogram draws once, at the end");
  }
  if (flags.rate !== undefined && flags.interval !== undefined) {
    throw new CliError("usage", "--rate and --interval exclude each other");
  }
  if (flags.compare && flags.flood) throw new CliError("usage", "--compare and --flood exclude each other");
  if (flags.compare && names.length < 2) {
    throw new CliError(
      "usage",
      "--compare needs two targets or more",
      "the first is what the others are compared with",
    );
  }
  if (names.length > MAX_TARGETS) throw new CliError("usage", `at most ${MAX_TARGETS} targets at a time`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined && !flags.compare) throw new CliError("usage", `${twice} is named twice`);
}

function targetOf(name: string, flags: PingFlags, trust: TlsTrust, io: Io): ProbeTarget {
  const options = {
    format: flags.format,
    trust,
    token: flags.token ?? io.env("ARCRTC_TOKEN"),
    relaySecret: relaySecret(flags.relaySecret, "--relay-secret", io),
  };
  try {
    const target = parseProbeTarget(name, options);
    if (target.protocol !== "relay" || target.relaySecret !== undefined) return target;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CliError("usage", error.message, "arcrtc serve --open prints the addresses of a server to try it on");
  }
  const hint = `give the secret that the relay was started with: --relay-secret @FILE, or ${RELAY_SECRET_VARIABLE}`;
  throw new CliError("usage", `${name} needs --relay-secret`, hint);
}

/** Enough for what was asked to be decided, and a few more in case some are lost. */
function defaultCount(flags: PingFlags, slo: readonly SloLevel[]): number | undefined {
  if (flags.duration !== undefined) return undefined;
  if (slo.length > 0) return Math.ceil(1.05 * Math.max(BUDGET_COUNT, ...slo.map(answersFor)));
  if (flags.compare) return COMPARE_COUNT;
  if (flags.flood) return FLOOD_COUNT;
  return flags.budget ? BUDGET_COUNT : undefined;
}
