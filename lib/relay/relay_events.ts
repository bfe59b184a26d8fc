/** What a relay tells its operator. Nothing here ever holds a token, a proof or a key. */
import { Ring } from "../base/ring.ts";
import type { ErrorCode } from "../signaling/error_codes.ts";
import type { BindOutcome, EndReason } from "./bindings.ts";

export type RelayEvent =
  /** A valid BIND: `outcome` says whether the peer is new, has moved, or only said so again. */
  | {
    readonly kind: "bound";
    readonly outcome: BindOutcome;
    readonly sessionId: string;
    readonly peerId: string;
    readonly address: number;
  }
  | { readonly kind: "ended"; readonly reason: EndReason; readonly sessionId: string; readonly peerId: string }
  /** The peer's NAT has a new mapping, as the impairment has it: nothing comes through until its next BIND. */
  | { readonly kind: "address_lost"; readonly sessionId: string; readonly peerId: string }
  /** RELAY_KEYS were taken over. */
  | {
    readonly kind: "keys";
    readonly sessionId: string;
    readonly peerId: string;
    readonly ssrc: number;
    readonly epoch: number;
  }
  /** A message was refused with an ERROR. `address` is proven, so that it is worth a line. */
  | {
    readonly kind: "refused";
    readonly code: ErrorCode;
    readonly message: string;
    readonly address: number;
    readonly sessionId: string | undefined;
    readonly peerId: string | undefined;
  };

/** Events that wait for their reader; beyond them they are only counted. */
const MAX_EVENTS = 1024;

/** Bounded: whoever makes events faster than they are read loses some. */
export class RelayEvents {
  /** Events that nobody will read. */
  lost = 0;
  readonly #ring = new Ring<RelayEvent>(MAX_EVENTS);

  push(event: RelayEvent): void {
    if (!this.#ring.push(event)) this.lost++;
  }

  shift(): RelayEvent | undefined {
    return this.#ring.shift();
  }
}
