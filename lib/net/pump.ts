/**
 * The one loop that drives a session: sockets and timers on one side, the sans-IO machine on the other.
 *
 * ```ts
 * const pump = new SessionPump({ session, transport, clock, rng, openSignaling: (events) => ..., output: (out) => ... });
 * pump.start();
 * pump.act((session, nowMs) => session.sendFrame(...));    // whatever the application does goes through here
 * await pump.ended;                                        // the session is closed
 * ```
 */
import { Backoff } from "../base/backoff.ts";
import { PacketBatch } from "../base/batch.ts";
import type { Rng } from "../base/rng.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import type { PeerSession } from "../session/session.ts";
import type { SessionOutput } from "../session/session_events.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";
import { NetError } from "./net_error.ts";
import type { TlsTrust } from "./open_stream.ts";
import { SessionStreams } from "./session_streams.ts";
import type { SignalingLink, SignalingLinkEvents } from "./signaling_link.ts";

/** Received datagrams may be larger than a unit that we send: they are counted, not cut. */
const SLOT_BYTES = 2048;
const SEND_BATCH = 64;

export interface PumpOptions {
  readonly session: PeerSession;
  readonly transport: DatagramTransport;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Opens the signaling connection; called again after it was lost. */
  readonly openSignaling: (events: SignalingLinkEvents) => Promise<SignalingLink>;
  /** What the session tells, except what the pump carries out itself. */
  readonly output: (output: Exclude<SessionOutput, { kind: "signal" | "transport" }>, nowMs: number) => void;
  /** Whom to trust as a relay over TLS; without it the system's authorities decide. */
  readonly relayTrust?: TlsTrust;
  /** How the signaling connection fares. `retryInMs` undefined: the pump gives up, `ended` rejects. */
  readonly signaling?: (event: SignalingEvent) => void;
  /** Sees every unit that crosses the media socket or a connection of the session, before it is worked on. */
  readonly tap?: (direction: "in" | "out", unit: Uint8Array, address: number, nowMs: number) => void;
}

export type SignalingEvent =
  | { readonly kind: "up"; readonly link: SignalingLink }
  | { readonly kind: "down"; readonly why: string; readonly retryInMs: number | undefined };

