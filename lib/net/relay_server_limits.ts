/** What a relay takes of TCP and TLS connections. */
export interface RelayStreamLimits {
  /** How long a connection may be there without a binding. */
  readonly bindTimeoutMs: number;
  /** Bytes that may wait for a connection that does not read. */
  readonly sendBufferBytes: number;
}

export interface RelayConnectionLimits extends RelayStreamLimits {
  /** TCP and TLS connections at a time. */
  readonly maxConnections: number;
  /** The same for one address; of IPv6, one network of 64 bits. */
  readonly maxPerAddress: number;
}

export const DEFAULT_RELAY_CONNECTION_LIMITS: RelayConnectionLimits = {
  maxConnections: 2048,
  maxPerAddress: 64,
  bindTimeoutMs: 10_000,
  sendBufferBytes: 256 * 1024,
};
