/** A unit in full, for people: its line, its field tree with offsets, its bytes. */
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { UNIT_KIND_NAMES } from "../../lib/packet/demux.ts";
import type { DecodedUnit } from "../decode/decode_unit.ts";
import { hexRows, visible } from "../decode/hex_text.ts";
import type { ReadingDialect, UnitReading } from "../decode/reading.ts";
import { ruleOf } from "../decode/rules.ts";
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
    ...(model.fault === undefined ? {} : { fault: { ...model.fault, ...ruleIn(model, reading) } }),
  };
  return `${unitToText(decoded, options)}\n`;
}

/** Rows of sixteen bytes with their offsets, as `hexdump -C` has them. */
export function hexDump(model: UnitModel): string {
  const rows = hexRows(model.unit.view(), 0).map(({ at, hex, ascii }) =>
    `      ${at.toString(16).padStart(4, "0")}  ${hex.padEnd(47)}  |${ascii}|\n`
  );
  return `${rows.join("")}\n`;
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
    notes.push(`SSRC ${entry.ssrc} is ${role} of stream ${stream.id}${sender}, announced in packet ${stream.packet}`);
  }
  if (rtp !== undefined && unit.kind !== 4) {
    notes.push(`full header: sequence number ${rtp.sequenceNumber}, timestamp ${rtp.timestamp}, SSRC ${rtp.ssrc}`);
  }
  if (rtcp?.kind === "protected") notes.push(`SRTCP with authentication ${rtcp.authentication}: the rest is encrypted`);
  if (unit.envelope?.kind === "phoenix") {
    const { topic, event, joinRef, ref } = unit.envelope;
    notes.push(visible(`Phoenix frame: topic ${topic}, event ${event}, join_ref ${joinRef}, ref ${ref}`));
  }
  if (unit.envelope?.kind === "nats") notes.push(visible(`NATS subject ${unit.envelope.subject}`));
  if (model.isSealed) notes.push("sealed: whether the tag is right, only the session's key tells");
  return notes;
}

function ruleIn(model: UnitModel, reading: UnitReading): { readonly rule?: string } {
  if (model.fault === undefined) return {};
  const rule = ruleOf(reading, model.fault, model.message?.type);
  return rule === undefined ? {} : { rule };
}
