/** Reads plain JSON values field by field and remembers the first thing that does not fit. */
import { EMPTY_BYTES, parseHex, utf8 } from "../../base/bytes.ts";
import { type Fault, fault, type FaultReason } from "../../base/parsed.ts";

/** Where all readers of one document leave the first fault. */
export interface FaultSink {
  fault: Fault | undefined;
}

/** Notes a fault unless there is one already. */
export function refuse(sink: FaultSink, reason: FaultReason, path: string, expected: string): void {
  sink.fault ??= fault(reason, `Cannot read RTCP JSON: expected ${expected} at ${path}`, { path }).fault;
}

/** Where a value stands: a path, or an item of a list in what stands elsewhere. Put together when a fault needs it. */
export type Place = string | { readonly of: Place; readonly list: string; readonly index: number };

function pathOf(place: Place): string {
  return typeof place === "string" ? place : `${pathOf(place.of)}${place.list}[${place.index}]`;
}

/**
 * A JSON object and the path that leads to it. What does not fit is noted in the sink and read as 0, empty or absent, so
 * that readers need no branch for each field: the caller asks the sink at the end.
 */
export class JsonReader {
  readonly #object: { readonly [key: string]: unknown };
  readonly #place: Place;
  readonly #sink: FaultSink;

  constructor(value: unknown, place: Place, sink: FaultSink) {
    this.#place = place;
    this.#sink = sink;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) this.#refuse("bad_type", pathOf(place), "an object");
    this.#object = isObject ? value as { readonly [key: string]: unknown } : {};
  }

  /** Notes that the value of `key` is wrong in a way that only the caller sees. */
  refuse(reason: FaultReason, key: string, expected: string): void {
    this.#refuse(reason, this.#pathTo(key), expected);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  integer(key: string, min: number, max: number): number {
    const value = this.#get(key);
    const wrong = wrongInteger(value, min, max);
    if (wrong === undefined) return value as number;
    this.#refuse(wrong.reason, this.#pathTo(key), wrong.expected);
    return 0;
  }

  u32(key: string): number {
    return this.integer(key, 0, 0xffff_ffff);
  }

  isText(key: string): boolean {
    return this.has(key) && typeof this.#object[key] === "string";
  }

  text(key: string): string {
    const value = this.#get(key);
    if (typeof value === "string") return value;
    this.#refuse("bad_type", this.#pathTo(key), "a string");
    return "";
  }

  /** A text as at most `max` bytes of UTF-8. */
  utf8(key: string, max: number): Uint8Array {
    const bytes = utf8(this.text(key));
    if (bytes.length > max) this.refuse("bad_value", key, `at most ${max} bytes of UTF-8`);
    return bytes;
  }

  /** Hex of at most `max` bytes, a multiple of `step`. */
  hex(key: string, max: number, step = 1): Uint8Array {
    const bytes = parseHex(this.text(key));
    if (bytes.ok && bytes.value.length <= max && bytes.value.length % step === 0) return bytes.value;
    this.refuse("bad_value", key, `hex of at most ${max} bytes, a multiple of ${step}`);
    return EMPTY_BYTES;
  }

  flag(key: string): boolean {
    const value = this.#get(key);
    if (typeof value !== "boolean") this.refuse("bad_type", key, "true or false");
    return value === true;
  }

  /** A list of `min` to `max` objects. */
  objects<T>(key: string, min: number, max: number, read: (entry: JsonReader) => T): T[] {
    const list = `.${key}`;
    return this.#list(key, min, max).map((value, index) =>
      read(new JsonReader(value, { of: this.#place, list, index }, this.#sink))
    );
  }

  /** A list of `min` to `max` integers in 0..`limit`. */
  integers(key: string, min: number, max: number, limit: number): number[] {
    return this.#list(key, min, max).map((value, index) => {
      const wrong = wrongInteger(value, 0, limit);
      if (wrong === undefined) return value as number;
      this.#refuse(wrong.reason, `${this.#pathTo(key)}[${index}]`, wrong.expected);
      return 0;
    });
  }

  #pathTo(key: string): string {
    return `${pathOf(this.#place)}.${key}`;
  }

  #refuse(reason: FaultReason, path: string, expected: string): void {
    refuse(this.#sink, reason, path, expected);
  }

  #get(key: string): unknown {
    if (this.has(key)) return this.#object[key];
    this.#refuse("missing_field", this.#pathTo(key), "a value");
    return undefined;
  }

  /** Empty where it is none, or has not so many entries. */
  #list(key: string, min: number, max: number): readonly unknown[] {
    const value = this.#get(key);
    if (!Array.isArray(value)) {
      this.refuse("bad_type", key, "a list");
      return [];
    }
    if (value.length < min || value.length > max) {
      this.refuse("bad_value", key, `${min} to ${max} entries`);
      return [];
    }
    return value;
  }
}

/** What is wrong with a value that has to be an integer in `min..max`. */
function wrongInteger(
  value: unknown,
  min: number,
  max: number,
): { readonly reason: FaultReason; readonly expected: string } | undefined {
  if (typeof value !== "number") return { reason: "bad_type", expected: "a number" };
  if (Number.isInteger(value) && value >= min && value <= max) return undefined;
  return { reason: "bad_value", expected: `an integer in ${min}..${max}` };
}
