/**
 * Socket addresses in front of an {@link AddressTable}, so that a packet's address becomes a number, and back, without
 * text: the text is made once, when an address is new.
 */
import type { AddressTable } from "../../base/address_table.ts";
import { type Family, readSockaddr, SOCKADDR_BYTES, sockaddrBytes, writeSockaddr } from "./sockaddr.ts";

const NONE = -1;

export class AddressCache {
  /** Socket address `n` at {@link at}(n); only what {@link ensure} has answered true for means anything. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array;
  readonly #family: Family;
  readonly #table: AddressTable;
  /** By number: which meaning of the number the bytes hold; 0 for none. */
  readonly #serials: Uint32Array;
  /** Numbers by hash: a guess that is checked, so that whatever it holds does no harm. */
  readonly #guesses: Int32Array;
  readonly #mask: number;

  constructor(table: AddressTable, family: Family) {
    const slots = 2 ** Math.ceil(Math.log2(2 * table.capacity));
    this.#table = table;
    this.#family = family;
    this.bytes = new Uint8Array(table.capacity * SOCKADDR_BYTES);
    this.#words = new Uint32Array(this.bytes.buffer);
    this.#serials = new Uint32Array(table.capacity);
    this.#guesses = new Int32Array(slots).fill(NONE);
    this.#mask = slots - 1;
  }

  at(number: number): number {
    return number * SOCKADDR_BYTES;
  }

  /** The number of the socket address in `words[word..]` (7 words, as the system has filled them in). */
  numberOf(words: Uint32Array, word: number): number {
    const slot = this.#hash(words, word);
    const guess = this.#guesses[slot];
    if (guess !== NONE && this.#holds(guess, words, word)) return guess;
    const source = new Uint8Array(words.buffer, words.byteOffset + 4 * word, SOCKADDR_BYTES);
    const { host, port } = readSockaddr(source, 0);
    const number = this.#table.intern(host, port);
    this.bytes.set(source.subarray(0, sockaddrBytes(this.#family)), this.at(number));
    this.#serials[number] = this.#table.serialOf(number);
    this.#guesses[slot] = number;
    return number;
  }

  /** True when the socket address of `number` is in {@link bytes}; false for a number that nothing can be sent to. */
  ensure(number: number): boolean {
    const serial = this.#table.serialOf(number);
    if (serial === 0) return false;
    if (this.#serials[number] === serial) return true;
    const address = this.#table.describe(number);
    if (address === undefined || !writeSockaddr(address, this.#family, this.bytes, this.at(number))) return false;
    this.#serials[number] = serial;
    return true;
  }

  /** Copies the socket address of `number` into 7 words; false when it has none. */
  copy(number: number, words: Uint32Array, word: number): boolean {
    if (!this.ensure(number)) return false;
    const own = (number * SOCKADDR_BYTES) / 4;
    for (let i = 0; i < SOCKADDR_BYTES / 4; i++) words[word + i] = this.#words[own + i];
    return true;
  }

  #holds(number: number, words: Uint32Array, word: number): boolean {
    if (this.#serials[number] !== this.#table.serialOf(number)) return false;
    const count = sockaddrBytes(this.#family) / 4;
    const own = (number * SOCKADDR_BYTES) / 4;
    // IPv4's last two words are padding, which is nobody's.
    for (let i = 0; i < count - (count === 4 ? 2 : 0); i++) if (this.#words[own + i] !== words[word + i]) return false;
    return true;
  }

  #hash(words: Uint32Array, word: number): number {
    const count = sockaddrBytes(this.#family) === 16 ? 2 : 7;
    let h = 0;
    for (let i = 0; i < count; i++) h = Math.imul(h ^ words[word + i], 0x9e3779b1) ^ (h >>> 15);
    return (h ^ (h >>> 16)) & this.#mask;
  }
}
