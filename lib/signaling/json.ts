/**
 * Strict I-JSON (RFC 7493, RFC 8259): one value, no duplicate member names, no byte order mark, no lone surrogates or
 * noncharacters, nothing behind the value, and limits on size and depth.
 *
 * `JSON.parse` sees neither duplicates nor limits, and says nothing of where a member stands in the text. This reader
 * keeps its own stack, so that depth costs no recursion; its time and memory are linear in the input.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import { type Fault, fault, type FaultReason, ok, type Parsed } from "../base/parsed.ts";
import { integerEnd, isDigit, numberAt, numberEnd } from "./json_number.ts";
import { formatPath } from "./json_path.ts";
import type { JsonDocument, JsonSpan, JsonValue, TextRange } from "./json_value.ts";

/** Defaults are those of a message (SPEC §5): 65,535 bytes of UTF-8, 16 objects and arrays inside one another. */
export interface JsonLimits {
  readonly maxBytes?: number;
  readonly maxDepth?: number;
}

export const MAX_JSON_BYTES = 65_535;
export const MAX_JSON_DEPTH = 16;

/**
 * One I-JSON value out of UTF-8 bytes or text. Faults: `too_large` (bytes, depth), `duplicate_key`, `bad_value` (a number
 * beyond the range of a double), `bad_json` (all else), with their offset and, inside of objects and arrays, their path.
 * The first in the text counts.
 *
 * SPEC ARC-SIG-json-size, ARC-SIG-json-utf8, ARC-SIG-json-duplicate-key, ARC-SIG-json-depth.
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits = {}): Parsed<JsonValue> {
  const parsed = readDocument(input, limits, false);
  return parsed.ok ? ok(parsed.value.value) : parsed;
}

/** As {@link parseJson}, with the place of every value. */
export function parseJsonDocument(input: string | Uint8Array, limits: JsonLimits = {}): Parsed<JsonDocument> {
  return readDocument(input, limits, true);
}

function readDocument(input: string | Uint8Array, limits: JsonLimits, withSpans: boolean): Parsed<JsonDocument> {
  const { maxBytes = MAX_JSON_BYTES, maxDepth = MAX_JSON_DEPTH } = limits;
  if (exceeds(input, maxBytes)) {
    return fault("too_large", `Cannot parse JSON: more than ${maxBytes} bytes`, { offset: maxBytes });
  }
  if (typeof input === "string") return new Reader(input, maxDepth, withSpans, false).read();
  const decoded = decodeUtf8(input);
  if (!decoded.ok) return decoded;
  const text = decoded.value;
  return new Reader(text, maxDepth, withSpans, text.length < input.length).read();
}

function exceeds(input: string | Uint8Array, maxBytes: number): boolean {
  if (input.length > maxBytes) return true;
  return typeof input === "string" && input.length * 3 > maxBytes && utf8Length(input, input.length) > maxBytes;
}

/** Bytes of UTF-8 that a UTF-16 code unit stands for. A pair counts 4 bytes at its first unit. */
function bytesOf(unit: number): number {
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  if (unit < 0xd800 || unit > 0xdfff) return 3;
  return unit <= 0xdbff ? 4 : 0;
}

/** The UTF-8 offset of the code unit at `end`. */
function utf8Length(text: string, end: number): number {
  let bytes = 0;
  for (let i = 0; i < end; i++) bytes += bytesOf(text.charCodeAt(i));
  return bytes;
}

/** The UTF-8 offset of each code unit, and of the end: {@link utf8Length} for whoever asks often. */
function byteOffsets(text: string): Uint32Array {
  const offsets = new Uint32Array(text.length + 1);
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    offsets[i] = bytes;
    bytes += bytesOf(text.charCodeAt(i));
  }
  offsets[text.length] = bytes;
  return offsets;
}

