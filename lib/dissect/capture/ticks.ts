/** Timestamps of 64 bits in units of their own, as pcapng has them, to seconds and nanoseconds without loss. */

const NS_PER_S = 1_000_000_000;

export class TickClock {
  /** The result of the last {@link read}. */
  seconds = 0;
  nanoseconds = 0;

  readonly #perSecond: number;
  readonly #offsetS: number;
  /** Nanoseconds in a tick, where that is a whole number; 0 otherwise. */
  readonly #nsPerTick: number;
  readonly #slowPerSecond: bigint | undefined;

  /**
   * `resolution` is pcapng's `if_tsresol`: a tick is ten to the minus `resolution` seconds, or two to the minus its low
   * 7 bits where the top bit is set. `offsetS` is added to the seconds.
   */
  constructor(resolution: number, offsetS = 0) {
    const exponent = resolution & 0x7f;
    const base = (resolution & 0x80) === 0 ? 10 : 2;
    this.#perSecond = base ** exponent;
    this.#offsetS = offsetS;
    this.#nsPerTick = NS_PER_S % this.#perSecond === 0 ? NS_PER_S / this.#perSecond : 0;
    // Above 2^23 ticks a product with a billion is no exact number any more.
    const isExact = this.#nsPerTick > 0 || this.#perSecond <= 2 ** 23;
    this.#slowPerSecond = isExact ? undefined : BigInt(base) ** BigInt(exponent);
  }

  /** Reads the ticks `high * 2^32 + low`, both unsigned. */
  read(high: number, low: number): void {
    if (this.#slowPerSecond !== undefined) return this.#readSlowly(high, low, this.#slowPerSecond);
    const rate = this.#perSecond;
    let seconds: number;
    let rest: number;
    if (high < 0x20_0000) {
      const ticks = high * 0x1_0000_0000 + low;
      seconds = Math.floor(ticks / rate);
      rest = ticks - seconds * rate;
    } else {
      // Long division in digits of 16 bits: rest * 65536 stays exact.
      seconds = Math.floor(high / rate);
      rest = high - seconds * rate;
      for (let shift = 16; shift >= 0; shift -= 16) {
        const value = rest * 65_536 + ((low >>> shift) & 0xffff);
        const quotient = Math.floor(value / rate);
        seconds = seconds * 65_536 + quotient;
        rest = value - quotient * rate;
      }
    }
    this.seconds = seconds + this.#offsetS;
    this.nanoseconds = this.#nsPerTick > 0 ? rest * this.#nsPerTick : Math.floor((rest * NS_PER_S) / rate);
  }

  #readSlowly(high: number, low: number, rate: bigint): void {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    this.seconds = Number(ticks / rate) + this.#offsetS;
    this.nanoseconds = Number(((ticks % rate) * BigInt(NS_PER_S)) / rate);
  }
}
