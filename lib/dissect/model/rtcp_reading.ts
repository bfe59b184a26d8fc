/** What can be told of an RTCP unit without its keys: whether it is protected, and what travels in the clear. */
import { readU32 } from "../../base/bytes.ts";
import type { Fault } from "../../base/parsed.ts";
import { AEAD_TAG_BYTES, type Authentication, AUTHENTICATION_TAG_BYTES } from "../../crypto/suites.ts";
import { parseRtcp, type RtcpPacket } from "../../packet/rtcp/compound.ts";

export type RtcpReading =
  | { readonly kind: "plain"; readonly packets: readonly RtcpPacket[] }
  /** SRTCP (SPEC ARC-SRTP-srtcp-layout): the first packet's header and sender, and the index, are in the clear. */
  | { readonly kind: "protected"; readonly index: number; readonly authentication: Authentication }
  /** SRTCP that keys have opened. */
  | {
    readonly kind: "opened";
    readonly packets: readonly RtcpPacket[];
    readonly index: number;
    readonly authentication: Authentication;
  }
  | { readonly kind: "malformed"; readonly fault: Fault };

const HEADER_BYTES = 8;
const INDEX_BYTES = 4;
const E_BIT = 0x8000_0000;
/** A session of days: an index above is no index but ciphertext. */
const MAX_LIKELY_INDEX = 2 ** 24;

/**
 * `authentication` is the session's, where that is known, `opened` the compound that keys have taken out of the unit. A unit
 * is plain when it reads as RTCP to its last byte.
 */
export function readRtcpUnit(bytes: Uint8Array, authentication?: Authentication, opened?: Uint8Array): RtcpReading {
  const parsed = parseRtcp(opened ?? bytes);
  if (opened !== undefined && authentication !== undefined) {
    if (!parsed.ok) return { kind: "malformed", fault: parsed.fault };
    return { kind: "opened", packets: parsed.value, index: indexOf(bytes, authentication) ?? 0, authentication };
  }
  if (parsed.ok) return { kind: "plain", packets: parsed.value };
  const likely: readonly Authentication[] = authentication === undefined
    ? ["hmac-sha256-80", "none"]
    : [authentication];
  for (const each of likely) {
    const index = indexOf(bytes, each);
    if (index !== undefined && index < MAX_LIKELY_INDEX) return { kind: "protected", index, authentication: each };
  }
  return { kind: "malformed", fault: parsed.fault };
}

/** The SRTCP index where this authentication puts it; undefined where there is none. */
function indexOf(bytes: Uint8Array, authentication: Authentication): number | undefined {
  const at = bytes.length - AUTHENTICATION_TAG_BYTES[authentication] - INDEX_BYTES;
  if (at < HEADER_BYTES + AEAD_TAG_BYTES) return undefined;
  const word = readU32(bytes, at);
  return word >= E_BIT ? word - E_BIT : undefined;
}
