/** What one relay takes on, in all and from one party. SPEC ARC-RELAY-limits. */
export interface RelayLimits {
  /** Sessions with a binding; a BIND for one more is `busy`. */
  readonly maxSessions: number;
  /** Packets per second of one session, both directions together. */
  readonly sessionPps: number;
  /** Bits per second of one session, both directions together; units only, without IP and UDP headers. */
  readonly sessionBps: number;
  /** Bits per second of all sessions; Infinity for none. */
  readonly totalBps: number;
  /** Bindings of one source address (IPv4, or IPv6 /64); a BIND for one more is `busy`. */
  readonly bindingsPerSource: number;
  /** Plain messages per second that are read from one source address; bursts of twice as many pass. */
  readonly messagesPerSource: number;
  /** The same over all sources: what a flood from forged addresses can make the relay read. */
  readonly messagesOverall: number;
  /** Packets that may wait for a limit, of all sessions together. */
  readonly queuePackets: number;
  /** How long the queue of a limit may grow: its bytes are what the limit lets through in this time. */
  readonly queueMs: number;
}

export const DEFAULT_RELAY_LIMITS: RelayLimits = {
  maxSessions: 1000,
  sessionPps: 5000,
  sessionBps: 20_000_000,
  totalBps: Infinity,
  bindingsPerSource: 64,
  messagesPerSource: 50,
  messagesOverall: 5000,
  queuePackets: 4096,
  queueMs: 100,
};
