/** What happened on a simulated network, in order: for a hash that two runs share, and for a capture. */
import type { Endpoint } from "./endpoint.ts";
import type { LinkDrop } from "../base/link.ts";

/** Why a packet did not reach a socket. */
export type DropReason = LinkDrop | "firewall" | "host_down" | "no_route" | "nat_full" | "nat_filtered" | "no_socket";

export interface TraceEvent {
  readonly kind: "sent" | "delivered" | "dropped";
  readonly protocol: "udp" | "stream";
  readonly atMs: number;
  /** Source and destination as the network between the NATs sees them where known, else as the sender does. */
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly reason?: DropReason;
  /** Payload, borrowed for the call. */
  readonly data: Uint8Array;
}

/** A running 64-bit hash (two FNV-1a lanes of 32 bits) over everything that happened: equal hashes, equal histories. */
export class TraceHash {
  #low = 0x811c9dc5;
  #high = 0x1000193;
  readonly #time = new Float64Array(1);
  readonly #timeBytes = new Uint8Array(this.#time.buffer);

  add(event: TraceEvent): void {
    this.#time[0] = event.atMs;
    this.#mix(this.#timeBytes);
    this.#text(`${event.kind} ${event.protocol} ${event.from.text} ${event.to.text} ${event.reason ?? ""}`);
    this.#mix(event.data);
  }

  /** The hash so far, 16 hex digits. */
  get hex(): string {
    return (this.#high >>> 0).toString(16).padStart(8, "0") + (this.#low >>> 0).toString(16).padStart(8, "0");
  }

  #mix(bytes: Uint8Array): void {
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < bytes.length; i++) {
      low = Math.imul(low ^ bytes[i], 0x01000193);
      high = Math.imul(high ^ bytes[i] ^ (low >>> 24), 0x01000193);
    }
    this.#low = low;
    this.#high = high;
  }

  #text(text: string): void {
    let low = this.#low;
    for (let i = 0; i < text.length; i++) low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    this.#low = low;
  }
}
