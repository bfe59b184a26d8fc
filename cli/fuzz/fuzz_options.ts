/** The flags of `arcrtc fuzz`, and the plan that they make. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDurationMs } from "../peer/duration.ts";
import { CliError } from "../ui/cli_error.ts";
import { nearestName } from "../ui/nearest_name.ts";

/** As commander hands them over. */
export interface FuzzFlags {
  readonly list?: boolean;
  readonly seed?: number;
  readonly time?: number;
  readonly count?: number;
  readonly hang: number;
  readonly maxHeap: number;
  readonly coverage: boolean;
  readonly corpus?: string;
  readonly findings: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly command?: string;
  readonly against?: string;
  readonly target?: string;
  readonly relay?: string;
  readonly relaySecret?: string;
  readonly session?: string;
  readonly bind: string;
  readonly token?: string;
  readonly insecure?: boolean;
  readonly rate?: number;
  readonly pid?: number;
}

const DEFAULT_TIME_MS = 60_000;
/** A case that takes longer hangs. */
export const DEFAULT_HANG_MS = 10_000;
const DEFAULT_MAX_HEAP_MB = 1536;
const MAX_COUNT = 1e12;
/** What a remote side is asked at most in a second, unless somebody says otherwise. */
export const DEFAULT_RATE = 50;
const MAX_RATE = 100_000;

export function addFuzzOptions(command: Command): Command {
  return command
    .argument("[target...]", "names of in-process targets, or patterns such as 'packet.*' (default: all)")
    .option("--list", "the targets and what each is")
    .addOption(
      new Option("--seed <n>", "the same seed and --count give the same cases; fresh unless given").argParser(seed),
    )
    .addOption(new Option("--time <time>", "of the whole run (default: 60s, or none with --count)").argParser(time))
    .addOption(new Option("--count <n>", "executions of each target").argParser(count))
    .addOption(
      new Option("--hang <time>", "a case that takes longer hangs").argParser(time).default(DEFAULT_HANG_MS, "10s"),
    )
    .addOption(
      new Option("--max-heap <MB>", "memory that the cases may leave behind").argParser(count)
        .default(DEFAULT_MAX_HEAP_MB, `${DEFAULT_MAX_HEAP_MB}`),
    )
    .option("--no-coverage", "judge cases by their outcomes alone: faster, but the corpus grows less")
    .option("--corpus <dir>", "further cases to start from; what is found new is added there at the end")
    .option("--findings <dir>", "where findings go", "findings")
    .option("--command <line>", "fuzz a program that speaks the testee interface on its standard streams")
    .option("--against <line>", "with --command: a second such program, asked the same; where they differ is a finding")
    .option("--target <url>", "fuzz a signaling server: ws://host:port, wss://, tcp://, tls://")
    .option(
      "--session <uuid>",
      "with --target: call the peer that waits in this session, and fuzz it from within the call",
    )
    .option("--bind <ip>", "with --session: the address that the peer sends media to", "127.0.0.1")
    .option("--token <jwt>", "for servers that let nobody in without")
    .option("--insecure", "take any certificate of wss:// and tls://, of servers and relays")
    .option("--relay <address>", "fuzz a relay: host:port (UDP), tcp:// or tls://; with --relay-secret bound as a peer")
    .option("--relay-secret <hex>", "of the relay; @FILE reads it (or ARCRTC_RELAY_SECRET)")
    .addOption(
      new Option(
        "--rate <n>",
        `cases a second for --target, --relay and --command (default: ${DEFAULT_RATE} for the network)`,
      )
        .argParser(rate),
    )
    .addOption(
      new Option("--pid <n>", "with --target or --relay on this machine: the process whose memory is watched (Linux)")
        .argParser(count),
    )
    .option("--json", "progress and findings as JSON lines on standard output, the summary last")
    .option("-q, --quiet", "no live view");
}

function seed(text: string): number {
  const value = /^0x[0-9a-f]{1,8}$/i.test(text) || /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= 0 && value <= 0xffff_ffff) return value;
  throw new InvalidArgumentError("need a whole number from 0 to 4294967295, or 0x and hex digits.");
}

function time(text: string): number {
  const value = parseDurationMs(text);
  if (value === undefined) throw new InvalidArgumentError("need a duration such as 500ms, 30s or 2m.");
  return value;
}

function count(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= MAX_COUNT) return value;
  throw new InvalidArgumentError("need a whole number from 1 on.");
}

function rate(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= MAX_RATE) return value;
  throw new InvalidArgumentError(`need a number up to ${MAX_RATE}.`);
}

/** How long, how much: the count alone, the time alone, or whichever comes first. */
export function limitsOf({ time, count }: FuzzFlags): { readonly timeMs: number; readonly countEach: number } {
  return {
    timeMs: time ?? (count === undefined ? DEFAULT_TIME_MS : Infinity),
    countEach: count ?? Infinity,
  };
}

/** The targets that names and patterns select, in the table's order. */
export function selectTargets<T extends { readonly name: string }>(
  patterns: readonly string[],
  targets: readonly T[],
): readonly T[] {
  if (patterns.length === 0) return targets;
  const names = targets.map(({ name }) => name);
  const wanted = new Set<string>();
  for (const pattern of patterns) {
    const matches = names.filter((name) => globOf(pattern).test(name));
    if (matches.length === 0) throw noTarget(pattern, names);
    for (const name of matches) wanted.add(name);
  }
  return targets.filter(({ name }) => wanted.has(name));
}

function globOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${escaped}$`);
}

function noTarget(pattern: string, names: readonly string[]): CliError {
  const near = nearestName(pattern, names);
  const hint = near === undefined ? "arcrtc fuzz --list names them" : `did you mean '${near}'?`;
  return new CliError(pattern.includes("*") ? "nothingSelected" : "usage", `no target is named '${pattern}'`, hint);
}
