/** What was sent under which transport-wide sequence number, until feedback tells what became of it. */

const STATE_NONE = 0;
const STATE_SENT = 1;
const STATE_LOST = 2;
const STATE_ARRIVED = 3;

/** What feedback on a packet means, against what was known of it. */
export type FeedbackEffect = "arrived" | "lost" | "arrived_after_all" | "nothing_new";

/**
 * The last packets sent, in a table of fixed size; each overwrites the one `capacity` numbers before it, so that one which
 * feedback has not told of by then is forgotten.
 */
export class SentPackets {
  readonly #mask: number;
  readonly #sequences: Int32Array;
  readonly #states: Uint8Array;
  readonly #bytes: Uint32Array;
  readonly #sendMs: Float64Array;

  /** `capacity`: a power of two up to 32768. */
  constructor(capacity = 8192) {
    this.#mask = capacity - 1;
    this.#sequences = new Int32Array(capacity).fill(-1);
    this.#states = new Uint8Array(capacity);
    this.#bytes = new Uint32Array(capacity);
    this.#sendMs = new Float64Array(capacity);
  }

  add(sequence16: number, bytes: number, nowMs: number): void {
    const slot = sequence16 & this.#mask;
    this.#sequences[slot] = sequence16;
    this.#states[slot] = STATE_SENT;
    this.#bytes[slot] = bytes;
    this.#sendMs[slot] = nowMs;
  }

  /** Notes feedback on a packet. A loss may be taken back, since late packets are reported again; an arrival may not. */
  note(sequence16: number, hasArrived: boolean): FeedbackEffect {
    const slot = sequence16 & this.#mask;
    const state = this.#sequences[slot] === sequence16 ? this.#states[slot] : STATE_NONE;
    if (state === STATE_SENT) {
      this.#states[slot] = hasArrived ? STATE_ARRIVED : STATE_LOST;
      return hasArrived ? "arrived" : "lost";
    }
    if (state !== STATE_LOST || !hasArrived) return "nothing_new";
    this.#states[slot] = STATE_ARRIVED;
    return "arrived_after_all";
  }

  /** Of a packet that {@link note} has just known. */
  sendMs(sequence16: number): number {
    return this.#sendMs[sequence16 & this.#mask];
  }

  /** Of a packet that {@link note} has just known. */
  bytes(sequence16: number): number {
    return this.#bytes[sequence16 & this.#mask];
  }
}
