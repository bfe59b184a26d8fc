/**
 * The core of a signaling server (SPEC 6.4): who is joined where, what goes to whom, and what is refused. No sockets,
 * no clock: the server around it hands in what arrives and carries out what comes out.
 *
 * A *channel* is one peer's way in: a plain connection, or one topic of a Phoenix socket.
 */
import type { Fault } from "../base/parsed.ts";
import { unreachable } from "../base/unreachable.ts";
import { NIL_UUID } from "../base/uuid.ts";
import type { ErrorCode } from "./error_codes.ts";
import { faultToError, type ReplyContext, replyContext } from "./error_reply.ts";
import { judgeSender, withoutToken, withRelays } from "./forwarded.ts";
import { heartbeatAck } from "./heartbeat_ack.ts";
import { HeldConnects } from "./held_connects.ts";
import { type BusEffect, type BusOutput, HubBus, type HubBusStats, sessionSubject } from "./hub_bus.ts";
import type { JsonObject } from "./json_value.ts";
import type { Metrics } from "./messages/metrics.ts";
import type { ErrorMessage } from "./messages/outcome.ts";
import { DEFAULT_HUB_LIMITS, type HubLimits } from "./hub_limits.ts";
import { HubRate } from "./hub_rate.ts";
import type { Message } from "./messages/registry.ts";
import { messageToJson, type ParsedMessage } from "./parse_message.ts";
import { SessionPeers } from "./session_peers.ts";

const TWO_PEERS = "the session has its two peers";

/** A flood is answered so many times per burst, then the channel is closed: answers must not become load. */
const MAX_RATE_REFUSALS = 20;

export type HubOutput =
  | { readonly kind: "send"; readonly to: number; readonly json: JsonObject }
  | { readonly kind: "close"; readonly to: number; readonly why: string }
  /** METRICS are for the server alone: it exposes them. */
  | { readonly kind: "metrics"; readonly peerId: string; readonly metrics: Metrics }
  | BusOutput;

/** Whether the rate limit lets something in. A flood is not answered for ever. */
export type RateVerdict =
  | { readonly kind: "pass" }
  | { readonly kind: "drop"; readonly error?: ErrorMessage | undefined };

/** The relays that a peer of a session may use, with its own tokens: entries of `relay_servers`, best first. */
export type RelayDirectory = (sessionId: string, peerId: string) => readonly JsonObject[];

/** Counters of a hub; plain numbers that only grow, but for `sessions`, `peers` and `channels`. */
export interface HubStats {
  /** With a peer that is joined here. */
  sessions: number;
  /** Joined here. */
  peers: number;
  channels: number;
  received: number;
  forwarded: number;
  /** For a peer that is not joined at the moment; its sender repeats them. */
  undelivered: number;
  refused: number;
  joins: number;
  joinsRefused: number;
}

interface Channel {
  readonly id: number;
  session: Session | undefined;
  peerId: string;
  /** What joined, for an ERROR that comes later. */
  joinContext: ReplyContext;
  lastHeardMs: number;
  readonly rate: HubRate;
  rateRefusals: number;
}

interface Session {
  readonly id: string;
  /** At most two. SPEC ARC-SIG-state-two-peers. */
  readonly channels: Channel[];
  /** Peers that the session has had, here or elsewhere: only they may come back. */
  readonly peers: SessionPeers;
}

export class SignalingHub {
  readonly stats: HubStats = {
    sessions: 0,
    peers: 0,
    channels: 0,
    received: 0,
    forwarded: 0,
    undelivered: 0,
    refused: 0,
    joins: 0,
    joinsRefused: 0,
  };
  readonly #limits: HubLimits;
  readonly #unixOffsetMs: number;
  readonly #channels = new Map<number, Channel>();
  readonly #sessions = new Map<string, Session>();
  readonly #outputs: HubOutput[] = [];
  readonly #held = new HeldConnects();
  readonly #relaysFor: RelayDirectory;
  readonly #bus: HubBus | undefined;
  #draining = false;

  /**
   * `unixOffsetMs` turns the `nowMs` of the calls into the Unix time that messages carry. With `sharesSessions` there are
   * outputs for a bus; it counts as down until {@link busChanged} says otherwise.
   */
  constructor(
    unixOffsetMs: number,
    limits: HubLimits = DEFAULT_HUB_LIMITS,
    relaysFor: RelayDirectory = () => [],
    sharesSessions = false,
  ) {
    this.#unixOffsetMs = unixOffsetMs;
    this.#limits = limits;
    this.#relaysFor = relaysFor;
    if (sharesSessions) {
      this.#bus = new HubBus(unixOffsetMs, limits.messagesPerSecond, (output) => this.#outputs.push(output));
    }
  }

