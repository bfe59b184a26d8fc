/**
 * A peer's binding at one relay (SPEC 8.2): proves its address and token, keeps the binding, learns the address that the
 * relay saw. What goes through the relay afterwards is the paths' affair.
 *
 * ```
 * unbound --RELAY_BIND--> --CHALLENGE--> --RELAY_BIND with proof--> --BOUND--> bound --- again before it lapses
 *                                                                        bound --- RELAY_UNBIND, the session is over
 * ```
 */
import { makeRelayProof, parseRelayToken } from "../crypto/relay_token.ts";
import type { Message } from "../signaling/messages/registry.ts";
import type { RelayBind, RelayUnbind } from "../signaling/messages/relay.ts";
import { FIRST_REPEAT_DATAGRAM_MS, MAX_SENDINGS } from "../signaling/reliability.ts";

/** A relay that the server offered, with our token. */
export interface RelayOffer {
  readonly id: string;
  /** The transport's number of the relay's address. */
  readonly address: number;
  /** The lower is the better. */
  readonly priority: number;
  readonly token: string;
}

export interface ObservedAddress {
  readonly ip: string;
  readonly port: number;
}

export type RelayClientEvent =
  | { readonly kind: "bound"; readonly relayId: string; readonly observed: ObservedAddress }
  | { readonly kind: "refused"; readonly relayId: string; readonly code: string; readonly message: string }
  /** Six sendings without an answer; tried again later. */
  | { readonly kind: "silent"; readonly relayId: string };

export type RelayClientOutput =
  | { readonly kind: "send"; readonly address: number; readonly message: RelayBind | RelayUnbind }
  | { readonly kind: "event"; readonly event: RelayClientEvent };

/** A relay that does not answer is asked again so long after the last time, as a path is probed again. */
const RETRY_MS = 10_000;
/**
 * A binding is renewed when this share of its lifetime has passed, whether or not traffic keeps it alive: 10 s as relays
 * have it. So long at most we stay unreachable where our address changes while no path is there that would tell.
 */
const RENEW_SHARE = 1 / 3;

export class RelayClient {
  readonly offer: RelayOffer;
  readonly #sessionId: string;
  readonly #peerId: string;
  readonly #unixOffsetMs: number;
  readonly #outputs: RelayClientOutput[] = [];
  #tag: Uint8Array | undefined;
  #expiresS = 0;
  #nonce: string | undefined;
  /** The last one that the relay gave: it may still be good for saying goodbye. */
  #lastNonce: string | undefined;
  /** Of the request under way; a repetition has the same (SPEC ARC-SIG-repeat-identical). */
  #timestampMs = 0;
  #sendings = 0;
  #dueMs: number;
  #intervalMs = FIRST_REPEAT_DATAGRAM_MS;
  #isBound = false;
  observed: ObservedAddress | undefined = undefined;
  /** When the relay was first asked of what it has not confirmed yet. */
  askedSinceMs: number;
  /** It has bound or refused us, or was found silent, at least once. */
  hasAnswered = false;

  constructor(offer: RelayOffer, sessionId: string, peerId: string, unixOffsetMs: number, nowMs: number) {
    this.offer = offer;
    this.#sessionId = sessionId;
    this.#peerId = peerId;
    this.#unixOffsetMs = unixOffsetMs;
    this.askedSinceMs = nowMs;
    this.#dueMs = Infinity;
    this.useToken(offer.token, nowMs);
  }

