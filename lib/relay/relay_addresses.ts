/** Where units come from and go to, as the relay sees it: numbers, which the transports around it explain. */

/** What is behind an address number. */
export interface RelaySource {
  /** IP address as text without zone; an IPv4 address never in its IPv6 form. */
  readonly ip: string;
  readonly port: number;
  /** What limits per source count by: sources that one party may have many of (an IPv6 /64) share it. */
  readonly limitKey: string;
  readonly transport: "udp" | "tcp" | "tls";
}

/** The transports' address table. Numbers are 0..capacity-1. */
export interface RelayAddresses {
  readonly capacity: number;
  /** Undefined when the number means nothing, or no more. */
  describe(address: number): RelaySource | undefined;
  /** Keeps a number's meaning until {@link unpin}: a binding sends there. */
  pin(address: number): void;
  unpin(address: number): void;
}

/** In place of an address, a peer or a slot: there is none. */
export const NONE = -1;
