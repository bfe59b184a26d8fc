/** Every code that an ERROR and a refusal may carry, in one table (SPEC ARC-SIG-error-codes). */

/** One row of {@link ERROR_CODES}, in words for people. */
export interface ErrorCodeRow {
  readonly code: string;
  readonly meaning: string;
  /** What brings it about, and what helps. */
  readonly when: string;
}

export const ERROR_CODES = [
  {
    code: "bad_json",
    meaning: "not well-formed I-JSON within the limits",
    when: "The text is no JSON, repeats a key, or is not UTF-8. The sender's JSON writer is at fault.",
  },
  {
    code: "bad_message",
    meaning: "a field is missing, mistyped or out of bounds",
    when: "The message names the JSON path of the first fault; compare that field with the message's table.",
  },
  {
    code: "unknown_type",
    meaning: "the type is not known",
    when: "The sender speaks a later version, another dialect, or misspells the type, which is case-sensitive.",
  },
  {
    code: "unsupported_version",
    meaning: "another major version",
    when: "CONNECT or CONNECT_ACK names a major version other than 1.",
  },
  {
    code: "no_common_codec",
    meaning: "no offered codec is supported",
    when: "The callee supports none of capabilities.codecs. Offer more codecs, opus and vp9 among them.",
  },
  {
    code: "no_common_cipher",
    meaning: "no offered suite or authentication is supported",
    when: "The lists of caller and callee have nothing in common, or the answer was not among the offers.",
  },
  {
    code: "bad_key",
    meaning: "the public key is not acceptable",
    when: "It is not an uncompressed P-256 point, is the receiver's own, or was used before in the session.",
  },
  {
    code: "bad_identity",
    meaning: "the identity is required but absent, or does not verify",
    when: "The certificate cannot be read, is not the pinned or certified one, or its signature is wrong.",
  },
  {
    code: "unauthorized",
    meaning: "token or proof absent or wrong",
    when: "The token has expired or is for another session or peer, or a proof was not made with the previous keys.",
  },
  {
    code: "unknown_session",
    meaning: "no such session",
    when: "The session_id was never connected here, or closed more than 30 seconds ago.",
  },
  {
    code: "unknown_stream",
    meaning: "no such stream in the session",
    when: "STREAM_STOP or QUALITY_ADAPT names a stream_id that no STREAM_START announced.",
  },
  {
    code: "bad_state",
    meaning: "the message does not fit the state of session or stream",
    when: "The message came too early, too late or twice with other content, or an id was used twice.",
  },
  {
    code: "too_large",
    meaning: "longer or deeper than the limit",
    when: "A message has more than 65,535 bytes or more than 16 objects and arrays inside one another.",
  },
  {
    code: "rate_limited",
    meaning: "too many messages; try later",
    when: "A connection or address sent more than the server or relay allows.",
  },
  {
    code: "busy",
    meaning: "no room: the session has its two peers, or a limit is reached",
    when: "A third peer joins a session, or a server or relay has as many sessions as it takes.",
  },
  {
    code: "internal",
    meaning: "a failure of the answering side",
    when: "The other side failed for a reason of its own; its log says more.",
  },
] as const satisfies readonly ErrorCodeRow[];

export type ErrorCode = (typeof ERROR_CODES)[number]["code"];

/** The codes alone, in the table's order. */
export const ERROR_CODE_NAMES: readonly ErrorCode[] = ERROR_CODES.map((row) => row.code);

export function isErrorCode(text: string): text is ErrorCode {
  return ERROR_CODES.some((row) => row.code === text);
}

/** What a received ERROR's code counts as: a later version's code is `internal` (SPEC ARC-SIG-error-unknown-code). */
export function readErrorCode(text: string): ErrorCode {
  return isErrorCode(text) ? text : "internal";
}

/** The row of a code. */
export function errorCodeRow(code: ErrorCode): ErrorCodeRow {
  return ERROR_CODES[ERROR_CODE_NAMES.indexOf(code)];
}
