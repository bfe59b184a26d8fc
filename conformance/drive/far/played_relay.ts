/** A relay that the suite plays at one of the other peer's places: it binds the peer under test, and carries nothing. */
import type { HostPort } from "../../../lib/base/address_table.ts";
import { unwrap } from "../../../lib/base/parsed.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../../lib/crypto/relay_token.ts";
import type { Json } from "../../testee/answer.ts";
import type { KnownRelay } from "../peer_source.ts";
import type { FarPath, FarPlace } from "./far_path.ts";

const SECRET = new Uint8Array(32).fill(0x72);
const LIFETIME_S = 30;
const TOKEN_S = 3600;
/** Where nobody has come from yet. */
const NOWHERE: HostPort = { host: "127.0.0.1", port: 9 };

export type RelayTransport = "udp" | "tcp" | "tls";

/** How a played relay is. */
export interface RelayWish {
  readonly priority: number;
  /** UDP as a rule. */
  readonly transport?: RelayTransport;
  /** Two entries with the same id are one relay; else each has its own. */
  readonly id?: string;
  /** The peer under test is told of it when it is started, and not by its server. */
  readonly isKnown?: boolean;
  /** Where it says that it sees the peer under test; where that really is as a rule. */
  readonly observed?: HostPort;
}

/** Whom the relay binds. */
export interface RelayGrant {
  readonly sessionId: string;
  readonly peerId: string;
}

export class PlayedRelay {
  readonly place: FarPlace;
  readonly token: string;
  readonly expiresS: number;
  readonly nonce: string;
  /** RELAY_BINDs get no answer while it is switched off. */
  isAnswering = true;
  readonly #wish: RelayWish;
  readonly #grant: RelayGrant;

  constructor(place: FarPlace, wish: RelayWish, grant: RelayGrant, unixMs: number) {
    this.place = place;
    this.#wish = wish;
    this.#grant = grant;
    this.expiresS = Math.floor(unixMs / 1000) + TOKEN_S;
    this.token = issueRelayToken(SECRET, { ...grant, expiresS: this.expiresS });
    this.nonce = `nonce-of-${place.local.port}`;
  }

  get isKnown(): boolean {
    return this.#wish.isKnown === true;
  }

  get id(): string {
    return this.#wish.id ?? `played-${this.place.local.port}`;
  }

  /** The newest path through it. */
  get path(): FarPath {
    const { latest } = this.place;
    if (latest === undefined) throw new Error(`nobody has come to ${this.place.name} yet`);
    return latest;
  }

  /** What a peer is told of it that knows it before it connects. */
  get known(): KnownRelay {
    const { id, token, expiresS, place: { local: place } } = this;
    return { id, place, priority: this.#wish.priority, token, expiresS };
  }

  /** An entry of `relay_servers`. */
  get entry(): Json {
    const { host: address, port } = this.place.local;
    const { priority, transport = "udp" } = this.#wish;
    return { id: this.id, address, port, priority, transport, token: this.token, expires: this.expiresS };
  }

  /** The proof that the peer under test has to make. */
  get proof(): string {
    const { sessionId, peerId } = this.#grant;
    return makeRelayProof(unwrap(parseRelayToken(this.token)).tag, this.nonce, sessionId, peerId);
  }

  /** What a relay says to a plain message that came by a path of its place; undefined for nothing. */
  answer(message: Json, path: FarPath): Json | undefined {
    if (!this.isAnswering) return undefined;
    if (message.type === "RELAY_KEYS") return this.#acknowledged(message);
    if (message.type !== "RELAY_BIND") return undefined;
    if (message.nonce !== this.nonce || message.proof !== this.proof) {
      return { type: "RELAY_CHALLENGE", nonce: this.nonce };
    }
    const { host: ip, port } = this.#wish.observed ?? path.remote ?? NOWHERE;
    return {
      type: "RELAY_BOUND",
      relay_id: this.id,
      session_id: this.#grant.sessionId,
      peer_id: this.#grant.peerId,
      observed: { ip, port },
      lifetime_s: LIFETIME_S,
    };
  }

  #acknowledged({ type, timestamp, stream_id }: Json): Json {
    const in_reply_to = { type, timestamp, stream_id };
    return { type: "ACK", session_id: this.#grant.sessionId, in_reply_to, timestamp };
  }
}
