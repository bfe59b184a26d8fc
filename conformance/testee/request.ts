/** Reads the fields of a testee request; what is missing or of the wrong type ends the request with `error`. */
import { parseHex } from "../../lib/base/bytes.ts";

/** The request itself is malformed (as opposed to the input that it carries): answered with `error`. */
export class RequestError extends Error {}

export type JsonObject = { readonly [key: string]: unknown };

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Typed access to the fields of one JSON object of a request; `path` names it in errors. */
export class Fields {
  readonly raw: JsonObject;
  readonly #path: string;

  constructor(raw: JsonObject, path = "$") {
    this.raw = raw;
    this.#path = path;
  }

  static of(value: unknown, path: string): Fields {
    if (!isObject(value)) throw new RequestError(`${path} must be an object`);
    return new Fields(value, path);
  }

  /** False for an absent field and for null: both mean "none". */
  has(name: string): boolean {
    return this.raw[name] !== undefined && this.raw[name] !== null;
  }

  /** The same object without one of its fields. */
  without(name: string): Fields {
    const { [name]: _left, ...rest } = this.raw;
    return new Fields(rest, this.#path);
  }

  /** Where a field stands, for faults and errors: `$.header.csrc`. */
  pathOf(name: string): string {
    return `${this.#path}.${name}`;
  }

  /** The field as it came, for readers that judge it themselves. */
  value(name: string): unknown {
    if (this.raw[name] === undefined) throw this.#wrong(name, "present");
    return this.raw[name];
  }

  text(name: string): string {
    const value = this.raw[name];
    if (typeof value !== "string") throw this.#wrong(name, "a string");
    return value;
  }

  textOr(name: string, otherwise: string): string {
    return this.has(name) ? this.text(name) : otherwise;
  }

  /** A text out of `allowed`. */
  oneOf<T extends string>(name: string, allowed: readonly T[], otherwise?: T): T {
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    const value = this.text(name);
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw this.#wrong(name, `one of ${allowed.join(", ")}`);
    return found;
  }

  /** Whole bytes written as hex. */
  hex(name: string): Uint8Array<ArrayBuffer> {
    return this.#bytes(this.text(name), name);
  }

  /** Hex of exactly `bytes` bytes. */
  hexOf(name: string, bytes: number): Uint8Array<ArrayBuffer> {
    const value = this.hex(name);
    if (value.length !== bytes) throw this.#wrong(name, `${bytes} bytes of hex, not ${value.length}`);
    return value;
  }

  /** Hex, or no bytes where the field is absent, null or "". */
  hexOrEmpty(name: string): Uint8Array<ArrayBuffer> {
    return this.has(name) ? this.hex(name) : new Uint8Array(0);
  }

  hexList(name: string): Uint8Array<ArrayBuffer>[] {
    return this.#list(name).map((item, i) => {
      if (typeof item !== "string") throw this.#wrong(`${name}[${i}]`, "a hex string");
      return this.#bytes(item, `${name}[${i}]`);
    });
  }

  texts(name: string): string[] {
    return this.#list(name).map((item, i) => {
      if (typeof item !== "string") throw this.#wrong(`${name}[${i}]`, "a string");
      return item;
    });
  }

  number(name: string): number {
    const value = this.raw[name];
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.#wrong(name, "a number");
    return value;
  }

  numberOr(name: string, otherwise: number): number {
    return this.has(name) ? this.number(name) : otherwise;
  }

  /** An integer in `min..max`. */
  integer(name: string, min: number, max: number): number {
    const value = this.number(name);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw this.#wrong(name, `an integer in ${min}..${max}`);
    }
    return value;
  }

  integerOr(name: string, min: number, max: number, otherwise: number): number {
    return this.has(name) ? this.integer(name, min, max) : otherwise;
  }

  /** An integer, or undefined where the field is absent or null. */
  integerOrNone(name: string, min: number, max: number): number | undefined {
    return this.has(name) ? this.integer(name, min, max) : undefined;
  }

  u32(name: string): number {
    return this.integer(name, 0, 0xffff_ffff);
  }

  integers(name: string, min: number, max: number): number[] {
    return this.#list(name).map((item, i) => {
      if (typeof item !== "number" || !Number.isInteger(item) || item < min || item > max) {
        throw this.#wrong(`${name}[${i}]`, `an integer in ${min}..${max}`);
      }
      return item;
    });
  }

  /** False where the field is absent. */
  flag(name: string, otherwise = false): boolean {
    if (!this.has(name)) return otherwise;
    const value = this.raw[name];
    if (typeof value !== "boolean") throw this.#wrong(name, "true or false");
    return value;
  }

  object(name: string): Fields {
    return Fields.of(this.raw[name], this.pathOf(name));
  }

  objects(name: string): Fields[] {
    return this.#list(name).map((item, i) => Fields.of(item, `${this.pathOf(name)}[${i}]`));
  }

  #list(name: string): readonly unknown[] {
    const value = this.raw[name];
    if (!Array.isArray(value)) throw this.#wrong(name, "a list");
    return value;
  }

  #bytes(text: string, name: string): Uint8Array<ArrayBuffer> {
    const parsed = parseHex(text);
    if (!parsed.ok) throw this.#wrong(name, `hex (${parsed.fault.message})`);
    return parsed.value;
  }

  #wrong(name: string, expected: string): RequestError {
    return new RequestError(`${this.pathOf(name)} must be ${expected}`);
  }
}
