import { type Fault, fault } from "../../base/parsed.ts";
import type { FrameClass, MediaFrame } from "../frame.ts";
import { FrameQueue } from "./frame_queue.ts";
import { PacketOrder } from "./packet_order.ts";
import type { Depacketizer, DepacketizerStats } from "./payload_format.ts";

/** Judges a payload (not empty) and says how long it plays, in ticks; 0 where it does not say. */
export type PayloadJudge = (payload: Uint8Array) => number | Fault;

/** For formats whose every payload is a frame: handed through without a copy, so the frame borrows the payload. */
export class WholeDepacketizer implements Depacketizer {
  readonly #class: FrameClass;
  readonly #judge: PayloadJudge;
  readonly #queue = new FrameQueue();
  readonly #order = new PacketOrder();
  #packetsRefused = 0;
  #framesIncomplete = 0;

  constructor(frameClass: FrameClass, judge: PayloadJudge) {
    this.#class = frameClass;
    this.#judge = judge;
  }

  push(payload: Uint8Array, _marker: boolean, timestampTicks: number, seqIndex: number): Fault | undefined {
    if (this.#order.accept(seqIndex) === "stale") {
      this.#packetsRefused++;
      return fault("bad_state", `Cannot depacketize: need a ${this.#order.expected}, got ${seqIndex}`).fault;
    }
    this.#queue.forget();
    if (payload.length === 0) return undefined;
    const judged = this.#judge(payload);
    if (typeof judged !== "number") {
      this.#packetsRefused++;
      this.#framesIncomplete++;
      return judged;
    }
    const { keyframe, priority } = this.#class;
    this.#queue.add({ data: payload, timestampTicks, durationTicks: judged, keyframe, priority, complete: true });
    return undefined;
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
}
