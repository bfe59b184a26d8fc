/**
 * A unit without what it says, of the same length. What statistics are made of stays: headers, SSRCs, sequence numbers,
 * timestamps, priorities, the two header extensions that ArcRTC defines, RTCP reports, counters and indexes.
 *
 * ```
 * media   header | 0 ...                 of plain RTP whatever looks as little like an Arc block as before
 * SRTCP   first 8 bytes | 0 ... | E and index | 0 ...
 * RTCP    all but names, reasons and what applications put in
 * JSON    see redact_json.ts             sealed: | 0 | counter | 0 ...
 * others  first byte | 0 ...
 * ```
 */
import { readU16 } from "../../base/bytes.ts";
import { SEAL_OVERHEAD_BYTES } from "../../crypto/seal.ts";
import { AUTHENTICATION_TAG_BYTES } from "../../crypto/suites.ts";
import { ARC_BLOCK_BYTES, ARC_FLAG_BANDWIDTH, ARC_FLAG_LOSS, ARCRTP_MIN_HEADER_BYTES } from "../../packet/arcrtp.ts";
import { UnitKind } from "../../packet/demux.ts";
import { ElementCursor, EXT_SEND_TIME, EXT_TRANSPORT_SEQUENCE } from "../../packet/extensions.ts";
import { REDUCED_HEADER_BYTES } from "../../packet/reduced.ts";
import { PT_BYE, PT_PSFB, PT_RECEIVER_REPORT, PT_RTPFB, PT_SDES, PT_SENDER_REPORT } from "../../packet/rtcp/header.ts";
import { RTP_EXTENSION_HEADER_BYTES, RTP_FIXED_HEADER_BYTES } from "../../packet/rtp_header.ts";
import type { RtpView } from "../../packet/rtp_view.ts";
import type { UnitModel } from "../model/unit_model.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { redactJson } from "./redact_json.ts";

const SRTCP_CLEAR_BYTES = 8;
const SRTCP_INDEX_BYTES = 4;
/** What a malformed packet keeps of its header: enough to be malformed for the same reason. */
const MALFORMED_KEPT_BYTES = ARCRTP_MIN_HEADER_BYTES + 1;
/** Of the seal: its zero byte and counter. */
const SEAL_CLEAR_BYTES = 7;
/** Undefined flags: no Arc block has them. */
const NO_ARC_BLOCK = 0xff;

/** The bytes that stand for a unit's; they belong to the caller. */
export function redactUnit(model: UnitModel, pseudonyms: Pseudonyms): Uint8Array {
  const { unit } = model;
  const bytes = unit.view().slice();
  switch (unit.kind) {
    case UnitKind.arcrtp:
      if (model.rtp === undefined) bytes.fill(0, MALFORMED_KEPT_BYTES + 4 * ((bytes[0] ?? 0) & 0x0f));
      else if (model.arc === undefined) redactPlainRtp(bytes, model.rtp);
      else redactArcRtp(bytes, model.rtp, model.arc.headerEnd);
      return bytes;
    case UnitKind.reduced:
      return bytes.fill(0, REDUCED_HEADER_BYTES);
    case UnitKind.rtcp:
      redactRtcp(bytes, model);
      return bytes;
    case UnitKind.json:
      redactMessage(bytes, model.isSealed, pseudonyms);
      return bytes;
    default:
      if (unit.envelope === undefined) bytes.fill(0, 1);
      else redactJson(bytes, 0, bytes.length, pseudonyms);
      return bytes;
  }
}

function redactMessage(bytes: Uint8Array, isSealed: boolean, pseudonyms: Pseudonyms): void {
  const end = isSealed ? bytes.length - SEAL_OVERHEAD_BYTES : bytes.length;
  redactJson(bytes, 0, end, pseudonyms);
  if (isSealed) bytes.fill(0, end + SEAL_CLEAR_BYTES);
}

/** `headerEnd` counts from where the view counts. */
function redactArcRtp(bytes: Uint8Array, view: RtpView, headerEnd: number): void {
  redactExtension(bytes, view);
  fillPayload(bytes, headerEnd - view.start, 0, view.padding);
}

