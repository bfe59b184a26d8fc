/**
 * Puts frames together that span packets: the part that the video formats have in common. A frame ends with the
 * marker, or when the next packet has another timestamp. What its payloads mean is the format's own affair
 * ({@link FrameSyntax}).
 */
import { type Fault, fault } from "../../base/parsed.ts";
import type { FrameClass, MediaFrame } from "../frame.ts";
import { FrameAssembly } from "./frame_assembly.ts";
import { FrameQueue } from "./frame_queue.ts";
import { PacketOrder } from "./packet_order.ts";
import { type Depacketizer, type DepacketizerStats, MAX_FRAME_BYTES } from "./payload_format.ts";

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

export class FrameDepacketizer implements Depacketizer {
  readonly #syntax: FrameSyntax;
  readonly #frame: FrameAssembly;
  readonly #queue = new FrameQueue();
  readonly #order = new PacketOrder();
  /** The packet before the next one ended a frame. */
  #atBoundary: boolean;
  /** A packet is missing between the last boundary and here. */
  #afterGap = false;
  /** No packet is missing since the last one that had a payload. */
  #contiguous = true;
  #framesIncomplete = 0;
  #packetsRefused = 0;

  constructor(syntax: FrameSyntax, options: FrameDepacketizerOptions = {}) {
    this.#syntax = syntax;
    this.#frame = new FrameAssembly(options.maxFrameBytes ?? MAX_FRAME_BYTES);
    this.#atBoundary = options.fromStart ?? false;
  }

  push(payload: Uint8Array, marker: boolean, timestampTicks: number, seqIndex: number): Fault | undefined {
    const order = this.#order.accept(seqIndex);
    if (order === "stale") {
      this.#packetsRefused++;
      return fault("bad_state", `Cannot depacketize: need a ${this.#order.expected}, got ${seqIndex}`).fault;
    }
    this.#queue.forget();
    const frame = this.#frame;
    frame.reclaim();

    if (order === "gap") {
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
      if (refused !== undefined) {
        frame.damaged = true;
        this.#packetsRefused++;
      }
    }
    if (marker) this.#finish(true);
    return refused;
  }

  poll(): MediaFrame | undefined {
    return this.#queue.poll();
  }

  get stats(): DepacketizerStats {
    return {
      frames: this.#queue.frames,
      framesIncomplete: this.#framesIncomplete,
      framesUnread: this.#queue.framesUnread,
      packetsMissing: this.#order.packetsMissing,
      packetsRefused: this.#packetsRefused,
    };
  }

  /** Ends the open frame; `contiguous`: what comes next begins another. */
  #finish(contiguous: boolean): void {
    const frame = this.#frame;
    this.#atBoundary = contiguous;
    this.#afterGap = !contiguous;
    if (frame.damaged || this.#syntax.midFragment) {
      this.#framesIncomplete++;
      frame.discard();
      return;
    }
    const complete = frame.proven;
    const { timestampTicks } = frame;
    const data = frame.close();
    const { keyframe, priority } = this.#syntax.classify(data);
    this.#queue.add({ data, timestampTicks, durationTicks: 0, keyframe, priority, complete });
  }
}
