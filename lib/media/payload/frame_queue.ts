import type { MediaFrame } from "../frame.ts";

/** Finished frames between `push` and `poll`. They borrow bytes that the next push overwrites, so it forgets them. */
export class FrameQueue {
  readonly #frames: MediaFrame[] = [];
  #head = 0;
  frames = 0;
  framesUnread = 0;

  add(frame: MediaFrame): void {
    this.#frames.push(frame);
    this.frames++;
  }

  poll(): MediaFrame | undefined {
    return this.#head < this.#frames.length ? this.#frames[this.#head++] : undefined;
  }

  /** Drops what nobody polled, and counts it. */
  forget(): void {
    this.framesUnread += this.#frames.length - this.#head;
    this.#frames.length = 0;
    this.#head = 0;
  }
}
