/**
 * One direction of a TCP connection put in order again: retransmissions dropped, segments that came early held back, and
 * what the capture misses passed over, said so, with the stream going on behind it.
 */
import { distance32 } from "../../base/serial.ts";
import type { MemoryBudget } from "./memory_budget.ts";

/** Takes the bytes of one direction, in order. Bytes are borrowed for the call. */
export interface ByteSink {
  /** One segment's new bytes; `isSegmentStart` is true where they begin where a segment began. */
  data(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void;
  /** `bytes` of the stream are not in the capture. */
  gap(bytes: number): void;
  /** Nothing more comes. */
  end(): void;
}

interface HeldSegment {
  readonly sequence32: number;
  readonly bytes: Uint8Array;
  /** Bytes behind these that the capture cut off. */
  readonly cutBytes: number;
}

/** Segments held back, and their bytes, before the hole in front of them is given up. */
const MAX_HELD_SEGMENTS = 256;
const MAX_HELD_BYTES = 262_144;
/** The largest window that TCP has: what is farther off belongs to no window of this stream. */
const MAX_WINDOW_BYTES = 2 ** 30;

export class TcpDirection {
  /** Bytes that came again. */
  retransmittedBytes = 0;
  /** Bytes that the capture does not have. */
  missingBytes = 0;

  readonly #sink: ByteSink;
  readonly #budget: MemoryBudget;
  #isStarted = false;
  #hasEnded = false;
  /** Where a SYN said that the stream begins. */
  #first32: number | undefined;
  #next32 = 0;
  /** Sorted by sequence number; all ahead of {@link #next32}. */
  #held: HeldSegment[] = [];
  #heldBytes = 0;
  /** What the other side has acknowledged of this direction. */
  #acknowledged32 = 0;
  #hasAcknowledgement = false;
  #end32: number | undefined;

  constructor(sink: ByteSink, budget: MemoryBudget) {
    this.#sink = sink;
    this.#budget = budget;
  }

  /** Takes a SYN: the stream begins behind it. False for one of another connection than the present one. */
  open(sequence32: number): boolean {
    const first32 = (sequence32 + 1) >>> 0;
    if (this.#isStarted) return this.#first32 === first32;
    this.#isStarted = true;
    this.#first32 = first32;
    this.#next32 = first32;
    return true;
  }

  /** Takes the payload of a segment; `cutBytes` behind it are not in the capture. */
  segment(sequence32: number, bytes: Uint8Array, start: number, end: number, cutBytes: number): void {
    if (this.#hasEnded || (start === end && cutBytes === 0)) return;
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#next32 = sequence32;
    }
    const ahead = distance32(this.#next32, sequence32);
    if (Math.abs(ahead) > MAX_WINDOW_BYTES) {
      this.#releaseHeld();
      this.#passOver(0);
      this.#next32 = sequence32;
      this.#deliver(bytes, start, end, cutBytes, 0);
    } else if (ahead <= 0) {
      this.#deliver(bytes, start, end, cutBytes, -ahead);
      this.#drain();
    } else {
      this.#takeEarly(sequence32, bytes, start, end, cutBytes);
    }
    this.#checkEnd();
  }

  /** Takes the acknowledgement number of a packet of the other direction. */
  acknowledge(acknowledgement32: number): void {
    if (this.#hasAcknowledgement && distance32(this.#acknowledged32, acknowledgement32) <= 0) return;
    this.#acknowledged32 = acknowledgement32;
    this.#hasAcknowledgement = true;
  }

  /** Takes a FIN that stands at `sequence32`. */
  finish(sequence32: number): void {
    this.#end32 = sequence32;
    this.#checkEnd();
  }

  /** Nothing more comes: what is held is given out, holes and all. */
  close(): void {
    while (this.#held.length > 0) this.#skipHole();
    this.#finishSink();
  }

  #deliver(bytes: Uint8Array, start: number, end: number, cutBytes: number, oldBytes: number): void {
    const have = end - start;
    const fresh = have + cutBytes - oldBytes;
    this.retransmittedBytes += Math.min(oldBytes, have);
    if (fresh <= 0) return;
    this.#next32 = (this.#next32 + fresh) >>> 0;
    if (oldBytes < have) this.#sink.data(bytes, start + oldBytes, end, oldBytes === 0);
    const cut = Math.min(cutBytes, fresh);
    if (cut > 0) this.#passOver(cut);
  }

  /** Gives out the held segments that have become next. */
  #drain(): void {
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      const ahead = distance32(this.#next32, first.sequence32);
      if (ahead > 0) return;
      this.#held.shift();
      this.#giveBack(first);
      this.#deliver(first.bytes, 0, first.bytes.length, first.cutBytes, -ahead);
    }
  }

  /** A segment with a hole in front of it. */
  #takeEarly(sequence32: number, bytes: Uint8Array, start: number, end: number, cutBytes: number): void {
    const hasRoom = this.#held.length < MAX_HELD_SEGMENTS && this.#heldBytes + end - start <= MAX_HELD_BYTES &&
      this.#budget.take(end - start);
    if (hasRoom) {
      this.#hold({ sequence32, bytes: bytes.slice(start, end), cutBytes });
      // Who receives it has what is missing here, so it will not come again.
      if (this.#hasAcknowledgement && distance32(this.#acknowledged32, sequence32) < 0) this.#skipHole();
      return;
    }
    const first = this.#held[0];
    if (first !== undefined && distance32(first.sequence32, sequence32) >= 0) {
      this.#skipHole();
      this.segment(sequence32, bytes, start, end, cutBytes);
      return;
    }
    this.#passOver(distance32(this.#next32, sequence32));
    this.#next32 = sequence32;
    this.#deliver(bytes, start, end, cutBytes, 0);
    this.#drain();
  }

  #hold(segment: HeldSegment): void {
    let at = this.#held.length;
    while (at > 0 && distance32(this.#held[at - 1].sequence32, segment.sequence32) < 0) at--;
    this.#held.splice(at, 0, segment);
    this.#heldBytes += segment.bytes.length;
  }

  #giveBack(segment: HeldSegment): void {
    this.#heldBytes -= segment.bytes.length;
    this.#budget.give(segment.bytes.length);
  }

  #releaseHeld(): void {
    for (const segment of this.#held) this.#giveBack(segment);
    this.#held = [];
  }

  #skipHole(): void {
    const first = this.#held[0];
    if (first === undefined) return;
    const missing = distance32(this.#next32, first.sequence32);
    this.#next32 = first.sequence32;
    if (missing > 0) this.#passOver(missing);
    this.#drain();
  }

  #passOver(bytes: number): void {
    this.missingBytes += bytes;
    this.#sink.gap(bytes);
  }

  #checkEnd(): void {
    if (this.#end32 !== undefined && this.#isStarted && distance32(this.#next32, this.#end32) <= 0) this.#finishSink();
  }

  #finishSink(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sink.end();
  }
}
