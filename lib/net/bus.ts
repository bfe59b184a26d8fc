/**
 * What servers and relays tell one another over (SPEC 6.3): messages by subject, to whoever listens at that moment. A
 * message arrives once or not at all.
 */
export interface Bus {
  /** Sends `bytes`, which are the bus's from here on; dropped while the bus is down. One's own never come back. */
  publish(subject: string, bytes: Uint8Array): void;
  /**
   * Hands over what is published on the subject, in which `*` stands for any one part, until the answered function is
   * called. `bytes` are lent for the call.
   */
  subscribe(subject: string, take: TakeFromBus): () => void;
  /** Resolves when the bus knows of all that was published and subscribed to until now; rejects where it is down. */
  settled(): Promise<void>;
  /** Ends it, once what was published has gone out. */
  close(): Promise<void>;
}

export type TakeFromBus = (subject: string, bytes: Uint8Array) => void;

export interface BusEvents {
  /** The bus can be used; what was subscribed to is. */
  up(): void;
  /** It cannot, and is tried again by itself. Told once each time. `why` is for people and holds no password. */
  down(why: string): void;
}

/** What programs tell their operators of it. */
export type BusLogEvent =
  /** It is there from here on; `bus` is where, without a password. */
  | { readonly event: "bus_up"; readonly bus: string }
  /** It is not, and is tried again by itself. */
  | { readonly event: "bus_down"; readonly bus: string; readonly why: string };

/** A bus is down until it tells that it is up. */
export type OpenBus = (events: BusEvents) => Bus;
