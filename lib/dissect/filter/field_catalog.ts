/**
 * Every field that filters, CSV columns and `--fields` can name, with how it is read from a unit: those of the unit and
 * its way here, those of ArcRTP out of the field table, those of RTCP and of messages by their dissected names.
 */
import { toHex } from "../../base/bytes.ts";
import { UNIT_KIND_NAMES, UnitKind } from "../../packet/demux.ts";
import { leavesOf } from "../../packet/field_node.ts";
import { type FieldSpec, readBits } from "../../packet/field_spec.ts";
import { ARCRTP_FIELDS, ARCRTP_PARTS, REDUCED } from "../../packet/field_table.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { messageFields } from "./message_fields.ts";
import { RTCP_FIELDS } from "./rtcp_fields.ts";

/** A field that a unit has once at most. Numbers are packed: NaN where the unit lacks the field; 0 and 1 for bool. */
export type ReadNumber = (unit: UnitModel) => number;
export type ReadText = (unit: UnitModel) => string | undefined;

export type FieldAccess =
  | { readonly kind: "number"; readonly read: ReadNumber }
  | { readonly kind: "text"; readonly read: ReadText }
  /** May be there several times, by its dissected name; only units of some kinds have it. */
  | { readonly kind: "nodes"; readonly name: string; readonly unitKinds: readonly UnitKind[] };

export interface CatalogField {
  readonly name: string;
  readonly type: "number" | "bool" | "text" | "bytes";
  readonly description: string;
  /** Names of the values from 0 on, usable in place of the number. */
  readonly values?: readonly string[];
  readonly access: FieldAccess;
}

function number(name: string, description: string, read: ReadNumber): CatalogField {
  return { name, type: "number", description, access: { kind: "number", read } };
}

function bool(name: string, description: string, read: (unit: UnitModel) => boolean | undefined): CatalogField {
  const packed: ReadNumber = (unit) => {
    const value = read(unit);
    return value === undefined ? NaN : Number(value);
  };
  return { name, type: "bool", description, access: { kind: "number", read: packed } };
}

function text(name: string, description: string, read: ReadText): CatalogField {
  return { name, type: "text", description, access: { kind: "text", read } };
}

function nodes(name: string, type: CatalogField["type"], description: string, treeName = name): CatalogField {
  return { name, type, description, access: nodeAccess(treeName) };
}

/** Whose trees are to be made for a field; making the others would be for nothing. */
const KINDS_BY_PREFIX: readonly (readonly [prefix: string, kinds: readonly UnitKind[]])[] = [
  ["arcrtp.", [UnitKind.arcrtp, UnitKind.reduced]],
  ["arcsrtp.", [UnitKind.arcrtp, UnitKind.reduced, UnitKind.rtcp]],
  ["arcsrtcp.", [UnitKind.rtcp]],
  ["rtcp.", [UnitKind.rtcp]],
  ["arcsig.", [UnitKind.json]],
  ["seal.", [UnitKind.json]],
];

function nodeAccess(name: string): FieldAccess {
  const unitKinds = KINDS_BY_PREFIX.find(([prefix]) => name.startsWith(prefix))?.[1] ?? [];
  return { kind: "nodes", name, unitKinds };
}

/** `arcrtp`, `reduced`, `rtcp`, `json`, ...; `rtp` for packets without Arc block, `phoenix` for a channel's own frame. */
export function kindName(unit: UnitModel): string {
  if (unit.dialect === "rtp" && unit.unit.kind === UnitKind.arcrtp) return "rtp";
  if (unit.unit.kind === UnitKind.unknown && unit.unit.envelope?.kind === "phoenix") return "phoenix";
  return UNIT_KIND_NAMES[unit.unit.kind];
}

function messageType({ message, engineMessage, status }: UnitModel): string | undefined {
  return (message ?? engineMessage ?? status)?.type;
}

function isProtected({ rtcp }: UnitModel): boolean | undefined {
  return rtcp === undefined ? undefined : rtcp.kind === "protected" || rtcp.kind === "opened";
}

