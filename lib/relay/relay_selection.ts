/**
 * Which relays a session gets: rendezvous hashing over those that can be used. Every relay draws a number from its name
 * and the session's id, and the highest win, so every server comes to the same choice without asking another, sessions
 * spread evenly, and a relay that comes or goes moves only the sessions that it wins or had. SPEC ARC-RELAY-selection.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { readU48, utf8 } from "../base/bytes.ts";

/** A relay that can be used. */
export interface RelayCandidate {
  readonly id: string;
  /** The operator's preference, lower first. */
  readonly priority: number;
  /** How busy it is, in steps: see {@link loadClassOf}. */
  readonly loadClass: number;
}

/** Where a class of load ends. Within one, relays count as equally busy: a choice must not hang on every packet. */
const CLASS_BOUNDS = [0.5, 0.75, 0.9];

/** A load has to fall this far below a bound to come back over it, or relays at a bound would swap all the time. */
const HYSTERESIS = 0.05;

/** Relays of this class are chosen only when there are no others, whatever the operator prefers. */
export const FULL_CLASS = CLASS_BOUNDS.length;

/** The class of a load in 0..1, for a relay that was in class `former` until now. */
export function loadClassOf(load: number, former: number): number {
  let at = 0;
  while (at < CLASS_BOUNDS.length && load >= CLASS_BOUNDS[at] - (at < former ? HYSTERESIS : 0)) at++;
  return at;
}

/** The number that a relay draws for a session: uniform in 0..2^48-1, the same on every server. */
export function rendezvousWeight(sessionId: string, relayId: string): number {
  return readU48(sha256(utf8(`${sessionId} ${relayId}`)), 0);
}

/**
 * At most `count` of the candidates, best first: those with room before the full, then by the operator's preference, then
 * the least loaded, then by the session's draw.
 */
export function selectRelays<C extends RelayCandidate>(
  sessionId: string,
  candidates: readonly C[],
  count: number,
): C[] {
  return candidates
    .map((relay) => ({ relay, weight: rendezvousWeight(sessionId, relay.id) }))
    .sort((a, b) => compareRelays(a.relay, b.relay) || b.weight - a.weight || (a.relay.id < b.relay.id ? -1 : 1))
    .slice(0, count)
    .map(({ relay }) => relay);
}

function compareRelays(a: RelayCandidate, b: RelayCandidate): number {
  const isFull = (relay: RelayCandidate) => Number(relay.loadClass >= FULL_CLASS);
  return isFull(a) - isFull(b) || a.priority - b.priority || a.loadClass - b.loadClass;
}
