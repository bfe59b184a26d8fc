/** The ways in which a target can be asked, the best first. */
import { lookup } from "node:dns/promises";
import type { Rng } from "../base/rng.ts";
import { uuidV4 } from "../base/uuid.ts";
import type { HeartbeatSender } from "../probe/heartbeat_text.ts";
import type { ProbeMethod } from "../probe/probe_report.ts";
import { ProbeRun } from "../probe/probe_run.ts";
import type { Clock } from "./clock.ts";
import { NetError } from "./net_error.ts";
import { openSignaling } from "./open_signaling.ts";
import type { ProbeChannel, ProbeChannelEvents } from "./probe_channel.ts";
import { openLinkProbe } from "./probe_link.ts";
import type { ProbeTarget } from "./probe_target.ts";
import { openTcpConnectProbe } from "./probe_tcp_connect.ts";
import { openRelayProbe } from "./probe_relay.ts";
import { openUdpProbe } from "./probe_udp.ts";
import { openPhoenixProbe, openWebSocketPing } from "./probe_websocket.ts";
import { openUdp as openPortableUdp } from "./udp_deno.ts";
import type { OpenUdp } from "./udp_io.ts";

export interface ProbeSettings {
  readonly clock: Clock;
  readonly rng: Rng;
  /** For opening a connection, and for the first answer. */
  readonly timeoutMs: number;
  readonly sizeBytes: number;
  /** The UDP backend; the portable one where it is left out. */
  readonly openUdp?: OpenUdp;
  /** Only this one, without falling back. */
  readonly method?: ProbeMethod | undefined;
}

/** One way, not yet gone. */
export interface ProbeWay {
  readonly method: ProbeMethod;
  /** `HEARTBEAT`, `HEARTBEAT in a joined topic`, `WebSocket ping`, `TCP connect`. */
  readonly label: string;
  /** As {@link ProbeChannel.from}. */
  readonly from?: HeartbeatSender;
  open(events: ProbeChannelEvents): Promise<ProbeChannel>;
}

/** A way that did not work, and why. */
export interface FailedWay {
  readonly label: string;
  readonly why: string;
}

/** The way that works, open, with those that were tried before it. */
export interface ChosenWay {
  readonly way: ProbeWay;
  readonly channel: ProbeChannel;
  /** IP address that is asked. */
  readonly ip: string;
  readonly failed: readonly FailedWay[];
}

/** All ways to a target, the best first. */
export function waysTo(target: ProbeTarget, ip: string, settings: ProbeSettings): readonly ProbeWay[] {
  const { clock, rng, timeoutMs, method, openUdp = openPortableUdp } = settings;
  const to = { ip, port: target.port };
  const link = (label: string): ProbeWay => ({
    method: "heartbeat",
    label,
    open: (events) =>
      openLinkProbe(
        (linkEvents) =>
          openSignaling({
            url: target.url.href,
            ...(target.format === undefined ? {} : { format: target.format }),
            ...(target.token === undefined ? {} : { token: target.token }),
            sessionId: uuidV4(rng),
            peerId: uuidV4(rng),
            trust: target.trust,
            timeoutMs,
          }, linkEvents),
        clock,
        events,
      ),
  });
  const ways: ProbeWay[] = [];
  if (target.protocol === "relay") {
    const secret = target.relaySecret;
    if (secret === undefined) throw new TypeError(`${target.name} needs the relay's secret`);
    const from = { sessionId: uuidV4(rng), peerId: uuidV4(rng) };
    ways.push({
      method: "heartbeat",
      label: "HEARTBEAT through the relay",
      from,
      open: (events) => openRelayProbe({ ...to, secret, from, timeoutMs }, clock, rng, events, openUdp),
    });
    return ways.filter((way) => method === undefined || way.method === method);
  }
  if (target.protocol === "udp") {
    ways.push({
      method: "heartbeat",
      label: "HEARTBEAT",
      open: (events) => Promise.resolve(openUdpProbe(to, clock, events, openUdp)),
    });
  } else if (target.format === "phoenix") {
    ways.push(
      {
        method: "heartbeat",
        label: "HEARTBEAT",
        open: (events) => openPhoenixProbe(target, timeoutMs, clock, rng, events),
      },
      // Phoenix itself knows only topics that have been joined; a server of ours answers without.
      link("HEARTBEAT in a joined topic"),
    );
  } else {
    ways.push(link("HEARTBEAT"));
  }
  if (target.format !== undefined) {
    ways.push({
      method: "websocket-ping",
      label: "WebSocket ping",
      open: (events) => openWebSocketPing(target, timeoutMs, clock, events),
    });
  }
  ways.push({
    method: "tcp-connect",
    label: "TCP connect",
    open: (events) => Promise.resolve(openTcpConnectProbe(to, clock, events)),
  });
  return ways.filter((way) => method === undefined || way.method === method);
}

/**
 * Tries the ways until one is answered. Throws NetError when none is: `refused` or `untrusted` where that was the best
 * one's trouble, otherwise `unreachable`, with every way's trouble in its message.
 */
