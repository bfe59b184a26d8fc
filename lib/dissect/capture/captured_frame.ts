/** What a capture file holds besides its framing: packets as they were seen, and what is said about them. */
import { EMPTY_BYTES } from "../../base/bytes.ts";

/**
 * One captured packet; readers keep one object and move it on. The bytes are borrowed until the reader's next call.
 * Times are of the Unix epoch, in whole seconds and the nanoseconds within them, so that none of either is lost.
 */
export class CapturedFrame {
  /** From 1 on, as Wireshark counts. */
  number = 0;
  /** Whole seconds since 1970; negative before. */
  timeS = 0;
  /** 0..999,999,999. */
  timeNs = 0;
  /** False where the file has no time for the packet (simple packet blocks): it then has that of the one before. */
  hasTime = true;
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;
  /** Bytes that the packet had on the wire; more than there are here where the capture cut it. */
  originalBytes = 0;
  /** One of the LINKTYPE_ numbers, see `link_layer.ts`. */
  linkType = 0;
  /** Counts the interfaces of the file through all its sections, from 0 on. */
  interfaceIndex = 0;
}

/** Keys that the file carries, for the packets behind them. */
export interface CaptureSecrets {
  /** Type of the secrets, `ARC_SECRETS_TYPE` for ours. */
  readonly type: number;
  /** Borrowed until the reader's next call. */
  readonly bytes: Uint8Array;
}

/** Something about the file that its reader's user should know, such as packets that the capture lost. */
export interface CaptureNote {
  /** Byte of the file that it is about. */
  readonly offset: number;
  readonly message: string;
}
