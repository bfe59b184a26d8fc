/** What a unit is, by its first byte; the one stateless decision in front of every receive path. */

/** The kinds of unit, as small integers: they index counter tables. SPEC ARC-UNIT-first-byte. */
export const UnitKind = {
  unknown: 0,
  stun: 1,
  dtls: 2,
  json: 3,
  arcrtp: 4,
  rtcp: 5,
  reduced: 6,
} as const;

export type UnitKind = (typeof UnitKind)[keyof typeof UnitKind];

/** Names of the kinds for people and counters, indexed by {@link UnitKind}. */
export const UNIT_KIND_NAMES = ["unknown", "stun", "dtls", "json", "arcrtp", "rtcp", "reduced"] as const;

/**
 * The largest media unit, protection included, on every transport; the largest sealed JSON unit as well:
 * 1280 less the IPv6 and UDP headers. SPEC ARC-UNIT-media-size, ARC-UNIT-sealed-size.
 */
export const MAX_UNIT_BYTES = 1232;

/** RTCP packet types 192..223 are the second bytes that RTP never has (RFC 5761 §4). */
const RTCP_FIRST = 192;
const RTCP_LAST = 223;

const KIND_BY_FIRST_BYTE: readonly UnitKind[] = Array.from({ length: 256 }, (_, first) => {
  if (first <= 0x03) return UnitKind.stun;
  if (first >= 0x14 && first <= 0x3f) return UnitKind.dtls;
  if (first === 0x7b) return UnitKind.json;
  if (first >= 0x80 && first <= 0xbf) return UnitKind.arcrtp;
  if (first >= 0xc0) return UnitKind.reduced;
  return UnitKind.unknown;
});

/**
 * The kind of the unit at `bytes[start..end)`. Looks at two bytes at most and never at the length: a unit may be of a
 * kind and still malformed. SPEC ARC-UNIT-first-byte, ARC-UNIT-rtcp-second-byte, ARC-UNIT-unknown-class.
 */
export function classifyUnit(bytes: Uint8Array, start = 0, end: number = bytes.length): UnitKind {
  if (start >= end) return UnitKind.unknown;
  const kind = KIND_BY_FIRST_BYTE[bytes[start]];
  if (kind === UnitKind.arcrtp && end - start > 1) {
    const second = bytes[start + 1];
    if (second >= RTCP_FIRST && second <= RTCP_LAST) return UnitKind.rtcp;
  }
  return kind;
}
