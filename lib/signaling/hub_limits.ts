/** What a hub allows. */
export interface HubLimits {
  /** Sessions at a time; a join beyond them is `busy`. SPEC ARC-TRANSPORT-server-bounds. */
  readonly maxSessions: number;
  /** Sustained messages per second and channel; bursts of twice as many pass. SPEC ARC-TRANSPORT-server-rate. */
  readonly messagesPerSecond: number;
  /** A channel that is silent for so long is closed. */
  readonly idleMs: number;
}

export const DEFAULT_HUB_LIMITS: HubLimits = { maxSessions: 10_000, messagesPerSecond: 100, idleMs: 90_000 };
