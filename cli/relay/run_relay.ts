/** `arcrtc relay`, from settings to exit code. */
import type { Command } from "commander";
import { formatHostPort, type HostPort } from "../../lib/base/address_table.ts";
import { parseHex, utf8 } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { writeFingerprint } from "../../lib/crypto/certificate.ts";
import type { BusLogEvent } from "../../lib/net/bus.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { ListenError } from "../../lib/net/listen.ts";
import { LibraryError } from "../../lib/net/native/library.ts";
import { type NatsAddress, NatsBus, writeNatsUrl } from "../../lib/net/nats_bus.ts";
import { RelayServer, type RelayServerOptions } from "../../lib/net/relay_server.ts";
import type { RelayServerEvent } from "../../lib/net/relay_server_events.ts";
import { pageUrl } from "../../lib/net/relay_server_pages.ts";
import type { IoChoice } from "../../lib/net/udp_io.ts";
import { RELAY_DROPS } from "../../lib/relay/relay_counters.ts";
import { EXIT } from "../exit_codes.ts";
import { formatDuration } from "../peer/duration.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import { eventLog } from "../ui/event_log.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import { gatherSettings } from "./gather_settings.ts";
import { planRelay, type RelayPlan } from "./relay_options.ts";
import { rateText } from "./relay_settings.ts";

/** What the command itself has to say, beside the relay. */
type RelayLogEvent = RelayServerEvent | BusLogEvent | (RelaySummary & { readonly event: "stopped" });

/** What a run came to. */
interface RelaySummary {
  readonly uptime_s: number;
  readonly sessions_cut_off: number;
  readonly received_units: number;
  /** By PR. */
  readonly forwarded_units: readonly number[];
  readonly queue_drops: readonly number[];
  readonly late_units: readonly number[];
  /** By reason, those that occurred. */
  readonly dropped_units: Readonly<Record<string, number>>;
}

/** Relays until a signal comes and the sessions have ended. @throws CliError before it has begun. */
export async function runRelay(command: Command, io: Io): Promise<number> {
  const clock = systemClock();
  const unixMs = () => clock.nowMs() + clock.unixOffsetMs;
  const plan = await planRelay(gatherSettings(command, io), io, unixMs());
  const { server: options, drainMs, json, log: form } = plan;
  const log = eventLog<RelayLogEvent>("relay", io, { form, json, unixMs });
  const bus = plan.nats && openBus(plan.nats, log);
  const publishStatus = (subject: string, message: string) => bus?.publish(subject, utf8(message));
  const server = await start({ ...options, clock, log, publishStatus }).catch(async (error) => {
    await bus?.close();
    throw error;
  });
  const startedMs = clock.nowMs();
  const interrupted = new Promise<void>((resolve) => onInterrupt(resolve));
  io.stdout(
    json ? jsonLine(envelope("relay", listening(server, plan))) : greeting(server, plan, io),
  );
  const why = await Promise.race([interrupted, server.ended.catch((error: unknown) => error)]);
  if (why !== undefined) {
    await Promise.all([server.stop(), bus?.close()]);
    throw new CliError("unreachable", `a UDP socket broke: ${why instanceof Error ? why.message : why}`);
  }
  const { sessions } = server.state;
  if (sessions > 0 && !json) {
    const what = sessions === 1 ? "1 session" : `${sessions} sessions`;
    io.stderr(`waiting for ${what}, at most ${formatDuration(drainMs)}; once more ends at once\n`);
  }
  const cutOff = await server.drain(drainMs);
  await bus?.close();
  log({ event: "stopped", ...summary(server, cutOff, clock.nowMs() - startedMs) });
  return EXIT.ok;
}

function openBus(address: NatsAddress, log: (event: BusLogEvent) => void): NatsBus {
  const bus = writeNatsUrl(address);
  return new NatsBus(address, {
    up: () => log({ event: "bus_up", bus }),
    down: (why) => log({ event: "bus_down", bus, why }),
  });
}

async function start(options: RelayServerOptions): Promise<RelayServer> {
  try {
    return await RelayServer.start(options);
  } catch (error) {
    if (error instanceof RangeError) throw new CliError("usage", error.message, "take a lower --max-sessions");
    if (error instanceof LibraryError) throw new CliError("usage", error.message, "--io deno does without");
    if (!(error instanceof ListenError)) throw error;
    throw new CliError("usage", error.message, listenHint(error));
  }
}

