/** What the media plane tells the application. */
import type { MediaKind } from "../media/codec.ts";
import type { MediaFrame } from "../media/frame.ts";
import type { QualityDecision } from "../quality/controller.ts";

/** A frame whose playout time has come. */
export interface FrameEvent {
  readonly kind: "frame";
  readonly streamId: string;
  readonly media: MediaKind;
  /**
   * Owns its bytes. `timestampTicks` is the RTP timestamp, unwrapped; it begins anywhere, so that only differences mean
   * something.
   */
  readonly frame: MediaFrame;
  /** Index of its last packet: ROC x 65536 + sequence number. */
  readonly index: number;
  /** Q, an index into the stream's ladder. */
  readonly quality: number;
  /** Capture to playout; undefined before the first sender report. */
  readonly e2eMs: number | undefined;
  /** When it was captured, on our clock. */
  readonly captureUnixMs: number | undefined;
}

export type MediaEvent =
  | FrameEvent
  /** A stream of ours moved on its ladder: frames should be of that quality as soon as that can be. */
  | {
    readonly kind: "rung";
    readonly streamId: string;
    readonly rung: number;
    readonly because: QualityDecision["because"] | "set";
    /** Below the last rung: video frames are not sent until it moves up again. */
    readonly isVideoStopped: boolean;
  }
  /** The receiver cannot go on without a key frame; at most one each 500 ms and stream. */
  | { readonly kind: "keyframe_request"; readonly streamId: string }
  /** Packets of a remote stream come, for the first time or after a silence. */
  | { readonly kind: "stream_active"; readonly streamId: string }
  | { readonly kind: "stream_silent"; readonly streamId: string; readonly silentMs: number }
  /** 32 packets failed to authenticate within 10 s: the keys should be changed. */
  | { readonly kind: "security_event"; readonly streamId: string }
  /** Something has authenticated under this epoch for the first time. */
  | { readonly kind: "epoch_authenticated"; readonly epoch: number }
  /** The keys of the sending epoch are used up: nothing leaves until there are others. */
  | { readonly kind: "stop"; readonly epoch: number };

/** Events that nobody takes are bounded by giving up the oldest frames, since those are what is large. */
const MAX_EVENTS = 2048;

export class MediaEvents {
  #events: MediaEvent[] = [];
  #head = 0;
  framesDropped = 0;

  push(event: MediaEvent): void {
    if (this.#events.length - this.#head >= MAX_EVENTS) this.#makeRoom();
    this.#events.push(event);
  }

  poll(): MediaEvent | undefined {
    if (this.#head === this.#events.length) {
      this.#events.length = 0;
      this.#head = 0;
      return undefined;
    }
    return this.#events[this.#head++];
  }

  #makeRoom(): void {
    const waiting = this.#events.slice(this.#head);
    const kept = waiting.filter((event, i) => event.kind !== "frame" || i >= waiting.length / 2);
    this.framesDropped += waiting.length - kept.length;
    // Nothing but small events, which nobody takes: the oldest go too.
    this.#events = kept.length < MAX_EVENTS ? kept : kept.slice(MAX_EVENTS / 2);
    this.#head = 0;
  }
}
