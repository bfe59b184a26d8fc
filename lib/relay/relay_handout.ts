/**
 * What a signaling server hands out: for each peer of a session its `relay_servers` (SPEC 5.2.3), the same relays for
 * both and tokens of its own.
 */
import { issueRelayToken } from "../crypto/relay_token.ts";
import type { JsonObject } from "../signaling/json_value.ts";
import { RELAY_TRANSPORTS } from "../signaling/messages/fields.ts";
import type { RelayHealthState } from "./relay_health_state.ts";
import { selectRelays } from "./relay_selection.ts";

export type RelayTransport = (typeof RELAY_TRANSPORTS)[number];

/** A relay as its operator knows it. */
export interface RelaySite {
  /** Unique, 1 to 64 characters. */
  readonly id: string;
  /** IP address or DNS name. */
  readonly host: string;
  /** The port of each transport; UDP is always there, and what health is measured over. */
  readonly ports: { readonly udp: number } & Readonly<Partial<Record<RelayTransport, number>>>;
  /** The operator's preference, lower first, 0..65535. */
  readonly priority: number;
}

export interface RelayHandoutOptions {
  readonly sites: readonly RelaySite[];
  /** Of {@link sites}, by the same numbers. */
  readonly health: RelayHealthState;
  /** The IP address of site `relay`; undefined while its name has none. */
  readonly ipOf: (relay: number) => string | undefined;
  /** relay_secret, shared with the relays; borrowed for good. */
  readonly secret: Uint8Array;
  readonly tokenTtlMs: number;
}

/** Two: the second for when the first fails, and to tell the NAT type from (SPEC ARC-RELAY-nat-type). */
const RELAYS_PER_SESSION = 2;

/** Sessions whose choice is remembered; the longest unasked one makes room. */
const MAX_REMEMBERED = 10_000;

const MAX_PRIORITY = 65_535;

export class RelayHandout {
  /** How often each relay was handed out to a peer, by number. */
  readonly handouts: Float64Array;
  readonly #options: RelayHandoutOptions;
  /** Load may change between CONNECT and CONNECT_ACK, or before a peer comes back; its session stays where it is. */
  readonly #chosen = new Map<string, readonly number[]>();

  constructor(options: RelayHandoutOptions) {
    this.#options = options;
    this.handouts = new Float64Array(options.sites.length);
  }

  /**
   * The relays of a session with the tokens of one of its peers, best first; none when none can be used.
   * SPEC ARC-TRANSPORT-server-relays, ARC-RELAY-selection.
   */
  relaysFor(sessionId: string, peerId: string, unixMs: number): readonly JsonObject[] {
    const { sites, ipOf, secret, tokenTtlMs } = this.#options;
    const relays = this.#choose(sessionId);
    if (relays.length === 0) return [];
    const expires = Math.floor((unixMs + tokenTtlMs) / 1000);
    const token = issueRelayToken(secret, { sessionId, peerId, expiresS: expires });
    const entries: JsonObject[] = [];
    let priority = -1;
    for (const relay of relays) {
      const { id, host, ports, priority: preference } = sites[relay];
      const ip = ipOf(relay);
      if (ip === undefined) continue;
      this.handouts[relay]++;
      // Both peers have to be bound to one relay: they must agree which one comes first.
      priority = Math.min(MAX_PRIORITY, Math.max(preference, priority + 1));
      for (const transport of RELAY_TRANSPORTS) {
        const port = ports[transport];
        // A certificate is for the name; everywhere else peers are spared the lookup.
        const address = transport === "tls" ? host : ip;
        if (port !== undefined) entries.push({ id, address, port, priority, transport, token, expires });
      }
    }
    return entries;
  }

  /** Those that were chosen before, as long as they can be used, and others in the place of those that cannot. */
  #choose(sessionId: string): readonly number[] {
    const kept = (this.#chosen.get(sessionId) ?? []).filter((relay) => this.#isUsable(relay));
    const others = this.#candidates().filter(({ relay }) => !kept.includes(relay));
    const added = selectRelays(sessionId, others, RELAYS_PER_SESSION - kept.length);
    const chosen = [...kept, ...added.map(({ relay }) => relay)];
    this.#remember(sessionId, chosen);
    return chosen;
  }

  #candidates() {
    const { sites, health } = this.#options;
    return sites.map(({ id, priority }, relay) => ({ relay, id, priority, loadClass: health.loadClass(relay) }))
      .filter(({ relay }) => this.#isUsable(relay));
  }

  #isUsable(relay: number): boolean {
    return this.#options.health.isUsable(relay) && this.#options.ipOf(relay) !== undefined;
  }

  #remember(sessionId: string, chosen: readonly number[]): void {
    this.#chosen.delete(sessionId);
    if (chosen.length === 0) return;
    this.#chosen.set(sessionId, chosen);
    if (this.#chosen.size <= MAX_REMEMBERED) return;
    // Map order is insertion order.
    for (const oldest of this.#chosen.keys()) {
      this.#chosen.delete(oldest);
      return;
    }
  }
}
