/**
 * One frame being put together from payloads, in a buffer that grows to the largest frame and is used again.
 *
 * What is known of its beginning decides what the frame is worth. It is *proven* when the packet before it was there
 * and ended a frame, or when the format itself marks the start; otherwise it may lack packets and is handed over as not
 * `complete`. It is *damaged* when something is certainly missing; then it is never handed over.
 */
export class FrameAssembly {
  #bytes: Uint8Array = new Uint8Array(0);
  /** First byte of the open frame, and the end of it. */
  #start = 0;
  #end = 0;
  readonly #maxBytes: number;

  isOpen = false;
  timestampTicks = 0;
  proven = false;
  /** The packet before this frame's first one is missing. */
  afterGap = false;
  damaged = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the open frame so far. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Makes room at the start of the buffer: finished frames before the open one are no longer borrowed. */
  reclaim(): void {
    if (this.#start === 0) return;
    this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  open(timestampTicks: number, proven: boolean, afterGap: boolean): void {
    this.#start = this.#end;
    this.isOpen = true;
    this.timestampTicks = timestampTicks;
    this.proven = proven;
    this.afterGap = afterGap;
    this.damaged = false;
  }

  /** Adds `count` bytes for the caller to write, and returns where in {@link bytes} they begin; -1 over the limit. */
  extend(count: number): number {
    const at = this.#end;
    if (at - this.#start + count > this.#maxBytes) return -1;
    if (at + count > this.#bytes.length) this.#grow(at + count);
    this.#end += count;
    return at;
  }

  /** Appends `from`..`to` of a payload; false over the limit. */
  append(payload: Uint8Array, from: number, to: number): boolean {
    const at = this.extend(to - from);
    if (at < 0) return false;
    this.#bytes.set(payload.subarray(from, to), at);
    return true;
  }

  /** The buffer that {@link extend} points into; it may change with every call of `extend` or `append`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Offset in {@link bytes} of the open frame's first byte. */
  get startOffset(): number {
    return this.#start;
  }

  /** Cuts the open frame back to its first `length` bytes. */
  truncate(length: number): void {
    this.#end = this.#start + length;
  }

  /** Ends the frame and gives its bytes, borrowed until `reclaim` and the next change. */
  close(): Uint8Array {
    const data = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.isOpen = false;
    return data;
  }

  /** Ends the frame without keeping its bytes. */
  discard(): void {
    this.#end = this.#start;
    this.isOpen = false;
  }

  #grow(need: number): void {
    let capacity = Math.max(4096, this.#bytes.length);
    while (capacity < need) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }
}
