/** What every accepted signaling connection has in common, whatever form its messages have. */
import { utf8 } from "../base/bytes.ts";
import { type Fault, fault } from "../base/parsed.ts";
import { NIL_UUID } from "../base/uuid.ts";
import type { ReplyContext } from "../signaling/error_reply.ts";
import type { JsonObject } from "../signaling/json_value.ts";
import type { ErrorMessage } from "../signaling/messages/outcome.ts";
import type { Message } from "../signaling/messages/registry.ts";
import type { ParsedMessage } from "../signaling/parse_message.ts";
import type { HubDriver } from "./hub_driver.ts";
import { Inbox } from "./inbox.ts";
import type { JoinAuth, JoinRequest } from "./join_auth.ts";
import type { ServerLog, SignalingTransport } from "./signaling_events.ts";
import type { SignalingLink, SignalingLinkEvents } from "./signaling_link.ts";

/** What connections need of their server. */
export interface ServerContext {
  readonly driver: HubDriver;
  readonly auth: JoinAuth;
  readonly limits: ConnectionLimits;
  readonly log: ServerLog;
  /** The open connections; each puts itself in and takes itself out. */
  readonly connections: Set<OpenConnection>;
  readonly counters: ConnectionCounters;
}

export interface ConnectionLimits {
  /** Largest message, in bytes; the protocol's own bound is the highest. */
  readonly maxMessageBytes: number;
  /** How long a connection may be there without a session; HEARTBEATs to the server begin the time anew. */
  readonly joinTimeoutMs: number;
  /** Bytes that may wait for a connection that does not read. SPEC ARC-TRANSPORT-server-slow-reader. */
  readonly sendBufferBytes: number;
}

/** Plain numbers that only grow. */
export interface ConnectionCounters {
  readonly opened: Record<SignalingTransport, number>;
  slowReaders: number;
  joinTimeouts: number;
  failures: number;
}

/** A connection as a listener hands it over. */
export interface Accepted {
  readonly transport: SignalingTransport;
  /** Address and port of the other side, for logs. */
  readonly from: string;
  /** The query's token. */
  readonly token: string | undefined;
  readonly open: (events: SignalingLinkEvents) => SignalingLink;
}

/** Messages that wait while a join is judged. More than this in one go is no peer of ours. */
const MAX_WAITING = 16;

/** Refusals of one connection's joins that are logged: a persistent stranger must not fill the disk. */
const MAX_LOGGED_REFUSALS = 5;

/** What the server sees of a connection. */
export interface OpenConnection {
  /** The connection's own channel of the hub. A Phoenix socket has one more for each topic. */
  readonly id: number;
  readonly transport: SignalingTransport;
  /** True when the connection, or one topic of it, has joined a session. */
  readonly isJoined: boolean;
  close(why: string): void;
  /** Closes a connection that has been without a session for too long. */
  sweep(nowMs: number): void;
}

/** `Item` is a unit as the transport's form has it, read but not yet acted on. */
export abstract class ServerConnection<Item> implements OpenConnection {
  readonly id: number;
  readonly transport: SignalingTransport;
  protected readonly context: ServerContext;
  protected readonly link: SignalingLink;
  protected readonly token: string | undefined;
  readonly #inbox: Inbox<Item>;
  /** When the time without a session began. */
  #unjoinedSinceMs: number;
  #isClosed = false;
  #loggedRefusals = 0;

  constructor(accepted: Accepted, context: ServerContext) {
    this.context = context;
    this.transport = accepted.transport;
    this.token = accepted.token;
    this.#unjoinedSinceMs = context.driver.clock.nowMs();
    this.id = context.driver.open({
      send: (json) => this.deliver(json),
      end: (why) => this.close(why),
    });
    this.#inbox = new Inbox<Item>(MAX_WAITING, (item) => this.#take(item), (error) => this.#failed(error));
    context.counters.opened[accepted.transport]++;
    context.connections.add(this);
    context.log({ event: "opened", connection: this.id, transport: accepted.transport, from: accepted.from });
    this.link = accepted.open({
      message: (unit) => this.#receive(unit),
      heard: () => context.driver.heard(this.id),
      closed: (why) => this.#closed(why),
    });
  }

  abstract get isJoined(): boolean;

  /** Makes an item of a unit, which is borrowed. */
  protected abstract read(unit: string | Uint8Array): Item;

  /** Acts on an item; answers a promise when the next one has to wait. */
  protected abstract take(item: Item): Promise<void> | undefined;

  /** Sends a message that the hub has for the connection's own channel. */
  protected abstract deliver(json: JsonObject): void;

