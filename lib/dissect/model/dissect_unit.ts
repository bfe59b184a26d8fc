/**
 * Any unit as a field tree, protected or not: the header's fields by the field table, tags and index where the session's
 * authentication tells where they are, a seal behind its message.
 */
import { readU32, readU48 } from "../../base/bytes.ts";
import { unreachable } from "../../base/unreachable.ts";
import { SEAL_OVERHEAD_BYTES } from "../../crypto/seal.ts";
import { AEAD_TAG_BYTES, type Authentication, AUTHENTICATION_TAG_BYTES } from "../../crypto/suites.ts";
import { ARCRTP_MIN_HEADER_BYTES } from "../../packet/arcrtp.ts";
import { UnitKind } from "../../packet/demux.ts";
import { dissectArcRtp, dissectReduced } from "../../packet/dissect_arcrtp.ts";
import type { FieldNode } from "../../packet/field_node.ts";
import { bytesNode, type FieldSpec, readField } from "../../packet/field_spec.ts";
import { PAYLOAD, UNDISSECTED } from "../../packet/field_table.ts";
import { REDUCED_HEADER_BYTES } from "../../packet/reduced.ts";
import { dissectRtcp } from "../../packet/rtcp/dissect.ts";
import { dissectMessage } from "../../signaling/dissect_message.ts";
import type { Dialect } from "./dialect_evidence.ts";

/** What has to be known of a unit to take it apart. */
export interface UnitToDissect {
  readonly kind: UnitKind;
  readonly bytes: Uint8Array;
  readonly dialect: Dialect | undefined;
  readonly isSealed: boolean;
  /** How its media or RTCP is protected; undefined where it is not, or nothing tells. */
  readonly authentication: Authentication | undefined;
  /** What keys have taken out of it, as `Opening` has it; undefined where it is closed. */
  readonly plain?: Uint8Array | undefined;
}

const RTCP_HEADER_BYTES = 8;
const SRTCP_INDEX_BYTES = 4;
/** Parts of a packet that plain RTP has too. */
const RTP_PARTS: ReadonlySet<string> = new Set(["arcrtp.rtp", "arcrtp.csrcs", "arcrtp.ext"]);

/** The unit's fields in wire order; they borrow its bytes. Never fails: what cannot be read is a field as well. */
export function dissectUnit(unit: UnitToDissect): readonly FieldNode[] {
  const { kind, bytes, authentication } = unit;
  switch (kind) {
    case UnitKind.arcrtp:
      if (unit.dialect === "rtp") return plainRtpNodes(bytes);
      if (unit.plain !== undefined) return openedNodes(dissectArcRtp(unit.plain).nodes, bytes, unit.plain.length);
      return withTags(dissectArcRtp(bytes, { encrypted: true }).nodes, bytes, authentication);
    case UnitKind.reduced:
      if (unit.plain !== undefined) return openedReducedNodes(bytes, unit.plain);
      return withTags(dissectReduced(bytes).nodes, bytes, authentication);
    case UnitKind.rtcp:
      if (unit.plain !== undefined) return openedRtcpNodes(bytes, unit.plain);
      return authentication === undefined ? dissectRtcp(bytes) : protectedRtcpNodes(bytes, authentication);
    case UnitKind.json:
      return unit.isSealed ? sealedNodes(bytes) : dissectMessage(bytes);
    case UnitKind.stun:
      return whole(bytes, "STUN message");
    case UnitKind.dtls:
      return whole(bytes, "DTLS record");
    case UnitKind.unknown:
      return whole(bytes, "Unknown");
    default:
      return unreachable(kind);
  }
}

/** The header's own parts; everything behind them is payload. */
function plainRtpNodes(bytes: Uint8Array): readonly FieldNode[] {
  const { nodes } = dissectArcRtp(bytes, { encrypted: true });
  const head = nodes.filter(({ name }) => RTP_PARTS.has(name));
  const end = endOf(head);
  return end === bytes.length
    ? head
    : [...head, bytesNode(head.length > 0 ? PAYLOAD : UNDISSECTED, bytes, end, bytes.length)];
}

/** The payload of a protected packet split into ciphertext and tags; as it is where it is too short to have them. */
function withTags(
  nodes: readonly FieldNode[],
  bytes: Uint8Array,
  authentication: Authentication | undefined,
): readonly FieldNode[] {
  if (authentication === undefined || !nodes.some(({ name }) => name === PAYLOAD.name)) return nodes;
  const head = nodes.filter(({ name }) => name !== PAYLOAD.name);
  const hmacStart = bytes.length - AUTHENTICATION_TAG_BYTES[authentication];
  const tagStart = hmacStart - AEAD_TAG_BYTES;
  const start = endOf(head);
  if (tagStart < start) return nodes;
  return [
    ...head,
    ...some("arcsrtp.ciphertext", "Ciphertext", bytes, start, tagStart),
    ...some("arcsrtp.tag", "AEAD tag", bytes, tagStart, hmacStart),
    ...some("arcsrtp.hmac", "HMAC tag", bytes, hmacStart, bytes.length),
  ];
}

