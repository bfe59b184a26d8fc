/**
 * Scenarios for paths, made from a seed: two peers behind NATs or none, relays that can or cannot be reached, and what
 * happens to them in the middle of a call.
 */
import { below, SeededRng } from "../../base/rng.ts";
import type { NatKind } from "../../sim/nat.ts";
import type { SimRelayOptions } from "./sim_relay.ts";

export type PeerName = "anna" | "ben";

export type ScenarioEvent =
  /** A relay dies for good. */
  | { readonly kind: "relay_dies"; readonly relay: number }
  /** No packet passes between two of anna, ben and the relays, for so long. */
  | { readonly kind: "cut"; readonly from: PeerName; readonly to: "ben" | number; readonly forMs: number }
  /** A firewall begins to hold UDP up, or lets it pass again. */
  | { readonly kind: "udp"; readonly peer: PeerName; readonly isBlocked: boolean }
  /** A peer comes from another address; where it has a NAT, all the mappings are new. */
  | { readonly kind: "move"; readonly peer: PeerName };

export interface Scenario {
  readonly seed: number;
  readonly nats: { readonly anna?: NatKind; readonly ben?: NatKind };
  readonly relays: readonly SimRelayOptions[];
  readonly relaysKnown: boolean;
  readonly delayMs: number;
  readonly lossRate: number;
  /** From the beginning. */
  readonly udpBlocked: readonly PeerName[];
  readonly relaysDead: readonly number[];
  readonly events: readonly ScenarioEvent[];
}

const NATS: readonly (NatKind | undefined)[] = [
  undefined,
  "full_cone",
  "address_restricted",
  "port_restricted",
  "symmetric",
];
const TRANSPORTS = [["udp"], ["udp", "tcp"], ["udp", "tls"], ["tcp"], ["udp", "tcp", "tls"]] as const;
const PEERS: readonly PeerName[] = ["anna", "ben"];

export function makeScenario(seed: number): Scenario {
  const rng = new SeededRng(seed);
  const pick = <T>(items: readonly T[]): T => items[below(rng, items.length)];
  const chance = (percent: number) => below(rng, 100) < percent;
  const relays = Array.from({ length: pick([0, 1, 2, 2]) }, (_, i): SimRelayOptions => ({
    id: `r${i + 1}`,
    ip: `203.0.113.${i + 1}`,
    priority: i + 1,
    transports: pick(TRANSPORTS),
  }));
  const [anna, ben] = [pick(NATS), pick(NATS)];
  return {
    seed,
    nats: { ...(anna === undefined ? {} : { anna }), ...(ben === undefined ? {} : { ben }) },
    relays,
    relaysKnown: chance(30),
    delayMs: 1 + below(rng, 80),
    lossRate: chance(30) ? 0.02 : 0,
    udpBlocked: PEERS.filter(() => chance(15)),
    relaysDead: relays.map((_, i) => i).filter(() => chance(15)),
    events: Array.from({ length: 1 + below(rng, 2) }, () => makeEvent(pick, relays.length)),
  };
}

function makeEvent(pick: <T>(items: readonly T[]) => T, relays: number): ScenarioEvent {
  const peer = pick(PEERS);
  const forMs = pick([500, 3000, 8000]);
  const events: ScenarioEvent[] = [
    { kind: "cut", from: "anna", to: "ben", forMs },
    { kind: "udp", peer, isBlocked: true },
    { kind: "udp", peer, isBlocked: false },
    { kind: "move", peer },
  ];
  if (relays > 0) {
    const relay = pick(Array.from({ length: relays }, (_, i) => i));
    events.push({ kind: "relay_dies", relay }, { kind: "cut", from: peer, to: relay, forMs });
  }
  return pick(events);
}
