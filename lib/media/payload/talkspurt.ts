/**
 * The marker of audio: set on the first packet of a talkspurt, that is of the stream and after every pause
 * (RFC 3551 §4.1). Receivers do not depend on it.
 */
export class Talkspurt {
  #nextTicks: number | undefined;

  /** The marker of the frame at `timestampTicks`; `durationTicks` 0 is unknown, and then the next frame has none. */
  marker(timestampTicks: number, durationTicks: number): boolean {
    const begins = this.#nextTicks === undefined || (this.#nextTicks >= 0 && timestampTicks !== this.#nextTicks);
    this.#nextTicks = durationTicks > 0 ? timestampTicks + durationTicks : -1;
    return begins;
  }
}
