/** From flags to what is tested. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { NatsBus, writeNatsUrl } from "../../lib/net/nats_bus.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import { NetError } from "../../lib/net/net_error.ts";
import { parseProbeTarget } from "../../lib/net/probe_target.ts";
import { PHOENIX_PATH } from "../../lib/net/signaling_routes.ts";
import type { BusPlace } from "../../conformance/drive/bus_member.ts";
import { peerCommands } from "../../conformance/drive/peer_source.ts";
import { peerDriver } from "../../conformance/drive/peer_world.ts";
import { PlayedSite } from "../../conformance/drive/played_sites.ts";
import { relayCommands } from "../../conformance/drive/relay_source.ts";
import { relayDriver, type RelayTarget } from "../../conformance/drive/relay_world.ts";
import { serverDriver, type ServerTarget } from "../../conformance/drive/server_world.ts";
import type { Subjects } from "../../conformance/run/run_suite.ts";
import { inProcess, type OpsSource, TesteeFailure } from "../../conformance/testee/ops_testee.ts";
import { ownTestee } from "../../conformance/testee/own.ts";
import { subprocess } from "../../conformance/testee/subprocess.ts";
import { authSecret } from "../ui/auth_secret.ts";
import { chooseCrypto } from "../ui/crypto_backend.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { natsAddress } from "../ui/nats_url.ts";
import { relaySecret } from "../ui/relay_secret.ts";
import { tlsTrust } from "../ui/tls_trust.ts";
import { VERSION } from "../version.ts";
import { checkCapture } from "./check_capture.ts";
import type { SubjectFlags } from "./conformance_options.ts";

/** What is tested where nothing is named. */
export const OWN_LIBRARY = "this program's own library, in this process";

export function namesSubject(flags: SubjectFlags): boolean {
  const { command, target, relay, relayCommand, peerCall, peerListen, capture } = flags;
  return [command, target, relay, relayCommand, peerCall, peerListen, capture].some((given) => given !== undefined);
}

/** Nobody there is no finding: it is told before the first case. @throws CliError */
export async function reach({ server, relay, peer }: Subjects, timeoutMs: number): Promise<void> {
  try {
    for (const driver of [server, relay, peer]) await driver?.reach(timeoutMs);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    throw new CliError("unreachable", error.message, "arcrtc serve --open and arcrtc relay print where they listen");
  }
}

/** What was opened for all cases is ended. */
export async function leave({ server, relay, peer }: Subjects): Promise<void> {
  for (const driver of [server, relay, peer]) await driver?.close?.();
}

/** A testee that never answered: it is told instead of a result. Other errors are bugs and go on. */
export function testeeError(error: unknown, { ops }: Subjects): unknown {
  if (!(error instanceof TesteeFailure)) return error;
  const hint = ops === undefined ? undefined : 'the testee must answer {"id": 1, "op": "hello"} with one line of JSON';
  return new CliError("unreachable", error.message, hint);
}

/** @throws CliError */
export async function subjectsOf(flags: SubjectFlags, timeoutMs: number, io: Io): Promise<Subjects> {
  const { command, target, relay, relayCommand, peerCall: caller, peerListen: callee, peerTransport, capture } = flags;
  const isOwn = !namesSubject(flags);
  return {
    ...(isOwn ? { ops: ownOps(io) } : {}),
    ...(command === undefined ? {} : { ops: subprocess(command, timeoutMs) }),
    ...(target === undefined ? {} : { server: serverDriver(serverTarget(target, flags, io)) }),
    ...(relay ?? relayCommand ? { relay: relayDriver(relayTarget(relay ?? [], flags, io)) } : {}),
    ...(caller ?? callee ? { peer: peerDriver(peerCommands({ caller, callee }, peerTransport)) } : {}),
    ...(capture === undefined ? {} : { capture: await checkCapture(capture, flags.keylog, io) }),
  };
}

function ownOps(io: Io): OpsSource {
  const { backend: crypto } = chooseCrypto(io, undefined);
  return inProcess(OWN_LIBRARY, () => ownTestee({ version: VERSION, crypto }));
}