/** An object or array that is still open. */
interface Frame {
  readonly start: number;
  readonly isObject: boolean;
  /** Empty in the other kind of frame. */
  readonly members: Record<string, JsonValue>;
  readonly items: JsonValue[];
  readonly memberSpans: Map<string, JsonSpan> | undefined;
  readonly itemSpans: JsonSpan[] | undefined;
  /** The member being read. */
  name: string;
  nameRange: TextRange | undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const NO_MEMBERS: Record<string, JsonValue> = {};
const NO_ITEMS: JsonValue[] = [];
const NOT_INTERCHANGEABLE = /[\p{Surrogate}\p{Noncharacter_Code_Point}]/u;
const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function closerOf(frame: Frame): number {
  return frame.isObject ? CLOSE_BRACE : CLOSE_BRACKET;
}

const NO_SPAN: JsonSpan = { start: 0, end: 0 };

/** One pass over the text. Methods that can fail answer false after {@link Reader.#fail}. */
class Reader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #withSpans: boolean;
  /** The input was bytes, and offsets in it are not those in the text. */
  readonly #countsBytes: boolean;
  /** For spans; a fault is but one offset. */
  readonly #byteOf: Uint32Array | undefined;
  readonly #stack: Frame[] = [];
  #at = 0;
  /** The value read last, and its span. */
  #value: JsonValue = null;
  #span: JsonSpan = NO_SPAN;
  #fault: Fault | undefined;

