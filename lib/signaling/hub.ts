/**
 * The core of a signaling server (SPEC 6.4): who is joined where, what goes to whom, and what is refused. No sockets,
 * no clock: the server around it hands in what arrives and carries out what comes out.
 *
 * A *channel* is one peer's way in: a plain connection, or one topic of a Phoenix socket.
 */
import type { Fault } from "../base/parsed.ts";
import { NIL_UUID } from "../base/uuid.ts";
import type { ErrorCode } from "./error_codes.ts";
import { faultToError, type ReplyContext, replyContext } from "./error_reply.ts";
import { heartbeatAck } from "./heartbeat_ack.ts";
import { isJsonObject, type JsonObject, writeJson } from "./json_value.ts";
import type { Metrics } from "./messages/metrics.ts";
import type { ErrorMessage } from "./messages/outcome.ts";
import { DEFAULT_HUB_LIMITS, type HubLimits } from "./hub_limits.ts";
import type { Message } from "./messages/registry.ts";
import { messageToJson, type ParsedMessage } from "./parse_message.ts";

/** Held CONNECTs of all sessions together, in UTF-16 code units: beyond it the caller's repetitions have to do. */
const MAX_HELD_TEXT = 16 * 1024 * 1024;

/** A flood is answered so many times per burst, then the channel is closed: answers must not become load. */
const MAX_RATE_REFUSALS = 20;

export type HubOutput =
  | { readonly kind: "send"; readonly to: number; readonly json: JsonObject }
  | { readonly kind: "close"; readonly to: number; readonly why: string }
  /** METRICS are for the server alone: it exposes them. */
  | { readonly kind: "metrics"; readonly peerId: string; readonly metrics: Metrics };

/** Whether the rate limit lets something in. A flood is not answered for ever. */
export type RateVerdict =
  | { readonly kind: "pass" }
  | { readonly kind: "drop"; readonly error?: ErrorMessage | undefined };

/** The relays that a peer of a session may use, with its own tokens: entries of `relay_servers`, best first. */
export type RelayDirectory = (sessionId: string, peerId: string) => readonly JsonObject[];

/** Counters of a hub; plain numbers that only grow, but for `sessions` and `channels`. */
export interface HubStats {
  sessions: number;
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
  lastHeardMs: number;
  /** Token bucket of the rate limit. */
  tokens: number;
  refilledMs: number;
  rateRefusals: number;
}

interface Session {
  readonly id: string;
  /** At most two. SPEC ARC-SIG-state-two-peers. */
  readonly channels: Channel[];
  /** Peers that the session has had: only they may come back. */
  readonly peers: string[];
  /** The last CONNECT that found nobody: delivered when the other peer joins. */
  heldConnect: { readonly json: JsonObject; readonly textLength: number } | undefined;
}

export class SignalingHub {
  readonly stats: HubStats = {
    sessions: 0,
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
  #heldText = 0;
  readonly #relaysFor: RelayDirectory;
  #draining = false;

  /** `unixOffsetMs` turns the `nowMs` of the calls into the Unix time that messages carry. */
  constructor(
    unixOffsetMs: number,
    limits: HubLimits = DEFAULT_HUB_LIMITS,
    relaysFor: RelayDirectory = () => [],
  ) {
    this.#unixOffsetMs = unixOffsetMs;
    this.#limits = limits;
    this.#relaysFor = relaysFor;
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
      lastHeardMs: nowMs,
      tokens: 2 * this.#limits.messagesPerSecond,
      refilledMs: nowMs,
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
    this.#enter(channel, session ?? this.#newSession(sessionId), peerId);
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
    if (!session.peers.includes(peerId) && session.peers.length === 2) {
      return { code: "busy", message: "the session has its two peers" };
    }
    return undefined;
  }

  #newSession(id: string): Session {
    const session: Session = { id, channels: [], peers: [], heldConnect: undefined };
    this.#sessions.set(id, session);
    this.stats.sessions = this.#sessions.size;
    return session;
  }

