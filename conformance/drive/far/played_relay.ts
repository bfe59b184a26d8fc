/** A relay that the suite plays at one of the other peer's sockets: it binds the peer under test, and carries nothing. */
import { unwrap } from "../../../lib/base/parsed.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../../lib/crypto/relay_token.ts";
import type { Json } from "../../testee/answer.ts";
import type { FarPath } from "./far_path.ts";

const SECRET = new Uint8Array(32).fill(0x72);
const LIFETIME_S = 30;
const TOKEN_S = 3600;

export class PlayedRelay {
  readonly path: FarPath;
  readonly token: string;
  readonly expiresS: number;
  readonly nonce: string;
  /** RELAY_BINDs get no answer while it is switched off. */
  isAnswering: boolean;
  readonly #grant: { readonly sessionId: string; readonly peerId: string };

  constructor(
    path: FarPath,
    grant: { readonly sessionId: string; readonly peerId: string },
    unixMs: number,
    isAnswering = true,
  ) {
    this.path = path;
    this.#grant = grant;
    this.isAnswering = isAnswering;
    this.expiresS = Math.floor(unixMs / 1000) + TOKEN_S;
    this.token = issueRelayToken(SECRET, { ...grant, expiresS: this.expiresS });
    this.nonce = `nonce-of-${path.local.port}`;
  }

  /** An entry of `relay_servers`. */
  entry(priority: number): Json {
    const { host: address, port } = this.path.local;
    return {
      id: `played-${port}`,
      address,
      port,
      priority,
      transport: "udp",
      token: this.token,
      expires: this.expiresS,
    };
  }

  /** The proof that the peer under test has to make. */
  get proof(): string {
    const { sessionId, peerId } = this.#grant;
    return makeRelayProof(unwrap(parseRelayToken(this.token)).tag, this.nonce, sessionId, peerId);
  }

  /** What a relay says to a plain message; undefined for nothing. */
  answer(message: Json): Json | undefined {
    if (!this.isAnswering || message.type !== "RELAY_BIND") return undefined;
    if (message.nonce !== this.nonce || message.proof !== this.proof) {
      return { type: "RELAY_CHALLENGE", nonce: this.nonce };
    }
    const { host: ip, port } = this.path.remote ?? { host: "127.0.0.1", port: 9 };
    return {
      type: "RELAY_BOUND",
      relay_id: `played-${this.path.local.port}`,
      session_id: this.#grant.sessionId,
      peer_id: this.#grant.peerId,
      observed: { ip, port },
      lifetime_s: LIFETIME_S,
    };
  }
}
