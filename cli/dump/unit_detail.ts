/** A unit in full, for people: its line, its field tree with offsets, its bytes. */
import { rocOf } from "../../lib/crypto/packet_index.ts";
import { ruleOfUnit } from "../../lib/dissect/check/fault_rules.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { UNIT_KIND_NAMES, UnitKind } from "../../lib/packet/demux.ts";
import type { DecodedUnit } from "../decode/decode_unit.ts";
import { hexRows, visible } from "../../lib/base/hex_text.ts";
import type { ReadingDialect, UnitReading } from "../decode/reading.ts";
import { type TextOptions, unitToText } from "../decode/text.ts";

/** The field tree with what is known of the unit besides its bytes. */
export function detailText(model: UnitModel, options: TextOptions): string {
  const { unit } = model;
  const reading = readingOf(model);
  const decoded: DecodedUnit = {
    bytes: unit.view(),
    reading,
    nodes: model.nodes,
    notes: notesOf(model),
    body: {},
    ...(model.fault === undefined ? {} : { fault: { ...model.fault, ...ruleIn(model) } }),
  };
  return `${unitToText(decoded, options)}\n`;
}

/** Rows of sixteen bytes with their offsets, as `hexdump -C` has them; where keys have opened it, what was inside too. */
export function hexDump(model: UnitModel): string {
  const { unit, opening } = model;
  const isInside = opening?.kind === "opened" && unit.kind !== UnitKind.json;
  return `${rowsOf(unit.view())}${isInside ? `      opened\n${rowsOf(opening.plain)}` : ""}\n`;
}

function rowsOf(bytes: Uint8Array): string {
  return hexRows(bytes, 0).map(({ at, hex, ascii }) =>
    `      ${at.toString(16).padStart(4, "0")}  ${hex.padEnd(47)}  |${ascii}|\n`
  ).join("");
}

function readingOf(model: UnitModel): UnitReading {
  const kind = UNIT_KIND_NAMES[model.unit.kind];
  const why = whyOf(model);
  if (kind === "arcrtp" || kind === "json") {
    const dialect: ReadingDialect = model.dialect ?? "arcrtc-1.0";
    return { kind, dialect, why };
  }
  return { kind, why };
}

function whyOf({ unit, sessionId }: UnitModel): string {
  const way = `packet ${unit.packet}, ${unit.source.text} > ${unit.destination.text}, ${unit.transport}`;
  return sessionId === undefined ? way : `${way}, session ${sessionId}`;
}

function notesOf(model: UnitModel): string[] {
  const { unit, entry, rtp, rtcp } = model;
  const notes: string[] = [];
  if (unit.cutBytes > 0) notes.push(`the capture cut ${unit.cutBytes} bytes off`);
  if (entry !== undefined) {
    const { stream, role } = entry;
    const sender = stream.sender === undefined ? "" : ` of peer ${stream.sender}`;
    notes.push(`SSRC ${entry.ssrc} is ${role} of stream ${stream.id}${sender}, ${whence(stream.packet)}`);
  }
  if (rtp !== undefined && unit.kind !== 4) {
    notes.push(`full header: sequence number ${rtp.sequenceNumber}, timestamp ${rtp.timestamp}, SSRC ${rtp.ssrc}`);
  }
  notes.push(...openingNotes(model));
  if (rtcp?.kind === "protected" && model.opening === undefined) {
    notes.push(`SRTCP with authentication ${rtcp.authentication}: the rest is encrypted`);
  }
  if (unit.envelope?.kind === "phoenix") {
    const { topic, event, joinRef, ref } = unit.envelope;
    notes.push(visible(`Phoenix frame: topic ${topic}, event ${event}, join_ref ${joinRef}, ref ${ref}`));
  }
  if (unit.envelope?.kind === "nats") notes.push(visible(`NATS subject ${unit.envelope.subject}`));
  if (model.isSealed && model.opening === undefined) {
    notes.push("sealed: whether the tag is right, only the session's key tells");
  }
  return notes;
}

function whence(packet: number): string {
  return packet === 0 ? "known from the key log" : `announced in packet ${packet}`;
}

function openingNotes({ opening, unit, session }: UnitModel): string[] {
  if (opening === undefined) return [];
  if (opening.kind === "failed") return [`not opened with the keys at hand: ${opening.reason}`];
  const { epoch, index } = opening;
  if (unit.kind === UnitKind.json) return [`sealed: the tag is right with the key of epoch ${epoch}`];
  const where = unit.kind === UnitKind.rtcp ? `index ${index}` : `ROC ${rocOf(index)}, index ${index}`;
  return [`opened with ${session?.suite} ${session?.authentication}, epoch ${epoch}, ${where}: all tags are right`];
}

function ruleIn(model: UnitModel): { readonly rule?: string } {
  if (model.fault === undefined) return {};
  const rule = ruleOfUnit(model, model.fault);
  return rule === undefined ? {} : { rule };
}
