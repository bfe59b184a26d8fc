/**
 * The case that is being made: edited in one buffer that all cases share, so that making one allocates only the case
 * itself.
 */

const FIRST_ROOM_BYTES = 65_536;

export class CaseDraft {
  /** Beyond `length` lies what earlier cases left. */
  bytes = new Uint8Array(FIRST_ROOM_BYTES);
  length = 0;

  /** Starts over with a copy of `bytes`. */
  open(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.bytes.set(bytes);
    this.length = bytes.length;
  }

  cut(length: number): void {
    this.length = Math.min(this.length, length);
  }

  /** Takes out `count` bytes at `at`, or as many as there are. */
  remove(at: number, count: number): void {
    const end = Math.min(this.length, at + count);
    if (end <= at) return;
    this.bytes.copyWithin(at, end, this.length);
    this.length -= end - at;
  }

  /** Makes room for `count` bytes at `at`; what they hold is the caller's to write. */
  makeRoom(at: number, count: number): void {
    this.#reserve(this.length + count);
    if (at < this.length) this.bytes.copyWithin(at + count, at, this.length);
    this.length += count;
  }

  /** Inserts `source[from..end]`, which may not be the draft itself, at `at`. */
  insert(at: number, source: Uint8Array, from: number, end: number): void {
    this.makeRoom(at, end - from);
    const { bytes } = this;
    for (let i = from; i < end; i++) bytes[at++] = source[i];
  }

  /** Inserts a second time what stands at `from..end`. */
  repeat(at: number, from: number, end: number): void {
    const count = end - from;
    this.makeRoom(at, count);
    // What lay behind the gap has moved; what lies across it is in two pieces.
    const { bytes } = this;
    for (let i = from; i < end; i++) bytes[at + i - from] = bytes[i < at ? i : i + count];
  }

  #reserve(bytes: number): void {
    if (this.bytes.length >= bytes) return;
    const larger = new Uint8Array(2 * bytes);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
