/** What the flags of `arcrtc load` make of a run. */
import { MIN_LOAD_PACKET_BYTES } from "../../lib/load/load_packet.ts";
import type { LoadPlan } from "../../lib/load/load_plan.ts";
import { isLoopback } from "../../lib/net/address_key.ts";
import { parseProbeTarget, type ProbeTarget } from "../../lib/net/probe_target.ts";
import { MAX_UNIT_BYTES } from "../../lib/packet/demux.ts";
import type { SloLevel } from "../../lib/probe/slo.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { RELAY_SECRET_VARIABLE, relaySecret } from "../ui/relay_secret.ts";
import { tlsTrust } from "../ui/tls_trust.ts";
import { DEFAULT_PACKET_BYTES, DEFAULT_PPS, type LoadFlags, MOST_PPS, MOST_SESSIONS } from "./load_options.ts";

export interface LoadCommandPlan {
  readonly target: ProbeTarget;
  /** To a relay. */
  readonly transport: LoadFlags["transport"];
  readonly load: LoadPlan;
  readonly slo: readonly SloLevel[];
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
    transport: flags.transport,
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
  const scheme = name.split(":", 1)[0].toLowerCase();
  let target: ProbeTarget;
  try {
    target = parseProbeTarget(name, {
      format: flags.format,
      trust: tlsTrust(flags, [scheme === "relay" ? flags.transport : scheme]),
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
