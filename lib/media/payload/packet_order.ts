/** What a packet follows: nothing, the packet before it, or a gap. */
export type PacketPlace = "first" | "next" | "gap";

/** Watches the packet index of one stream: what follows what, and how many never came. */
export class PacketOrder {
  #last: number | undefined;
  packetsMissing = 0;

  /** `stale`: not above the last index, to be refused. `first` and `gap`: the packet before is not known. */
  accept(seqIndex: number): PacketPlace | "stale" {
    const last = this.#last;
    if (last === undefined) {
      this.#last = seqIndex;
      return "first";
    }
    if (seqIndex <= last) return "stale";
    this.#last = seqIndex;
    if (seqIndex === last + 1) return "next";
    this.packetsMissing += seqIndex - last - 1;
    return "gap";
  }

  /** The message for a stale index. */
  get expected(): string {
    return `packet index above ${this.#last ?? "none"}`;
  }
}
