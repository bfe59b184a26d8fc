/** Why media goes where it goes, step by step: what was tried, what answered, what was refused, each with its rule. */
import { formatHostPort, type HostPort } from "../../lib/base/address_table.ts";
import { unreachable } from "../../lib/base/unreachable.ts";
import { isBetter, isUdp, type PathCandidate, type PathKind } from "../../lib/session/path_candidate.ts";
import type { PathEvent, ProbingReason } from "../../lib/session/path_events.ts";
import type { RelayClientEvent } from "../../lib/session/relay_client.ts";
import type { PeerSession } from "../../lib/session/session.ts";
import type { StreamTarget } from "../../lib/session/stream_connections.ts";
import type { CallEvent } from "./call_events.ts";
import { formatMs } from "./figures_text.ts";

export interface PathSetting {
  readonly finder: PeerSession["finder"];
}

const KIND_WORDS: Readonly<Record<PathKind, string>> = {
  direct: "direct",
  relay: "relay",
  tcp: "direct over TCP",
  tcp_relay: "relay over TCP or TLS",
};

interface Reason {
  readonly text: string;
  readonly rule: string;
}

const OFFERED: Readonly<Record<PathKind, Reason>> = {
  direct: { text: "it was named to us", rule: "ARC-PATH-probe-all" },
  relay: { text: "we are bound there", rule: "ARC-PATH-probe-all" },
  tcp: { text: "we are connected", rule: "ARC-PATH-tcp-direct" },
  tcp_relay: { text: "we are bound there", rule: "ARC-PATH-tcp-relay" },
};

const PROBING: Readonly<Record<Exclude<ProbingReason, "offered">, Reason>> = {
  heard: { text: "a sealed HEARTBEAT came from it", rule: "ARC-PATH-new-address" },
  told: { text: "the peer says that it is seen there", rule: "ARC-PATH-told-address" },
};

const CHOSEN = {
  first: { text: "the first that is valid", rule: "ARC-PATH-first-valid" },
  better: { text: "better than the one before", rule: "ARC-PATH-first-valid" },
  failover: { text: "the best that is left", rule: "ARC-PATH-failover" },
} as const;

export function describePath(event: PathEvent, { finder }: PathSetting): CallEvent {
  const json = { event: "path", change: event.kind };
  switch (event.kind) {
    case "probing": {
      const { text, rule } = event.why === "offered" ? OFFERED[event.path.kind] : PROBING[event.why];
      const start = nameOf(event.path, finder);
      return step({ ...json, ...figuresOf(event.path, finder), why: event.why }, `${start}: probing, ${text}`, rule);
    }
    case "unanswered": {
      const { probes } = event;
      const text = `${nameOf(event.path, finder)}: ${probes} probes and no answer; more rarely from now on`;
      return step({ ...json, ...figuresOf(event.path, finder), probes }, text, "ARC-PATH-probe-interval");
    }
    case "valid": {
      const text = `${nameOf(event.path, finder)}: valid, it has answered our challenge in ${formatMs(event.rttMs)} ms`;
      const figures = { ...json, ...figuresOf(event.path, finder), rtt_ms: event.rttMs };
      return step(figures, text, "ARC-PATH-validated-only");
    }
    case "chosen":
      return chosen(event, finder);
    case "down": {
      const { path, silentMs, why } = event;
      const reason = why === "silent"
        ? `down, silent for ${Math.round(silentMs)} ms`
        : "down, its connection has ended";
      return {
        json: { ...json, ...figuresOf(path, finder), silent_ms: silentMs, why },
        text: `${nameOf(path, finder)}: ${reason}`,
        rule: why === "silent" ? "ARC-PATH-down" : "ARC-PATH-failover",
        level: "warning",
      };
    }
    case "none":
      return {
        json,
        text: "no path to the peer is left: media waits",
        rule: "ARC-PATH-no-media-without-path",
        level: "warning",
      };
    case "barred": {
      const address = formatHostPort(event.to);
      const text = `path ${address} (${KIND_WORDS[event.path]}): not tried, --path does not allow it`;
      return step({ ...json, kind: event.path, address }, text);
    }
    case "tcp": {
      const late = event.why === "late";
      const text = late ? "no path over UDP is valid after 1 s: trying TCP" : "no path over UDP is left: trying TCP";
      return step({ ...json, why: event.why }, text, late ? "ARC-PATH-tcp-after" : "ARC-PATH-tcp-at-once");
    }
    case "listening": {
      const ports = event.ports.join(" and ");
      return step(
        { ...json, ports: event.ports },
        `waiting for the caller on TCP port ${ports}`,
        "ARC-PATH-tcp-direct",
      );
    }
    case "not_listening": {
      const { port, message } = event;
      return step({ ...json, port, message }, `${message}: the caller cannot come by TCP`, "ARC-PATH-tcp-direct");
    }
    case "connecting":
    case "connected": {
      const text = event.kind === "connecting" ? "connecting" : "the connection stands";
      return step({ ...json, ...targetFigures(event.to) }, `${targetName(event.to)}: ${text}`, tcpRule(event.to));
    }
    case "disconnected": {
      const { to, wasOpen, message } = event;
      const text = `${targetName(to)}: ${wasOpen ? "ended" : "not connected"}: ${message}`;
      return step({ ...json, ...targetFigures(to), was_open: wasOpen, message }, text, "ARC-PATH-backoff");
    }
    case "accepted": {
      const address = formatHostPort(event.from);
      const text = `${address} has connected by TCP: its first unit must be a sealed HEARTBEAT`;
      return step({ ...json, address }, text, "ARC-PATH-tcp-first-unit");
    }
    case "looked_up":
      return step({ ...json, host: event.host, ip: event.ip }, `relay host ${event.host} is ${event.ip}`);
    case "not_looked_up":
      return {
        json: { ...json, host: event.host, message: event.message },
        text: `relay host ${event.host} is not found: ${event.message}`,
        level: "warning",
      };
    case "public_address": {
      const address = formatHostPort(event.address);
      const nat = event.natType === "unknown" ? "the NAT is not known" : `NAT type ${event.natType}`;
      const text = `our public address is ${address}, ${nat}`;
      return step({ ...json, address, nat_type: event.natType }, text, "ARC-RELAY-nat-type");
    }
    default:
      return unreachable(event);
  }
}