/** Which dialect it is shows in what lies where an Arc block would (see `dialect_evidence.ts`): that much stays. */
function redactPlainRtp(bytes: Uint8Array, view: RtpView): void {
  redactExtension(bytes, view);
  const start = view.rtpHeaderEnd - view.start;
  const block = bytes.slice(start, start + ARC_BLOCK_BYTES);
  fillPayload(bytes, start, NO_ARC_BLOCK, view.padding);
  if (block.length < ARC_BLOCK_BYTES || (block[1] & ~(ARC_FLAG_BANDWIDTH | ARC_FLAG_LOSS)) !== 0) return;
  const hasFlag = (block[1] & ARC_FLAG_BANDWIDTH) !== 0;
  bytes.set([0, block[1], 0, !hasFlag && readU16(block, 2) !== 0 ? 1 : 0], start);
}

/** The last byte counts the padding, where there is any and it is not encrypted. */
function fillPayload(bytes: Uint8Array, start: number, value: number, hasPadding: boolean): void {
  bytes.fill(value, start, hasPadding ? Math.max(start, bytes.length - 1) : bytes.length);
}

function redactExtension(bytes: Uint8Array, view: RtpView): void {
  if (!view.hasExtension) return;
  const start = RTP_FIXED_HEADER_BYTES + 4 * view.csrcCount + RTP_EXTENSION_HEADER_BYTES;
  const end = view.rtpHeaderEnd - view.start;
  const own = new ElementCursor();
  own.open(view);
  const kept: [number, Uint8Array][] = [];
  while (own.next()) {
    const head = bytes.slice(own.elementStart - view.start, own.valueEnd - view.start);
    // Another element keeps its place and length.
    if (own.id !== EXT_SEND_TIME && own.id !== EXT_TRANSPORT_SEQUENCE) head.fill(0, 1);
    kept.push([own.elementStart - view.start, head]);
  }
  if (own.malformed) {
    kept.push([own.elementStart - view.start, bytes.slice(own.elementStart - view.start).subarray(0, 1)]);
  }
  bytes.fill(0, start, end);
  for (const [at, element] of kept) bytes.set(element, at);
}

function redactRtcp(bytes: Uint8Array, model: UnitModel): void {
  const { rtcp } = model;
  if (rtcp === undefined || rtcp.kind === "malformed") return void bytes.fill(0, SRTCP_CLEAR_BYTES);
  if (rtcp.kind === "plain") return redactPlainRtcp(bytes);
  const indexStart = bytes.length - AUTHENTICATION_TAG_BYTES[rtcp.authentication] - SRTCP_INDEX_BYTES;
  bytes.fill(0, SRTCP_CLEAR_BYTES, indexStart);
  bytes.fill(0, indexStart + SRTCP_INDEX_BYTES);
}

/** Packet by packet; the compound has been parsed, so its lengths are right. */
function redactPlainRtcp(bytes: Uint8Array): void {
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 * (readU16(bytes, at + 2) + 1);
    const count = bytes[at] & 0x1f;
    switch (bytes[at + 1]) {
      case PT_SENDER_REPORT:
      case PT_RECEIVER_REPORT:
      case PT_RTPFB:
      case PT_PSFB:
        break;
      case PT_SDES:
        redactSdes(bytes, at + 4, end);
        break;
      case PT_BYE: {
        const reason = at + 4 + 4 * count;
        if (reason < end) bytes.fill(0x78, reason + 1, Math.min(end, reason + 1 + bytes[reason]));
        break;
      }
      default:
        bytes.fill(0, Math.min(end, at + 8), end);
    }
    at = end;
  }
}

/** SSRC, then items of type, length and text up to a type of 0, chunk behind chunk on words (RFC 3550 §6.5). */
function redactSdes(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start + 4; at < end;) {
    if (bytes[at] === 0) {
      at = start + 4 * (Math.floor((at - start) / 4) + 1) + 4;
      continue;
    }
    const textEnd = Math.min(end, at + 2 + bytes[at + 1]);
    bytes.fill(0x78, at + 2, textEnd);
    at = textEnd;
  }
}
