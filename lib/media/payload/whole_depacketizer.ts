import type { Fault } from "../../base/parsed.ts";
import type { FrameClass } from "../frame.ts";
import { OrderedDepacketizer } from "./ordered_depacketizer.ts";

/** Judges a payload (not empty) and says how long it plays, in ticks; 0 where it does not say. */
export type PayloadJudge = (payload: Uint8Array) => number | Fault;

/** For formats whose every payload is a frame: handed through without a copy, so the frame borrows the payload. */
export class WholeDepacketizer extends OrderedDepacketizer {
  readonly #class: FrameClass;
  readonly #judge: PayloadJudge;

  constructor(frameClass: FrameClass, judge: PayloadJudge) {
    super();
    this.#class = frameClass;
    this.#judge = judge;
  }

  protected take(payload: Uint8Array, _marker: boolean, timestampTicks: number): Fault | undefined {
    if (payload.length === 0) return undefined;
    const judged = this.#judge(payload);
    if (typeof judged !== "number") {
      this.framesIncomplete++;
      return judged;
    }
    const { keyframe, priority } = this.#class;
    this.queue.add({ data: payload, timestampTicks, durationTicks: judged, keyframe, priority, complete: true });
    return undefined;
  }
}
