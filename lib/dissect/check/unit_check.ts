/** What a unit shows by itself: faults, sizes, bits that must be 0, what is in the clear and must not be. */
import type { Fault } from "../../base/parsed.ts";
import { NIL_UUID } from "../../base/uuid.ts";
import { AEAD_TAG_BYTES, AUTHENTICATION_TAG_BYTES } from "../../crypto/suites.ts";
import type { ArcRtpView } from "../../packet/arcrtp.ts";
import { MAX_UNIT_BYTES, UNIT_KIND_NAMES, UnitKind } from "../../packet/demux.ts";
import { StampReader } from "../../packet/extensions.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, streamSubject, waySubject } from "./check.ts";
import { FIELDS_RULES, ruleOfUnit } from "./fault_rules.ts";
import type { Findings } from "./findings.ts";
import { isCaptureRule, type RuleId } from "./rules.ts";

/** A relay's business, which it has with strangers too (SPEC ARC-SEAL-clear-units). */
const RELAY_TYPES: ReadonlySet<Message["type"]> = new Set<Message["type"]>([
  "RELAY_BIND",
  "RELAY_CHALLENGE",
  "RELAY_BOUND",
  "RELAY_UNBIND",
]);
/** Answers that a relay gives to strangers. */
const RELAY_ANSWERS: ReadonlySet<string> = new Set(["RELAY_BIND", "RELAY_UNBIND"]);

/** What a packet that parses has kept. */
const FULL_PACKET_RULES = [
  "ARC-RTP-version",
  "ARC-RTP-minimum-length",
  "ARC-RTP-own-fields-length",
  "ARC-RTP-payload-types-excluded",
  "ARC-RTP-reserved-zero",
] as const;
/** And what a message has. */
const MESSAGE_RULES = ["ARC-SIG-json-object", "ARC-SIG-message-tables"] as const;