  /** Undefined for a hub that shares no sessions. */
  get busStats(): HubBusStats | undefined {
    return this.#bus?.stats;
  }

  /** What is to be carried out; call until undefined after every other call. */
  poll(): HubOutput | undefined {
    return this.#outputs.shift();
  }

  /** A channel has opened; it may only join and send heartbeats to the server until it has joined. */
  open(id: number, nowMs: number): void {
    this.#channels.set(id, {
      id,
      session: undefined,
      peerId: "",
      joinContext: {},
      lastHeardMs: nowMs,
      rate: new HubRate(this.#limits.messagesPerSecond, nowMs),
      rateRefusals: 0,
    });
    this.stats.channels = this.#channels.size;
  }

  /** The channel's connection is gone. The session lives on while the other peer is there. */
  closed(id: number): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    this.#leave(channel);
    this.#channels.delete(id);
    this.stats.channels = this.#channels.size;
  }

  /** Something that is no message arrived (a WebSocket ping, a Phoenix heartbeat): the channel lives. */
  heard(id: number, nowMs: number): void {
    const channel = this.#channels.get(id);
    if (channel !== undefined) channel.lastHeardMs = nowMs;
  }

  /** True when the channel has joined a session. */
  isJoined(id: number): boolean {
    return this.#channels.get(id)?.session !== undefined;
  }

  /**
   * Joins a channel to a session as a peer, which the caller has authorised; undefined when it is done, otherwise the
   * refusal: `busy` for a third peer, a full or a draining server, `bad_state` for a channel that is joined elsewhere.
   * A peer that joins again takes its place over: its former channel is closed. `context` tells what is refused.
   */
  join(
    id: number,
    sessionId: string,
    peerId: string,
    nowMs: number,
    context: ReplyContext = { session_id: sessionId },
  ): ErrorMessage | undefined {
    const channel = this.#channels.get(id);
    if (channel === undefined) return undefined;
    channel.lastHeardMs = nowMs;
    if (channel.session?.id === sessionId && channel.peerId === peerId) return undefined;
    const session = this.#sessions.get(sessionId);
    const refusal = this.#judgeJoin(channel, session, peerId);
    if (refusal !== undefined) {
      this.stats.joinsRefused++;
      return this.#error(refusal.code, refusal.message, context, nowMs);
    }
    this.stats.joins++;
    channel.joinContext = context;
    this.#enter(channel, session ?? this.#newSession(sessionId), peerId, nowMs);
    return undefined;
  }

  /** The ERROR for a join that the caller does not authorise, or cannot judge; counts it. */
  refuseJoin(code: ErrorCode, message: string, context: ReplyContext, nowMs: number): ErrorMessage {
    this.stats.joinsRefused++;
    return this.#error(code, message, context, nowMs);
  }

  #judgeJoin(
    channel: Channel,
    session: Session | undefined,
    peerId: string,
  ): { code: ErrorCode; message: string } | undefined {
    if (channel.session !== undefined) {
      return { code: "bad_state", message: "this connection has joined another session or as another peer" };
    }
    if (session === undefined) {
      if (this.#draining) return { code: "busy", message: "the server is shutting down and takes no new sessions" };
      if (this.#sessions.size >= this.#limits.maxSessions) {
        return { code: "busy", message: `the server has its ${this.#limits.maxSessions} sessions` };
      }
      return undefined;
    }
    if (!session.peers.has(peerId) && session.peers.isFull) return { code: "busy", message: TWO_PEERS };
    return undefined;
  }

  #newSession(id: string): Session {
    const session: Session = { id, channels: [], peers: new SessionPeers() };
    this.#sessions.set(id, session);
    this.stats.sessions = this.#sessions.size;
    return session;
  }

  #enter(channel: Channel, session: Session, peerId: string, nowMs: number): void {
    const former = session.channels.find((other) => other.peerId === peerId);
    // In before the former is out: a session that is never empty keeps its held CONNECT.
    channel.session = session;
    channel.peerId = peerId;
    session.channels.push(channel);
    this.stats.peers++;
    if (former !== undefined) this.#turnOut(former, "the peer has joined again on another connection");
    session.peers.enter(peerId, this.#unixMs(nowMs));
    this.#bus?.entered(session.id, session.peers, peerId, nowMs);
    const held = this.#held.take(session.id, peerId);
    if (held !== undefined) this.#forward(channel, held);
  }

  #turnOut(channel: Channel, why: string): void {
    this.#leave(channel);
    this.#outputs.push({ kind: "close", to: channel.id, why });
  }

  #leave(channel: Channel): void {
    const session = channel.session;
    if (session === undefined) return;
    channel.session = undefined;
    session.channels.splice(session.channels.indexOf(channel), 1);
    this.stats.peers--;
    if (!session.channels.some(({ peerId }) => peerId === channel.peerId)) this.#bus?.left(session.id, channel.peerId);
    if (session.channels.length === 0) {
      this.#held.drop(session.id);
      this.#sessions.delete(session.id);
      this.stats.sessions = this.#sessions.size;
    }
  }

  /**
   * Takes a message from a joined channel (or a nil-session HEARTBEAT from any). Answers the ERROR that refuses it, for
   * the server to send in the transport's own form; undefined when it was taken.
   */
  message(id: number, parsed: ParsedMessage, nowMs: number): ErrorMessage | undefined {
    const channel = this.#channels.get(id);
    if (channel === undefined) return undefined;
    const { message, json } = parsed;
    channel.lastHeardMs = nowMs;
    this.stats.received++;
    const context = replyContext(json);
    const verdict = this.#judgeRate(channel, context, nowMs);
    if (verdict.kind !== "pass") return verdict.error;
    if (message.type === "HEARTBEAT" && message.session_id === NIL_UUID) {
      this.#send(channel, messageToJson(heartbeatAck(message, this.#unixMs(nowMs))));
      return undefined;
    }
    const refusal = judgeSender(message, channel.session?.id, channel.peerId);
    if (refusal !== undefined) {
      this.stats.refused++;
      return message.type === "ERROR" ? undefined : this.#error(refusal.code, refusal.message, context, nowMs);
    }
    this.#route(channel, message, json, nowMs);
    return undefined;
  }

  /** Takes an input that is no message; answers the ERROR for it. */
  fault(id: number, fault: Fault, context: ReplyContext, nowMs: number): ErrorMessage | undefined {
    const channel = this.#channels.get(id);
    if (channel === undefined) return undefined;
    channel.lastHeardMs = nowMs;
    this.stats.received++;
    const verdict = this.#judgeRate(channel, context, nowMs);
    if (verdict.kind !== "pass") return verdict.error;
    return this.refuse(fault, context, nowMs);
  }

  /** As {@link fault}, for what {@link admit} has let in. */
  refuse(fault: Fault, context: ReplyContext, nowMs: number): ErrorMessage | undefined {
    this.stats.refused++;
    if (context.in_reply_to?.type === "ERROR") return undefined;
    const { code, message } = faultToError(fault);
    return this.#error(code, message, context, nowMs);
  }

  #route(channel: Channel, message: Message, json: JsonObject, nowMs: number): void {
    if (message.type === "METRICS") {
      this.#outputs.push({ kind: "metrics", peerId: channel.peerId, metrics: message });
      return;
    }
    const forwarded = withoutToken(json);
    const session = channel.session;
    const other = session?.channels.find((candidate) => candidate !== channel);
    if (other !== undefined) return this.#forward(other, forwarded);
    const elsewhere = session?.peers.elsewhereBeside(channel.peerId, nowMs);
    if (session !== undefined && elsewhere !== undefined) return this.#publish(session, elsewhere, forwarded);
    // A lone peer can still measure and keep alive its connection; what it says to nobody is repeated by itself.
    if (message.type === "HEARTBEAT") {
      return this.#send(channel, messageToJson(heartbeatAck(message, this.#unixMs(nowMs))));
    }
    this.stats.undelivered++;
    if (message.type === "CONNECT" && session !== undefined) this.#held.hold(session.id, forwarded);
  }

  #forward(to: Channel, json: JsonObject): void {
    this.stats.forwarded++;
    this.#send(to, withRelays(json, () => this.#relaysFor(to.session?.id ?? "", to.peerId)));
  }

  /** To the server where the peer is; its own relays are that server's to put in. */
  #publish(session: Session, peerId: string, json: JsonObject): void {
    this.stats.forwarded++;
    this.#bus?.publish(sessionSubject(session.id, peerId), json);
  }

  #send(to: Channel, json: JsonObject): void {
    this.#outputs.push({ kind: "send", to: to.id, json });
  }

  /**
   * Charges the rate limit with something that is no message yet: a join, or what belongs to the transport alone. What
   * does not `pass` is to be dropped, and answered with the ERROR if there is one.
   */
  admit(id: number, context: ReplyContext, nowMs: number): RateVerdict {
    const channel = this.#channels.get(id);
    if (channel === undefined) return { kind: "drop" };
    channel.lastHeardMs = nowMs;
    return this.#judgeRate(channel, context, nowMs);
  }

  #judgeRate(channel: Channel, context: ReplyContext, nowMs: number): RateVerdict {
    if (this.#withinRate(channel, nowMs)) return { kind: "pass" };
    return { kind: "drop", error: this.#refuseRate(channel, context, nowMs) };
  }

  #withinRate(channel: Channel, nowMs: number): boolean {
    if (!channel.rate.admit(nowMs)) return false;
    if (channel.rate.isCalm) channel.rateRefusals = 0;
    return true;
  }

  #refuseRate(channel: Channel, context: ReplyContext, nowMs: number): ErrorMessage | undefined {
    this.stats.refused++;
    if (channel.rateRefusals++ < MAX_RATE_REFUSALS) {
      // A flood of ERRORs is a flood all the same, but never answered (SPEC ARC-SIG-error-not-for-error).
      if (context.in_reply_to?.type === "ERROR") return undefined;
      return this.#error("rate_limited", `at most ${this.#limits.messagesPerSecond} messages a second`, context, nowMs);
    }
    if (channel.rateRefusals === MAX_RATE_REFUSALS + 1) {
      this.#outputs.push({ kind: "close", to: channel.id, why: "too many messages" });
    }
    return undefined;
  }

  #error(code: ErrorCode, message: string, context: ReplyContext, nowMs: number): ErrorMessage {
    return { type: "ERROR", code, message, ...context, timestamp: this.#unixMs(nowMs) };
  }

  #unixMs(nowMs: number): number {
    return Math.floor(nowMs + this.#unixOffsetMs);
  }

  /** No new sessions from here on; peers of running ones may still come back. */
  drain(): void {
    this.#draining = true;
  }

  /** The bus has come or gone. Sessions whose peers are here notice nothing. */
  busChanged(isUp: boolean): void {
    this.#bus?.changed(isUp);
  }

  /** Takes what was published on the subject of a session; whoever has published it gets no answer. */
  heardOnBus(subject: string, bytes: Uint8Array, nowMs: number): void {
    const heard = this.#bus?.take(subject, bytes, nowMs);
    const session = heard && this.#sessions.get(heard.sessionId);
    if (session === undefined) return;
    for (const effect of heard?.effects ?? []) this.#act(session, effect, nowMs);
  }

  #act(session: Session, effect: BusEffect, nowMs: number): void {
    const { kind, peerId } = effect;
    if (kind === "arrived") {
      const held = this.#held.take(session.id, peerId);
      if (held !== undefined) this.#publish(session, peerId, held);
      return;
    }
    const channel = session.channels.find((candidate) => candidate.peerId === peerId);
    if (channel === undefined) return;
    switch (kind) {
      case "deliver":
        return this.#forward(channel, withoutToken(effect.json));
      case "moved":
        return this.#turnOut(channel, "the peer has joined again at another server");
      case "surplus":
        this.stats.joinsRefused++;
        this.#send(channel, messageToJson(this.#error("busy", TWO_PEERS, channel.joinContext, nowMs)));
        return this.#turnOut(channel, TWO_PEERS);
      default:
        unreachable(effect);
    }
  }

  /** Closes the channels that have been silent for too long. */
  timeout(nowMs: number): void {
    this.#bus?.timeout(nowMs);
    for (const channel of this.#channels.values()) {
      if (nowMs < channel.lastHeardMs + this.#limits.idleMs) continue;
      channel.lastHeardMs = nowMs;
      this.#outputs.push({ kind: "close", to: channel.id, why: `silent for ${this.#limits.idleMs / 1000} s` });
    }
  }

  /** When {@link timeout} has something to do at the earliest; undefined without channels. */
  nextTimeoutMs(): number | undefined {
    let oldestMs = Infinity;
    for (const { lastHeardMs } of this.#channels.values()) oldestMs = Math.min(oldestMs, lastHeardMs);
    const nextMs = Math.min(oldestMs + this.#limits.idleMs, this.#bus?.nextTimeoutMs() ?? Infinity);
    return nextMs === Infinity ? undefined : nextMs;
  }
}
