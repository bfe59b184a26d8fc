/**
 * The transcript hash T: what binds an epoch's keys to everything that the peers negotiated (SPEC
 * ARC-KEY-transcript-items).
 *
 * ```
 * T = SHA-256( LV(item 1) || ... || LV(item 14) )
 *
 *  0               2
 * +---------------+----------------------+
 * |  length, u16  |  item ...            |      LV(item)
 * +---------------+----------------------+
 * ```
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, EMPTY_BYTES, utf8, writeU16 } from "../base/bytes.ts";

const PROTOCOL_LABEL = "arcrtc-1.0";

/** What stands for a `capabilities.authentication` list that the caller left out. */
const DEFAULT_AUTHENTICATION = "hmac-sha256-80";

/** The negotiated facts of one epoch. Byte fields are borrowed. */
export interface Transcript {
  readonly sessionId: string;
  readonly epoch: number;
  /** The session's roles in every epoch, whoever asked for it (SPEC ARC-KEY-transcript-roles). */
  readonly callerPeerId: string;
  readonly calleePeerId: string;
  /** Uncompressed, 65 bytes, of this epoch. */
  readonly callerKey: Uint8Array;
  readonly calleeKey: Uint8Array;
  /** DER; undefined or empty without an identity. */
  readonly callerCertificate?: Uint8Array;
  readonly calleeCertificate?: Uint8Array;
  /** As the caller sent them, unknown names and order included (SPEC ARC-KEY-transcript-offers-verbatim). */
  readonly offeredEncryption: readonly string[];
  /** Undefined where the caller sent no list, which is not the same as an empty list. */
  readonly offeredAuthentication?: readonly string[];
  readonly suite: string;
  readonly authentication: string;
  /** Undefined or empty in epoch 0. */
  readonly previousMasterKey?: Uint8Array;
}

/** The fourteen items in their order: a value that does not exist is empty. */
export function transcriptItems(transcript: Transcript): readonly Uint8Array[] {
  return [
    utf8(PROTOCOL_LABEL),
    utf8(transcript.sessionId),
    utf8(decimal(transcript.epoch)),
    utf8(transcript.callerPeerId),
    utf8(transcript.calleePeerId),
    transcript.callerKey,
    transcript.calleeKey,
    certificateItem(transcript.callerCertificate),
    certificateItem(transcript.calleeCertificate),
    utf8(transcript.offeredEncryption.join(",")),
    utf8((transcript.offeredAuthentication ?? [DEFAULT_AUTHENTICATION]).join(",")),
    utf8(transcript.suite),
    utf8(transcript.authentication),
    transcript.previousMasterKey ?? EMPTY_BYTES,
  ];
}

/**
 * T, 32 bytes.
 *
 * @throws RangeError when an item is longer than 65,535 bytes or the epoch is no number: no message is that long.
 */
export function transcriptHash(transcript: Transcript): Uint8Array {
  return sha256(concatBytes(...transcriptItems(transcript).map(lengthValue)));
}

/** `n` in ASCII decimal digits, no sign, no leading zeros. @throws RangeError unless 0 <= n < 2^53 and whole. */
export function decimal(n: number): string {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`Cannot write epoch: need a whole number, got ${n}`);
  return String(n);
}

function certificateItem(der: Uint8Array | undefined): Uint8Array {
  return der === undefined || der.length === 0 ? EMPTY_BYTES : sha256(der);
}

function lengthValue(item: Uint8Array): Uint8Array {
  if (item.length > 0xffff) throw new RangeError(`Cannot hash transcript: item of ${item.length} bytes exceeds 65535`);
  const length = new Uint8Array(2);
  writeU16(length, 0, item.length);
  return concatBytes(length, item);
}