export class UnitCheck implements Check {
  readonly #findings: Findings;
  readonly #stamps = new StampReader();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    if (unit.dialect === "rtp" || unit.unit.cutBytes > 0) return;
    if (unit.fault !== undefined) return this.#fault(unit, unit.fault);
    if (unit.dialect === "armoricore") {
      const isMessage = unit.unit.kind === UnitKind.json;
      return this.#findings.judged(isMessage ? "ARC-DIALECT-armoricore-messages" : "ARC-DIALECT-armoricore-arc-block");
    }
    switch (unit.unit.kind) {
      case UnitKind.arcrtp:
      case UnitKind.reduced:
        return this.#media(unit);
      case UnitKind.rtcp:
        return this.#rtcp(unit);
      case UnitKind.json:
        return this.#message(unit);
      default:
        return;
    }
  }

  #fault(unit: UnitModel, fault: Fault): void {
    const rule = ruleOfUnit(unit, fault);
    if (rule === undefined) return;
    const where = fault.path ?? (fault.offset === undefined ? "" : `byte ${fault.offset}`);
    const message = `malformed ${UNIT_KIND_NAMES[unit.unit.kind]}${
      where === "" ? "" : ` at ${where}`
    }: ${fault.message}`;
    this.#findings.fault(rule, waySubject(unit), unit.unit.packet, message);
  }

  #media(unit: UnitModel): void {
    this.#size(unit);
    const { arc, authentication } = unit;
    if (unit.unit.kind === UnitKind.reduced) this.#findings.judged("ARC-RTP-reduced-minimum-length");
    if (arc === undefined) return;
    if (unit.unit.kind === UnitKind.arcrtp) this.#block(unit, arc);
    if (unit.opening?.kind === "opened" && arc.padding) this.#findings.judged("ARC-RTP-padding-count");
    if (authentication === undefined) return;
    this.#findings.judged("ARC-SRTP-short-packet");
    const headerBytes = unit.unit.kind === UnitKind.reduced ? 4 : arc.headerEnd - arc.start;
    const least = headerBytes + AEAD_TAG_BYTES + AUTHENTICATION_TAG_BYTES[authentication];
    if (unit.unit.length < least) {
      this.#add(
        "ARC-SRTP-short-packet",
        unit,
        `protected packet of ${unit.unit.length} bytes, its header and tags need ${least}`,
      );
    }
  }

  #block(unit: UnitModel, arc: ArcRtpView): void {
    for (const rule of FULL_PACKET_RULES) this.#findings.judged(rule);
    const first = arc.bytes[arc.arcStart];
    const flags = arc.bytes[arc.arcStart + 1];
    const bandwidth = (arc.bytes[arc.arcStart + 2] << 8) | arc.bytes[arc.arcStart + 3];
    if ((first & 3) !== 0 || (flags & 0xfc) !== 0) {
      const bits = `${(first & 3).toString(2).padStart(2, "0")}, flags 0x${flags.toString(16).padStart(2, "0")}`;
      this.#add("ARC-RTP-reserved-zero", unit, `reserved bits are ${bits}; they must be sent as 0`);
    }
    if (!arc.hasBandwidth) this.#findings.judged("ARC-RTP-bandwidth-flag");
    if (!arc.hasBandwidth && bandwidth !== 0) {
      this.#add("ARC-RTP-bandwidth-flag", unit, `bandwidth is ${bandwidth} without its flag`);
    }
    if (!arc.hasExtension) return;
    this.#findings.judged("ARC-RTP-ext-bad-element");
    if (!this.#stamps.read(arc)) {
      this.#add("ARC-RTP-ext-bad-element", unit, "a header extension element does not fit, or has a wrong length");
    }
  }

  #rtcp(unit: UnitModel): void {
    this.#size(unit);
    if (unit.rtcp?.kind === "plain" || unit.rtcp?.kind === "opened") this.#findings.judged("ARC-RTCP-bad-length");
    if (unit.session?.suite === undefined) return;
    this.#findings.judged("ARC-SRTP-srtcp-layout");
    if (unit.rtcp?.kind !== "plain") return;
    this.#add("ARC-SRTP-srtcp-layout", unit, "RTCP in the clear, in a session that is encrypted");
  }

  #size(unit: UnitModel): void {
    const { length } = unit.unit;
    this.#findings.judged("ARC-UNIT-media-size");
    if (length <= MAX_UNIT_BYTES) return;
    this.#add("ARC-UNIT-media-size", unit, `a media unit of ${length} bytes, at most ${MAX_UNIT_BYTES} are allowed`);
  }

  #message(unit: UnitModel): void {
    const { message, isSealed } = unit;
    if (message === undefined) return;
    for (const rule of MESSAGE_RULES) this.#findings.judged(rule);
    const fieldsRule = FIELDS_RULES.get(message.type);
    if (fieldsRule !== undefined && isCaptureRule(fieldsRule)) this.#findings.judged(fieldsRule);
    const { length } = unit.unit;
    const subject = `${message.type} ${waySubject(unit)}`;
    const add = (rule: RuleId, text: string) => this.#findings.add(rule, subject, unit.unit.packet, text);
    if (isSealed) {
      this.#findings.judged("ARC-UNIT-sealed-size");
      this.#findings.judged("ARC-SEAL-no-secrets");
      if (length > MAX_UNIT_BYTES) add("ARC-UNIT-sealed-size", `a sealed unit of ${length} bytes`);
      const hasSecret = message.type === "RELAY_KEYS" || ("token" in message && message.token !== undefined);
      if (hasSecret) add("ARC-SEAL-no-secrets", `a sealed ${message.type} carries a secret, and sealing hides nothing`);
    }
    if (unit.unit.transport !== "udp") return;
    this.#findings.judged("ARC-SEAL-clear-units");
    if (!isSealed && !mayBeClear(message)) {
      add("ARC-SEAL-clear-units", `${message.type} in the clear on UDP`);
    }
  }

  #add(rule: RuleId, unit: UnitModel, message: string): void {
    this.#findings.add(rule, streamSubject(unit), unit.unit.packet, message);
  }
}

function mayBeClear(message: Message): boolean {
  if (RELAY_TYPES.has(message.type)) return true;
  if (message.type === "HEARTBEAT" || message.type === "HEARTBEAT_ACK") return message.session_id === NIL_UUID;
  if (message.type === "ERROR") return RELAY_ANSWERS.has(message.in_reply_to?.type ?? "");
  return message.type === "ACK" && RELAY_ANSWERS.has(message.in_reply_to.type);
}
