/**
 * A peer under test; the suite plays the signaling server that it connects to, the other peer behind it, and the path
 * of their media.
 */
import type { Line } from "./line.ts";
import type { World } from "./world.ts";

export interface PeerWorld extends World {
  /** The part that the peer under test has in the session. */
  readonly role: "caller" | "callee";
  /** The peer's signaling connection, as its server sees it: what the other peer says is said here. */
  readonly signaling: Line;
  /** A UDP socket of the other peer; `at` is the address of the peer under test, from its `network_info`. */
  media(name: string, at: { readonly host: string; readonly port: number }): Promise<Line>;
}