  /** Called once, when the connection is over and its own channel is closed. */
  protected ended(): void {}

  protected get isClosed(): boolean {
    return this.#isClosed;
  }

  close(why: string): void {
    this.link.close(why);
  }

  /** The time without a session begins anew. */
  protected startUnjoined(): void {
    this.#unjoinedSinceMs = this.context.driver.clock.nowMs();
  }

  sweep(nowMs: number): void {
    const { limits, counters } = this.context;
    if (this.isJoined || nowMs - this.#unjoinedSinceMs < limits.joinTimeoutMs) return;
    counters.joinTimeouts++;
    this.close(`no session joined within ${limits.joinTimeoutMs / 1000} s`);
  }

  /** Sends text, within the bound for what may wait. */
  protected send(text: string): void {
    if (this.#isClosed) return;
    this.link.send(text);
    if (this.link.bufferedBytes <= this.context.limits.sendBufferBytes) return;
    this.context.counters.slowReaders++;
    this.close(`reads too slowly: ${this.link.bufferedBytes} bytes wait`);
  }

  /** Hands a message to a channel of the hub; the ERROR that refuses it, if it does. */
  protected hand(channel: number, parsed: ParsedMessage): ErrorMessage | undefined {
    const error = this.context.driver.message(channel, parsed);
    // Whoever measures the server is there for a reason, also without a session.
    if (error === undefined && isServerHeartbeat(parsed.message)) this.startUnjoined();
    return error;
  }

  /** Joins a channel to a session when the request is authorised; the ERROR that refuses it otherwise. */
  protected join(channel: number, request: JoinRequest, context: ReplyContext) {
    const { auth, driver } = this.context;
    const nowMs = driver.clock.nowMs();
    const verdict = auth.judge(request, nowMs, nowMs + driver.clock.unixOffsetMs);
    return verdict instanceof Promise
      ? verdict.then((why) => this.#decideJoin(channel, request, context, why))
      : this.#decideJoin(channel, request, context, verdict);
  }

  #decideJoin(channel: number, request: JoinRequest, context: ReplyContext, why: string | undefined) {
    if (this.#isClosed) return undefined;
    const { driver } = this.context;
    const { sessionId, peerId } = request;
    const error = why === undefined
      ? driver.join(channel, sessionId, peerId, context)
      : driver.refuseJoin("unauthorized", why, context);
    this.#logJoin(request, error);
    return error;
  }

  #logJoin({ sessionId, peerId }: JoinRequest, error: ErrorMessage | undefined): void {
    const about = { connection: this.id, session: sessionId, peer: peerId };
    if (error === undefined) return this.context.log({ event: "joined", ...about });
    if (this.#loggedRefusals++ >= MAX_LOGGED_REFUSALS) return;
    this.context.log({ event: "join_refused", ...about, code: error.code, message: error.message });
  }

  #receive(unit: string | Uint8Array): void {
    try {
      if (!this.#inbox.push(this.read(unit))) this.close("too many messages before the join was decided");
    } catch (error) {
      this.#failed(error);
    }
  }

  #take(item: Item): Promise<void> | undefined {
    const { driver } = this.context;
    const waiting = this.take(item);
    if (waiting === undefined) driver.flush();
    return waiting?.then(() => driver.flush());
  }

  /** A bug of ours ends the connection that met it and no other. */
  #failed(error: unknown): void {
    this.context.counters.failures++;
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    this.context.log({ event: "failed", what: `connection ${this.id}`, message });
    this.close("internal failure");
  }

  #closed(why: string): void {
    this.#isClosed = true;
    this.#inbox.close();
    this.context.connections.delete(this);
    this.context.driver.close(this.id);
    this.ended();
    this.context.driver.flush();
    this.context.log({ event: "closed", connection: this.id, why });
  }
}

function isServerHeartbeat(message: Message): boolean {
  return message.type === "HEARTBEAT" && message.session_id === NIL_UUID;
}

/** The fault of a unit that is longer than the server takes; undefined for any other. */
export function judgeLength(unit: string | Uint8Array, maxBytes: number): Fault | undefined {
  // Text has at most 3 bytes per UTF-16 code unit, so only what comes near has to be measured.
  if (unit.length * (typeof unit === "string" ? 3 : 1) <= maxBytes) return undefined;
  const bytes = typeof unit === "string" ? utf8(unit).length : unit.length;
  if (bytes <= maxBytes) return undefined;
  return fault("too_large", `Cannot accept message: at most ${maxBytes} bytes, got ${bytes}`).fault;
}