function serverTarget(urls: readonly string[], flags: SubjectFlags, io: Io): ServerTarget {
  const secret = authSecret(flags.authSecret, io);
  const relays = relaySecret(flags.relaySecret, "--relay-secret", io);
  const target: { -readonly [Name in keyof ServerTarget]: ServerTarget[Name] } = {
    ...(secret === undefined ? {} : { authSecret: secret }),
    ...(relays === undefined ? {} : { relaySecret: relays }),
    ...(flags.playRelay === undefined ? {} : { sites: flags.playRelay.map(playSite) }),
    ...busOf(flags, io),
    trust: trustOf(flags),
  };
  for (const text of urls) {
    const { protocol, host, port, url, format } = parse("--target", text);
    if (protocol === "relay") throw wrong("--target", text);
    if (protocol === "udp") target.udp = { host, port };
    else if (protocol === "tcp" || protocol === "tls") {
      target.stream = { host, port };
      target.streamTls = protocol === "tls";
    } else if (format === "plain") target.plain = url;
    else {
      if (url.pathname === "/") url.pathname = PHOENIX_PATH;
      url.searchParams.set("vsn", "2.0.0");
      target.phoenix = url;
    }
  }
  return target;
}

function relayTarget(urls: readonly string[], flags: SubjectFlags, io: Io): RelayTarget {
  const secret = relaySecret(flags.relaySecret, "--relay-secret", io);
  const places: Record<string, HostPort> = {};
  for (const text of urls) {
    const { protocol, host, port } = parse("--relay", text);
    if (protocol !== "udp" && protocol !== "tcp" && protocol !== "tls") throw wrong("--relay", text);
    places[protocol] = { host, port };
  }
  const { relayMetrics: metrics, relayCommand: start, relayDrain: drain } = flags;
  if (metrics !== undefined && !/^https?:\/\//.test(metrics)) {
    throw new CliError(
      "usage",
      `--relay-metrics: '${metrics}' is no page`,
      "it takes http://HOST:PORT/PATH or https://",
    );
  }
  if (drain !== undefined && start === undefined) {
    throw new CliError(
      "usage",
      "--relay-drain is given and no --relay-command",
      "a relay that drains is a case's alone",
    );
  }
  return {
    ...places,
    ...(secret === undefined ? {} : { secret }),
    ...(metrics === undefined ? {} : { metrics }),
    ...busOf(flags, io),
    ...(start === undefined ? {} : { source: relayCommands({ start, ...(drain === undefined ? {} : { drain }) }) }),
    trust: trustOf(flags),
  };
}

/** @throws CliError */
function busOf({ nats, natsCa }: SubjectFlags, io: Io): { readonly bus?: BusPlace } {
  const address = natsAddress(nats, "--nats", natsCa, io);
  if (address === undefined) return {};
  return { bus: { description: writeNatsUrl(address), open: (events) => new NatsBus(address, events) } };
}

/** @throws CliError */
function playSite(text: string): PlayedSite {
  const { protocol, host, port } = parse("--play-relay", text);
  if (protocol !== "udp") throw wrong("--play-relay", text);
  try {
    return new PlayedSite({ host, port }, systemClock());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("usage", `--play-relay ${text}: cannot listen: ${why}`, "it needs the port over UDP and TCP");
  }
}

/** One trust for all that is reached over TLS, be it the server or the relay. */
function trustOf({ target = [], relay = [], ...flags }: SubjectFlags): TlsTrust {
  const protocols = [
    ...target.map((url) => parse("--target", url).protocol),
    ...relay.map((url) => parse("--relay", url).protocol),
  ];
  return tlsTrust(flags, protocols);
}

function parse(flag: string, text: string) {
  try {
    return parseProbeTarget(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw wrong(flag, text);
  }
}

function wrong(flag: string, text: string): CliError {
  switch (flag) {
    case "--relay":
      return new CliError("usage", `--relay: '${text}' is no relay`, "it takes udp://HOST:PORT, tcp:// or tls://");
    case "--play-relay":
      return new CliError("usage", `--play-relay: '${text}' is no place for one`, "it takes udp://HOST:PORT");
    default: {
      const hint = "it takes ws://HOST:PORT, wss://, tcp://, tls:// or udp://";
      return new CliError("usage", `--target: '${text}' is no server`, hint);
    }
  }
}
