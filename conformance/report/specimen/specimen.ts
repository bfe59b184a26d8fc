/**
 * The bytes that a breach is about, taken apart, with marks on what is wrong in them: what people look at first, in the
 * text and in the page alike.
 */
import { EMPTY_BYTES, parseHex, utf8 } from "../../../lib/base/bytes.ts";
import { isSealed } from "../../../lib/crypto/seal.ts";
import { dissectUnit } from "../../../lib/dissect/model/dissect_unit.ts";
import { dissectArcRtp } from "../../../lib/packet/dissect_arcrtp.ts";
import { classifyUnit, UnitKind } from "../../../lib/packet/demux.ts";
import type { FieldNode } from "../../../lib/packet/field_node.ts";
import { brief } from "../../expect.ts";
import type { BreachRecord, CaseResult } from "../../results.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import type { Asked, Moved } from "../../transcript.ts";
import { isFigure } from "../tally.ts";
import {
  type Mark,
  marksOfDifference,
  marksOfFault,
  marksOfMessage,
  marksOfPath,
  marksOfRules,
  type Unit,
} from "./marks.ts";

export interface Specimen {
  /** Whose bytes these are: `sent`, `answered`, `received on caller`. */
  readonly what: string;
  readonly bytes: Uint8Array;
  /** Fields in wire order; none where the bytes are no unit. */
  readonly nodes: readonly FieldNode[];
  readonly marks: readonly Mark[];
}

/** What there is to look at; nothing where a breach has no bytes, as in a capture or where nobody answered. */
export function specimensOf(result: CaseResult, breach: BreachRecord, dialect: string): readonly Specimen[] {
  if (isFigure(result, breach)) return [];
  const asked = askedOf(result, breach);
  if (asked !== undefined) return askedSpecimens(asked, breach, result.requirements, dialect);
  const moved = result.transcript.filter((entry): entry is Moved & { atMs: number } => "hex" in entry);
  const wrong = moved.findLast((entry) => entry.kind === "received" && isTheOne(entry, breach.got));
  if (wrong !== undefined) return movedSpecimen(wrong, breach, dialect);
  const sent = moved.findLast(({ kind }) => kind === "sent");
  return sent === undefined ? [] : movedSpecimen(sent, breach, dialect);
}

/** True for the unit that `got` describes, as `describeUnit` does. */
function isTheOne({ hex, text }: Moved, got: string): boolean {
  const unit = describedUnit(got);
  if (unit !== undefined) return hex.length === 2 * unit.length && hex.startsWith(unit.hex);
  return text !== undefined && messageText(text) === got;
}

/** `1232 bytes 8060...`: how long, and the first bytes. */
function describedUnit(words: string): { readonly length: number; readonly hex: string } | undefined {
  const [, length, hex] = /^(\d+) bytes ([0-9a-f]+)(?:\.\.\.)?$/.exec(words) ?? [];
  return hex === undefined ? undefined : { length: Number(length), hex };
}

function messageText(text: string): string {
  try {
    return brief(JSON.parse(text));
  } catch {
    return text;
  }
}

/** The request that a breach is about. */
export function askedOf({ transcript }: CaseResult, { at }: BreachRecord): Asked | undefined {
  const entry = at === undefined ? undefined : transcript.find((entry) => entry.kind === "asked" && entry.check === at);
  return entry?.kind === "asked" ? entry : undefined;
}

