/** Feedback, retransmissions and FEC: what their headers show, and with keys what RTCP asks for (SPEC §10). */
import { hex32 } from "../../base/bytes.ts";
import { FMT_NACK, FMT_PLI, FMT_TRANSPORT_FEEDBACK, PT_PSFB, PT_RTPFB } from "../../packet/rtcp/header.ts";
import { unpackNackItems } from "../../packet/rtcp/nack.ts";
import type { RtcpPacket } from "../../packet/rtcp/compound.ts";
import { AEAD_TAG_BYTES, AUTHENTICATION_TAG_BYTES } from "../../crypto/suites.ts";
import { FEC_MAX_PAYLOAD_BYTES } from "../../media/payload/payload_format.ts";
import { UnitKind } from "../../packet/demux.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { SsrcEntry } from "../model/session_registry.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, flowOf, streamSubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_ASKED = 65_536;
/** SPEC ARC-LOSS-nack-retry. */
const MAX_NACKS = 3;
/** Sequence numbers come around: what was asked for so long ago was another packet. */
const NACK_MEMORY_S = 10;

export class RepairCheck implements Check {
  readonly #findings: Findings;
  /** How often a packet was asked for: by flow, for a relay shows each request twice, SSRC and sequence number. */
  readonly #asked = new BoundedMap<string, { times: number; firstS: number }>(MAX_ASKED);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    if (unit.unit.kind === UnitKind.rtcp) return this.#rtcp(unit);
    const { arc, entry } = unit;
    if (arc === undefined || entry === undefined || unit.dialect !== "arcrtc-1.0") return;
    switch (entry.role) {
      case "rtx":
        return this.#judge(
          "ARC-LOSS-retransmit-critical",
          unit,
          arc.priority > 1,
          `RTX of a packet with PR ${arc.priority}`,
        );
      case "fec":
        return this.#fec(unit, entry);
      default:
        return this.#protectedByFec(unit, entry);
    }
  }

  #fec(unit: UnitModel, { ssrc, stream }: SsrcEntry): void {
    const { arc } = unit;
    if (arc === undefined) return;
    this.#judge("ARC-LOSS-fec-format", unit, arc.priority !== 3, `FEC with PR ${arc.priority}`);
    // The full header alone has a CSRC list.
    if (unit.unit.kind === UnitKind.reduced) return;
    const wanted = stream.start.fec?.find((each) => each.ssrc === ssrc)?.protects;
    if (wanted === undefined) return;
    const has = Array.from({ length: arc.csrcCount }, (_, i) => arc.csrc(i));
    const named = has.length === 0 ? "none" : has.map(hex32).join(", ");
    this.#judge(
      "ARC-LOSS-fec-csrc",
      unit,
      !has.includes(wanted),
      `FEC for ${hex32(wanted)}, its CSRC list names ${named}`,
    );
  }

  /** SPEC ARC-LOSS-fec-payload-size. */
  #protectedByFec(unit: UnitModel, { ssrc, stream }: SsrcEntry): void {
    const { arc, authentication } = unit;
    if (arc === undefined || authentication === undefined) return;
    if (stream.start.fec?.some(({ protects }) => protects === ssrc) !== true) return;
    const headerBytes = unit.unit.kind === UnitKind.reduced ? 4 : arc.headerEnd - arc.start;
    const bytes = unit.unit.length - headerBytes - AEAD_TAG_BYTES - AUTHENTICATION_TAG_BYTES[authentication];
    const text = `a payload of ${bytes} bytes, at most ${FEC_MAX_PAYLOAD_BYTES} leave room for FEC`;
    this.#judge("ARC-LOSS-fec-payload-size", unit, bytes > FEC_MAX_PAYLOAD_BYTES, text);
  }

  #rtcp(unit: UnitModel): void {
    const { rtcp, entry, speaker } = unit;
    if (unit.dialect === "rtp" || rtcp === undefined) return;
    if (entry?.stream.sender !== undefined && speaker !== undefined) {
      const isForeign = entry.stream.sender !== speaker;
      this.#judge("ARC-RTCP-sender-ssrc", unit, isForeign, "the sender of this RTCP uses an SSRC of the other peer");
    }
    if (rtcp.kind !== "plain" && rtcp.kind !== "opened") return;
    for (const packet of rtcp.packets) this.#packet(unit, packet);
  }

  #packet(unit: UnitModel, packet: RtcpPacket): void {
    const rule = "ARC-RTCP-feedback";
    if (packet.kind === "nack") {
      for (const sequence16 of unpackNackItems(packet.items)) this.#nack(unit, packet.mediaSsrc, sequence16);
    }
    if (packet.kind === "unknown") {
      const { packetType, count } = packet;
      const isFeedback = packetType === PT_RTPFB || packetType === PT_PSFB;
      if (isFeedback) {
        this.#judge(rule, unit, true, `feedback of type ${packetType}, format ${count}: ${KNOWN_FORMATS}`);
      }
    } else if (packet.kind === "nack" || packet.kind === "pli" || packet.kind === "transport_feedback") {
      this.#judge(rule, unit, false, "");
    }
  }

  #nack(unit: UnitModel, ssrc: number, sequence16: number): void {
    const key = `${flowOf(unit)} ${ssrc} ${sequence16}`;
    const known = this.#asked.get(key);
    if (known === undefined || unit.timeS - known.firstS > NACK_MEMORY_S) {
      this.#asked.set(key, { times: 1, firstS: unit.timeS });
      return this.#judge("ARC-LOSS-nack-retry", unit, false, "");
    }
    known.times++;
    const text = `packet ${sequence16} of ${hex32(ssrc)} is asked for ${known.times} times`;
    if (known.times > MAX_NACKS) this.#findings.add("ARC-LOSS-nack-retry", streamSubject(unit), unit.unit.packet, text);
  }

  #judge(rule: RuleId, unit: UnitModel, isBroken: boolean, message: string): void {
    this.#findings.judge(rule, isBroken, streamSubject(unit), unit.unit.packet, () => message);
  }
}

const KNOWN_FORMATS = `205 has ${FMT_NACK} and ${FMT_TRANSPORT_FEEDBACK}, 206 has ${FMT_PLI}`;