const opened = ({ opening }: UnitModel) => opening?.kind === "opened" ? opening : undefined;

function indexOf(unit: UnitModel): number {
  const index = opened(unit)?.index;
  return index === undefined || index < 0 ? NaN : index;
}

const phoenix = (unit: UnitModel) => unit.unit.envelope?.kind === "phoenix" ? unit.unit.envelope : undefined;

const UNIT_FIELDS: readonly CatalogField[] = [
  number("packet", "Number of the packet that brought the unit", (u) => u.unit.packet),
  number("unit", "Number of the unit", (u) => u.unit.number),
  number("time", "Seconds since the first unit", (u) => u.timeS),
  number("time.epoch", "Seconds since 1970", (u) => u.unit.timeS + u.unit.timeNs / 1e9),
  text("src", "Who sent it, address:port", (u) => u.unit.source.text),
  text("dst", "Whom it went to, address:port", (u) => u.unit.destination.text),
  text("src.host", "Address that sent it", (u) => u.unit.source.host),
  text("dst.host", "Address that it went to", (u) => u.unit.destination.host),
  number("src.port", "Port that sent it", (u) => u.unit.source.port),
  number("dst.port", "Port that it went to", (u) => u.unit.destination.port),
  number("conversation", "Number of the pair of endpoints", (u) => u.unit.conversation),
  text("transport", "udp, tcp, ws or nats", (u) => u.unit.transport),
  text("kind", "arcrtp, reduced, rtp, rtcp, json, phoenix, stun, dtls or unknown", kindName),
  text("dialect", "arcrtc-1.0, armoricore or rtp", (u) => u.dialect),
  number("length", "Bytes of the unit as captured", (u) => u.unit.end - u.unit.start),
  number("cut", "Bytes of the unit that the capture cut off", (u) => u.unit.cutBytes),
  text("session", "session_id: of the message, or joined to media by its SSRC", (u) => u.sessionId),
  text("stream", "stream_id: of the message, or joined to media by its SSRC", (u) => u.streamId),
  text("sender", "peer_id of the stream's sender", (u) => u.entry?.stream.sender),
  text("role", "audio, video, rtx, fec or rtcp, as announced of the SSRC", (u) => u.entry?.role),
  number("ssrc", "SSRC of the media, or of the sender of RTCP", (u) => u.ssrc ?? NaN),
  bool("reduced", "The header came reduced", (u) => u.unit.kind === UnitKind.reduced),
  bool("protected", "RTCP that is SRTCP", (u) => isProtected(u)),
  bool("opened", "Keys fitted the unit; false where they did not", (u) => u.opening && u.opening.kind === "opened"),
  number("epoch", "Epoch of the keys that opened the unit", (u) => opened(u)?.epoch ?? NaN),
  number("index", "48-bit index of an opened packet, 31-bit index of opened SRTCP", (u) => indexOf(u)),
  bool("sealed", "A message with a seal", (u) => u.unit.kind === UnitKind.json ? u.isSealed : undefined),
  text("type", "Type of the message", messageType),
  text("fault", "Reason why the unit is malformed", (u) => u.fault?.reason),
  text("phoenix.topic", "Topic of the Phoenix frame", (u) => phoenix(u)?.topic),
  text("phoenix.event", "Event of the Phoenix frame", (u) => phoenix(u)?.event),
  text("phoenix.ref", "Reference of the Phoenix frame", (u) => phoenix(u)?.ref ?? undefined),
  text("phoenix.status", "Status of a Phoenix reply", (u) => phoenix(u)?.status),
  text(
    "nats.subject",
    "Subject of the NATS message",
    (u) => u.unit.envelope?.kind === "nats" ? u.unit.envelope.subject : undefined,
  ),
];