/** An answer that has other bytes than were due says where; otherwise the bytes that were asked about are looked at. */
function askedSpecimens(
  { request, answer }: Asked,
  { got }: BreachRecord,
  rules: readonly string[],
  dialect: string,
): readonly Specimen[] {
  const [, path, hex, due] = /^(\$\S*) is "([0-9a-f]+)", not "([0-9a-f]+)"$/.exec(got) ?? [];
  if (hex !== undefined && path.endsWith(".hex")) {
    const unit = unitOf(bytesOf(hex), dialect, request as Json);
    const wanted = bytesOf(due);
    const marks = marksOfDifference(unit, wanted, wanted.length).slice(0, MAX_MARKS);
    return [{ what: "answered", bytes: unit.bytes, nodes: unit.nodes, marks }];
  }
  const found = askedBytes(request as Json, got);
  if (found === undefined) return [];
  const unit = unitOf(found, dialect, request as Json);
  // The best there is: what the answer has wrong, where the unit cannot be read, what the rule is about.
  const marks = firstOf(
    () => marksOfPath(unit, got),
    () => marksOfFault(unit, faultOffset(answer)),
    () => marksOfRules(unit, rules),
  );
  return [{ what: "sent", bytes: found, nodes: unit.nodes, marks: marks.slice(0, MAX_MARKS) }];
}

const MAX_MARKS = 6;

function firstOf(...ways: readonly (() => readonly Mark[])[]): readonly Mark[] {
  for (const way of ways) {
    const marks = way();
    if (marks.length > 0) return marks;
  }
  return [];
}

function movedSpecimen(moved: Moved, breach: BreachRecord, dialect: string): readonly Specimen[] {
  // A unit that was cut in the transcript says so behind its bytes.
  const bytes = bytesOf(moved.hex.replace(/\.\.\..*$/, ""));
  const unit = unitOf(bytes, dialect, {});
  const what = `${moved.kind} on ${moved.line}`;
  if (moved.kind === "sent") return [{ what, bytes, nodes: unit.nodes, marks: [] }];
  const due = describedUnit(breach.expected);
  const marks = firstOf(
    () =>
      due === undefined ? marksOfMessage(unit, breach.expected) : marksOfDifference(unit, bytesOf(due.hex), due.length),
    () => marksOfFault(unit),
  );
  return [{ what, bytes, nodes: unit.nodes, marks: marks.slice(0, MAX_MARKS) }];
}

/** The unit that a request carries; of several the one that `got` speaks of. */
function askedBytes(request: Json, got: string): Uint8Array | undefined {
  if (typeof request.hex === "string") return bytesOf(request.hex);
  if (typeof request.json === "string") return utf8(request.json);
  const index = Number(/^\$\.\w+\[(\d+)\]/.exec(got)?.[1] ?? 0);
  for (const name of ["packets", "units", "chunks"]) {
    const list = request[name];
    const item: unknown = Array.isArray(list) ? list[index] : undefined;
    const hex = isJson(item) ? item.hex : item;
    if (typeof hex === "string") return bytesOf(hex);
  }
}

/** The bytes; none where a testee calls hex what is none. */
function bytesOf(hex: string): Uint8Array {
  const parsed = parseHex(hex);
  return parsed.ok ? parsed.value : EMPTY_BYTES;
}

/** Where the testee has refused the unit. */
function faultOffset(answer: object | undefined): number | undefined {
  const fault = isJson(answer) && isJson(answer.fault) ? answer.fault : undefined;
  const offset = fault?.offset;
  return typeof offset === "number" && Number.isInteger(offset) && offset >= 0 ? offset : undefined;
}

function unitOf(bytes: Uint8Array, dialect: string, request: Json): Unit {
  const kind = classifyUnit(bytes);
  const named = request.authentication;
  const authentication = named === "hmac-sha256-80" || named === "none" ? named : undefined;
  const isProtected = authentication !== undefined;
  const isPlainRtp = request.plain === true;
  const nodes = kind === UnitKind.arcrtp && !isProtected && !isPlainRtp
    // With its padding: nothing is encrypted.
    ? dissectArcRtp(bytes).nodes
    : dissectUnit({
      kind,
      bytes,
      dialect: isPlainRtp ? "rtp" : dialect === "armoricore" ? "armoricore" : "arcrtc-1.0",
      isSealed: kind === UnitKind.json && isSealed(bytes),
      authentication,
    });
  return { bytes, kind, nodes, isProtected };
}