  #enter(channel: Channel, session: Session, peerId: string): void {
    const former = session.channels.find((other) => other.peerId === peerId);
    // In before the former is out: a session that is never empty keeps its held CONNECT.
    channel.session = session;
    channel.peerId = peerId;
    session.channels.push(channel);
    if (former !== undefined) {
      this.#leave(former);
      this.#outputs.push({ kind: "close", to: former.id, why: "the peer has joined again on another connection" });
    }
    if (!session.peers.includes(peerId)) session.peers.push(peerId);
    const held = session.heldConnect;
    if (held !== undefined && held.json.peer_id !== peerId) {
      this.#dropHeld(session);
      this.#forward(channel, held.json);
    }
  }

  #holdConnect(session: Session, json: JsonObject): void {
    this.#dropHeld(session);
    const textLength = writeJson(json).length;
    if (this.#heldText + textLength > MAX_HELD_TEXT) return;
    session.heldConnect = { json, textLength };
    this.#heldText += textLength;
  }

  #dropHeld(session: Session): void {
    this.#heldText -= session.heldConnect?.textLength ?? 0;
    session.heldConnect = undefined;
  }

  #leave(channel: Channel): void {
    const session = channel.session;
    if (session === undefined) return;
    channel.session = undefined;
    session.channels.splice(session.channels.indexOf(channel), 1);
    if (session.channels.length === 0) {
      this.#dropHeld(session);
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
    const refusal = judgeSender(channel, message);
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
    // The token is for the server alone (SPEC ARC-TRANSPORT-server-unchanged).
    const { token: _token, ...public_ } = json;
    const forwarded = message.type === "CONNECT" || message.type === "HEARTBEAT" ? public_ : json;
    const session = channel.session;
    const other = session?.channels.find((candidate) => candidate !== channel);
    if (other !== undefined) return this.#forward(other, forwarded);
    // A lone peer can still measure and keep alive its connection; what it says to nobody is repeated by itself.
    if (message.type === "HEARTBEAT") {
      return this.#send(channel, messageToJson(heartbeatAck(message, this.#unixMs(nowMs))));
    }
    this.stats.undelivered++;
    if (message.type === "CONNECT" && session !== undefined) this.#holdConnect(session, forwarded);
  }

  #forward(to: Channel, json: JsonObject): void {
    this.stats.forwarded++;
    this.#send(to, this.#withRelays(to, json));
  }

  /** SPEC ARC-TRANSPORT-server-relays: the recipient's own tokens, whatever the sender wrote there. */
  #withRelays(to: Channel, json: JsonObject): JsonObject {
    const { type, network_info } = json;
    if ((type !== "CONNECT" && type !== "CONNECT_ACK") || !isJsonObject(network_info)) return json;
    const { relay_servers: _claimed, ...info } = network_info;
    const relays = this.#relaysFor(to.session?.id ?? "", to.peerId);
    return { ...json, network_info: relays.length === 0 ? info : { ...info, relay_servers: relays } };
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
    const rate = this.#limits.messagesPerSecond;
    channel.tokens = Math.min(2 * rate, channel.tokens + ((nowMs - channel.refilledMs) * rate) / 1000);
    channel.refilledMs = nowMs;
    if (channel.tokens < 1) return false;
    channel.tokens--;
    if (channel.tokens > rate) channel.rateRefusals = 0;
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

  /** Closes the channels that have been silent for too long. */
  timeout(nowMs: number): void {
    for (const channel of this.#channels.values()) {
      if (nowMs < channel.lastHeardMs + this.#limits.idleMs) continue;
      channel.lastHeardMs = nowMs;
      this.#outputs.push({ kind: "close", to: channel.id, why: `silent for ${this.#limits.idleMs / 1000} s` });
    }
  }

  /** When {@link timeout} has something to do at the earliest; undefined without channels. */
  nextTimeoutMs(): number | undefined {
    let oldest: number | undefined;
    for (const { lastHeardMs } of this.#channels.values()) {
      if (oldest === undefined || lastHeardMs < oldest) oldest = lastHeardMs;
    }
    return oldest === undefined ? undefined : oldest + this.#limits.idleMs;
  }
}

/** A peer speaks for itself, in its own session. SPEC ARC-TRANSPORT-server-peer-id, ARC-TRANSPORT-server-session. */
function judgeSender(channel: Channel, message: Message): { code: ErrorCode; message: string } | undefined {
  if (channel.session === undefined) {
    return { code: "unauthorized", message: "join a session first" };
  }
  if (message.type.startsWith("RELAY_")) {
    return { code: "bad_state", message: `${message.type} belongs to a relay's own port` };
  }
  if ("session_id" in message && message.session_id !== undefined && message.session_id !== channel.session.id) {
    return { code: "unauthorized", message: "this connection has joined another session" };
  }
  if ("peer_id" in message && message.peer_id !== undefined && message.peer_id !== channel.peerId) {
    return { code: "unauthorized", message: "this connection has joined as another peer" };
  }
  return undefined;
}
