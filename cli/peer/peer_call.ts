/**
 * One call from beginning to end: a session, its pump, the media that goes out at its times, and when it is over.
 *
 * ```
 * connected + path --> streams announced --> accepted --> frames at their times --> last frame, linger --> STREAM_STOP
 *                                            all streams of both sides stopped, grace --> DISCONNECT
 * ```
 *
 * A call that sends or receives streams ends by itself when both sides are done; `finish` and `hangUp` end it before.
 */
import type { DatagramTransport } from "../../lib/net/datagram.ts";
import { type PumpOptions, SessionPump, type SignalingEvent } from "../../lib/net/pump.ts";
import type { FrameEvent, MediaEvent } from "../../lib/session/media_events.ts";
import type { MediaStats, ReceiveStreamStats, SendStreamStats } from "../../lib/session/media_stats.ts";
import { PeerSession } from "../../lib/session/session.ts";
import type { SessionConfig, SessionEvent, SessionOutput } from "../../lib/session/session_events.ts";
import type { QualityAdapt } from "../../lib/signaling/messages/stream_control.ts";
import type { Disconnect } from "../../lib/signaling/messages/outcome.ts";
import type { PathKind } from "../../lib/session/path_candidate.ts";
import { CountedTransport } from "./counted_transport.ts";
import {
  LINGER_MS,
  type OutgoingObserver,
  type OutgoingOptions,
  type OutgoingStream,
  OutgoingStreams,
} from "./outgoing_streams.ts";
import { addressOf } from "./path_text.ts";

/** Where media goes, in the words of reports. */
export interface ChosenPath {
  readonly kind: PathKind;
  readonly address: string;
}

/** Between the end of the last stream and that of the session: the other side may begin another. */
const GRACE_MS = 300;
/** DISCONNECT waits so long for its answer. */
const GOODBYE_MS = 1000;
/** Without any path for so long, the other peer is gone. */
export const PATHLESS_MS = 15_000;
const SNAPSHOT_MS = 250;

export interface PeerCallOptions extends OutgoingOptions {
  readonly config: Omit<SessionConfig, "addresses">;
  readonly transport: DatagramTransport;
  readonly openSignaling: PumpOptions["openSignaling"];
  readonly relayTrust?: PumpOptions["relayTrust"];
  readonly observer: CallObserver;
  /** Without any path for so long, the other peer is taken for gone. Default {@link PATHLESS_MS}. */
  readonly pathlessMs?: number;
}

/** Whoever wants to know. */
export interface CallObserver extends OutgoingObserver {
  event(event: SessionEvent, nowMs: number): void;
  signaling?(event: SignalingEvent): void;
  received?(event: FrameEvent, nowMs: number): void;
  media?(event: Exclude<MediaEvent, FrameEvent>, nowMs: number): void;
  tap?: PumpOptions["tap"];
}

type ClosedEvent = Extract<SessionEvent, { kind: "closed" }>;

export type CallEnd =
  | ClosedEvent
  /** Signaling could not be had at all, or a socket broke. */
  | { readonly kind: "failed"; readonly error: unknown };

export class PeerCall {
  readonly session: PeerSession;
  /** What crosses the media socket. */
  readonly wire: CountedTransport;
  /** Resolves once all is over, sockets closed. Never rejects. */
  readonly ended: Promise<CallEnd>;
  readonly #options: PeerCallOptions;
  readonly #pump: SessionPump;
  readonly #outgoing: OutgoingStreams;
  readonly #remote = new Set<string>();
  readonly #receiveStats = new Map<string, ReceiveStreamStats>();
  readonly #sendStats = new Map<string, SendStreamStats>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #snapshots: ReturnType<typeof setInterval> | undefined;
  #pathless: ReturnType<typeof setTimeout> | undefined;
  #closed: ClosedEvent | undefined;
  #failure: unknown = undefined;
  #lastStats: MediaStats | undefined;
  #hasPath = false;
  #hasReceived = false;
  #isFinishing = false;
  #isOver = false;
  #connectedMs: number | undefined;
  #lastPath: ChosenPath | undefined;

