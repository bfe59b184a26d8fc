/** What a path is, and which of two is the better (SPEC 7). */
export type PathKind = "direct" | "relay" | "tcp" | "tcp_relay";

/** Better kinds first. */
const KIND_RANK: Readonly<Record<PathKind, number>> = { direct: 0, relay: 1, tcp: 2, tcp_relay: 3 };

/** A place to send to. */
export interface PathCandidate {
  readonly kind: PathKind;
  /** Among paths of a kind the lower is better. SPEC ARC-PATH-relay-order. */
  readonly priority: number;
  /** The address number of the transport. */
  readonly address: number;
}

/** Direct UDP, relay over UDP by priority, direct TCP, relay over TCP or TLS. */
export function isBetter(a: PathCandidate, b: PathCandidate): boolean {
  const ranks = KIND_RANK[a.kind] - KIND_RANK[b.kind];
  return ranks !== 0 ? ranks < 0 : a.priority < b.priority;
}
