/**
 * IPv4 and IPv6 headers read in place, through options and extension headers to what they carry (RFC 791, RFC 8200).
 *
 * ```
 * IPv4  4 | IHL | tos | u16 length | u16 id | flags 3, offset 13 | ttl | protocol | checksum | source | destination | options
 * IPv6  6 | class | flow | u16 payload length | next header | hops | source 16 | destination 16 | extension headers
 * ext   next header | u8 length in words of 8 bytes, less one | ...
 * frag  next header | 0 | offset 13, 0 2, M 1 | u32 id
 * ```
 */
import { EMPTY_BYTES, readU16, readU32 } from "../../base/bytes.ts";

export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

const IPV4_MIN_BYTES = 20;
const IPV6_HEADER_BYTES = 40;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;
/** A chain longer than this is an attack and no packet. */
const MAX_EXTENSION_HEADERS = 16;

/** What keeps a packet from being read further. */
export type IpProblem = "truncated" | "malformed";

/** A reusable view of one IP packet; borrows the bytes. */
export class IpView {
  version: 4 | 6 = 4;
  /** Where the payload lies. */
  bytes: Uint8Array = EMPTY_BYTES;
  /** Where the addresses lie, 4 or 16 bytes each: not with the payload where that was put together from fragments. */
  header: Uint8Array = EMPTY_BYTES;
  sourceAt = 0;
  destinationAt = 0;
  /** Of the payload: TCP, UDP, or what else. */
  protocol = 0;
  payloadStart = 0;
  /** One past the payload as far as it was captured. */
  payloadEnd = 0;
  /** Bytes of the payload that the header announces and the capture does not have. */
  missingBytes = 0;

  /** True for a part of a larger packet: {@link payloadStart} is then where the part's bytes begin. */
  isFragment = false;
  fragmentOffset = 0;
  hasMoreFragments = false;
  fragmentId = 0;

  /** Why the last `parse` answered false. */
  problem: IpProblem = "malformed";

  parse(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.header = bytes;
    this.isFragment = false;
    if (start >= end) return this.#refuse("truncated");
    const version = bytes[start] >>> 4;
    if (version === 4) return this.#parseIpv4(bytes, start, end);
    if (version === 6) return this.#parseIpv6(bytes, start, end);
    return this.#refuse("malformed");
  }

  #parseIpv4(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < IPV4_MIN_BYTES) return this.#refuse("truncated");
    const headerBytes = 4 * (bytes[start] & 0x0f);
    const totalBytes = readU16(bytes, start + 2);
    if (headerBytes < IPV4_MIN_BYTES || (totalBytes !== 0 && totalBytes < headerBytes)) {
      return this.#refuse("malformed");
    }
    if (headerBytes > end - start) return this.#refuse("truncated");
    this.version = 4;
    this.sourceAt = start + 12;
    this.destinationAt = start + 16;
    this.protocol = bytes[start + 9];
    this.payloadStart = start + headerBytes;
    // A length of 0 is what the sender's own machine sees of a packet that its network card is to cut up.
    this.#setEnd(totalBytes === 0 ? end : start + totalBytes, end);
    const flags = readU16(bytes, start + 6);
    if ((flags & 0x3fff) !== 0) {
      this.#takeFragment(8 * (flags & 0x1fff), (flags & 0x2000) !== 0, readU16(bytes, start + 4));
    }
    return true;
  }

  #parseIpv6(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < IPV6_HEADER_BYTES) return this.#refuse("truncated");
    const payloadBytes = readU16(bytes, start + 4);
    this.version = 6;
    this.sourceAt = start + 8;
    this.destinationAt = start + 24;
    this.#setEnd(payloadBytes === 0 ? end : start + IPV6_HEADER_BYTES + payloadBytes, end);
    return this.#takeExtensions(bytes, bytes[start + 6], start + IPV6_HEADER_BYTES);
  }

  /** Reads the payload of a reassembled packet on from its first header, which for IPv6 may be an extension header. */
  continueWith(bytes: Uint8Array, start: number, end: number, protocol: number): boolean {
    this.bytes = bytes;
    this.isFragment = false;
    this.missingBytes = 0;
    this.payloadStart = start;
    this.payloadEnd = end;
    this.protocol = protocol;
    return this.version === 4 || this.#takeExtensions(bytes, protocol, start);
  }

  #takeExtensions(bytes: Uint8Array, firstHeader: number, first: number): boolean {
    let header = firstHeader;
    let at = first;
    for (let count = 0; count < MAX_EXTENSION_HEADERS; count++) {
      const length = extensionBytes(header, bytes, at, this.payloadEnd);
      if (length === 0) {
        this.protocol = header;
        this.payloadStart = at;
        return true;
      }
      if (at + length > this.payloadEnd) return this.#refuse("truncated");
      if (header === FRAGMENT) {
        const word = readU16(bytes, at + 2);
        this.protocol = bytes[at];
        this.payloadStart = at + length;
        // A lone fragment is the whole packet (RFC 6946): it is read on.
        if ((word & 0xfff9) !== 0) {
          this.#takeFragment(word & 0xfff8, (word & 1) !== 0, readU32(bytes, at + 4));
          return true;
        }
      }
      header = bytes[at];
      at += length;
    }
    return this.#refuse("malformed");
  }

  #takeFragment(offset: number, hasMore: boolean, id: number): void {
    this.isFragment = true;
    this.fragmentOffset = offset;
    this.hasMoreFragments = hasMore;
    this.fragmentId = id;
  }

  #setEnd(announced: number, captured: number): void {
    this.payloadEnd = Math.min(announced, captured);
    this.missingBytes = Math.max(0, announced - captured);
  }

  #refuse(problem: IpProblem): false {
    this.problem = problem;
    return false;
  }
}

/** Bytes of the extension header at `at`; 0 when `header` is none. */
function extensionBytes(header: number, bytes: Uint8Array, at: number, end: number): number {
  switch (header) {
    case FRAGMENT:
      return 8;
    case HOP_BY_HOP:
    case ROUTING:
    case DESTINATION:
    case MOBILITY:
    case HIP:
    case SHIM6:
      return at + 1 < end ? 8 * (bytes[at + 1] + 1) : 8;
    case AUTHENTICATION:
      return at + 1 < end ? 4 * (bytes[at + 1] + 2) : 8;
    default:
      return 0;
  }
}
