/** The flags of `arcrtc load`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { MIN_LOAD_PACKET_BYTES } from "../../lib/load/load_packet.ts";
import { parseTrafficMix, type TrafficMix } from "../../lib/load/traffic_mix.ts";
import { MAX_UNIT_BYTES } from "../../lib/packet/demux.ts";
import { parseSlo, type SloLevel } from "../../lib/probe/slo.ts";
import { parseDurationMs } from "../peer/duration.ts";
import { parseBitrate } from "../ui/bitrate.ts";
import { ioOption } from "../ui/io_backend.ts";
import { addTlsTrustOptions, type TlsTrustFlags } from "../ui/tls_trust_flags.ts";

/** As commander hands them over. */
export interface LoadFlags extends TlsTrustFlags {
  readonly sessions: number;
  readonly fanOut: number;
  readonly pps?: number;
  readonly bitrate?: number;
  readonly size?: number;
  readonly mix: TrafficMix;
  readonly duration: number;
  readonly ramp: number;
  readonly settle: number;
  readonly interval: number;
  readonly slo?: readonly SloLevel[];
  readonly relaySecret?: string;
  readonly transport: "udp" | "tcp" | "tls";
  readonly format?: "phoenix" | "plain";
  readonly token?: string;
  readonly io?: string;
  readonly remote?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

export const DEFAULT_PPS = 50;
export const DEFAULT_PACKET_BYTES = 200;
/** Each session has two sockets and their buffers. */
export const MOST_SESSIONS = 10_000;
export const MOST_PPS = 100_000;
const DEFAULT_MIX = "pr0=30,pr1=5,pr2=55,pr3=10";

export function addLoadOptions(command: Command): Command {
  command
    .argument("<target>", "relay://host:port, or a signaling server: ws://, wss://, tcp://, tls://")
    .addOption(new Option("--sessions <n>", "sources, each with a session").argParser(sessions).default(10))
    .addOption(
      new Option("--fan-out <n>", "receivers of each source: 1:n is n sessions").argParser(sessions).default(1),
    )
    .addOption(new Option("--pps <n>", `packets a second of each source (default: ${DEFAULT_PPS})`).argParser(pps))
    .addOption(
      new Option("--size <bytes>", `of a packet without IP and UDP (default: ${DEFAULT_PACKET_BYTES})`).argParser(size),
    )
    .addOption(new Option("--bitrate <rate>", "of each source, as 300k: decides --size, or --pps").argParser(bitrate))
    .addOption(
      new Option("--mix <parts>", "priorities of the packets").argParser(mix).default(mix(DEFAULT_MIX), DEFAULT_MIX),
    )
    .addOption(new Option("--duration <time>", "of the sending").argParser(time).default(10_000, "10s"))
    .addOption(
      new Option("--ramp <time>", "sources begin one by one over this time").argParser(timeOrNone).default(0, "0"),
    )
    .addOption(
      new Option("--settle <time>", "what arrives so long after the last was sent still counts")
        .argParser(time).default(1000, "1s"),
    )
    .addOption(
      new Option("--interval <time>", "from one line of figures to the next").argParser(time).default(1000, "1s"),
    )
    .addOption(new Option("--slo <levels>", "exit code 6 when missed: p99<5ms,loss<1%,pr0-loss<0.1%").argParser(slo))
    .option(
      "--relay-secret <hex>",
      "of the relay, whose tokens we issue ourselves; @FILE reads it (or ARCRTC_RELAY_SECRET)",
    )
    .addOption(
      new Option("--transport <name>", "how peers reach the relay").choices(["udp", "tcp", "tls"]).default("udp"),
    )
    .addOption(ioOption("auto"))
    .addOption(
      new Option("--format <name>", "how WebSocket frames look (default: plain at /plain, else phoenix)")
        .choices(["phoenix", "plain"]),
    )
    .option("--token <jwt>", "token for the signaling server (or ARCRTC_TOKEN)")
    .option("--remote", "the signaling server is on another machine, and its owner agrees");
  return addTlsTrustOptions(command)
    .option("-q, --quiet", "only the summary")
    .option("--json", "intervals as JSON lines on standard output, the summary last")
    .option("--csv", "intervals as CSV on standard output, the summary on standard error");
}

function sessions(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > MOST_SESSIONS) {
    throw new InvalidArgumentError(`It takes a whole number from 1 to ${MOST_SESSIONS}.`);
  }
  return value;
}

function pps(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= MOST_PPS)) {
    throw new InvalidArgumentError(`It takes packets a second, up to ${MOST_PPS}.`);
  }
  return value;
}

function size(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < MIN_LOAD_PACKET_BYTES || value > MAX_UNIT_BYTES) {
    throw new InvalidArgumentError(`It takes bytes, ${MIN_LOAD_PACKET_BYTES} to ${MAX_UNIT_BYTES}.`);
  }
  return value;
}

function bitrate(text: string): number {
  const bps = parseBitrate(text);
  if (bps === undefined || bps < 1) throw new InvalidArgumentError("It takes bits a second such as 64k, 2.5M or 1G.");
  return bps;
}

function mix(text: string): TrafficMix {
  const parsed = parseTrafficMix(text);
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError(`${parsed.fault.message}.`);
}

function time(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new InvalidArgumentError("It takes a time such as 500ms, 10s or 5m.");
  return durationMs;
}

function timeOrNone(text: string): number {
  return /^0+$/.test(text) ? 0 : time(text);
}

function slo(text: string): readonly SloLevel[] {
  const parsed = parseSlo(text);
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError(`${parsed.fault.message} (at ${parsed.fault.offset}).`);
}