  /** Binds with this token from now on; at once where it has not been possible with the one before. */
  useToken(text: string, nowMs: number): void {
    const token = parseRelayToken(text);
    if (!token.ok) {
      this.hasAnswered = true;
      return this.#event({
        kind: "refused",
        relayId: this.offer.id,
        code: "bad_token",
        message: "it is no relay token",
      });
    }
    this.#tag = token.value.tag;
    this.#expiresS = token.value.expiresS;
    if (!this.#isBound) this.#begin(nowMs);
  }

  get isBound(): boolean {
    return this.#isBound;
  }

  poll(): RelayClientOutput | undefined {
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    return this.#dueMs === Infinity ? undefined : this.#dueMs;
  }

  timeout(nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    if (this.#sendings === MAX_SENDINGS) {
      this.#isBound = false;
      this.hasAnswered = true;
      this.#event({ kind: "silent", relayId: this.offer.id });
      // Half the interval: it has been doubled since.
      this.#begin(nowMs - this.#intervalMs / 2 + RETRY_MS);
      return;
    }
    this.#send(nowMs);
  }

  /** The network may have changed: the binding must move to where we are now, and counts when the relay says so. */
  rebind(nowMs: number): void {
    if (this.#tag === undefined) return;
    this.#isBound = false;
    this.askedSinceMs = nowMs;
    this.#begin(nowMs);
    this.timeout(nowMs);
  }

  /** The relay has us bound by another way. This one is asked for again later, where it is the better one. */
  moved(nowMs: number): void {
    if (this.#tag === undefined) return;
    this.#isBound = false;
    this.#begin(nowMs + RETRY_MS);
  }

  /**
   * The session is over: makes room at the relay, which would keep it for another 30 s. Said once; a nonce that is too old
   * by now is not asked for anew.
   */
  unbind(nowMs: number): void {
    this.#dueMs = Infinity;
    if (!this.#isBound || this.#lastNonce === undefined) return;
    this.#isBound = false;
    this.#newTimestamp(nowMs);
    this.#push("RELAY_UNBIND", this.#lastNonce);
  }

  /** A plain message that came from the relay's address; others than a relay's are ignored. */
  handle(message: Message, nowMs: number): void {
    switch (message.type) {
      case "RELAY_CHALLENGE":
        this.#nonce = message.nonce;
        this.#lastNonce = message.nonce;
        this.#sendings = 0;
        this.#intervalMs = FIRST_REPEAT_DATAGRAM_MS;
        return this.#send(nowMs);
      case "RELAY_BOUND": {
        if (message.session_id !== this.#sessionId || message.peer_id !== this.#peerId) return;
        const isNews = !this.#isBound || message.observed.ip !== this.observed?.ip ||
          message.observed.port !== this.observed.port;
        this.#isBound = true;
        this.hasAnswered = true;
        this.observed = message.observed;
        this.#begin(nowMs + message.lifetime_s * 1000 * RENEW_SHARE);
        if (isNews) this.#event({ kind: "bound", relayId: this.offer.id, observed: message.observed });
        return;
      }
      case "ERROR":
        if (message.in_reply_to?.type !== "RELAY_BIND") return;
        this.#isBound = false;
        this.hasAnswered = true;
        this.#event({ kind: "refused", relayId: this.offer.id, code: message.code, message: message.message });
        return this.#begin(nowMs + RETRY_MS);
      default:
        return;
    }
  }

  /** A new exchange, from the first message on, at `atMs`. */
  #begin(atMs: number): void {
    this.#nonce = undefined;
    this.#sendings = 0;
    this.#intervalMs = FIRST_REPEAT_DATAGRAM_MS;
    this.#dueMs = atMs;
  }

  #send(nowMs: number): void {
    if (this.#sendings === 0) this.#newTimestamp(nowMs);
    this.#push("RELAY_BIND", this.#nonce);
    this.#sendings++;
    this.#dueMs = nowMs + this.#intervalMs;
    this.#intervalMs *= 2;
  }

  /** SPEC ARC-SIG-repeat-timestamps-grow. */
  #newTimestamp(nowMs: number): void {
    this.#timestampMs = Math.max(this.#timestampMs + 1, Math.floor(nowMs + this.#unixOffsetMs));
  }

  #push(type: "RELAY_BIND" | "RELAY_UNBIND", nonce: string | undefined): void {
    if (this.#tag === undefined) return;
    const proven = nonce === undefined
      ? {}
      : { nonce, proof: makeRelayProof(this.#tag, nonce, this.#sessionId, this.#peerId) };
    this.#outputs.push({
      kind: "send",
      address: this.offer.address,
      message: {
        type,
        session_id: this.#sessionId,
        peer_id: this.#peerId,
        expires: this.#expiresS,
        ...proven,
        timestamp: this.#timestampMs,
      },
    });
  }

  #event(event: RelayClientEvent): void {
    this.#outputs.push({ kind: "event", event });
  }
}

/** The NAT in front of us, from what two relays saw: SPEC ARC-RELAY-nat-type. `localIps` are our own addresses. */
export function natTypeOf(
  observed: readonly ObservedAddress[],
  localIps: readonly string[],
): "open" | "cone" | "symmetric" | "unknown" {
  if (observed.length === 0) return "unknown";
  if (observed.every(({ ip }) => localIps.includes(ip))) return "open";
  if (observed.length < 2) return "unknown";
  const [first, ...others] = observed;
  return others.every(({ ip, port }) => ip === first.ip && port === first.port) ? "cone" : "symmetric";
}
