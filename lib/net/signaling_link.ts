/**
 * One signaling connection, whatever carries it: WebSocket (plain or Phoenix), TCP or TLS; the same shape at client and
 * server, so that sessions and the hub know one kind.
 */
export interface SignalingLink {
  /** For people and logs: `wss://host:port/path`, `tcp://1.2.3.4:5`. Never holds a token. */
  readonly name: string;
  /** SHA-256 of the certificate that the other side showed, lower-case hex; undefined without TLS. */
  readonly peerCertificateSha256: string | undefined;
  /** Bytes accepted by `send` that the system has not taken yet: how a slow reader shows. */
  readonly bufferedBytes: number;
  /** Sends one message. After `close` it does nothing. */
  send(text: string): void;
  /**
   * Ends the connection once what was sent is out, or {@link CLOSE_TIMEOUT_MS} later at the latest; `closed` is still
   * called, once. The other side learns `why` where the transport has a place for it.
   */
  close(why?: string): void;
}

/** What a link tells its owner. Given when the link is made, so that nothing is lost before the owner listens. */
export interface SignalingLinkEvents {
  /** One message as it came, not yet judged. Bytes are borrowed: valid during the call. */
  message(unit: string | Uint8Array): void;
  /** The other side lives: something came that is no message, such as a WebSocket ping. */
  heard?(): void;
  /** The connection is over; called once, with why in a few words. */
  closed(why: string): void;
}

/** Largest message in bytes (SPEC 5.1), and so the largest unit that a link reads. */
export const MAX_MESSAGE_BYTES = 65_535;

/** How long a connection that was closed here may still take to hand over what was sent, and to say goodbye. */
export const CLOSE_TIMEOUT_MS = 2000;
