/**
 * Lines of output built as bytes in one buffer: a capture has millions of them, and a string for each would cost more
 * than reading it.
 */

const FLUSH_BYTES = 64 * 1024;
/** The longest single piece that is not text of its own length: numbers, padding. */
const SLACK_BYTES = 512;

const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");
const SPACE = 0x20;
const ZERO = 0x30;

export class TextBuffer {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(FLUSH_BYTES + 8 * 1024);
  #at = 0;

  /** `write` takes what is ready, borrowed for the call. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  flush(): void {
    if (this.#at > 0) this.#write(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
  }

  /** Ends a line; writes out what has come together, when that is enough. */
  endLine(): void {
    this.#bytes[this.#at++] = 0x0a;
    if (this.#at >= FLUSH_BYTES) this.flush();
    this.#reserve(SLACK_BYTES);
  }

  /** Text of ASCII characters alone. */
  ascii(text: string): void {
    if (text.length > SLACK_BYTES / 4) this.#reserve(text.length + SLACK_BYTES);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  /** Any text. */
  text(text: string): void {
    this.#reserve(3 * text.length + SLACK_BYTES);
    this.#at += this.#encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  spaces(count: number): void {
    for (let i = 0; i < count; i++) this.#bytes[this.#at++] = SPACE;
  }

  /** A whole number from 0 on, in at least `width` columns, filled with spaces in front. */
  decimal(value: number, width = 0): void {
    this.#digits(value, width, SPACE);
  }

  /** As {@link decimal}, filled with zeros. */
  padded(value: number, width: number): void {
    this.#digits(value, width, ZERO);
  }

  hex32(value: number): void {
    for (let shift = 28; shift >= 0; shift -= 4) this.#bytes[this.#at++] = HEX_DIGITS[(value >>> shift) & 15];
  }

  #digits(value: number, width: number, fill: number): void {
    const bytes = this.#bytes;
    let count = 1;
    for (let limit = 10; value >= limit; limit *= 10) count++;
    while (width-- > count) bytes[this.#at++] = fill;
    const end = this.#at + count;
    let at = end;
    let rest = value;
    // Small integers divide several times faster.
    while (rest > 0x3fff_ffff) {
      const next = Math.floor(rest / 10);
      bytes[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    while (at > this.#at) {
      const next = (rest / 10) | 0;
      bytes[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.#at = end;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    this.flush();
    if (bytes > this.#bytes.length) this.#bytes = new Uint8Array(2 * bytes);
  }
}
