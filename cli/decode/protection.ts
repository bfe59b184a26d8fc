/** ArcSRTP and SRTCP around a unit: where the tags are, and taking them off with the keys. */
import { readU32 } from "../../lib/base/bytes.ts";
import { type Fault, fault, ok, type Parsed, truncated } from "../../lib/base/parsed.ts";
import { srtcpOverheadBytes, SrtcpReceiver } from "../../lib/crypto/srtcp.ts";
import type { SrtpStreamKeys } from "../../lib/crypto/srtp_keys.ts";
import { SrtpReceiver } from "../../lib/crypto/srtp_unprotect.ts";
import { AEAD_TAG_BYTES, type Authentication, AUTHENTICATION_TAG_BYTES } from "../../lib/crypto/suites.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { dissectArcRtp, dissectReduced } from "../../lib/packet/dissect_arcrtp.ts";
import type { FieldNode } from "../../lib/packet/field_node.ts";
import { type FieldSpec, readField } from "../../lib/packet/field_spec.ts";

export interface UnprotectKeys {
  readonly stream: SrtpStreamKeys;
  /** Rollover counter of the packet. */
  readonly roc: number;
}

/** How units are protected, and the keys where they are at hand. */
export interface Protection {
  readonly authentication: Authentication;
  readonly keys?: UnprotectKeys;
}

type ProtectedKind = "arcrtp" | "rtcp" | "reduced";

const SRTCP_HEADER_BYTES = 8;
const SRTCP_INDEX_BYTES = 4;

/** A protected unit without its keys: the header's fields, ciphertext and tags. */
export function splitTags(
  bytes: Uint8Array,
  kind: ProtectedKind,
  authentication: Authentication,
): { readonly nodes: readonly FieldNode[]; readonly fault?: Fault } {
  if (kind === "rtcp") return splitRtcpTags(bytes, authentication);
  const { nodes, faults } = kind === "arcrtp" ? dissectArcRtp(bytes, { encrypted: true }) : dissectReduced(bytes);
  const malformed = faults.find(({ reason }) => reason !== "bad_extension");
  if (malformed !== undefined) return { nodes, fault: malformed };
  const head = nodes.filter(({ name }) => name !== "arcrtp.payload");
  const bodyStart = head.reduce((end, node) => Math.max(end, (node.bitOffset + node.bitLength) / 8), 0);
  const tagsStart = bytes.length - AEAD_TAG_BYTES - AUTHENTICATION_TAG_BYTES[authentication];
  if (tagsStart < bodyStart) return { nodes, fault: tooShort(bodyStart + bytes.length - tagsStart, bytes.length) };
  return {
    nodes: [...head, ...some(ciphertext(bytes, bodyStart, tagsStart)), ...tagNodes(bytes, tagsStart, authentication)],
  };
}

function splitRtcpTags(bytes: Uint8Array, authentication: Authentication) {
  const hmacStart = bytes.length - AUTHENTICATION_TAG_BYTES[authentication];
  const indexStart = hmacStart - SRTCP_INDEX_BYTES;
  const tagStart = indexStart - AEAD_TAG_BYTES;
  if (tagStart < SRTCP_HEADER_BYTES) {
    const nodes = some(field("unit", "Undissected", bytes, 0, bytes.length));
    return { nodes, fault: tooShort(SRTCP_HEADER_BYTES + bytes.length - tagStart, bytes.length) };
  }
  return {
    nodes: [
      ...clearRtcpFields(bytes),
      ...some(ciphertext(bytes, SRTCP_HEADER_BYTES, tagStart)),
      field("arcsrtp.tag", "AEAD tag", bytes, tagStart, indexStart),
      ...indexNodes(bytes, indexStart),
      ...some(field("arcsrtp.hmac", "HMAC tag", bytes, hmacStart, bytes.length)),
    ],
  };
}

/** The fields of the first packet that travel in the clear: its header and its sender. */
function clearRtcpFields(bytes: Uint8Array): FieldNode[] {
  return CLEAR_RTCP_FIELDS.map((spec) => readField(spec, bytes, 0));
}

const CLEAR_RTCP_FIELDS: readonly FieldSpec[] = [
  clearField("rtcp.version", "Version", 0, 2),
  clearField("rtcp.p", "Padding", 2, 1, "bool"),
  clearField("rtcp.count", "Count or format", 3, 5),
  clearField("rtcp.pt", "Packet type", 8, 8),
  clearField("rtcp.length", "Length", 16, 16),
  clearField("rtcp.ssrc", "SSRC of the sender", 32, 32, "hex"),
];

function clearField(
  name: string,
  label: string,
  bitOffset: number,
  bitWidth: number,
  type: FieldSpec["type"] = "uint",
): FieldSpec {
  return { name, label, type, bitOffset, bitWidth, description: label, clause: "ARC-SRTP-srtcp-layout" };
}

