/**
 * Puts frames together that span packets: the part that the video formats have in common. A frame ends with the
 * marker, or when the next packet has another timestamp. What its payloads mean is the format's own affair
 * ({@link FrameSyntax}).
 */
import type { Fault } from "../../base/parsed.ts";
import type { FrameClass } from "../frame.ts";
import { FrameAssembly } from "./frame_assembly.ts";
import { OrderedDepacketizer } from "./ordered_depacketizer.ts";
import type { PacketPlace } from "./packet_order.ts";
import { MAX_FRAME_BYTES } from "./payload_format.ts";

export interface FrameSyntax {
  /** A new frame begins: nothing of the one before counts. */
  begin(): void;
  /**
   * Appends what one payload (not empty) holds to `frame`, and sets `frame.proven` or `frame.damaged` where the payload
   * shows it. After a fault the frame is given up.
   */
  append(payload: Uint8Array, frame: FrameAssembly): Fault | undefined;
  /** True while the frame cannot end: a fragment is open. */
  readonly midFragment: boolean;
  classify(data: Uint8Array): FrameClass;
}

export interface FrameDepacketizerOptions {
  /** The first packet pushed is the first that the sender sent: the first frame's start needs no proof. */
  readonly fromStart?: boolean;
  readonly maxFrameBytes?: number;
}

export class FrameDepacketizer extends OrderedDepacketizer {
  readonly #syntax: FrameSyntax;
  readonly #frame: FrameAssembly;
  /** The packet before the next one ended a frame. */
  #atBoundary: boolean;
  /** A packet is missing between the last boundary and here. */
  #afterGap = false;
  /** No packet is missing since the last one that had a payload. */
  #contiguous = true;

  constructor(syntax: FrameSyntax, options: FrameDepacketizerOptions = {}) {
    super();
    this.#syntax = syntax;
    this.#frame = new FrameAssembly(options.maxFrameBytes ?? MAX_FRAME_BYTES);
    this.#atBoundary = options.fromStart ?? false;
  }

  protected take(
    payload: Uint8Array,
    marker: boolean,
    timestampTicks: number,
    place: PacketPlace,
  ): Fault | undefined {
    const frame = this.#frame;
    frame.reclaim();

    if (place === "gap") {
      this.#atBoundary = false;
      this.#afterGap = true;
      this.#contiguous = false;
      frame.damaged = true;
    }
    if (payload.length === 0) return undefined;
    if (frame.isOpen && frame.timestampTicks !== timestampTicks) this.#finish(this.#contiguous);
    this.#contiguous = true;
    if (!frame.isOpen) {
      frame.open(timestampTicks, this.#atBoundary, this.#afterGap);
      this.#syntax.begin();
    }

    let refused: Fault | undefined;
    if (!frame.damaged) {
      refused = this.#syntax.append(payload, frame);
      if (refused !== undefined) frame.damaged = true;
    }
    if (marker) this.#finish(true);
    return refused;
  }

  /** Ends the open frame; `contiguous`: what comes next begins another. */
  #finish(contiguous: boolean): void {
    const frame = this.#frame;
    this.#atBoundary = contiguous;
    this.#afterGap = !contiguous;
    if (frame.damaged || this.#syntax.midFragment) {
      this.framesIncomplete++;
      frame.discard();
      return;
    }
    const complete = frame.proven;
    const { timestampTicks } = frame;
    const data = frame.close();
    const { keyframe, priority } = this.#syntax.classify(data);
    this.queue.add({ data, timestampTicks, durationTicks: 0, keyframe, priority, complete });
  }
}
