/** Why a connection could not be had: decides the exit code and the hint that a person gets. */
export type NetErrorKind =
  /** Nobody answers there, or the name does not resolve. */
  | "unreachable"
  /** Somebody answers and says no: not authorised, another protocol, busy. */
  | "refused"
  /** The certificate is not the one that was pinned, or no known authority vouches for it. */
  | "untrusted";

export class NetError extends Error {
  readonly kind: NetErrorKind;

  constructor(kind: NetErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
