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
  /** Ends the connection; `closed` is still called, once. */
  close(): void;
}

/** What a link tells its owner. Given when the link is made, so that nothing is lost before the owner listens. */
export interface SignalingLinkEvents {
  /** One message as it came, not yet judged. Bytes are borrowed: valid during the call. */
  message(unit: string | Uint8Array): void;
  /** The connection is over; called once, with why in a few words. */
  closed(why: string): void;
}

/** Largest message in bytes (SPEC 5.1), and so the largest unit that a link reads. */
export const MAX_MESSAGE_BYTES = 65_535;
