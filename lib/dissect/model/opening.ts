/** What came out when a unit was opened with keys: for those who have them, see `keys/`. */
export type Opening =
  | {
    readonly kind: "opened";
    /**
     * The plain unit in bytes of its own: a packet with its full header, an RTCP compound, a message with its seal but for
     * the tag.
     */
    readonly plain: Uint8Array;
    readonly epoch: number;
    /** 48-bit index of a media packet, 31-bit index of RTCP; -1 of a message. */
    readonly index: number;
  }
  /** A key was there, and it did not fit. */
  | { readonly kind: "failed"; readonly reason: "auth" | "decrypt" | "truncated" };
