import type { RelayLimits } from "./limits.ts";
import type { RelayCounters } from "./relay_counters.ts";

/** A relay as its operator sees it, whether it is one machine or several side by side. */
export interface RelayState {
  readonly limits: RelayLimits;
  readonly counters: RelayCounters;
  /** Sessions with a bound peer. */
  readonly sessions: number;
  /** Peers with an address. */
  readonly bound: number;
  readonly isDraining: boolean;
  /** Packets that wait for a limit. */
  readonly waiting: number;
}