/** With the others that it was chosen from: those that would be better, and those that could take over. */
function chosen(event: Extract<PathEvent, { kind: "chosen" }>, finder: PathSetting["finder"]): CallEvent {
  const { path, why } = event;
  const others = finder.paths.all.filter((other) => other.path.address !== path.address);
  const rttMs = finder.paths.all.find((other) => other.path.address === path.address)?.rttMs;
  const better = others.filter((other) => !other.isValid && isBetter(other.path, path));
  const ready = others.filter((other) => other.isValid);
  const list = (paths: typeof others) => paths.map((other) => placeOf(other.path, finder)).join(", ");
  const more = [
    ...(rttMs === undefined ? [] : [`RTT ${formatMs(rttMs)} ms`]),
    ...(better.length === 0 ? [] : [`better but without answer: ${list(better)}`]),
    ...(ready.length === 0 ? [] : [`ready to take over: ${list(ready)}`]),
  ];
  return {
    json: {
      event: "path",
      change: "chosen",
      ...figuresOf(path, finder),
      why,
      rtt_ms: rttMs ?? null,
      others: others.map((other) => ({
        ...figuresOf(other.path, finder),
        valid: other.isValid,
        rtt_ms: other.rttMs ?? null,
      })),
    },
    text: `media goes to ${placeOf(path, finder)}: ${CHOSEN[why].text}`,
    more: more.join("; "),
    rule: CHOSEN[why].rule,
    level: "plain",
  };
}

export function describeRelay(event: RelayClientEvent): CallEvent {
  const json = { event: "relay", change: event.kind, relay_id: event.relayId };
  switch (event.kind) {
    case "bound": {
      const observed = formatHostPort({ host: event.observed.ip, port: event.observed.port });
      const text = `relay ${event.relayId}: bound, it sees us as ${observed}`;
      return step({ ...json, observed }, text, "ARC-RELAY-bound");
    }
    case "refused":
      return {
        json: { ...json, code: event.code, message: event.message },
        text: `relay ${event.relayId} refuses (${event.code}): ${event.message}`,
        level: "warning",
      };
    case "silent":
      return {
        json,
        text: `relay ${event.relayId} does not answer`,
        rule: "ARC-SIG-repeat-doubling",
        level: "warning",
      };
    default:
      return unreachable(event);
  }
}

function step(json: CallEvent["json"], text: string, rule?: string): CallEvent {
  return { json, text, level: "detail", ...(rule === undefined ? {} : { rule }) };
}

function tcpRule({ kind }: StreamTarget): string {
  return kind === "tcp" ? "ARC-PATH-tcp-direct" : "ARC-PATH-tcp-relay";
}

function targetName({ host, port, transport, relayId }: StreamTarget): string {
  return `path ${formatHostPort({ host, port })} (${wayText(relayId, transport)})`;
}

function targetFigures({ kind, host, port, transport, relayId }: StreamTarget) {
  return {
    kind,
    address: formatHostPort({ host, port }),
    transport,
    ...(relayId === undefined ? {} : { relay_id: relayId }),
  };
}

/** The address alone; a connection that has ended has none any more. */
export function addressOf(path: PathCandidate, finder: PathSetting["finder"]): string {
  const address: HostPort | undefined = finder.describe(path.address);
  return address === undefined ? "?" : formatHostPort(address);
}

/** The address and what is there: `127.0.0.1:3478 (relay r1)`. */
export function placeOf(path: PathCandidate, finder: PathSetting["finder"]): string {
  const transport = finder.describe(path.address)?.transport;
  return `${addressOf(path, finder)} (${wayText(path.relayId, isUdp(path.kind) ? undefined : transport ?? "tcp")})`;
}

/** `direct`, `relay r1`, `direct over TCP`, `relay r1 over TLS`. */
function wayText(relayId: string | undefined, transport: StreamTarget["transport"] | undefined): string {
  const where = relayId === undefined ? "direct" : `relay ${relayId}`;
  return transport === undefined ? where : `${where} over ${transport.toUpperCase()}`;
}

function nameOf(path: PathCandidate, finder: PathSetting["finder"]): string {
  return `path ${placeOf(path, finder)}`;
}

function figuresOf(path: PathCandidate, finder: PathSetting["finder"]) {
  const { kind, priority, relayId } = path;
  const address = addressOf(path, finder);
  return { kind, address, priority, ...(relayId === undefined ? {} : { relay_id: relayId }) };
}