  constructor(options: PeerCallOptions) {
    const { config, transport, clock, rng, openSignaling, relayTrust, observer } = options;
    this.#options = options;
    this.wire = new CountedTransport(transport);
    this.session = new PeerSession({ ...config, addresses: transport.addresses });
    this.#outgoing = new OutgoingStreams(options, {
      act: (action) => this.#pump.act(action),
      later: (delayMs, action) => this.#later(delayMs, action),
      stopping: () => this.#snapshot(),
      stopped: () => this.#soonOver(),
    });
    this.#pump = new SessionPump({
      session: this.session,
      transport: this.wire,
      clock,
      rng,
      openSignaling,
      relayTrust,
      output: (output, nowMs) => this.#output(output, nowMs),
      signaling: (event) => observer.signaling?.(event),
      tap: observer.tap,
    });
    this.ended = this.#pump.ended.catch((error: unknown) => this.#failure = error)
      .then((): CallEnd => this.#closed ?? { kind: "failed", error: this.#failure })
      .finally(() => this.#cleanUp());
  }

  start(): void {
    this.#pump.start();
    this.#snapshots = setInterval(() => this.#snapshot(), SNAPSHOT_MS);
  }

  /** What crosses its TCP and TLS connections. */
  get streamCounters(): SessionPump["streamCounters"] {
    return this.#pump.streamCounters;
  }

  /** When the session was first connected; undefined before. */
  get connectedMs(): number | undefined {
    return this.#connectedMs;
  }

  /** The path that media went by last; it stays known when the other end was the first to close its connection. */
  get lastPath(): ChosenPath | undefined {
    return this.#lastPath;
  }

  /** The figures of now, or of the end; undefined when the session was never connected. */
  get stats(): MediaStats | undefined {
    return this.#closed === undefined ? this.session.stats(this.#options.clock.nowMs()) : this.#lastStats;
  }

  /** The last figures of every remote stream, those that have ended too. */
  get receiveStats(): ReadonlyMap<string, ReceiveStreamStats> {
    return this.#receiveStats;
  }

  get sendStats(): ReadonlyMap<string, SendStreamStats> {
    return this.#sendStats;
  }

  /** The streams of ours by their ids; none before the first path. */
  get ownStreams(): ReadonlyMap<string, OutgoingStream> {
    return this.#outgoing.streams;
  }

  rotate(): void {
    if (this.#connectedMs !== undefined && this.#closed === undefined) {
      this.#act((session, nowMs) => session.rotate(nowMs));
    }
  }

  /** Asks the other side not to send a stream of its own better than this. */
  adaptQuality(streamId: string, quality: QualityAdapt["quality"]): void {
    this.#act((session, nowMs) => session.adaptQuality(streamId, quality, "bandwidth", nowMs));
  }

  /** Sends no more, lets what is under way arrive, and ends. */
  finish(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#outgoing.pause();
    if (this.#outgoing.streams.size === 0 && this.#remote.size === 0) return this.hangUp("user_request");
    this.#later(LINGER_MS, () => {
      this.#outgoing.stopAll();
      this.hangUp("user_request");
    });
  }

  /** Ends the session; `ended` resolves soon after, whether the other side answers or not. Harmless when repeated. */
  hangUp(reason: Disconnect["reason"]): void {
    if (this.#isOver || this.#closed !== undefined) return;
    this.#outgoing.pause();
    const unanswered = "the session was ended here, and the other peer does not answer";
    this.#later(GOODBYE_MS, () => this.#endWith(reason, false, unanswered));
    this.#act((session, nowMs) => session.disconnect(reason, nowMs));
  }

  /** Ends it without asking anybody any more. */
  #endWith(why: ClosedEvent["why"], byPeer: boolean, message: string, code?: ClosedEvent["code"]): void {
    if (this.#closed !== undefined) return;
    this.#event({ kind: "closed", why, byPeer, message, code }, this.#options.clock.nowMs());
    this.#pump.stop();
  }

  #act<T>(action: (session: PeerSession, nowMs: number) => T): T {
    return this.#pump.act(action);
  }

  #later(delayMs: number, action: () => void): void {
    if (this.#isOver) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #cleanUp(): void {
    this.#isOver = true;
    clearInterval(this.#snapshots);
    clearTimeout(this.#pathless);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#outgoing.close();
  }

  /** Streams take their figures with them when they end: the last ones are kept here. */
  #snapshot(): void {
    if (this.#closed !== undefined) return;
    const stats = this.session.stats(this.#options.clock.nowMs());
    if (stats === undefined) return;
    this.#lastStats = stats;
    for (const stream of stats.receiving) this.#receiveStats.set(stream.streamId, stream);
    for (const stream of stats.sending) this.#sendStats.set(stream.streamId, stream);
  }

  // ---- what the session tells

  #output(output: Exclude<SessionOutput, { kind: "signal" | "transport" }>, nowMs: number): void {
    if (output.kind === "event") return this.#event(output.event, nowMs);
    const { event } = output;
    if (event.kind === "frame") return this.#options.observer.received?.(event, nowMs);
    if (event.kind === "keyframe_request") this.#outgoing.requestKeyframe(event.streamId);
    this.#options.observer.media?.(event, nowMs);
  }

  #event(event: SessionEvent, nowMs: number): void {
    switch (event.kind) {
      case "connected":
        this.#connectedMs ??= nowMs;
        this.#watchPath(false);
        break;
      case "path":
        if (event.event.kind === "chosen") {
          const { path } = event.event;
          this.#lastPath = { kind: path.kind, address: addressOf(path, this.session.finder) };
          this.#watchPath(true);
        } else if (event.event.kind === "none") this.#watchPath(false);
        break;
      case "stream_offered":
        this.#remote.add(event.start.stream_id);
        this.#hasReceived = true;
        break;
      case "stream_stopped":
        if (this.#remote.delete(event.streamId)) this.#soonOver();
        break;
      case "stream_accepted":
        this.#outgoing.accepted(event.streamId);
        break;
      case "stream_refused":
        this.#outgoing.refused(event.streamId);
        break;
      case "warning":
        this.#judgeJoin(event);
        break;
      case "closed":
        this.#snapshot();
        this.#closed = event;
        break;
    }
    this.#options.observer.event(event, nowMs);
  }

  /**
   * A callee joins with a HEARTBEAT, which is no request: a server that does not let it in says so in an ERROR that the
   * session passes on as a warning. Trying again would bring the same.
   */
  #judgeJoin({ code, message, byPeer }: Extract<SessionEvent, { kind: "warning" }>): void {
    if (byPeer !== true || this.#connectedMs !== undefined || (code !== "unauthorized" && code !== "busy")) return;
    this.#later(0, () => this.#endWith("refused", true, message, code));
  }

  /** Media begins with the first path; without any for long, nobody is there. */
  #watchPath(hasPath: boolean): void {
    this.#hasPath = hasPath;
    clearTimeout(this.#pathless);
    if (!hasPath) this.#pathless = setTimeout(() => this.hangUp("timeout"), this.#options.pathlessMs ?? PATHLESS_MS);
    // Not from within the session's own words: it is still speaking.
    else this.#later(0, () => this.#offerStreams());
  }

  #offerStreams(): void {
    const { agreement } = this.session;
    if (!this.#hasPath || this.#isFinishing || this.#closed !== undefined || agreement === undefined) return;
    this.#outgoing.offer(agreement.remote);
  }

  /** Ends the call when nothing goes either way and nothing has begun a moment later. */
  #soonOver(): void {
    this.#later(GRACE_MS, () => {
      const hasStreamed = this.#hasReceived || this.#outgoing.streams.size > 0;
      if (!hasStreamed || this.#isFinishing || this.#closed !== undefined) return;
      if (!this.#outgoing.isDone || this.#remote.size > 0) return;
      this.#isFinishing = true;
      this.hangUp("user_request");
    });
  }
}
