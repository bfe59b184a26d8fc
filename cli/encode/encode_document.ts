/** One JSON document to the bytes that it describes. */
import { utf8 } from "../../lib/base/bytes.ts";
import { ok, type Parsed } from "../../lib/base/parsed.ts";
import { rtcpBytes, writeRtcp } from "../../lib/packet/rtcp/compound.ts";
import { rtcpFromJson } from "../../lib/packet/rtcp/from_json.ts";
import { messageText } from "../../conformance/testee/ops/signaling.ts";
import { Fields, RequestError } from "../../conformance/testee/request.ts";
import { type Dialect, DIALECTS, rtpFromJson } from "../../conformance/testee/rtp_json.ts";
import { reducedFromJson } from "../decode/reduced_json.ts";

export const ENCODE_KINDS = ["auto", "arcrtp", "rtp", "rtcp", "message", "reduced"] as const;

export type EncodeKind = Exclude<(typeof ENCODE_KINDS)[number], "auto">;

export interface EncodeWish {
  readonly kind: (typeof ENCODE_KINDS)[number];
  /** Undefined: the document's own, or `arcrtc-1.0`. */
  readonly dialect?: Dialect;
}

export interface EncodedUnit {
  readonly kind: EncodeKind;
  readonly bytes: Uint8Array;
  /** What of the document is not in the bytes. */
  readonly notes: readonly string[];
}

/** @throws RequestError, which names the JSON path, for a document that lacks something; faults are the content's. */
export function encodeDocument(document: unknown, wish: EncodeWish): Parsed<EncodedUnit> {
  const fields = Array.isArray(document) ? new Fields({ packets: document }) : Fields.of(document, "$");
  const kind = wish.kind === "auto" ? kindOf(fields) : wish.kind;
  const dialect = wish.dialect ?? dialectOf(fields);
  const bytes = bytesOf(kind, fields, dialect);
  return bytes.ok ? ok({ kind, bytes: bytes.value, notes: notesOf(fields) }) : bytes;
}

function bytesOf(kind: EncodeKind, fields: Fields, dialect: Dialect): Parsed<Uint8Array> {
  switch (kind) {
    case "arcrtp":
    case "rtp": {
      const packet = packetOf(fields);
      if (kind === "arcrtp") packet.object("arc");
      return rtpFromJson(kind === "rtp" ? packet.without("arc") : packet, dialect);
    }
    case "rtcp":
      return rtcpToBytes(fields);
    case "reduced":
      return ok(reducedFromJson(packetOf(fields)));
    case "message": {
      const text = messageText(messageOf(fields), dialect);
      return text.ok ? ok(utf8(text.value)) : text;
    }
  }
}

/** Documents of decode hold the packet in `packet`; what the testee takes is the packet itself. */
function packetOf(fields: Fields): Fields {
  return fields.has("packet") ? fields.object("packet") : fields;
}

/** ERROR has a field `message` of its own: only a document without a type holds its message there. */
function messageOf(fields: Fields): unknown {
  return fields.has("type") ? fields.raw : fields.value("message");
}

function rtcpToBytes(fields: Fields): Parsed<Uint8Array> {
  const packets = rtcpFromJson(fields.value("packets"), fields.pathOf("packets"));
  if (!packets.ok) return packets;
  const bytes = new Uint8Array(rtcpBytes(packets.value));
  writeRtcp(packets.value, bytes, 0);
  return ok(bytes);
}

/** By what the document has: decode's own say it in `kind`. */
function kindOf(fields: Fields): EncodeKind {
  if (fields.has("fault") && fields.has("fields")) {
    throw new RequestError("$.fault: decode found the unit malformed, so there is nothing to encode");
  }
  if (fields.has("packets")) return "rtcp";
  if (fields.has("message") && !fields.has("type")) return "message";
  const packet = packetOf(fields);
  if (packet.has("header")) return packet.has("arc") ? "arcrtp" : "rtp";
  if (packet.has("context_id")) return "reduced";
  if (fields.has("type")) return "message";
  throw new RequestError("$ must have header and payload, packets, or a message's type; --kind names it otherwise");
}

function dialectOf(fields: Fields): Dialect {
  const named = fields.raw.dialect;
  return DIALECTS.find((dialect) => dialect === named) ?? "arcrtc-1.0";
}

function notesOf(fields: Fields): string[] {
  const isSealed = Array.isArray(fields.raw.fields) && JSON.stringify(fields.raw.fields).includes('"seal.tag"');
  return isSealed ? ["the seal is left out: it needs the session's key"] : [];
}
