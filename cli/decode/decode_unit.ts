/** One unit taken apart: field tree, verdict, and the JSON form that `arcrtc encode` takes. */
import { toHex } from "../../lib/base/bytes.ts";
import { type Fault, fault, type Parsed } from "../../lib/base/parsed.ts";
import { isSealed, SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";
import { ruleOf } from "../../lib/dissect/check/fault_rules.ts";
import { ARMORICORE_QUALITIES } from "../../lib/packet/armoricore.ts";
import { dissectArcRtp, dissectReduced } from "../../lib/packet/dissect_arcrtp.ts";
import type { FieldNode } from "../../lib/packet/field_node.ts";
import { bytesNode } from "../../lib/packet/field_spec.ts";
import { PADDING, PAYLOAD, UNDISSECTED } from "../../lib/packet/field_table.ts";
import { ReducedView } from "../../lib/packet/reduced.ts";
import { parseRtcp } from "../../lib/packet/rtcp/compound.ts";
import { dissectRtcp } from "../../lib/packet/rtcp/dissect.ts";
import { rtcpToJson } from "../../lib/packet/rtcp/to_json.ts";
import type { RtpView } from "../../lib/packet/rtp_view.ts";
import { parseArmoricoreMessage } from "../../lib/signaling/armoricore_messages.ts";
import { dissectMessage } from "../../lib/signaling/dissect_message.ts";
import { parseMessage } from "../../lib/signaling/parse_message.ts";
import { parseRtpForm, rtpToJson } from "../../conformance/testee/rtp_json.ts";
import { dissectUpTo, offsetOfPath } from "./message_places.ts";
import { type Protection, splitTags, takeProtectionOff } from "./protection.ts";
import { chooseReading, type ReadingDialect, type ReadingWish, type UnitReading } from "./reading.ts";
import { reducedToJson } from "./reduced_json.ts";

/** A fault with the place to point at and the rule that it breaks. */
export interface UnitFault extends Fault {
  readonly rule?: string;
}

export interface DecodedUnit {
  readonly bytes: Uint8Array;
  readonly reading: UnitReading;
  readonly nodes: readonly FieldNode[];
  /** Why the unit is malformed; undefined when it is not. */
  readonly fault?: UnitFault;
  /** What a receiver would not refuse, and people want to know. */
  readonly notes: readonly string[];
  /** What encode takes: `packet`, `packets` or `message`; empty for a malformed unit. */
  readonly body: object;
}

type Taken = Pick<DecodedUnit, "nodes" | "body"> & { readonly fault?: Fault; readonly notes?: readonly string[] };

export function decodeUnit(bytes: Uint8Array, wish: ReadingWish, protection?: Protection): DecodedUnit {
  const reading = chooseReading(bytes, wish, protection !== undefined);
  const taken = protection === undefined ? takeApart(bytes, reading) : takeProtectedApart(bytes, reading, protection);
  const unit = { bytes, reading, nodes: taken.nodes, notes: taken.notes ?? [], body: taken.body };
  return taken.fault === undefined ? unit : { ...unit, fault: placed(bytes, reading, taken.fault) };
}

function takeApart(bytes: Uint8Array, reading: UnitReading): Taken {
  switch (reading.kind) {
    case "arcrtp":
      return reading.dialect === "arcrtc-1.0" ? takeArcRtp(bytes) : takeOtherRtp(bytes, reading.dialect);
    case "json":
      return takeMessage(bytes, reading.dialect);
    case "rtcp":
      return outcome(parseRtcp(bytes), dissectRtcp(bytes), (packets) => ({ packets: packets.map(rtcpToJson) }));
    case "reduced":
      return takeReduced(bytes);
    case "stun":
      return { nodes: wholeUnit(bytes, "STUN message"), body: {}, notes: ["only the bridge to WebRTC speaks STUN"] };
    case "dtls":
      return { nodes: wholeUnit(bytes, "DTLS record"), body: {}, notes: ["the message is encrypted inside"] };
    case "unknown":
      return {
        nodes: wholeUnit(bytes, "Unknown"),
        body: {},
        fault:
          fault("unknown_type", "Cannot classify unit: its first byte is outside of all classes", { offset: 0 }).fault,
      };
  }
}

function takeProtectedApart(bytes: Uint8Array, reading: UnitReading, protection: Protection): Taken {
  if (reading.kind !== "arcrtp" && reading.kind !== "rtcp" && reading.kind !== "reduced") {
    return takeApart(bytes, reading);
  }
  if (protection.keys !== undefined && reading.kind !== "reduced") {
    const plain = takeProtectionOff(bytes, reading.kind, protection.keys);
    if (plain.ok) {
      const { nodes, ...rest } = takeApart(plain.value.bytes, reading);
      return { ...rest, nodes: [...nodes, ...plain.value.tags], notes: [...(rest.notes ?? []), plain.value.note] };
    }
    return { ...splitTags(bytes, reading.kind, protection.authentication), body: {}, fault: plain.fault };
  }
  const notes = protection.keys === undefined ? [] : ["a reduced header needs the packets before it to be unprotected"];
  return { ...splitTags(bytes, reading.kind, protection.authentication), body: {}, notes };
}

function outcome<T>(parsed: Parsed<T>, nodes: readonly FieldNode[], body: (value: T) => object): Taken {
  return parsed.ok ? { nodes, body: body(parsed.value) } : { nodes, body: {}, fault: parsed.fault };
}

function takeArcRtp(bytes: Uint8Array): Taken {
  const { nodes, faults } = dissectArcRtp(bytes);
  const parsed = parseRtpForm(bytes, { dialect: "arcrtc-1.0", plain: false });
  // A bad extension leaves the packet valid (SPEC ARC-RTP-ext-bad-element).
  const notes = faults.filter(({ reason }) => reason === "bad_extension").map(({ message, offset }) =>
    `bad_extension at byte ${offset}: ${message}; a receiver ignores the extension from there on`
  );
  return { ...outcome(parsed, nodes, (view) => ({ packet: rtpToJson(view) })), notes };
}

/** Plain RTP has no Arc block and is otherwise the same; in armoricore padding stays in the payload. */
function takeOtherRtp(bytes: Uint8Array, dialect: Exclude<ReadingDialect, "arcrtc-1.0">): Taken {
  const isPlain = dialect === "rtp";
  const parsed = parseRtpForm(bytes, { dialect: isPlain ? "arcrtc-1.0" : dialect, plain: isPlain });
  const { nodes } = dissectArcRtp(bytes, { encrypted: true });
  const groups = nodes.filter(({ name }) => RTP_GROUPS.has(name) || (!isPlain && name === "arcrtp.block"));
  const last = groups.at(-1);
  const end = last === undefined ? 0 : (last.bitOffset + last.bitLength) / 8;
  const rest = parsed.ok ? payloadNodes(parsed.value) : someBytes(UNDISSECTED, bytes, end, bytes.length);
  const named = isPlain ? groups : groups.map(withEngineNames);
  return outcome(parsed, [...named, ...rest], (view) => ({ packet: rtpToJson(view) }));
}

const RTP_GROUPS: ReadonlySet<string> = new Set(["arcrtp.rtp", "arcrtp.csrcs", "arcrtp.ext"]);

function payloadNodes(view: RtpView): FieldNode[] {
  return [
    ...someBytes(PAYLOAD, view.bytes, view.payloadStart, view.payloadEnd),
    ...someBytes(PADDING, view.bytes, view.payloadEnd, view.end),
  ];
}

function someBytes(...[spec, bytes, start, end]: Parameters<typeof bytesNode>): FieldNode[] {
  return end > start ? [bytesNode(spec, bytes, start, end)] : [];
}

/** The engine's Q is the state of the network, not a rung. */
function withEngineNames(group: FieldNode): FieldNode {
  return {
    ...group,
    children: group.children?.map((node) =>
      node.name === "arcrtp.quality" ? { ...node, text: ARMORICORE_QUALITIES[Number(node.value)] } : node
    ),
  };
}

function takeReduced(bytes: Uint8Array): Taken {
  const { nodes, faults } = dissectReduced(bytes);
  const view = new ReducedView();
  if (view.parse(bytes)) return { nodes, body: { packet: reducedToJson(view) } };
  const wrongClass = fault("bad_version", "Cannot parse reduced header: its first two bits are not 11", { offset: 0 });
  return { nodes, body: {}, fault: faults[0] ?? wrongClass.fault };
}

function takeMessage(bytes: Uint8Array, dialect: ReadingDialect): Taken {
  const sealed = isSealed(bytes);
  const json = sealed ? bytes.subarray(0, bytes.length - SEAL_OVERHEAD_BYTES) : bytes;
  const parsed: Parsed<object> = dialect === "armoricore" ? parseArmoricoreMessage(json) : parseMessage(json);
  const whole = dissectMessage(json);
  const isBroken = !parsed.ok && whole[0]?.name === "arcsig.malformed";
  const nodes = isBroken ? dissectUpTo(json, parsed.fault.offset ?? 0) : whole;
  const taken = outcome(parsed, nodes, (message) => ({ message }));
  if (!sealed) return taken;
  const seal = sealNodes(bytes, json.length);
  const notes = ["sealed: whether the tag is right, only the session's key tells"];
  return { ...taken, nodes: [...nodes, ...seal], notes };
}

function sealNodes(bytes: Uint8Array, jsonBytes: number): FieldNode[] {
  const at = (name: string, label: string, start: number, end: number): FieldNode => {
    const value = bytes.subarray(start, end);
    return { name, label, bitOffset: 8 * start, bitLength: 8 * (end - start), value };
  };
  const counter = at("seal.counter", "Counter", jsonBytes + 1, jsonBytes + 7);
  return [
    { ...at("seal.zero", "Zero byte", jsonBytes, jsonBytes + 1), value: 0 },
    { ...counter, value: parseInt(toHex(bytes.subarray(jsonBytes + 1, jsonBytes + 7)), 16) },
    at("seal.tag", "Tag", jsonBytes + 7, bytes.length),
  ];
}

function wholeUnit(bytes: Uint8Array, label: string): FieldNode[] {
  return bytes.length === 0 ? [] : [{ name: "unit", label, bitOffset: 0, bitLength: 8 * bytes.length, value: bytes }];
}

/** Adds the rule, and the byte offset that a fault of a message has only as a path. */
function placed(bytes: Uint8Array, reading: UnitReading, found: Fault): UnitFault {
  const messageType = reading.kind === "json" ? typeOf(bytes) : undefined;
  const rule = ruleOf(reading, found, messageType);
  const offset = found.offset ?? (reading.kind === "json" ? offsetOfPath(bytes, found.path) : undefined);
  return { ...found, ...(offset === undefined ? {} : { offset }), ...(rule === undefined ? {} : { rule }) };
}

function typeOf(bytes: Uint8Array): string | undefined {
  const type = dissectMessage(bytes).find(({ name }) => name === "arcsig.type")?.value;
  return typeof type === "string" ? type : undefined;
}
