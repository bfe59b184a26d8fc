/** What a signaling server allows; apart from it, so that help can name the defaults without loading it. */
import { DEFAULT_HUB_LIMITS, type HubLimits } from "../signaling/hub_limits.ts";
import type { ConnectionLimits } from "./server_connection.ts";
import { MAX_MESSAGE_BYTES } from "./signaling_link.ts";
export interface ServerLimits extends HubLimits, ConnectionLimits {
  /** Connections at a time, over all TCP listeners. */
  readonly maxConnections: number;
  /** The same for one address; of IPv6, one network of 64 bits. */
  readonly maxPerAddress: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  ...DEFAULT_HUB_LIMITS,
  maxConnections: 20_000,
  maxPerAddress: 100,
  maxMessageBytes: MAX_MESSAGE_BYTES,
  joinTimeoutMs: 10_000,
  sendBufferBytes: 1024 * 1024,
};