function tagNodes(bytes: Uint8Array, start: number, authentication: Authentication): FieldNode[] {
  const hmacStart = start + AEAD_TAG_BYTES;
  return [
    field("arcsrtp.tag", "AEAD tag", bytes, start, hmacStart),
    ...(authentication === "none" ? [] : [field("arcsrtp.hmac", "HMAC tag", bytes, hmacStart, bytes.length)]),
  ];
}

function indexNodes(bytes: Uint8Array, start: number): FieldNode[] {
  const word = readU32(bytes, start);
  return [
    { name: "arcsrtcp.e", label: "E", bitOffset: 8 * start, bitLength: 1, value: word >= 2 ** 31 },
    { name: "arcsrtcp.index", label: "SRTCP index", bitOffset: 8 * start + 1, bitLength: 31, value: word % 2 ** 31 },
  ];
}

function ciphertext(bytes: Uint8Array, start: number, end: number): FieldNode {
  return field("arcsrtp.ciphertext", "Ciphertext", bytes, start, end);
}

function field(name: string, label: string, bytes: Uint8Array, start: number, end: number): FieldNode {
  return { name, label, bitOffset: 8 * start, bitLength: 8 * (end - start), value: bytes.subarray(start, end) };
}

function some(node: FieldNode): FieldNode[] {
  return node.bitLength > 0 ? [node] : [];
}

function tooShort(need: number, got: number): Fault {
  return truncated("protected packet", need, got).fault;
}

export interface Unprotected {
  /** The plain unit; its fields lie where they lay in the protected one. */
  readonly bytes: Uint8Array;
  /** What stood behind the plaintext. */
  readonly tags: readonly FieldNode[];
  readonly note: string;
}

/** Unprotects a copy of the unit, as the first packet that a receiver ever sees. */
export function takeProtectionOff(
  bytes: Uint8Array,
  kind: Exclude<ProtectedKind, "reduced">,
  { stream, roc }: UnprotectKeys,
): Parsed<Unprotected> {
  const copy = bytes.slice();
  const overheadBytes = kind === "rtcp" ? srtcpOverheadBytes(stream) : stream.overheadBytes;
  const outcome = kind === "rtcp" ? unprotectRtcp(copy, stream) : unprotectPacket(copy, stream, roc);
  if (!outcome.ok) return outcome;
  const plainEnd = bytes.length - overheadBytes;
  const rtcpIndex = plainEnd + AEAD_TAG_BYTES;
  const tags = kind === "arcrtp" ? tagNodes(bytes, plainEnd, stream.authentication) : [
    field("arcsrtp.tag", "AEAD tag", bytes, plainEnd, rtcpIndex),
    ...indexNodes(bytes, rtcpIndex),
    ...some(field("arcsrtp.hmac", "HMAC tag", bytes, rtcpIndex + SRTCP_INDEX_BYTES, bytes.length)),
  ];
  const note = `unprotected with ${stream.suite}, ${stream.authentication}${kind === "arcrtp" ? `, ROC ${roc}` : ""}`;
  return ok({ bytes: copy.subarray(0, plainEnd), tags, note });
}

function unprotectPacket(copy: Uint8Array, stream: SrtpStreamKeys, roc: number): Parsed<null> {
  const view = new ArcRtpView();
  if (!view.parse(copy)) return { ok: false, fault: view.fault() };
  const outcome = new SrtpReceiver(view.ssrc, 0, { startRoc: roc }).unprotect(stream, view, 0);
  return outcome === "ok" ? ok(null) : refused(outcome, copy.length, view.headerEnd + stream.overheadBytes);
}

function unprotectRtcp(copy: Uint8Array, stream: SrtpStreamKeys): Parsed<null> {
  const need = SRTCP_HEADER_BYTES + srtcpOverheadBytes(stream);
  if (copy.length < need) return truncated("protected packet", need, copy.length);
  const outcome = new SrtcpReceiver(readU32(copy, 4)).unprotect(stream, copy, 0, copy.length);
  return outcome === "ok" ? ok(null) : refused(outcome, copy.length, need);
}

function refused(reason: Fault["reason"], bytes: number, need: number): Parsed<null> {
  switch (reason) {
    case "truncated":
      return truncated("protected packet", need, bytes);
    case "auth":
      return fault(
        "auth",
        "Cannot unprotect packet: the HMAC tag is wrong (another key, another ROC, or changed bytes)",
      );
    case "decrypt":
      return fault("decrypt", "Cannot unprotect packet: the AEAD tag is wrong (another key or ROC, or changed bytes)");
    default:
      return fault(reason, `Cannot unprotect packet: ${reason}`);
  }
}
