/** Names transport addresses by small integers, so that batches and tables hold numbers instead of text. */
export interface HostPort {
  /** IP address as text; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Numbers from here on name TCP and TLS connections, one each: whoever opens them gives them out. Tables of datagram
 * addresses stay below.
 */
export const FIRST_STREAM_ADDRESS = 0x10_0000;

/** True for the number of a connection. */
export function isStreamAddress(number: number): boolean {
  return number >= FIRST_STREAM_ADDRESS;
}

/**
 * Two-way table of addresses, bounded: the oldest unpinned address makes room when it is full, and its number is given
 * out again only after that. Numbers are 0..capacity-1.
 */
export class AddressTable {
  readonly capacity: number;
  readonly #numbers = new Map<string, number>();
  readonly #addresses: (HostPort | undefined)[] = [];
  readonly #pinned = new Set<number>();
  readonly #serials: Uint32Array;

  /** @throws RangeError above {@link FIRST_STREAM_ADDRESS} addresses. */
  constructor(capacity = 4096) {
    if (capacity > FIRST_STREAM_ADDRESS) throw new RangeError(`address table: ${capacity} addresses are too many`);
    this.capacity = capacity;
    this.#serials = new Uint32Array(capacity);
  }

  /** The number of an address; a new one is added, making room where needed. */
  intern(host: string, port: number): number {
    const key = `${host} ${port}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#addresses.length < this.capacity ? this.#addresses.length : this.#evict();
    this.#numbers.set(key, number);
    this.#addresses[number] = { host, port };
    this.#serials[number]++;
    return number;
  }

  /** Counts the meanings that a number has had: who keeps something beside it sees that it is of another. 0: none yet. */
  serialOf(number: number): number {
    return this.#serials[number] ?? 0;
  }

  /** The address behind a number, or undefined when it was never given out. */
  describe(number: number): HostPort | undefined {
    return this.#addresses[number];
  }

  /** Keeps a number's meaning until {@link unpin}: for addresses that a session still sends to. */
  pin(number: number): void {
    this.#pinned.add(number);
  }

  unpin(number: number): void {
    this.#pinned.delete(number);
  }

  #evict(): number {
    // Map order is insertion order: the first unpinned entry is the oldest. Pinned ones that stand in front go to the
    // back, so that a flood of new addresses does not pass over them again and again.
    for (let left = this.#numbers.size; left > 0; left--) {
      const oldest = this.#numbers.entries().next();
      if (oldest.done) break;
      const [key, number] = oldest.value;
      this.#numbers.delete(key);
      if (!this.#pinned.has(number)) return number;
      this.#numbers.set(key, number);
    }
    throw new Error(`address table: all ${this.capacity} addresses are pinned`);
  }
}

/** `1.2.3.4:5` or `[::1]:5`. */
export function formatHostPort(address: HostPort): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
