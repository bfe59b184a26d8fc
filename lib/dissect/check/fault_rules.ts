/** Which rule of SPEC.md a fault breaks, where the fault and the kind of unit tell. */
import type { Fault } from "../../base/parsed.ts";
import { ARCRTP_MIN_HEADER_BYTES } from "../../packet/arcrtp.ts";
import { UNIT_KIND_NAMES } from "../../packet/demux.ts";
import type { Dialect } from "../model/dialect_evidence.ts";
import type { UnitModel } from "../model/unit_model.ts";

/** What has to be known of the unit; `dialect` of packets and messages. */
export interface FaultyUnit {
  readonly kind: (typeof UNIT_KIND_NAMES)[number];
  readonly dialect?: Dialect | undefined;
}

/** The rule that a unit of a capture breaks with its fault. */
export function ruleOfUnit(unit: UnitModel, fault: Fault): string | undefined {
  // Padding shows only once a packet is opened, and then a reduced header is full again.
  if (fault.reason === "bad_padding" && unit.opening !== undefined) return "ARC-RTP-padding-count";
  const reading = { kind: UNIT_KIND_NAMES[unit.unit.kind], dialect: unit.dialect ?? "arcrtc-1.0" } as const;
  return ruleOf(reading, fault, unit.message?.type);
}

/** The id of the rule; undefined where a fault has no rule of its own, as in plain RTP. */
export function ruleOf({ kind, dialect }: FaultyUnit, fault: Fault, messageType?: string): string | undefined {
  switch (kind) {
    case "arcrtp":
      return packetRule(dialect, fault);
    case "json":
      return dialect === "armoricore" ? "ARC-DIALECT-armoricore-messages" : messageRule(fault, messageType);
    case "reduced":
      return fault.reason === "truncated" ? "ARC-RTP-reduced-minimum-length" : "ARC-RTP-reduced-layout";
    case "rtcp":
      return fault.reason === "bad_length" || fault.reason === "truncated"
        ? "ARC-RTCP-bad-length"
        : protectionRule(fault);
    case "unknown":
      return "ARC-UNIT-unknown-class";
    case "stun":
    case "dtls":
      return undefined;
  }
}

function packetRule(dialect: Dialect | undefined, fault: Fault): string | undefined {
  if (dialect === "rtp") return undefined;
  switch (fault.reason) {
    case "bad_version":
      return "ARC-RTP-version";
    case "truncated":
      if (dialect === "armoricore") return "ARC-DIALECT-armoricore-arc-block";
      return fault.need === ARCRTP_MIN_HEADER_BYTES ? "ARC-RTP-minimum-length" : "ARC-RTP-own-fields-length";
    case "bad_value":
      return "ARC-RTP-payload-types-excluded";
    case "bad_padding":
      return "ARC-RTP-padding-count";
    case "bad_extension":
      return "ARC-RTP-ext-bad-element";
    default:
      return protectionRule(fault);
  }
}

function protectionRule(fault: Fault): string | undefined {
  switch (fault.reason) {
    case "auth":
      return "ARC-SRTP-hmac-tag";
    case "decrypt":
      return "ARC-SRTP-payload-encrypted";
    default:
      return undefined;
  }
}

function messageRule(fault: Fault, messageType: string | undefined): string {
  switch (fault.reason) {
    case "duplicate_key":
      return "ARC-SIG-json-duplicate-key";
    case "missing_field":
      return "ARC-SIG-json-missing-field";
    case "unknown_type":
      return "ARC-SIG-json-unknown-type";
    case "bad_version":
      return "ARC-SIG-json-version";
    case "too_large":
      return fault.path === undefined ? "ARC-SIG-json-size" : "ARC-SIG-json-depth";
    case "bad_json":
      return "ARC-SIG-json-object";
    case "bad_state":
      return "ARC-KEY-ssrc-once";
    default:
      return FIELDS_RULES.get(messageType ?? "") ?? "ARC-SIG-message-tables";
  }
}

/** The rule that gives a message's table. */
export const FIELDS_RULES: ReadonlyMap<string, string> = new Map([
  ["CONNECT", "ARC-SIG-connect-fields"],
  ["CONNECT_ACK", "ARC-SIG-connect-ack-fields"],
  ["STREAM_START", "ARC-SIG-stream-start-fields"],
  ["STREAM_STOP", "ARC-SIG-stream-stop-fields"],
  ["QUALITY_ADAPT", "ARC-SIG-quality-adapt-fields"],
  ["HEARTBEAT", "ARC-SIG-heartbeat-fields"],
  ["HEARTBEAT_ACK", "ARC-SIG-heartbeat-ack-fields"],
  ["KEY_ROTATE", "ARC-SIG-key-rotate-fields"],
  ["KEY_ROTATE_ACK", "ARC-SIG-key-rotate-ack-fields"],
  ["DISCONNECT", "ARC-SIG-disconnect-fields"],
  ["ACK", "ARC-SIG-ack-fields"],
  ["ERROR", "ARC-SIG-error-fields"],
  ["RELAY_BIND", "ARC-SIG-relay-bind-fields"],
  ["RELAY_UNBIND", "ARC-SIG-relay-bind-fields"],
  ["RELAY_CHALLENGE", "ARC-SIG-relay-answer-fields"],
  ["RELAY_BOUND", "ARC-SIG-relay-answer-fields"],
  ["RELAY_KEYS", "ARC-SIG-relay-keys-fields"],
  ["METRICS", "ARC-SIG-metrics-fields"],
]);
