/** The flags of `arcrtc ping`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  ANSWERABLE_HEARTBEAT_BYTES,
  MAX_HEARTBEAT_BYTES,
  MIN_HEARTBEAT_BYTES,
} from "../../lib/probe/heartbeat_text.ts";
import { PROBE_METHODS, type ProbeMethod } from "../../lib/probe/probe_report.ts";
import { parseSlo, type SloLevel } from "../../lib/probe/slo.ts";
import { parseDurationMs } from "../peer/duration.ts";
import { ioOption } from "../ui/io_backend.ts";
import { addTlsTrustOptions, type TlsTrustFlags } from "../ui/tls_trust_flags.ts";

/** As commander hands them over. */
export interface PingFlags extends TlsTrustFlags {
  readonly count?: number;
  readonly interval?: number;
  readonly wait: number;
  readonly duration?: number;
  readonly size?: number;
  readonly rate?: number;
  readonly flood?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly live?: boolean;
  readonly histogram?: boolean;
  readonly compare?: boolean;
  readonly slo?: readonly SloLevel[];
  readonly budget?: boolean;
  readonly method?: ProbeMethod;
  readonly format?: "phoenix" | "plain";
  readonly token?: string;
  readonly relaySecret?: string;
  readonly floor: boolean;
  readonly io?: string;
}

/** Probes a second that this program can send at all. */
export const MAX_RATE = 10_000;
/** Of a flood whose length nobody gave. */
export const FLOOD_COUNT = 1000;
const MAX_COUNT = 100_000_000;

export function addPingOptions(command: Command): Command {
  const flags = command
    .argument(
      "<target...>",
      "udp://host:port, tcp://, tls://, ws:// or wss://; relay://host:port for the way through one",
    )
    .addOption(new Option("-c, --count <n>", "probes for each target; without it until Ctrl-C").argParser(count))
    .addOption(
      new Option("-i, --interval <time>", "from one probe to the next (default: 1s; 100ms with --compare or --slo)")
        .argParser(time),
    )
    .addOption(new Option("--rate <n>", "the same as probes a second; with --flood its bound").argParser(rate))
    .addOption(
      new Option("-w, --wait <time>", "an answer that takes longer is late").argParser(time).default(1000, "1s"),
    )
    .addOption(new Option("--duration <time>", "end after this time").argParser(time))
    .addOption(
      new Option("-s, --size <bytes>", `bytes of a HEARTBEAT (default: ${ANSWERABLE_HEARTBEAT_BYTES})`)
        .argParser(size),
    )
    .option("--flood", `ask as fast as answers come; ${FLOOD_COUNT} probes unless -c says otherwise`)
    .option("--compare", "several ways, asked in pairs: differences from the first, with 95 % confidence")
    .addOption(new Option("--slo <levels>", "exit code 6 when missed: p99<50ms,loss<1%").argParser(slo))
    .option("--budget", "the protocol's latency budget, row by row: measured, or not measurable from here")
    .addOption(
      new Option("--method <name>", "only this, without falling back: heartbeat, websocket-ping or tcp-connect")
        .choices(PROBE_METHODS),
    )
    .addOption(new Option("--format <name>", "how WebSocket frames look (default: plain at /plain, else phoenix)")
      .choices(["phoenix", "plain"]))
    .option("--no-floor", "do not measure the self-noise first")
    .option("-q, --quiet", "only the summary")
    .option("--live", "instead of lines a picture of the delays so far, on a terminal")
    .option("--histogram", "the picture of the delays at the end")
    .option("--json", "events as JSON lines on standard output, the summary last")
    .option("--csv", "one line for each probe on standard output, the summary on standard error")
    .option("--token <jwt>", "token for servers that let nobody ask without (or ARCRTC_TOKEN)")
    .option(
      "--relay-secret <hex>",
      "of the relay, whose tokens we issue ourselves; @FILE reads it (or ARCRTC_RELAY_SECRET)",
    )
    .addOption(ioOption("auto with --flood, else deno"));
  return addTlsTrustOptions(flags);
}

function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > MAX_COUNT) {
    throw new InvalidArgumentError(`It takes a whole number from 1 to ${MAX_COUNT}.`);
  }
  return value;
}

function size(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < MIN_HEARTBEAT_BYTES || value > MAX_HEARTBEAT_BYTES) {
    throw new InvalidArgumentError(`It takes bytes, ${MIN_HEARTBEAT_BYTES} to ${MAX_HEARTBEAT_BYTES}.`);
  }
  return value;
}

function rate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= MAX_RATE)) {
    throw new InvalidArgumentError(`It takes probes a second, up to ${MAX_RATE}.`);
  }
  return value;
}

function time(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new InvalidArgumentError("It takes a time such as 20ms, 1s, 5m or 1h.");
  return durationMs;
}

function slo(text: string): readonly SloLevel[] {
  const parsed = parseSlo(text);
  if (parsed.ok && parsed.value.every(({ priority }) => priority === undefined)) return parsed.value;
  if (parsed.ok) throw new InvalidArgumentError("Probes have no priorities; 'arcrtc load' takes levels of one class.");
  throw new InvalidArgumentError(`${parsed.fault.message} (at ${parsed.fault.offset}).`);
}
