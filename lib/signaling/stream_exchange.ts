/** STREAM_START, STREAM_STOP and QUALITY_ADAPT, from both sides (SPEC 5.2.4, 5.2.5, 3.4). */
import type { EndpointContext } from "./endpoint_context.ts";
import type { QualityAdapt, StreamStop } from "./messages/stream_control.ts";
import type { StreamStart } from "./messages/stream_start.ts";
import type { StreamRegistry } from "./stream_registry.ts";

/** A stream to announce; session, suite and time are the endpoint's to fill in. */
export type StreamOffer = StreamStart extends infer S
  ? S extends StreamStart ? Omit<S, "type" | "session_id" | "encryption" | "timestamp">
  : never
  : never;

export class StreamExchange {
  readonly #context: EndpointContext;

  constructor(context: EndpointContext) {
    this.#context = context;
  }

  /**
   * Announces a stream of ours; answers the message that does.
   *
   * @throws Error when an id in it is used up, or before the session is connected: a programmer's mistake.
   */
  start(offer: StreamOffer, nowMs: number): StreamStart {
    const { config, agreement } = this.#context;
    if (agreement === undefined) throw new Error("no stream can start before the session is connected");
    const start = {
      type: "STREAM_START",
      session_id: config.sessionId,
      ...offer,
      encryption: { key_id: offer.stream_id, algorithm: agreement.negotiated.suite },
      timestamp: this.#context.requestTimestamp("STREAM_START", offer.stream_id, nowMs),
    } as StreamStart;
    const wrong = this.#registry.judge("own", start);
    if (wrong !== undefined) throw new Error(wrong.message);
    this.#registry.add("own", start);
    this.#context.request(start, nowMs);
    return start;
  }

  /**
   * Announces every running stream of ours again after a resumption, with the rollover counters that are not 0 (SPEC
   * ARC-SRTP-roc-announced). `rocOf` answers an SSRC's.
   */
  announceAgain(rocOf: (ssrc: number) => number, nowMs: number): void {
    for (const start of this.#registry.running("own")) {
      const ssrcs = [...new Set([start.ssrc, ...(start.rtx ?? []).map((entry) => entry.ssrc)])];
      const roc = ssrcs.map((ssrc) => ({ ssrc, roc: rocOf(ssrc) })).filter((entry) => entry.roc !== 0);
      const timestamp = this.#context.requestTimestamp("STREAM_START", start.stream_id, nowMs);
      this.#context.request({ ...start, ...(roc.length === 0 ? {} : { roc }), timestamp } as StreamStart, nowMs);
    }
  }

  stop(streamId: string, reason: StreamStop["reason"], nowMs: number): void {
    if (!this.#registry.stop("own", streamId)) return;
    this.#context.request({
      type: "STREAM_STOP",
      session_id: this.#context.config.sessionId,
      stream_id: streamId,
      reason,
      timestamp: this.#context.requestTimestamp("STREAM_STOP", streamId, nowMs),
    }, nowMs);
  }

  /** Asks the sender of a stream that we receive not to go above a quality. */
  adapt(streamId: string, quality: QualityAdapt["quality"], reason: QualityAdapt["reason"], nowMs: number): void {
    if (!this.#registry.isRunning("remote", streamId)) return;
    this.#context.request({
      type: "QUALITY_ADAPT",
      session_id: this.#context.config.sessionId,
      stream_id: streamId,
      quality,
      reason,
      timestamp: this.#context.requestTimestamp("QUALITY_ADAPT", streamId, nowMs),
    }, nowMs);
  }

  onStart(start: StreamStart, nowMs: number): void {
    const wrong = this.#registry.judge("remote", start);
    if (wrong !== undefined) return this.#context.refuseFault(start, wrong, nowMs);
    const isNew = this.#registry.add("remote", start);
    this.#context.output({ kind: "stream_offered", start, isNew });
    this.#context.acknowledge(start, nowMs);
  }

  onStop(stop: StreamStop, nowMs: number): void {
    if (!this.#registry.stop("remote", stop.stream_id)) {
      return this.#context.refuse(stop, "unknown_stream", "no such stream of the sender runs", nowMs);
    }
    this.#context.output({ kind: "stream_stopped", streamId: stop.stream_id, reason: stop.reason });
    this.#context.acknowledge(stop, nowMs);
  }

  onAdapt(adapt: QualityAdapt, nowMs: number): void {
    if (this.#registry.isRunning("remote", adapt.stream_id)) {
      return this.#context.refuse(adapt, "bad_state", "it is for the receiver of a stream to ask", nowMs);
    }
    if (!this.#registry.isRunning("own", adapt.stream_id)) {
      return this.#context.refuse(adapt, "unknown_stream", "no such stream of ours runs", nowMs);
    }
    this.#context.output({ kind: "quality_cap", message: adapt });
    this.#context.acknowledge(adapt, nowMs);
  }

  get #registry(): StreamRegistry {
    const { streams } = this.#context;
    if (streams === undefined) throw new Error("streams belong to a connected session");
    return streams;
  }
}
