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
/** 00, 01, ... 99: numbers are written two digits at a time. */
const DIGIT_PAIRS = new TextEncoder().encode(
  Array.from({ length: 100 }, (_, i) => String(i).padStart(2, "0")).join(""),
);
/** Small integers divide several times faster; what is above is written in parts. */
const MAX_SMALL = 0x3fff_ffff;
const LOW_DIGITS = 6;
const LOW_PART = 10 ** LOW_DIGITS;

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

  /** Text that is UTF-8 already, of one line at most. */
  encoded(text: Uint8Array): void {
    if (text.length > SLACK_BYTES / 4) this.#reserve(text.length + SLACK_BYTES);
    this.#bytes.set(text, this.#at);
    this.#at += text.length;
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
    if (value > MAX_SMALL) {
      const high = Math.floor(value / LOW_PART);
      this.#digits(high, width - LOW_DIGITS, fill);
      this.#digits(value - high * LOW_PART, LOW_DIGITS, ZERO);
      return;
    }
    const bytes = this.#bytes;
    let rest = value | 0;
    const count = digitsOf(rest);
    let start = this.#at;
    for (let spare = width - count; spare > 0; spare--) bytes[start++] = fill;
    let at = start + count;
    this.#at = at;
    while (rest >= 100) {
      const hundreds = (rest / 100) | 0;
      const pair = 2 * (rest - 100 * hundreds);
      bytes[--at] = DIGIT_PAIRS[pair + 1];
      bytes[--at] = DIGIT_PAIRS[pair];
      rest = hundreds;
    }
    bytes[--at] = DIGIT_PAIRS[2 * rest + 1];
    if (at > start) bytes[--at] = DIGIT_PAIRS[2 * rest];
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    this.flush();
    if (bytes > this.#bytes.length) this.#bytes = new Uint8Array(2 * bytes);
  }
}

/** Of a small integer from 0 on. */
function digitsOf(value: number): number {
  if (value < 100_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : value < 10_000 ? 4 : 5;
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  return value < 100_000_000 ? 8 : value < 1_000_000_000 ? 9 : 10;
}
