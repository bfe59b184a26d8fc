/**
 * The streams that a call sends, from their announcement to their end.
 *
 * ```
 * offered --accepted--> sending --last frame--> sent --linger, STREAM_STOP--> over
 *    +------------------- refused ------------------------------------------> over
 * ```
 */
import type { Rng } from "../../lib/base/rng.ts";
import type { MediaFrame } from "../../lib/media/frame.ts";
import type { Clock } from "../../lib/net/clock.ts";
import type { PeerSession } from "../../lib/session/session.ts";
import type { RemotePeer } from "../../lib/signaling/endpoint_context.ts";
import type { StreamOffer } from "../../lib/signaling/stream_exchange.ts";
import { FrameScheduler } from "./frame_scheduler.ts";
import type { RenditionSet } from "./rendition_set.ts";
import { makeOffer } from "./stream_offer.ts";

/** Between the last frame of a stream and its end: packets leave, what was lost comes again, the jitter buffer empties. */
export const LINGER_MS = 500;

export interface OutgoingStream {
  readonly set: RenditionSet;
  /** Of the set, among those that are sent. */
  readonly number: number;
  readonly offer: StreamOffer;
  readonly state: "offered" | "accepted" | "sending" | "sent" | "over";
  /** Frames that the session did not take. */
  readonly rejected: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Of a call's options, what concerns its streams. */
export interface OutgoingOptions {
  readonly config: { readonly reducedHeader: boolean; readonly rtx: boolean; readonly fec: boolean };
  readonly clock: Clock;
  readonly rng: Rng;
  /** A stream each. */
  readonly sending: readonly RenditionSet[];
  readonly observer: OutgoingObserver;
}

export interface OutgoingObserver {
  /** A stream of ours is announced so. */
  announced?(offer: StreamOffer): void;
  /** A frame is handed to the session; `set` is the number of its rendition set in `sending`. */
  sent?(set: number, streamId: string, frame: MediaFrame, nowMs: number): void;
}

/** What the call does for its streams. */
export interface CallHands {
  act<T>(action: (session: PeerSession, nowMs: number) => T): T;
  /** Runs `action` after `delayMs`, unless the call is over by then. */
  later(delayMs: number, action: () => void): void;
  /** A stream is about to end, and its figures with it. */
  stopping(): void;
  /** A stream is over. */
  stopped(): void;
}

export class OutgoingStreams {
  readonly #options: OutgoingOptions;
  readonly #hands: CallHands;
  readonly #scheduler: FrameScheduler;
  readonly #streams = new Map<string, Mutable<OutgoingStream>>();
  #hasOffered = false;
  #isClosed = false;

  constructor(options: OutgoingOptions, hands: CallHands) {
    this.#options = options;
    this.#hands = hands;
    this.#scheduler = new FrameScheduler(options.clock);
  }

  get streams(): ReadonlyMap<string, OutgoingStream> {
    return this.#streams;
  }

  /** True when all that was to be sent was sent, and its streams have ended. */
  get isDone(): boolean {
    return this.#hasOffered && [...this.#streams.values()].every(({ state }) => state === "over");
  }

  /** Announces all streams to the peer; once. */
  offer(remote: RemotePeer): void {
    if (this.#hasOffered) return;
    this.#hasOffered = true;
    const { config, rng, sending, observer } = this.#options;
    let usedContexts = 0;
    sending.forEach((set, number) => {
      const offer = makeOffer(set, {
        rng,
        usedContexts,
        reducedHeader: config.reducedHeader && remote.reducedHeader,
        rtx: config.rtx && remote.rtx,
        fec: config.fec && remote.fec,
      });
      usedContexts += offer.reduced_header?.length ?? 0;
      this.#streams.set(offer.stream_id, { set, number, offer, state: "offered", rejected: 0 });
      observer.announced?.(offer);
      const renditions = set.sources.length;
      this.#hands.act((session, nowMs) => session.startStream(offer, { renditions }, nowMs));
    });
  }

  accepted(streamId: string): void {
    const stream = this.#streams.get(streamId);
    if (stream?.state !== "offered") return;
    stream.state = "accepted";
    this.#beginTogether();
  }

  /** Be it at the beginning or after a resumption: nothing more can be sent. */
  refused(streamId: string): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.state = "over";
    this.#beginTogether();
    this.#hands.stopped();
  }

  requestKeyframe(streamId: string): void {
    this.#streams.get(streamId)?.set.requestKeyframe();
  }

  /** No frame goes out any more. */
  pause(): void {
    this.#scheduler.stop();
  }

  /** Ends every stream now. */
  stopAll(): void {
    for (const streamId of this.#streams.keys()) this.#stop(streamId);
  }

  close(): void {
    this.#isClosed = true;
    this.#scheduler.stop();
    for (const set of this.#options.sending) set.close();
  }

  /** Once all are answered, so that sound and picture stay together. */
  #beginTogether(): void {
    const streams = [...this.#streams];
    if (streams.length < this.#options.sending.length || streams.some(([, { state }]) => state === "offered")) return;
    const startMs = this.#options.clock.nowMs();
    for (const [streamId, stream] of streams) if (stream.state === "accepted") this.#begin(streamId, stream, startMs);
  }

  #begin(streamId: string, stream: Mutable<OutgoingStream>, startMs: number): void {
    const { set } = stream;
    stream.state = "sending";
    this.#scheduler.add({
      clockRateHz: set.stream.clockRateHz,
      get nextTicks() {
        return stream.state === "sending" ? set.nextTicks : undefined;
      },
      send: () => this.#sendNext(streamId, stream),
      ended: () => {
        if (stream.state !== "sending") return;
        stream.state = "sent";
        this.#hands.later(LINGER_MS, () => this.#stop(streamId));
      },
    }, startMs);
  }

  #sendNext(streamId: string, stream: Mutable<OutgoingStream>): void {
    const { set, number } = stream;
    this.#hands.act((session, nowMs) => {
      const frame = set.next(session.rung(streamId));
      if (frame === undefined || session.state === "closed") return;
      // Told first: in one process the other side may have it before this call is over.
      this.#options.observer.sent?.(number, streamId, frame, nowMs);
      const sent = session.sendFrame(streamId, set.stream.kind, frame, nowMs, set.rung);
      if (sent?.ok !== true) stream.rejected++;
    });
  }

  #stop(streamId: string): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.state === "over" || this.#isClosed) return;
    this.#hands.stopping();
    stream.state = "over";
    this.#hands.act((session, nowMs) => {
      if (session.state !== "closed") session.stopStream(streamId, "user_request", nowMs);
    });
    this.#hands.stopped();
  }
}
