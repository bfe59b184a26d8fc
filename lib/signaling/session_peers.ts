/**
 * The two peers of a session as one server knows them: those that it lets in itself, and those that it hears of from
 * other servers (SPEC 6.3). Every server that hears the same comes to the same two.
 */

/** How long a peer counts as joined elsewhere without being heard of: three announcements. */
export const ELSEWHERE_MS = 15_000;

/** What a server says of a peer. SPEC ARC-TRANSPORT-nats-presence. */
export interface Presence {
  readonly peerId: string;
  /** When the peer joined, Unix time. */
  readonly joinedUnixMs: number;
  /** False for a peer that has left, or is only remembered. */
  readonly isJoined: boolean;
}

export type Hearing =
  | { readonly kind: "known" }
  /** It was not known to have joined elsewhere; `surplus` has lost its place to it. */
  | { readonly kind: "news"; readonly surplus: string | undefined }
  /** The session has its two peers, and both came earlier. */
  | { readonly kind: "third" };

interface KnownPeer {
  readonly peerId: string;
  /** Its first join that is known: who has come back is no newcomer. */
  placeUnixMs: number;
  /** Its last join elsewhere. */
  elsewhereSinceUnixMs: number;
  /** Until when it counts as joined elsewhere. */
  elsewhereUntilMs: number;
}

export class SessionPeers {
  /** At most two. SPEC ARC-SIG-state-two-peers. */
  readonly #peers: KnownPeer[] = [];

  has(peerId: string): boolean {
    return this.#find(peerId) !== undefined;
  }

  get isFull(): boolean {
    return this.#peers.length === 2;
  }

  /** Those that no other server speaks for, with their first join. */
  notElsewhere(nowMs: number): readonly { readonly peerId: string; readonly placeUnixMs: number }[] {
    return this.#peers.filter((peer) => nowMs >= peer.elsewhereUntilMs);
  }

  /** A peer has joined here; it is known, or there is a place for it. */
  enter(peerId: string, unixMs: number): void {
    const peer = this.#find(peerId) ?? this.#add(peerId, unixMs);
    peer.elsewhereUntilMs = -Infinity;
  }

  /** The peer beside `peerId`, if it is joined at another server. */
  elsewhereBeside(peerId: string, nowMs: number): string | undefined {
    return this.#peers.find((peer) => peer.peerId !== peerId && nowMs < peer.elsewhereUntilMs)?.peerId;
  }

  /** Nobody is known to be joined elsewhere: there is no way to there. */
  forgetElsewhere(): void {
    for (const peer of this.#peers) peer.elsewhereUntilMs = -Infinity;
  }

  /** Takes another server's word. */
  hear({ peerId, joinedUnixMs, isJoined }: Presence, nowMs: number): Hearing {
    let surplus: string | undefined;
    if (!this.has(peerId) && this.isFull) {
      const last = laterOf(this.#peers[0], this.#peers[1]);
      if (laterOf<Place>(last, { peerId, placeUnixMs: joinedUnixMs }) !== last) return { kind: "third" };
      this.#peers.splice(this.#peers.indexOf(last), 1);
      surplus = last.peerId;
    }
    const peer = this.#find(peerId) ?? this.#add(peerId, joinedUnixMs);
    peer.placeUnixMs = Math.min(peer.placeUnixMs, joinedUnixMs);
    const isKnown = nowMs < peer.elsewhereUntilMs && joinedUnixMs <= peer.elsewhereSinceUnixMs;
    if (isJoined) {
      peer.elsewhereSinceUnixMs = Math.max(peer.elsewhereSinceUnixMs, joinedUnixMs);
      peer.elsewhereUntilMs = nowMs + ELSEWHERE_MS;
    } else if (joinedUnixMs >= peer.elsewhereSinceUnixMs) {
      // The word of the server that it has left for another one comes too late.
      peer.elsewhereUntilMs = -Infinity;
    }
    return surplus !== undefined || (isJoined && !isKnown) ? { kind: "news", surplus } : { kind: "known" };
  }

  #find(peerId: string): KnownPeer | undefined {
    return this.#peers.find((peer) => peer.peerId === peerId);
  }

  #add(peerId: string, placeUnixMs: number): KnownPeer {
    const peer = { peerId, placeUnixMs, elsewhereSinceUnixMs: -Infinity, elsewhereUntilMs: -Infinity };
    this.#peers.push(peer);
    return peer;
  }
}

type Place = Pick<KnownPeer, "peerId" | "placeUnixMs">;

/** Who came later; of two at the same moment, the one with the greater peer_id. SPEC ARC-TRANSPORT-nats-third. */
function laterOf<T extends Place>(a: T, b: T): T {
  if (a.placeUnixMs !== b.placeUnixMs) return a.placeUnixMs > b.placeUnixMs ? a : b;
  return a.peerId > b.peerId ? a : b;
}
