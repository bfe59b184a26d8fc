/**
 * NAL units in an Annex B byte stream (ITU-T H.264 and H.265, Annex B):
 *
 * ```
 * [leading zeros] ( [00] 00 00 01  NAL unit  [trailing zeros] )*
 * ```
 *
 * Readers accept 3- and 4-byte start codes and stray zeros anywhere between NAL units. Writers have one canonical form,
 * the shortest that B.1.2 allows: `00 00 00 01` before the first NAL unit of an access unit and before parameter sets,
 * `00 00 01` before all others. It is what x264, x265 and ffmpeg write, so their files come through unchanged.
 */

/** Walks the NAL units of one buffer without allocating: `start`..`end` is the current one, its header included. */
export class NalCursor {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the payload after the next start code begins; -1 when there is none. */
  #next = -1;
  start = 0;
  end = 0;
  /** False when bytes other than zeros come before the first start code: this is no Annex B data. */
  aligned = true;

  /** Begins at the first NAL unit of `bytes`, which are borrowed until the next `open`. */
  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#next = afterStartCode(bytes, 0);
    const head = this.#next < 0 ? bytes.length : this.#next - 3;
    this.aligned = lastNonZero(bytes, 0, head) === 0;
  }

  /** Where the next NAL unit begins (it may be empty), found without reading it; -1 at the end. */
  get nextStart(): number {
    return this.#next;
  }

  /** Moves {@link nextStart} past one NAL unit, which does not become the current one. */
  skip(): void {
    if (this.#next >= 0) this.#next = afterStartCode(this.#bytes, this.#next);
  }

  /** Moves to the next NAL unit that is not empty; false at the end. */
  advance(): boolean {
    while (this.#next >= 0) {
      this.start = this.#next;
      this.#next = afterStartCode(this.#bytes, this.start);
      const limit = this.#next < 0 ? this.#bytes.length : this.#next - 3;
      this.end = lastNonZero(this.#bytes, this.start, limit);
      if (this.end > this.start) return true;
    }
    return false;
  }
}

/** Index after the first `00 00 01` at or after `from`; -1 when there is none. */
function afterStartCode(b: Uint8Array, from: number): number {
  let i = from + 2;
  while (i < b.length) {
    const byte = b[i];
    if (byte > 1) i += 3;
    else if (byte === 0) i += 1;
    else if (b[i - 1] === 0 && b[i - 2] === 0) return i + 1;
    else i += 3;
  }
  return -1;
}

/** `to` without the zeros before it, at least `from`. A NAL unit never ends in zero (H.264 §7.4.1), so they are filling. */
function lastNonZero(b: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && b[end - 1] === 0) end--;
  return end;
}

/** Bytes of the canonical start code. */
export function startCodeBytes(first: boolean, parameterSet: boolean): 3 | 4 {
  return first || parameterSet ? 4 : 3;
}

/** Writes a start code of `bytes` bytes; returns it. */
export function writeStartCode(b: Uint8Array, at: number, bytes: 3 | 4): number {
  b.fill(0, at, at + bytes - 1);
  b[at + bytes - 1] = 1;
  return bytes;
}