export async function chooseWay(
  target: ProbeTarget,
  settings: ProbeSettings,
  events: ProbeChannelEvents,
): Promise<ChosenWay> {
  const ip = await resolveTarget(target);
  const failed: FailedWay[] = [];
  let firstKind: NetError["kind"] = "unreachable";
  for (const way of waysTo(target, ip, settings)) {
    try {
      return { way, channel: await tryWay(way, settings, events), ip, failed };
    } catch (error) {
      if (failed.length === 0 && error instanceof NetError) firstKind = error.kind;
      failed.push({ label: way.label, why: error instanceof Error ? error.message : String(error) });
      // A certificate that is not trusted is a finding, not a reason to look at the port behind it.
      if (firstKind === "untrusted") break;
    }
  }
  throw new NetError(firstKind, `${target.name} does not answer (${troublesText(failed)})`);
}

/** Each reason once, with all ways that it kept from answering: often it is one for all. */
function troublesText(failed: readonly FailedWay[]): string {
  const labels = new Map<string, string[]>();
  for (const { label, why } of failed) {
    // The target is named already.
    const reason = why.replace(/^cannot reach \S+: /, "");
    labels.set(reason, [...labels.get(reason) ?? [], label]);
  }
  return [...labels].map(([reason, ways]) => `${ways.join(", ")}: ${reason}`).join("; ");
}

/** The IP address of a target; throws NetError `unreachable` where its name has none. */
export async function resolveTarget(target: ProbeTarget): Promise<string> {
  try {
    return (await lookup(target.host)).address;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NetError("unreachable", `cannot find ${target.host}: ${why}`, { cause: error });
  }
}

/** Questions that are asked over UDP before it is given up: on a bad way, most may be lost. */
const DATAGRAM_TRIES = 6;

/** Opens a way and waits for its first answer, which counts for nothing else; throws NetError without one. */
async function tryWay(way: ProbeWay, settings: ProbeSettings, events: ProbeChannelEvents): Promise<ProbeChannel> {
  const { clock, rng, sizeBytes, timeoutMs } = settings;
  const run = new ProbeRun({
    method: way.method,
    from: way.from,
    isDatagram: false,
    waitMs: timeoutMs,
    sizeBytes,
    rng,
    unixOffsetMs: clock.unixOffsetMs,
    window: 16,
  });
  const first = Promise.withResolvers<void>();
  // Whoever has given up must not be killed by a rejection that comes later.
  first.promise.catch(() => {});
  const challenges: string[] = [];
  let chosenAtMs: number | undefined;
  const look = () => {
    for (let event = run.poll(); event !== undefined; event = run.poll()) {
      if (event.kind === "answer") first.resolve();
      else if (event.kind === "refused") {
        // A server that limits us has understood us.
        if (event.code === "rate_limited") first.resolve();
        else {
          const what = way.method === "heartbeat" ? `it answers ${event.code}: ${event.message}` : event.message;
          first.reject(new NetError("unreachable", what));
        }
      }
    }
  };
  const channel = await way.open({
    unit(unit, receivedMs) {
      if (chosenAtMs === undefined) {
        run.handle(unit, receivedMs);
        look();
        // A second answer to a question of ours would be a stranger's to whoever listens from here on.
      } else if (receivedMs > chosenAtMs + timeoutMs || !mentions(unit, challenges)) events.unit(unit, receivedMs);
    },
    echo(sequence, receivedMs) {
      if (chosenAtMs !== undefined) return events.echo(sequence, receivedMs);
      run.echo(sequence, receivedMs);
      look();
    },
    arrived(sequence, challenge, atMs) {
      if (chosenAtMs !== undefined) events.arrived(sequence, challenge, atMs);
    },
    refused(sequence, code, message) {
      if (chosenAtMs !== undefined) return events.refused(sequence, code, message);
      run.refuse(sequence, code, message);
      look();
    },
    closed(why) {
      if (chosenAtMs !== undefined) return events.closed(why);
      first.reject(new NetError("unreachable", `it ended the connection: ${why}`));
    },
  });
  const ask = () => {
    const nowMs = clock.nowMs();
    const question = run.ask(nowMs, 0, nowMs);
    if (question.challenge !== "") challenges.push(question.challenge);
    const sentMs = channel.send(question);
    if (sentMs !== undefined) run.sent(question, sentMs);
  };
  ask();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const tries = channel.isDatagram ? DATAGRAM_TRIES : 1;
  for (let i = 1; i < tries; i++) timers.push(setTimeout(ask, (i * timeoutMs) / tries));
  const giveUp = () => first.reject(new NetError("unreachable", `no answer within ${timeoutMs} ms`));
  timers.push(setTimeout(giveUp, timeoutMs));
  try {
    await first.promise;
    chosenAtMs = clock.nowMs();
    return channel;
  } catch (error) {
    channel.close();
    throw error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function mentions(unit: string | Uint8Array, challenges: readonly string[]): boolean {
  const text = typeof unit === "string" ? unit : new TextDecoder().decode(unit);
  return challenges.some((challenge) => text.includes(challenge));
}
