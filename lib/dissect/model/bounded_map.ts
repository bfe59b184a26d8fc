/**
 * A map of bounded size whose oldest entry makes room. A plain Map could do it by its order, but finding its first entry
 * costs a walk over all that were deleted before.
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  /** Keys in the order of their insertion, around and around. */
  readonly #keys: K[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** The entry of a key, made where there is none. */
  obtain(key: K, make: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.set(key, value);
    return value;
  }

  /** Oldest first, until one has made room. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  /** Sets an entry; answers the one that had to make room for a new key. */
  set(key: K, value: V): V | undefined {
    if (this.#entries.has(key)) {
      this.#entries.set(key, value);
      return undefined;
    }
    let evicted: V | undefined;
    if (this.#keys.length < this.#capacity) this.#keys.push(key);
    else {
      const oldest = this.#keys[this.#next];
      evicted = this.#entries.get(oldest);
      this.#entries.delete(oldest);
      this.#keys[this.#next] = key;
      this.#next = (this.#next + 1) % this.#capacity;
    }
    this.#entries.set(key, value);
    return evicted;
  }
}
