import { addressKey } from "./address_key.ts";

export interface AddressRateLimits {
  /** Sustained events per second of one address (see {@link addressKey}); bursts of twice as many pass. */
  readonly perAddress: number;
  /** Sustained events per second of all addresses together; bursts of twice as many pass. */
  readonly overall: number;
}

/** Addresses that are remembered; beyond them the one that was new first is forgotten. */
const MAX_ADDRESSES = 4096;

interface Bucket {
  tokens: number;
  refilledMs: number;
}

/** Rate limit per source address and over all of them, in bounded memory: for datagrams, whose sources may be forged. */
export class AddressRate {
  readonly #limits: AddressRateLimits;
  readonly #all: Bucket;
  readonly #addresses = new Map<string, Bucket>();

  constructor(limits: AddressRateLimits, nowMs: number) {
    this.#limits = limits;
    this.#all = { tokens: 2 * limits.overall, refilledMs: nowMs };
  }

  /** True when one more event from `ip` is within the limits; counts it then. */
  admit(ip: string, nowMs: number): boolean {
    const bucket = this.#bucket(addressKey(ip), nowMs);
    refill(bucket, this.#limits.perAddress, nowMs);
    refill(this.#all, this.#limits.overall, nowMs);
    if (bucket.tokens < 1 || this.#all.tokens < 1) return false;
    bucket.tokens--;
    this.#all.tokens--;
    return true;
  }

  #bucket(key: string, nowMs: number): Bucket {
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    if (this.#addresses.size >= MAX_ADDRESSES) {
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest);
        break;
      }
    }
    const bucket = { tokens: 2 * this.#limits.perAddress, refilledMs: nowMs };
    this.#addresses.set(key, bucket);
    return bucket;
  }
}

function refill(bucket: Bucket, perSecond: number, nowMs: number): void {
  bucket.tokens = Math.min(2 * perSecond, bucket.tokens + ((nowMs - bucket.refilledMs) * perSecond) / 1000);
  bucket.refilledMs = nowMs;
}
