/**
 * How hubs share sessions over a bus that delivers at most once (SPEC 6.3). No message is new:
 *
 * ```
 * arcrtc.session.<session_id>.all          HEARTBEAT {peer_id, sequence, timestamp} from server to server: the peer joined
 *                                          at `timestamp` and is there; with sequence 0: is not, but has its place
 * arcrtc.session.<session_id>.<peer_id>    what the other peer says, as a server would forward it, `relay_servers` left to
 *                                          the server where peer_id is
 * ```
 *
 * What comes from the bus is delivered here or dropped, and never goes back. What the bus loses nobody here sends again:
 * peers repeat their requests, and presence is told again every few seconds.
 */
import { utf8 } from "../base/bytes.ts";
import { HubRate } from "./hub_rate.ts";
import { type JsonObject, writeJson } from "./json_value.ts";
import type { Heartbeat } from "./messages/heartbeat.ts";
import type { Message } from "./messages/registry.ts";
import { parseMessageWithJson } from "./parse_message.ts";
import type { SessionPeers } from "./session_peers.ts";

export type BusOutput =
  | { readonly kind: "subscribe"; readonly subject: string }
  | { readonly kind: "unsubscribe"; readonly subject: string }
  | { readonly kind: "publish"; readonly subject: string; readonly bytes: Uint8Array };

/** What something from the bus means for a hub. */
export type BusEffect =
  /** A message for a peer that is joined here. */
  | { readonly kind: "deliver"; readonly peerId: string; readonly json: JsonObject }
  /** The peer has joined elsewhere: what waits for it can go there. */
  | { readonly kind: "arrived"; readonly peerId: string }
  /** A peer from here has since joined elsewhere. */
  | { readonly kind: "moved"; readonly peerId: string }
  /** A peer from here is the third of its session. */
  | { readonly kind: "surplus"; readonly peerId: string };

/** Effects, all of one session. */
export interface BusEffects {
  readonly sessionId: string;
  readonly effects: readonly BusEffect[];
}

/** The 5 s of SPEC ARC-TRANSPORT-nats-presence, less what a server may be late. */
const ANNOUNCE_MS = 4000;

const ALL = "all";

const SESSION_SUBJECT = /^arcrtc\.session\.([^.]+)\.([^.]+)$/;

/** The subject of the messages for a peer of a session; of those for both peers without `peerId`. */
export function sessionSubject(sessionId: string, peerId: string = ALL): string {
  return `arcrtc.session.${sessionId}.${peerId}`;
}

interface Shared {
  readonly id: string;
  readonly peers: SessionPeers;
  /** By peer_id, those that are joined here. */
  readonly here: Map<string, { readonly joinedUnixMs: number; announcements: number }>;
  readonly rate: HubRate;
  announceMs: number;
}

export interface HubBusStats {
  published: number;
  received: number;
  /** Malformed, for another session, from a stranger, or too many. */
  dropped: number;
}

export class HubBus {
  readonly stats: HubBusStats = { published: 0, received: 0, dropped: 0 };
  readonly #unixOffsetMs: number;
  readonly #messagesPerSecond: number;
  readonly #sessions = new Map<string, Shared>();
  readonly #emit: (output: BusOutput) => void;
  #isUp = false;

  /** `messagesPerSecond` is that of one channel; a session may have as many of both peers. */
  constructor(unixOffsetMs: number, messagesPerSecond: number, emit: (output: BusOutput) => void) {
    this.#unixOffsetMs = unixOffsetMs;
    this.#messagesPerSecond = messagesPerSecond;
    this.#emit = emit;
  }

  /** The bus has come or gone. Without it there is nobody elsewhere. */
  changed(isUp: boolean): void {
    this.#isUp = isUp;
    for (const session of this.#sessions.values()) {
      session.peers.forgetElsewhere();
      for (const peerId of session.here.keys()) this.#announce(session, peerId);
    }
  }

  /** A peer has joined here; `peers` are those of its session. */
  entered(sessionId: string, peers: SessionPeers, peerId: string, nowMs: number): void {
    const session = this.#sessions.get(sessionId) ?? this.#share(sessionId, peers, nowMs);
    session.here.set(peerId, { joinedUnixMs: Math.floor(nowMs + this.#unixOffsetMs), announcements: 0 });
    this.#announce(session, peerId);
  }

  /** A peer is no longer joined here. */
  left(sessionId: string, peerId: string): void {
    const session = this.#sessions.get(sessionId);
    const here = session?.here.get(peerId);
    if (session === undefined || here === undefined) return;
    session.here.delete(peerId);
    this.#tell(session, peerId, 0, here.joinedUnixMs);
    this.#endEmpty(session);
  }

  #share(id: string, peers: SessionPeers, nowMs: number): Shared {
    const rate = new HubRate(2 * this.#messagesPerSecond, nowMs);
    const session: Shared = { id, peers, here: new Map(), rate, announceMs: nowMs + ANNOUNCE_MS };
    this.#sessions.set(id, session);
    this.#emit({ kind: "subscribe", subject: sessionSubject(id, "*") });
    return session;
  }

  #endEmpty(session: Shared): void {
    if (session.here.size > 0) return;
    this.#sessions.delete(session.id);
    this.#emit({ kind: "unsubscribe", subject: sessionSubject(session.id, "*") });
  }

  /** Says that a peer is joined here. */
  #announce(session: Shared, peerId: string): void {
    const here = session.here.get(peerId);
    if (here !== undefined) this.#tell(session, peerId, ++here.announcements, here.joinedUnixMs);
  }

  /** To a server that may know nothing of the session. SPEC ARC-TRANSPORT-nats-presence-answer. */
  #introduce(session: Shared, nowMs: number): void {
    for (const { peerId, placeUnixMs } of session.peers.notElsewhere(nowMs)) {
      if (session.here.has(peerId)) this.#announce(session, peerId);
      else this.#tell(session, peerId, 0, placeUnixMs);
    }
  }