/** The plain unit's fields, which lie where they lay in the protected one, and behind them the tags. */
function openedNodes(nodes: readonly FieldNode[], bytes: Uint8Array, plainEnd: number): readonly FieldNode[] {
  const hmacStart = plainEnd + AEAD_TAG_BYTES;
  return [
    ...nodes,
    ...some("arcsrtp.tag", "AEAD tag", bytes, plainEnd, hmacStart),
    ...some("arcsrtp.hmac", "HMAC tag", bytes, hmacStart, bytes.length),
  ];
}

/** The header as it came, the payload as it was: {@link UnitToDissect.plain} has the full header in front of it. */
function openedReducedNodes(bytes: Uint8Array, plain: Uint8Array): readonly FieldNode[] {
  const payload = plain.subarray(ARCRTP_MIN_HEADER_BYTES);
  const unit = new Uint8Array(REDUCED_HEADER_BYTES + payload.length);
  unit.set(bytes.subarray(0, REDUCED_HEADER_BYTES));
  unit.set(payload, REDUCED_HEADER_BYTES);
  return openedNodes(dissectReduced(unit).nodes, bytes, unit.length);
}

function openedRtcpNodes(bytes: Uint8Array, plain: Uint8Array): readonly FieldNode[] {
  const indexStart = plain.length + AEAD_TAG_BYTES;
  return [
    ...dissectRtcp(plain),
    ...some("arcsrtp.tag", "AEAD tag", bytes, plain.length, indexStart),
    ...indexNodes(bytes, indexStart),
    ...some("arcsrtp.hmac", "HMAC tag", bytes, indexStart + SRTCP_INDEX_BYTES, bytes.length),
  ];
}

/** SRTCP (SPEC ARC-SRTP-srtcp-layout). */
function protectedRtcpNodes(bytes: Uint8Array, authentication: Authentication): readonly FieldNode[] {
  const hmacStart = bytes.length - AUTHENTICATION_TAG_BYTES[authentication];
  const indexStart = hmacStart - SRTCP_INDEX_BYTES;
  const tagStart = indexStart - AEAD_TAG_BYTES;
  if (tagStart < RTCP_HEADER_BYTES) return whole(bytes, "Undissected");
  return [
    ...CLEAR_RTCP_FIELDS.map((spec) => readField(spec, bytes, 0)),
    ...some("arcsrtp.ciphertext", "Ciphertext", bytes, RTCP_HEADER_BYTES, tagStart),
    ...some("arcsrtp.tag", "AEAD tag", bytes, tagStart, indexStart),
    ...indexNodes(bytes, indexStart),
    ...some("arcsrtp.hmac", "HMAC tag", bytes, hmacStart, bytes.length),
  ];
}

function indexNodes(bytes: Uint8Array, start: number): FieldNode[] {
  const word = readU32(bytes, start);
  const bit = 8 * start;
  return [
    { name: "arcsrtcp.e", label: "E", bitOffset: bit, bitLength: 1, value: word >= 2 ** 31 },
    { name: "arcsrtcp.index", label: "SRTCP index", bitOffset: bit + 1, bitLength: 31, value: word % 2 ** 31 },
  ];
}

/** What of SRTCP travels in the clear: the first packet's header and its sender. */
export const CLEAR_RTCP_FIELDS: readonly FieldSpec[] = [
  clearField("rtcp.version", "Version", "uint", 0, 2),
  clearField("rtcp.p", "Padding", "bool", 2, 1),
  clearField("rtcp.count", "Count or format", "uint", 3, 5),
  clearField("rtcp.pt", "Packet type", "uint", 8, 8),
  clearField("rtcp.length", "Length", "uint", 16, 16),
  clearField("rtcp.ssrc", "SSRC of the sender", "hex", 32, 32),
];

function clearField(
  name: string,
  label: string,
  type: FieldSpec["type"],
  bitOffset: number,
  bitWidth: number,
): FieldSpec {
  return { name, label, type, bitOffset, bitWidth, description: label, clause: "ARC-SRTP-srtcp-layout" };
}

/** SPEC ARC-SEAL-format. */
function sealedNodes(bytes: Uint8Array): readonly FieldNode[] {
  const at = bytes.length - SEAL_OVERHEAD_BYTES;
  const place = (start: number, end: number) => ({ bitOffset: 8 * start, bitLength: 8 * (end - start) });
  return [
    ...dissectMessage(bytes.subarray(0, at)),
    { name: "seal.zero", label: "Zero byte", ...place(at, at + 1), value: 0 },
    { name: "seal.counter", label: "Counter", ...place(at + 1, at + 7), value: readU48(bytes, at + 1) },
    ...some("seal.tag", "Tag", bytes, at + 7, bytes.length),
  ];
}

function whole(bytes: Uint8Array, label: string): readonly FieldNode[] {
  return some("unit", label, bytes, 0, bytes.length);
}

function some(name: string, label: string, bytes: Uint8Array, start: number, end: number): FieldNode[] {
  if (end <= start) return [];
  return [{ name, label, bitOffset: 8 * start, bitLength: 8 * (end - start), value: bytes.subarray(start, end) }];
}

/** One past the last byte of these nodes. */
function endOf(nodes: readonly FieldNode[]): number {
  return nodes.reduce((end, node) => Math.max(end, (node.bitOffset + node.bitLength) / 8), 0);
}
