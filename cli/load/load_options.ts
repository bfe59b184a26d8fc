/** The flags of `arcrtc load`, and the plan that they make. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { LoadPlan } from "../../lib/load/load_plan.ts";
import { MIN_LOAD_PACKET_BYTES } from "../../lib/load/load_packet.ts";
import { parseTrafficMix, type TrafficMix } from "../../lib/load/traffic_mix.ts";
import { isLoopback } from "../../lib/net/address_key.ts";
import { parseProbeTarget, type ProbeTarget } from "../../lib/net/probe_target.ts";
import { MAX_UNIT_BYTES } from "../../lib/packet/demux.ts";
import { parseSlo, type SloLevel } from "../../lib/probe/slo.ts";
import { parseDurationMs } from "../peer/duration.ts";
import { parseBitrate } from "../ui/bitrate.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { RELAY_SECRET_VARIABLE, relaySecret } from "../ui/relay_secret.ts";
import { addTlsTrustOptions, tlsTrust, type TlsTrustFlags } from "../ui/tls_trust.ts";

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
  readonly format?: "phoenix" | "plain";
  readonly token?: string;
  readonly remote?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

export interface LoadCommandPlan {
  readonly target: ProbeTarget;
  readonly load: LoadPlan;
  readonly slo: readonly SloLevel[];
}

const DEFAULT_PPS = 50;
const DEFAULT_PACKET_BYTES = 200;
/** Each session has two sockets and their buffers. */
const MOST_SESSIONS = 10_000;
const MOST_PPS = 100_000;
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

/** @throws CliError where flags contradict each other, or would bother others. */
export function planLoad(name: string, flags: LoadFlags, io: Io): LoadCommandPlan {
  if (flags.json && flags.csv) throw new CliError("usage", "--json and --csv exclude each other");
  const target = targetOf(name, flags, io);
  const { sessions: sources, fanOut, mix, ramp: rampMs, duration: durationMs } = flags;
  if (sources * fanOut > MOST_SESSIONS) {
    throw new CliError("usage", `${sources} sources with ${fanOut} receivers are more than ${MOST_SESSIONS} sessions`);
  }
  if (rampMs > durationMs) throw new CliError("usage", "--ramp is longer than --duration, which it is a part of");
  const { pps, packetBytes } = paceOf(flags);
  return {
    target,
    load: {
      sources,
      fanOut,
      intervalMs: 1000 / pps,
      packetBytes,
      mix,
      rampMs,
      durationMs,
      settleMs: flags.settle,
      reportEveryMs: flags.interval,
    },
    slo: flags.slo ?? [],
  };
}

/** Any two of rate, size and bit rate give the third. */
function paceOf({ pps, size: bytes, bitrate: bps }: LoadFlags): { readonly pps: number; readonly packetBytes: number } {
  if (bps === undefined) return { pps: pps ?? DEFAULT_PPS, packetBytes: bytes ?? DEFAULT_PACKET_BYTES };
  if (pps !== undefined && bytes !== undefined) {
    throw new CliError("usage", "--pps, --size and --bitrate: two of them decide the third");
  }
  if (bytes !== undefined) return { pps: Math.min(MOST_PPS, bps / 8 / bytes), packetBytes: bytes };
  const packetBytes = Math.round(bps / 8 / (pps ?? DEFAULT_PPS));
  if (packetBytes >= MIN_LOAD_PACKET_BYTES && packetBytes <= MAX_UNIT_BYTES) {
    return { pps: pps ?? DEFAULT_PPS, packetBytes };
  }
  throw new CliError(
    "usage",
    `${bps} bit/s in ${pps ?? DEFAULT_PPS} packets a second are packets of ${packetBytes} bytes`,
    `they have ${MIN_LOAD_PACKET_BYTES} to ${MAX_UNIT_BYTES}: give --size instead of --pps`,
  );
}

function targetOf(name: string, flags: LoadFlags, io: Io): ProbeTarget {
  let target: ProbeTarget;
  try {
    target = parseProbeTarget(name, {
      format: flags.format,
      trust: tlsTrust(flags, [name.split(":", 1)[0].toLowerCase()]),
      token: flags.token ?? io.env("ARCRTC_TOKEN"),
      relaySecret: relaySecret(flags.relaySecret, "--relay-secret", io),
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CliError("usage", error.message, "a relay is relay://127.0.0.1:3478");
  }
  if (target.protocol === "udp") {
    throw new CliError("usage", `${name} could be anything`, `if it is a relay, write relay://${target.url.host}`);
  }
  if (target.protocol === "relay") {
    if (target.relaySecret !== undefined) return target;
    const hint = `give the secret that the relay was started with: --relay-secret @FILE, or ${RELAY_SECRET_VARIABLE}`;
    throw new CliError("usage", `${name} needs --relay-secret`, hint);
  }
  if (isLoopback(target.host) || flags.remote) return target;
  throw new CliError("usage", `${name} is not on this machine`, "--remote puts it under load all the same");
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