  #tell(session: Shared, peer_id: string, sequence: number, timestamp: number): void {
    this.publish(sessionSubject(session.id), {
      type: "HEARTBEAT",
      session_id: session.id,
      sequence,
      peer_id,
      timestamp,
    });
  }

  /** Dropped while the bus is down, as anything on it may be. */
  publish(subject: string, json: JsonObject): void {
    if (!this.#isUp) return;
    this.stats.published++;
    this.#emit({ kind: "publish", subject, bytes: utf8(writeJson(json)) });
  }

  /** Judges what was published on a session's subject; undefined where it is nothing for this server. */
  take(subject: string, bytes: Uint8Array, nowMs: number): BusEffects | undefined {
    this.stats.received++;
    const taken = this.#judge(subject, bytes, nowMs);
    if (taken === undefined) this.stats.dropped++;
    return taken;
  }

  #judge(subject: string, bytes: Uint8Array, nowMs: number): BusEffects | undefined {
    const [, sessionId = "", to = ""] = SESSION_SUBJECT.exec(subject) ?? [];
    const session = this.#sessions.get(sessionId);
    if (session === undefined || !session.rate.admit(nowMs)) return undefined;
    const parsed = parseMessageWithJson(bytes);
    if (!parsed.ok) return undefined;
    const { message, json } = parsed.value;
    if (!isBetweenPeers(message) || ("session_id" in message && (message.session_id ?? sessionId) !== sessionId)) {
      return undefined;
    }
    if (to === ALL && message.type === "HEARTBEAT") return this.#hear(session, message, nowMs);
    const from = "peer_id" in message ? message.peer_id : undefined;
    if (from !== undefined && !session.peers.has(from) && session.peers.isFull) return undefined;
    const takers = to === ALL ? [...session.here.keys()].filter((peerId) => peerId !== from) : [to];
    if (takers.some((peerId) => peerId === from || !session.here.has(peerId))) return undefined;
    return { sessionId, effects: takers.map((peerId) => ({ kind: "deliver", peerId, json })) };
  }

  #hear(session: Shared, { peer_id: peerId, sequence, timestamp }: Heartbeat, nowMs: number): BusEffects | undefined {
    if (peerId === undefined) return undefined;
    const presence = { peerId, joinedUnixMs: timestamp, isJoined: sequence > 0 };
    const here = session.here.get(peerId);
    // What others remember of a peer that is here is old.
    if (here !== undefined && !(presence.isJoined && timestamp > here.joinedUnixMs)) {
      return { sessionId: session.id, effects: [] };
    }
    const effects: BusEffect[] = here === undefined ? [] : [{ kind: "moved", peerId }];
    // From here on it is the other server's: this one has nothing to say of its end.
    session.here.delete(peerId);
    const hearing = session.peers.hear(presence, nowMs);
    if (hearing.kind === "news") {
      const { surplus } = hearing;
      if (surplus !== undefined && session.here.delete(surplus)) effects.push({ kind: "surplus", peerId: surplus });
      effects.push({ kind: "arrived", peerId });
    }
    if (hearing.kind !== "known" && presence.isJoined) this.#introduce(session, nowMs);
    this.#endEmpty(session);
    return { sessionId: session.id, effects };
  }

  /** Says again who is joined here. SPEC ARC-TRANSPORT-nats-presence. */
  timeout(nowMs: number): void {
    for (const session of this.#sessions.values()) {
      if (nowMs < session.announceMs) continue;
      session.announceMs = nowMs + ANNOUNCE_MS;
      for (const peerId of session.here.keys()) this.#announce(session, peerId);
    }
  }

  /** When {@link timeout} has something to do. */
  nextTimeoutMs(): number | undefined {
    let nextMs: number | undefined;
    for (const { announceMs } of this.#sessions.values()) {
      if (nextMs === undefined || announceMs < nextMs) nextMs = announceMs;
    }
    return nextMs;
  }
}

/** METRICS are for a peer's own server, RELAY_ messages for a relay. */
function isBetweenPeers(message: Message): boolean {
  return message.type !== "METRICS" && !message.type.startsWith("RELAY_");
}
