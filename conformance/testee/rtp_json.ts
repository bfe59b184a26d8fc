/**
 * RTP and ArcRTP packets as plain JSON, in the words of the testee interface: what `rtp.parse` shows, `rtp.write` and
 * `arcrtc encode` take, and `arcrtc decode --json` prints.
 *
 * ```
 * { "header": { "version": 2, "padding": false, "extension": false, "csrc_count": 0, "csrc": [], "marker": false,
 *               "payload_type": 111, "sequence_number": 1, "timestamp": 0, "ssrc": 1, "extension_header": null },
 *   "arc": { "quality": 0, "priority": 0, "key_phase": 0, "flags": 0, "bandwidth_kbps": null, "loss_tenths": null },
 *   "payload": "4869" }
 * ```
 *
 * `arc` is null for plain RTP. A packet with P set shows its stripped padding in `padding` (hex), so that writing gives
 * the packet again; where a request has no such field, the padding is the end of `payload`.
 */
import { concatBytes, EMPTY_BYTES, toHex } from "../../lib/base/bytes.ts";
import { fault, ok, type Parsed } from "../../lib/base/parsed.ts";
import {
  ARC_FLAG_BANDWIDTH,
  ARC_FLAG_LOSS,
  type ArcBlockFields,
  arcRtpHeaderBytes,
  ArcRtpView,
  isUsablePayloadType,
  parseArcRtp,
  writeArcRtp,
} from "../../lib/packet/arcrtp.ts";
import {
  armoricoreArcRtpBytes,
  parseArmoricoreArcRtp,
  parseArmoricoreRtp,
  writeArmoricoreArcRtp,
  writeArmoricoreRtp,
} from "../../lib/packet/armoricore.ts";
import {
  RTP_VERSION,
  type RtpExtension,
  rtpHeaderBytes,
  type RtpHeaderFields,
  writeRtp,
} from "../../lib/packet/rtp_header.ts";
import { parseRtp, type RtpView } from "../../lib/packet/rtp_view.ts";
import type { Fields } from "./request.ts";

/** The dialects of SPEC ARC-DIALECT-names. */
export const DIALECTS = ["arcrtc-1.0", "armoricore"] as const;

export type Dialect = (typeof DIALECTS)[number];

/** How a packet of RTP is to be read: with or without an Arc block, in which dialect. */
export interface RtpForm {
  readonly dialect: Dialect;
  readonly plain: boolean;
}

export function parseRtpForm(bytes: Uint8Array, { dialect, plain }: RtpForm): Parsed<RtpView> {
  switch (dialect) {
    case "arcrtc-1.0":
      return plain ? parseRtp(bytes) : parseArcRtp(bytes);
    case "armoricore":
      return plain ? parseArmoricoreRtp(bytes) : parseArmoricoreArcRtp(bytes);
  }
}

/** The packet as a JSON value of its own. */
export function rtpToJson(view: RtpView): object {
  const padding = view.bytes.subarray(view.payloadEnd, view.end);
  return {
    header: {
      version: view.version,
      padding: view.padding,
      extension: view.hasExtension,
      csrc_count: view.csrcCount,
      csrc: Array.from({ length: view.csrcCount }, (_, i) => view.csrc(i)),
      marker: view.marker,
      payload_type: view.payloadType,
      sequence_number: view.sequenceNumber,
      timestamp: view.timestamp,
      ssrc: view.ssrc,
      extension_header: view.hasExtension
        ? { profile: view.extensionProfile, data: toHex(view.bytes.subarray(view.extensionStart, view.extensionEnd)) }
        : null,
    },
    arc: view instanceof ArcRtpView ? arcToJson(view) : null,
    payload: toHex(view.payload()),
    ...(padding.length > 0 ? { padding: toHex(padding) } : {}),
  };
}

function arcToJson(view: ArcRtpView): object {
  return {
    quality: view.quality,
    priority: view.priority,
    key_phase: view.keyPhase,
    flags: view.flags,
    bandwidth_kbps: view.bandwidthKbps ?? null,
    loss_tenths: view.lossTenths ?? null,
  };
}

/** A header as it was asked for; the engine's dialect writes contradictions as they are. */
interface HeaderJson extends RtpHeaderFields {
  readonly version: number;
  readonly hasExtension: boolean;
  readonly csrcCount: number;
}

/**
 * The bytes of the packet that `packet` describes; without Arc block where `arc` is null or absent. Faults name the
 * path of what the dialect does not allow.
 *
 * @throws RequestError when a field is missing, of the wrong type, or too large for its bits.
 */
export function rtpFromJson(packet: Fields, dialect: Dialect): Parsed<Uint8Array> {
  const headerJson = packet.object("header");
  const header = readHeader(headerJson);
  const arc = packet.has("arc") ? readArc(packet.object("arc")) : ok(undefined);
  const payload = concatBytes(packet.hexOrEmpty("payload"), packet.hexOrEmpty("padding"));
  if (!arc.ok) return arc;
  if (dialect === "armoricore") return ok(writeArmoricore(header, arc.value, payload));
  const contradiction = findContradiction(header, headerJson, arc.value !== undefined) ??
    findBadPadding(header, payload, packet);
  if (contradiction !== undefined) return contradiction;
  const fields = { ...header, payload };
  if (arc.value === undefined) {
    const out = new Uint8Array(rtpHeaderBytes(fields) + payload.length);
    writeRtp(fields, out, 0);
    return ok(out);
  }
  const arcFields = { ...fields, ...arc.value };
  const out = new Uint8Array(arcRtpHeaderBytes(arcFields) + payload.length);
  writeArcRtp(arcFields, out, 0);
  return ok(out);
}

