/** What a path is, and which of two is the better (SPEC 7). */
export type PathKind = "direct" | "relay" | "tcp" | "tcp_relay";

/** Better kinds first. */
const KIND_RANK: Readonly<Record<PathKind, number>> = { direct: 0, relay: 1, tcp: 2, tcp_relay: 3 };

/** A place to send to. */
export interface PathCandidate {
  readonly kind: PathKind;
  /** Among paths of a kind the lower is better. SPEC ARC-PATH-relay-order. */
  readonly priority: number;
  /** The address number of the transport, or of a connection. */
  readonly address: number;
  /** The relay that it leads through. */
  readonly relayId?: string;
}

/** Direct UDP, relay over UDP by priority, direct TCP, relay over TCP or TLS. */
export function isBetter(a: PathCandidate, b: PathCandidate): boolean {
  const ranks = KIND_RANK[a.kind] - KIND_RANK[b.kind];
  return ranks !== 0 ? ranks < 0 : a.priority < b.priority;
}

export function isUdp(kind: PathKind): boolean {
  return kind === "direct" || kind === "relay";
}

/**
 * Which paths a peer looks for: all of them, or for tests and debugging only those straight to the other peer, only
 * those through relays, or only those over TCP and TLS. What is not looked for is not answered either, as though the
 * network did not have it.
 */
export type PathPolicy = "auto" | "direct" | "relay" | "tcp";

export const PATH_POLICIES: readonly PathPolicy[] = ["auto", "direct", "relay", "tcp"];

const ALLOWED: Readonly<Record<PathPolicy, readonly PathKind[]>> = {
  auto: ["direct", "relay", "tcp", "tcp_relay"],
  direct: ["direct", "tcp"],
  relay: ["relay", "tcp_relay"],
  tcp: ["tcp", "tcp_relay"],
};

export function allows(policy: PathPolicy, kind: PathKind): boolean {
  return ALLOWED[policy].includes(kind);
}