export class SessionPump {
  /** Resolves when the session is closed, rejects when signaling could not be had at all or the socket broke. */
  readonly ended: Promise<void>;
  readonly #options: PumpOptions;
  readonly #backoff: Backoff;
  readonly #streams: SessionStreams;
  #end: () => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #link: SignalingLink | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #isFlushing = false;
  #isStopped = false;
  #wasUp = false;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.rng);
    const { transport, clock, relayTrust = {} } = options;
    this.#streams = new SessionStreams({ bindHost: transport.local.host, relayTrust, clock }, {
      event: (event) => this.act((session, nowMs) => session.transport(event, nowMs)),
      accepted: (from) => this.act((session, nowMs) => session.accepted(from, nowMs)),
      units: (batch) => this.#units(batch),
    });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Whoever never looks at `ended` must not be killed by an unhandled rejection.
    this.ended.catch(() => {});
  }

  /** What crosses TCP and TLS connections. */
  get streamCounters(): Readonly<SessionStreams["counters"]> {
    return this.#streams.counters;
  }

  start(): void {
    this.#receive().catch((error) => this.#break(error));
    this.act((session, nowMs) => session.start(nowMs));
    this.#connect();
  }

  /** Runs an action on the session and carries out what follows. */
  act<T>(action: (session: PeerSession, nowMs: number) => T): T {
    const nowMs = this.#options.clock.nowMs();
    const result = action(this.#options.session, nowMs);
    this.#settle(nowMs);
    return result;
  }

  /** Ends sockets and timers at once, without a word to the other peer. Harmless when called again. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retryTimer);
    this.#link?.close();
    this.#streams.close();
    this.#options.transport.close();
    this.#options.session.free();
    this.#end();
  }

  #break(error: unknown): void {
    this.#fail(error);
    this.stop();
  }

  // ---- signaling

  #connect(): void {
    let link: SignalingLink | undefined;
    let lostWhy: string | undefined;
    const events: SignalingLinkEvents = {
      message: (unit) => {
        const nowMs = this.#options.clock.nowMs();
        this.#options.session.signalingMessage(unit, nowMs);
        this.#settle(nowMs);
      },
      closed: (why) => {
        lostWhy = why;
        if (link !== undefined) this.#lost(why);
      },
    };
    this.#options.openSignaling(events).then((opened) => {
      link = opened;
      if (this.#isStopped) return opened.close();
      if (lostWhy !== undefined) return this.#lost(lostWhy);
      this.#link = opened;
      this.#wasUp = true;
      this.#backoff.reset();
      this.#options.signaling?.({ kind: "up", link: opened });
      this.act((session, nowMs) => session.signalingUp(nowMs));
    }, (error: unknown) => this.#notOpened(error));
  }

  #notOpened(error: unknown): void {
    if (this.#isStopped) return;
    // What is refused stays refused; and a server that was never there is an answer for the user, not for a loop.
    const isFinal = !(error instanceof NetError) || error.kind !== "unreachable" || !this.#wasUp;
    if (isFinal) {
      this.#options.signaling?.({ kind: "down", why: messageOf(error), retryInMs: undefined });
      return this.#break(error);
    }
    this.#retry(messageOf(error));
  }

  #lost(why: string): void {
    if (this.#link === undefined || this.#isStopped) return;
    this.#link = undefined;
    this.act((session, nowMs) => session.signalingDown(nowMs));
    if (!this.#isStopped) this.#retry(why);
  }

  #retry(why: string): void {
    const retryInMs = this.#backoff.nextMs();
    this.#options.signaling?.({ kind: "down", why, retryInMs });
    this.#retryTimer = setTimeout(() => this.#connect(), retryInMs);
  }

  // ---- packets and time

  async #receive(): Promise<void> {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await this.#options.transport.receive(batch)) this.#units(batch);
  }

  #units(batch: PacketBatch): void {
    if (this.#isStopped) return;
    const { session, clock, tap } = this.#options;
    const nowMs = clock.nowMs();
    if (tap !== undefined) {
      for (let i = 0; i < batch.size; i++) tap("in", batch.packet(i), batch.addresses[i], nowMs);
    }
    session.packets(batch, nowMs);
    this.#settle(nowMs);
  }

  /** Carries out what the session wants after it was given something. */
  #settle(nowMs: number): void {
    const { session, output } = this.#options;
    for (let out = session.poll(); out !== undefined; out = session.poll()) {
      if (out.kind === "signal") this.#link?.send(out.text);
      else if (out.kind === "transport") this.#streams.carryOut(out.want);
      else output(out, nowMs);
    }
    if (this.#isStopped) return;
    this.#flush();
    if (session.state !== "closed") this.#schedule();
  }

  #schedule(): void {
    const { session, clock } = this.#options;
    const dueMs = session.nextTimeoutMs() ?? Infinity;
    if (dueMs === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = dueMs;
    if (dueMs === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      const nowMs = clock.nowMs();
      // A timer may fire a little early by this clock: then the machine has nothing to do, and is asked again.
      session.timeout(nowMs);
      this.#settle(nowMs);
    }, Math.max(0, Math.ceil(dueMs - clock.nowMs())));
  }

  /** Sends what is due; one batch after the other, so that packets keep their order. */
  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#sendAll().catch((error) => this.#break(error));
  }

  async #sendAll(): Promise<void> {
    const { session, transport, clock, tap } = this.#options;
    const batch = this.#batch;
    for (;;) {
      batch.clear();
      const nowMs = clock.nowMs();
      if (this.#isStopped || session.pollPackets(batch, nowMs) === 0) {
        // In the same turn as the last look: what comes later starts a new round.
        this.#isFlushing = false;
        // Its last words are out.
        if (session.state === "closed") this.stop();
        return;
      }
      if (tap !== undefined) {
        for (let i = 0; i < batch.size; i++) tap("out", batch.packet(i), batch.addresses[i], nowMs);
      }
      this.#streams.take(batch, nowMs);
      if (batch.size > 0) await transport.send(batch);
    }
  }

  readonly #batch = new PacketBatch(SEND_BATCH, MAX_UNIT_BYTES);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
