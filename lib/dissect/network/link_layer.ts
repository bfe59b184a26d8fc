/**
 * What lies in front of IP in a captured packet, by the link type of its interface (https://www.tcpdump.org/linktypes.html).
 *
 * ```
 * 0    BSD loopback   u32 address family, in the byte order of the machine that captured
 * 1    Ethernet       6 destination | 6 source | u16 EtherType      | VLAN tags: u16 tag | u16 EtherType
 * 101  raw IP         nothing; so have 12 and 14, and 228 (IPv4 only) and 229 (IPv6 only)
 * 108  loopback       u32 address family, big-endian
 * 113  Linux cooked   14 bytes | u16 EtherType
 * 276  Linux cooked 2 u16 EtherType | 18 bytes
 * ```
 */
import { readU16, readU32 } from "../../base/bytes.ts";

export const LINKTYPE_NULL = 0;
export const LINKTYPE_ETHERNET = 1;
export const LINKTYPE_RAW = 101;
export const LINKTYPE_LOOP = 108;
export const LINKTYPE_LINUX_SLL = 113;
export const LINKTYPE_IPV4 = 228;
export const LINKTYPE_IPV6 = 229;
export const LINKTYPE_LINUX_SLL2 = 276;
/** What some systems write for raw IP. */
const DLT_RAW_ELSEWHERE = [12, 14];

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);
/** Tags in one packet; more are nobody's network. */
const MAX_VLAN_TAGS = 8;

/** The first 16 bits of an address family tell its byte order: no family is above 255. */
const FAMILY_IPV4 = 2;
/** BSDs disagree: NetBSD and OpenBSD 24, FreeBSD 28, macOS 30; Linux 10. */
const FAMILIES_IPV6: ReadonlySet<number> = new Set([10, 24, 28, 30]);

const SUPPORTED: ReadonlySet<number> = new Set([
  LINKTYPE_NULL,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  LINKTYPE_LOOP,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL2,
  ...DLT_RAW_ELSEWHERE,
]);

export function isSupportedLinkType(linkType: number): boolean {
  return SUPPORTED.has(linkType);
}

/** A reusable reader: `parse` leaves in {@link ipStart} where the IP header begins. */
export class LinkView {
  ipStart = 0;
  /** Of the innermost tag; -1 without one. */
  vlanId = -1;

  /** False where the packet carries no IP, is cut too short to tell, or its link type is not known. */
  parse(linkType: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.vlanId = -1;
    switch (linkType) {
      case LINKTYPE_ETHERNET:
        return end - start >= 14 && this.#takeEtherType(bytes, start + 12, end);
      case LINKTYPE_LINUX_SLL:
        return end - start >= 16 && this.#takeEtherType(bytes, start + 14, end);
      case LINKTYPE_LINUX_SLL2:
        return end - start >= 20 && this.#takeCooked2(bytes, start, end);
      case LINKTYPE_NULL:
      case LINKTYPE_LOOP:
        this.ipStart = start + 4;
        return end - start > 4 && isIpFamily(readU32(bytes, start), linkType === LINKTYPE_NULL);
      default:
        this.ipStart = start;
        return SUPPORTED.has(linkType);
    }
  }

  #takeEtherType(bytes: Uint8Array, at: number, end: number): boolean {
    let etherType = readU16(bytes, at);
    let next = at + 2;
    for (let tags = 0; tags < MAX_VLAN_TAGS && VLAN_TAGS.has(etherType); tags++) {
      if (next + 4 > end) return false;
      this.vlanId = readU16(bytes, next) & 0x0fff;
      etherType = readU16(bytes, next + 2);
      next += 4;
    }
    this.ipStart = next;
    return etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6;
  }

  /** The tag of a VLAN, where there is one, follows the header as in Ethernet. */
  #takeCooked2(bytes: Uint8Array, start: number, end: number): boolean {
    const etherType = readU16(bytes, start);
    if (VLAN_TAGS.has(etherType)) {
      if (start + 24 > end) return false;
      this.vlanId = readU16(bytes, start + 20) & 0x0fff;
      return this.#takeEtherType(bytes, start + 22, end);
    }
    this.ipStart = start + 20;
    return etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6;
  }
}

function isIpFamily(word: number, mayBeReversed: boolean): boolean {
  const family = word > 0xffff && mayBeReversed ? word >>> 24 : word;
  return family === FAMILY_IPV4 || FAMILIES_IPV6.has(family);
}
