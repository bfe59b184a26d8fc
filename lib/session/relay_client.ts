/**
 * A peer's binding at one relay (SPEC 8.2): proves its address and token, keeps the binding, learns the address that the
 * relay saw. What goes through the relay afterwards is the paths' affair.
 *
 * ```
 * unbound --RELAY_BIND--> --CHALLENGE--> --RELAY_BIND with proof--> --BOUND--> bound --- again before it lapses
 * ```
 */
import { makeRelayProof, parseRelayToken } from "../crypto/relay_token.ts";
import type { Message } from "../signaling/messages/registry.ts";
import type { RelayBind } from "../signaling/messages/relay.ts";
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
  | { readonly kind: "refused"; readonly relayId: string; readonly code: string }
  /** Six sendings without an answer; tried again later. */
  | { readonly kind: "silent"; readonly relayId: string };

export type RelayClientOutput =
  | { readonly kind: "send"; readonly address: number; readonly message: RelayBind }
  | { readonly kind: "event"; readonly event: RelayClientEvent };

/** A relay that does not answer is asked again after so long, as a path is probed again. */
const RETRY_MS = 10_000;
/** A binding is renewed when this share of its lifetime has passed, whether or not traffic keeps it alive. */
const RENEW_SHARE = 0.5;

export class RelayClient {
  readonly offer: RelayOffer;
  readonly #sessionId: string;
  readonly #peerId: string;
  readonly #unixOffsetMs: number;
  readonly #outputs: RelayClientOutput[] = [];
  readonly #tag: Uint8Array | undefined;
  readonly #expiresS: number;
  /** What is sent, and sent again as it is (SPEC ARC-SIG-repeat-identical); undefined before its first sending. */
  #request: RelayBind | undefined;
  #lastTimestampMs = 0;
  #sendings = 0;
  #dueMs: number;
  #intervalMs = FIRST_REPEAT_DATAGRAM_MS;
  #isBound = false;
  observed: ObservedAddress | undefined = undefined;

  constructor(offer: RelayOffer, sessionId: string, peerId: string, unixOffsetMs: number, nowMs: number) {
    this.offer = offer;
    this.#sessionId = sessionId;
    this.#peerId = peerId;
    this.#unixOffsetMs = unixOffsetMs;
    const token = parseRelayToken(offer.token);
    this.#tag = token.ok ? token.value.tag : undefined;
    this.#expiresS = token.ok ? token.value.expiresS : 0;
    this.#dueMs = token.ok ? nowMs : Infinity;
    if (!token.ok) this.#event({ kind: "refused", relayId: offer.id, code: "bad token" });
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
      this.#event({ kind: "silent", relayId: this.offer.id });
      this.#begin(nowMs + RETRY_MS);
      return;
    }
    this.#send(nowMs);
  }

  /** The network has changed: the binding must move to where we are now. */
  rebind(nowMs: number): void {
    if (this.#tag === undefined) return;
    this.#begin(nowMs);
    this.timeout(nowMs);
  }

  /** A plain message that came from the relay's address; others than a relay's are ignored. */
  handle(message: Message, nowMs: number): void {
    switch (message.type) {
      case "RELAY_CHALLENGE":
        this.#begin(nowMs);
        this.#request = this.#makeRequest(message.nonce, nowMs);
        return this.#send(nowMs);
      case "RELAY_BOUND": {
        if (message.session_id !== this.#sessionId || message.peer_id !== this.#peerId) return;
        const isNews = !this.#isBound || message.observed.ip !== this.observed?.ip ||
          message.observed.port !== this.observed.port;
        this.#isBound = true;
        this.observed = message.observed;
        this.#begin(nowMs + message.lifetime_s * 1000 * RENEW_SHARE);
        if (isNews) this.#event({ kind: "bound", relayId: this.offer.id, observed: message.observed });
        return;
      }
      case "ERROR":
        if (message.in_reply_to?.type !== "RELAY_BIND") return;
        this.#isBound = false;
        this.#event({ kind: "refused", relayId: this.offer.id, code: message.code });
        return this.#begin(nowMs + RETRY_MS);
      default:
        return;
    }
  }

  /** A new exchange, from the first message on, at `atMs`. */
  #begin(atMs: number): void {
    this.#request = undefined;
    this.#sendings = 0;
    this.#intervalMs = FIRST_REPEAT_DATAGRAM_MS;
    this.#dueMs = atMs;
  }

  #send(nowMs: number): void {
    if (this.#tag === undefined) return;
    this.#request ??= this.#makeRequest(undefined, nowMs);
    this.#outputs.push({ kind: "send", address: this.offer.address, message: this.#request });
    this.#sendings++;
    this.#dueMs = nowMs + this.#intervalMs;
    this.#intervalMs *= 2;
  }

  /** A new one, with a timestamp of its own (SPEC ARC-SIG-repeat-timestamps-grow). */
  #makeRequest(nonce: string | undefined, nowMs: number): RelayBind {
    this.#lastTimestampMs = Math.max(this.#lastTimestampMs + 1, Math.floor(nowMs + this.#unixOffsetMs));
    return {
      type: "RELAY_BIND",
      session_id: this.#sessionId,
      peer_id: this.#peerId,
      expires: this.#expiresS,
      ...this.#provenBy(nonce),
      timestamp: this.#lastTimestampMs,
    };
  }

  #provenBy(nonce: string | undefined): Pick<RelayBind, "nonce" | "proof"> {
    if (nonce === undefined || this.#tag === undefined) return {};
    return { nonce, proof: makeRelayProof(this.#tag, nonce, this.#sessionId, this.#peerId) };
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