  constructor(text: string, maxDepth: number, withSpans: boolean, countsBytes: boolean) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#withSpans = withSpans;
    this.#countsBytes = countsBytes;
    this.#byteOf = countsBytes && withSpans ? byteOffsets(text) : undefined;
  }

  read(): Parsed<JsonDocument> {
    if (this.#readValue() && this.#readEnd()) return ok({ value: this.#value, span: this.#span });
    return { ok: false, fault: this.#fault ?? { reason: "bad_json", message: "Cannot parse JSON" } };
  }

  #readValue(): boolean {
    for (;;) {
      this.#skipSpace();
      const opener = this.#text.charCodeAt(this.#at);
      if (opener === OPEN_BRACE || opener === OPEN_BRACKET) {
        if (!this.#open(opener === OPEN_BRACE)) return false;
        const frame = this.#stack[this.#stack.length - 1];
        this.#skipSpace();
        if (this.#text.charCodeAt(this.#at) !== closerOf(frame)) {
          if (frame.isObject && !this.#readName(frame)) return false;
          continue;
        }
        this.#close(frame);
      } else if (!this.#readScalar()) return false;
      // A value is complete: it may complete the objects and arrays around it.
      for (;;) {
        if (this.#stack.length === 0) return true;
        const frame = this.#stack[this.#stack.length - 1];
        this.#add(frame);
        this.#skipSpace();
        const next = this.#text.charCodeAt(this.#at);
        if (next === closerOf(frame)) {
          this.#close(frame);
          continue;
        }
        if (next !== COMMA) {
          return this.#fail("bad_json", `expected "," or "${frame.isObject ? "}" : "]"}"`, this.#at);
        }
        this.#at++;
        this.#skipSpace();
        if (frame.isObject && !this.#readName(frame)) return false;
        break;
      }
    }
  }

  #readEnd(): boolean {
    this.#skipSpace();
    return this.#at === this.#text.length || this.#fail("bad_json", "expected the end of the text", this.#at);
  }

  #open(isObject: boolean): boolean {
    if (this.#stack.length >= this.#maxDepth) {
      return this.#fail("too_large", `more than ${this.#maxDepth} objects and arrays inside one another`, this.#at);
    }
    this.#stack.push({
      start: this.#at,
      isObject,
      members: isObject ? {} : NO_MEMBERS,
      items: isObject ? NO_ITEMS : [],
      memberSpans: this.#withSpans && isObject ? new Map() : undefined,
      itemSpans: this.#withSpans && !isObject ? [] : undefined,
      name: "",
      nameRange: undefined,
    });
    this.#at++;
    return true;
  }

  #close(frame: Frame): void {
    this.#at++;
    this.#stack.pop();
    this.#value = frame.isObject ? frame.members : frame.items;
    if (this.#withSpans) {
      const range = this.#range(frame.start, this.#at);
      this.#span = frame.isObject ? { ...range, members: frame.memberSpans } : { ...range, items: frame.itemSpans };
    }
  }

  #add(frame: Frame): void {
    if (!frame.isObject) {
      frame.items.push(this.#value);
      frame.itemSpans?.push(this.#span);
      return;
    }
    // Assigning to __proto__ would change the object's prototype instead of making a member.
    if (frame.name === "__proto__") {
      const member = { value: this.#value, enumerable: true, configurable: true, writable: true };
      Object.defineProperty(frame.members, frame.name, member);
    } else frame.members[frame.name] = this.#value;
    frame.memberSpans?.set(frame.name, { ...this.#span, name: frame.nameRange });
  }

  /** A member's name and its colon. */
  #readName(frame: Frame): boolean {
    const start = this.#at;
    if (this.#text.charCodeAt(start) !== QUOTE) return this.#fail("bad_json", "expected a member name", start);
    const name = this.#readString();
    if (name === undefined) return false;
    frame.name = name;
    if (this.#withSpans) frame.nameRange = this.#range(start, this.#at);
    if (Object.hasOwn(frame.members, name)) return this.#fail("duplicate_key", "a member name occurs twice", start);
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== COLON) return this.#fail("bad_json", 'expected ":"', this.#at);
    this.#at++;
    return true;
  }

  #readScalar(): boolean {
    const start = this.#at;
    const first = this.#text.charCodeAt(start);
    switch (first) {
      case QUOTE: {
        const text = this.#readString();
        return text !== undefined && this.#complete(text, start, false);
      }
      case 0x74:
        if (this.#text.startsWith("true", start)) return this.#word("true", true);
        break;
      case 0x66:
        if (this.#text.startsWith("false", start)) return this.#word("false", false);
        break;
      case 0x6e:
        if (this.#text.startsWith("null", start)) return this.#word("null", null);
        break;
      default: {
        const end = integerEnd(this.#text, start);
        if (end > 0) return this.#readNumber(start, end);
      }
    }
    const found = start === this.#text.length ? "the end of the text" : "something else";
    return this.#fail("bad_json", `expected a value, got ${found}`, start);
  }

  #word(word: string, value: boolean | null): boolean {
    const start = this.#at;
    this.#at += word.length;
    return this.#complete(value, start, false);
  }

  #readNumber(start: number, end: number): boolean {
    this.#at = numberEnd(this.#text, end);
    const digitsOnly = this.#at === end && isDigit(this.#text.charCodeAt(start));
    const number = numberAt(this.#text, start, this.#at, digitsOnly);
    if (Number.isFinite(number)) return this.#complete(number, start, digitsOnly);
    return this.#fail("bad_value", "a number beyond the range of a double", start);
  }

  #complete(value: JsonValue, start: number, digitsOnly: boolean): boolean {
    this.#value = value;
    if (this.#withSpans) {
      const range = this.#range(start, this.#at);
      this.#span = digitsOnly ? { ...range, digitsOnly } : range;
    }
    return true;
  }

  /** The string that starts at the quote under the cursor. */
  #readString(): string | undefined {
    const text = this.#text;
    const start = this.#at;
    let i = start + 1;
    let from = i;
    let read = "";
    let suspicious = false;
    for (;;) {
      const unit = text.charCodeAt(i);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        const escape = text[i + 1];
        const hex = escape === "u" ? text.slice(i + 2, i + 6) : "";
        const plain = Object.hasOwn(ESCAPED, escape ?? "") ? ESCAPED[escape] : undefined;
        if (plain === undefined && !/^[0-9a-fA-F]{4}$/.test(hex)) {
          this.#fail("bad_json", "unknown escape in a string", i);
          return undefined;
        }
        read += text.slice(from, i) + (plain ?? String.fromCharCode(parseInt(hex, 16)));
        suspicious ||= plain === undefined;
        i += plain === undefined ? 6 : 2;
        from = i;
        continue;
      }
      // NaN at the end of the text is not >= 0x20 either.
      if (!(unit >= 0x20)) {
        const what = i >= text.length ? "unterminated string" : "control character in a string";
        this.#fail("bad_json", what, i);
        return undefined;
      }
      if (unit >= 0xd800) suspicious = true;
      i++;
    }
    read = read === "" ? text.slice(from, i) : read + text.slice(from, i);
    this.#at = i + 1;
    if (suspicious && NOT_INTERCHANGEABLE.test(read)) {
      this.#fail("bad_json", "lone surrogate or noncharacter in a string", start);
      return undefined;
    }
    return read;
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit > 0x20 || (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09)) return;
      this.#at++;
    }
  }

  #range(start: number, end: number): TextRange {
    const byteOf = this.#byteOf;
    return byteOf === undefined ? { start, end } : { start: byteOf[start], end: byteOf[end] };
  }

  /** Notes the fault and answers false. */
  #fail(reason: FaultReason, what: string, at: number): false {
    const offset = this.#countsBytes ? utf8Length(this.#text, at) : at;
    const path = formatPath(this.#stack.map((frame) => frame.isObject ? frame.name : frame.items.length));
    this.#fault = { reason, offset, path, message: `Cannot parse JSON: ${what} at ${offset}` };
    return false;
  }
}
