/** How much packets vary in delay, from which the jitter buffer takes its target (SPEC ARC-JITTER-adaptive). */

/** Packets looked back on: ten seconds of audio, one or two of video. */
const WINDOW_PACKETS = 512;
/** The figures are brought up to date each so many packets. */
const UPDATE_PACKETS = 16;
/** Before this many packets there is nothing to judge by. */
const MIN_PACKETS = 32;

/**
 * Transit is arrival time less media time: its zero is arbitrary, its changes are the path's. The least transit in the
 * window is the path at its best; what others take more is their delay variation. Memory is constant.
 */
export class DelayEstimate {
  readonly #transitsMs = new Float64Array(WINDOW_PACKETS).fill(Infinity);
  readonly #sortedMs = new Float64Array(WINDOW_PACKETS);
  readonly #rebaseMs: number;
  #count = 0;
  #minMs = Infinity;
  #recentMinMs = Infinity;
  #variation95Ms = NaN;

  /** A path whose best has been worse by `rebaseMs` for a while is another path: the window begins again. */
  constructor(rebaseMs: number) {
    this.#rebaseMs = rebaseMs;
  }

  /** Least transit; Infinity before the first packet. */
  get minTransitMs(): number {
    return this.#minMs;
  }

  /** 95th percentile (nearest rank) of the delay variation; NaN while there are too few packets to tell. */
  get variation95Ms(): number {
    return this.#variation95Ms;
  }

  add(transitMs: number): void {
    this.#transitsMs[this.#count % WINDOW_PACKETS] = transitMs;
    this.#count++;
    if (transitMs < this.#minMs) this.#minMs = transitMs;
    if (transitMs < this.#recentMinMs) this.#recentMinMs = transitMs;
    if (this.#count % UPDATE_PACKETS === 0) this.#update();
  }

  #update(): void {
    if (this.#recentMinMs > this.#minMs + this.#rebaseMs) this.#keepRecent();
    this.#recentMinMs = Infinity;
    const packets = Math.min(this.#count, WINDOW_PACKETS);
    this.#sortedMs.set(this.#transitsMs);
    this.#sortedMs.sort();
    this.#minMs = this.#sortedMs[0];
    if (packets >= MIN_PACKETS) {
      this.#variation95Ms = this.#sortedMs[Math.ceil(packets * 0.95) - 1] - this.#minMs;
    }
  }

  /** Forgets all but the packets since the last update. */
  #keepRecent(): void {
    for (let i = 0; i < UPDATE_PACKETS; i++) {
      this.#sortedMs[i] = this.#transitsMs[(this.#count - UPDATE_PACKETS + i) % WINDOW_PACKETS];
    }
    this.#transitsMs.fill(Infinity);
    for (let i = 0; i < UPDATE_PACKETS; i++) this.#transitsMs[i] = this.#sortedMs[i];
    this.#count = UPDATE_PACKETS;
  }
}