/** Fields that stand at a fixed place: read in place, without a tree. */
function packetFields(): CatalogField[] {
  const [rtp, , , block] = ARCRTP_PARTS;
  const fixed = new Map<FieldSpec, ReadNumber>();
  for (const field of flat(rtp.fields)) {
    fixed.set(field, ({ rtp }) => rtp === undefined ? NaN : bitsOf(field, rtp.bytes, rtp.start));
  }
  for (const field of flat(block.fields)) {
    fixed.set(field, ({ arc }) => {
      if (arc === undefined || (field.when !== undefined && !arc.hasLoss)) return NaN;
      return bitsOf(field, arc.bytes, arc.arcStart);
    });
  }
  for (const field of flat(REDUCED.fields)) {
    fixed.set(field, ({ unit }) => {
      const isThere = unit.kind === UnitKind.reduced && unit.end - unit.start >= 4;
      return isThere ? bitsOf(field, unit.bytes, unit.start) : NaN;
    });
  }
  return ARCRTP_FIELDS.map((spec) => {
    const { name, description, values } = spec;
    const type = spec.type === "bool" || spec.type === "bytes" ? spec.type : "number";
    const read = fixed.get(spec);
    const access: FieldAccess = read === undefined ? nodeAccess(name) : { kind: "number", read };
    return { name, type, description, access, ...(values === undefined ? {} : { values }) };
  });
}

function flat(fields: readonly FieldSpec[]): FieldSpec[] {
  return fields.flatMap((field) => [field, ...flat(field.fields ?? [])]);
}

/** Whole bytes without arithmetic on bits. */
function bitsOf({ bitOffset, bitWidth }: FieldSpec, bytes: Uint8Array, start: number): number {
  const at = start + (bitOffset >>> 3);
  if ((bitOffset & 7) === 0) {
    if (bitWidth === 8) return bytes[at];
    if (bitWidth === 16) return (bytes[at] << 8) | bytes[at + 1];
  }
  return readBits(bytes, 8 * start + bitOffset, bitWidth);
}

const OTHER_FIELDS: readonly CatalogField[] = [
  nodes("arcsrtp.ciphertext", "bytes", "Encrypted payload"),
  nodes("arcsrtp.tag", "bytes", "AEAD tag"),
  nodes("arcsrtp.hmac", "bytes", "HMAC tag"),
  nodes("arcsrtcp.e", "bool", "E bit of SRTCP"),
  nodes("arcsrtcp.index", "number", "Index of SRTCP"),
  nodes("seal.counter", "number", "Counter of a sealed message"),
  nodes("seal.tag", "bytes", "Tag of a sealed message"),
];

function catalog(): ReadonlyMap<string, CatalogField> {
  const fields = [...UNIT_FIELDS, ...packetFields(), ...OTHER_FIELDS];
  for (const { name, kind, label } of RTCP_FIELDS) fields.push(nodes(name, kind, label));
  const messages = messageFields();
  for (const [name, kind] of messages) {
    fields.push(nodes(name, kind, "Field of messages"));
    // Who writes a filter does not think of a list's items as a field of their own.
    const short = name.replaceAll(".item", "");
    if (short !== name && !messages.has(short)) fields.push(nodes(short, kind, "Field of messages", name));
  }
  return new Map(fields.map((field) => [field.name, field]));
}

/** By name, in the order in which help lists them. */
export const FIELD_CATALOG: ReadonlyMap<string, CatalogField> = catalog();

/** The field's values of a unit, as people and tables write them; several where the unit has it several times. */
export function fieldValues({ access, type, values }: CatalogField, unit: UnitModel): string[] {
  switch (access.kind) {
    case "number": {
      const value = access.read(unit);
      if (Number.isNaN(value)) return [];
      return [type === "bool" ? String(value === 1) : values?.[value] ?? String(value)];
    }
    case "text": {
      const value = access.read(unit);
      return value === undefined ? [] : [value];
    }
    case "nodes": {
      const found: string[] = [];
      if (!access.unitKinds.includes(unit.unit.kind)) return found;
      for (const { name, value } of leavesOf(unit.nodes)) {
        if (name === access.name && value !== undefined) {
          found.push(value instanceof Uint8Array ? toHex(value) : String(value));
        }
      }
      return found;
    }
  }
}