function writeArmoricore(header: HeaderJson, arc: ArcBlockFields | undefined, payload: Uint8Array): Uint8Array {
  const fields = { ...header, payload };
  if (arc === undefined) {
    const out = new Uint8Array(rtpHeaderBytes(fields) + payload.length);
    writeArmoricoreRtp(fields, out, 0);
    return out;
  }
  const arcFields = { ...fields, ...arc };
  const out = new Uint8Array(armoricoreArcRtpBytes(arcFields));
  writeArmoricoreArcRtp(arcFields, out, 0);
  return out;
}

function readHeader(header: Fields): HeaderJson {
  const csrc = header.has("csrc") ? header.integers("csrc", 0, 0xffff_ffff) : [];
  const extension = header.has("extension_header") ? readExtension(header.object("extension_header")) : undefined;
  return {
    version: header.integerOr("version", 0, 3, RTP_VERSION),
    padding: header.flag("padding"),
    hasExtension: header.flag("extension", extension !== undefined),
    csrcCount: header.integerOr("csrc_count", 0, 255, csrc.length),
    csrc,
    marker: header.flag("marker"),
    payloadType: header.integer("payload_type", 0, 127),
    sequenceNumber: header.integer("sequence_number", 0, 0xffff),
    timestamp: header.u32("timestamp"),
    ssrc: header.u32("ssrc"),
    extension,
  };
}

function readExtension(extension: Fields): RtpExtension {
  return { profile: extension.integer("profile", 0, 0xffff), data: extension.hexOrEmpty("data") };
}

/** Undefined flag bits are dropped (SPEC ARC-RTP-reserved-zero); the two defined ones must fit their fields. */
function readArc(arc: Fields): Parsed<ArcBlockFields> {
  const bandwidthKbps = arc.integerOrNone("bandwidth_kbps", 0, 0xffff);
  const lossTenths = arc.integerOrNone("loss_tenths", 0, 255);
  const needed = (bandwidthKbps === undefined ? 0 : ARC_FLAG_BANDWIDTH) |
    (lossTenths === undefined ? 0 : ARC_FLAG_LOSS);
  const flags = arc.integerOr("flags", 0, 255, needed);
  if ((flags & (ARC_FLAG_BANDWIDTH | ARC_FLAG_LOSS)) !== needed) {
    return refuse(arc, "flags", "bad_value", `flags 0x${toHex(Uint8Array.of(needed))} for the given fields`);
  }
  return ok({
    quality: arc.integer("quality", 0, 3),
    priority: arc.integer("priority", 0, 3),
    keyPhase: arc.integerOr("key_phase", 0, 3, 0),
    bandwidthKbps,
    lossTenths,
  });
}

const MAX_EXTENSION_BYTES = 4 * 0xffff;

/** What a header says of itself that its own lists deny, or that `arcrtc-1.0` excludes. */
function findContradiction(header: HeaderJson, json: Fields, isArc: boolean): Refused | undefined {
  const { version, csrc, csrcCount, extension, hasExtension, payloadType } = header;
  if (version !== RTP_VERSION) return refuse(json, "version", "bad_version", "version 2");
  if ((csrc ?? []).length > 15) return refuse(json, "csrc", "bad_value", "at most 15 CSRCs");
  if (csrcCount !== (csrc ?? []).length) return refuse(json, "csrc_count", "bad_value", "the number of CSRCs");
  if (hasExtension !== (extension !== undefined)) {
    return refuse(json, "extension", "bad_extension", "true with an extension_header, false without");
  }
  if ((extension ?? { data: EMPTY_BYTES }).data.length > MAX_EXTENSION_BYTES) {
    return refuse(json, "extension_header.data", "too_large", `at most ${MAX_EXTENSION_BYTES} bytes`);
  }
  if (isArc && !isUsablePayloadType(payloadType)) {
    return refuse(json, "payload_type", "bad_value", "a payload type outside of 64..95");
  }
}

function findBadPadding(header: HeaderJson, payload: Uint8Array, packet: Fields): Refused | undefined {
  if (header.padding !== true) {
    if (!packet.has("padding") || packet.hex("padding").length === 0) return undefined;
    return refuse(packet, "padding", "bad_padding", "no padding without header.padding");
  }
  const count = payload.length === 0 ? 0 : payload[payload.length - 1];
  if (count >= 1 && count <= payload.length) return undefined;
  return refuse(
    packet,
    packet.has("padding") ? "padding" : "payload",
    "bad_padding",
    "a count of padding as last byte",
  );
}

type Refused = ReturnType<typeof fault>;

function refuse(
  fields: Fields,
  name: string,
  reason: "bad_value" | "bad_version" | "bad_extension" | "bad_padding" | "too_large",
  expected: string,
): Refused {
  const path = fields.pathOf(name);
  return fault(reason, `Cannot write packet: need ${expected} at ${path}`, { path });
}