function listenHint({ kind, address }: ListenError): string | undefined {
  switch (kind) {
    case "in_use":
      return "end what listens there, or take other ports: --udp-port, --tcp-port, --tls-port; 0 is any free one";
    case "not_permitted":
      return address.port < 1024 ? "ports below 1024 are the system's; take a higher one" : "give --allow-net to Deno";
    case "bad_address":
      return "--host takes an address of this machine; 127.0.0.1 is always one, 0.0.0.0 is all of them";
    case "other":
      return undefined;
  }
}

function summary(server: RelayServer, cutOff: number, uptimeMs: number): RelaySummary {
  const { counters } = server.state;
  const drops = RELAY_DROPS.map((reason) => [reason, counters.dropsOf(reason)] as const).filter(([, n]) => n > 0);
  return {
    uptime_s: Math.round(uptimeMs) / 1000,
    sessions_cut_off: cutOff,
    received_units: counters.receivedUnits,
    forwarded_units: [...counters.forwardedUnits],
    queue_drops: [...counters.queueDrops],
    late_units: [...server.latency.overMaximum],
    dropped_units: Object.fromEntries(drops),
  };
}

/** How people and the pins of `arcrtc peer` write it. */
function fingerprint({ tlsIdentity }: RelayServerOptions): string | undefined {
  return tlsIdentity === undefined ? undefined : writeFingerprint(unwrap(parseHex(tlsIdentity.fingerprintSha256)));
}

function urls(server: RelayServer): Readonly<Record<string, readonly string[]>> {
  const { udp, tcp, tls, http } = server.listening;
  const of = (protocol: string, places: readonly HostPort[]) =>
    places.map((place) => `${protocol}://${formatHostPort(place)}`);
  const pages = (path: string) => http === undefined ? [] : [pageUrl(http, path)];
  const all = {
    udp: of("udp", udp),
    tcp: of("tcp", tcp),
    tls: of("tls", tls),
    metrics: pages("/metrics"),
    health: pages("/healthz"),
    status: pages("/status"),
  };
  return Object.fromEntries(Object.entries(all).filter(([, places]) => places.length > 0));
}

function listening(server: RelayServer, { server: options, io: udpIo, nats }: RelayPlan): object {
  const sha256 = fingerprint(options);
  return {
    event: "listening",
    relay_id: options.relayId,
    io: udpIo.name,
    workers: options.workers ?? 0,
    urls: urls(server),
    ...(nats === undefined ? {} : { bus: writeNatsUrl(nats) }),
    ...(sha256 === undefined ? {} : { certificate_sha256: sha256 }),
  };
}

/** As `arcrtc serve --relay` takes it. */
function relaySite(server: RelayServer, { relayId }: RelayServerOptions): string {
  const { udp, tcp, tls, http } = server.listening;
  const place = udp.length > 0 ? formatHostPort(udp[0]) : "HOST:PORT";
  const options = [
    http === undefined ? "" : `;metrics=${pageUrl(http, "/metrics")}`,
    tcp.length > 0 ? `;tcp=${tcp[0].port}` : "",
    tls.length > 0 ? `;tls=${tls[0].port}` : "",
  ];
  return `${relayId}@${place}${options.join("")}`;
}

function ioText({ workers }: RelayServerOptions, { name, why }: IoChoice): string {
  if (workers === undefined) return `${name} (${why})`;
  return `${name}, ${workers} ${workers === 1 ? "thread" : "threads"}`;
}

function greeting(server: RelayServer, { server: options, io: udpIo, nats }: RelayPlan, io: Io): string {
  const paint = painter(io, "stdout");
  const { maxSessions, sessionBps, totalBps } = server.state.limits;
  const total = totalBps === Infinity ? "" : `, ${rateText(totalBps)}bit/s in all`;
  const sha256 = fingerprint(options);
  const rows: (readonly [string, string])[] = [
    ...Object.entries(urls(server)).flatMap(([name, places]) => places.map((place) => [name, place] as const)),
    ["limits", `${maxSessions} sessions, ${rateText(sessionBps)}bit/s each${total}`],
    ["io", ioText(options, udpIo)],
    ...(nats === undefined ? [] : [["bus", writeNatsUrl(nats)] as const]),
    ...(options.impairment === undefined
      ? []
      : [["impaired", `by --impair, seed ${options.impairment.seed}`] as const]),
    ...(sha256 === undefined ? [] : [["sha256", sha256] as const]),
  ];
  return [
    `relay '${options.relayId}' listens; Ctrl-C ends it`,
    ...rows.map(([name, value]) => `  ${paint("cyan", name.padEnd(8))}  ${value}`),
    `hand it out: arcrtc serve --open --relay '${relaySite(server, options)}' --relay-secret SECRET`,
    "",
  ].join("\n");
}
