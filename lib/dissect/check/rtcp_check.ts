/** Reports at their time, SRTCP indexes used once, and media only where its way has been validated. */
import { BoundedMap } from "../model/bounded_map.ts";
import { UnitKind } from "../../packet/demux.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, flowOf, reverseFlow, type SessionBeginnings, streamSubject, waySubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_FLOWS = 4096;
const MAX_SSRCS = 16_384;
/** SPEC ARC-RTCP-reports and ARC-PATH-keepalive: each second. Two in a row may have been lost on the way. */
const REPORT_WITHIN_S = 3.2;
const HEARTBEAT_WITHIN_S = 3.2;
/** A silence this long is no stream any more. */
const PAUSE_S = 1;

class FlowState {
  /** Since when media flows without a pause; undefined while none does. */
  mediaSinceS: number | undefined = undefined;
  lastMediaS = -Infinity;
  /** When the regular reports were last looked for. */
  judgedS = -Infinity;
  lastReportS = -Infinity;
  lastHeartbeatS = -Infinity;
  /** True once a sealed HEARTBEAT_ACK has come from the other end of the conversation. */
  isValidated = false;
  /** True when the conversation began in the capture with a sealed unit. */
  beganSealed = false;
  units = 0;
}

export class RtcpCheck implements Check {
  readonly #findings: Findings;
  readonly #beginnings: SessionBeginnings;
  /** True once both directions of some conversation were seen: a capture of one direction shows nothing of the other. */
  #isTwoWay = false;
  readonly #flows = new BoundedMap<number, FlowState>(MAX_FLOWS);
  readonly #indexes = new BoundedMap<number, { readonly index: number; readonly tag: number; readonly packet: number }>(
    MAX_SSRCS,
  );

  constructor(findings: Findings, beginnings: SessionBeginnings) {
    this.#findings = findings;
    this.#beginnings = beginnings;
  }

  unit(unit: UnitModel): void {
    if (unit.unit.transport !== "udp" || unit.dialect === "rtp" || unit.dialect === "armoricore") return;
    const flow = this.#flowOf(flowOf(unit));
    const back = this.#flowOf(reverseFlow(flowOf(unit)));
    flow.units++;
    this.#isTwoWay ||= back.units > 0;
    switch (unit.unit.kind) {
      case UnitKind.rtcp:
        flow.lastReportS = unit.timeS;
        return this.#index(unit);
      case UnitKind.arcrtp:
      case UnitKind.reduced:
        return this.#media(unit, flow, back);
      case UnitKind.json:
        if (!unit.isSealed) return;
        flow.beganSealed ||= flow.units === 1;
        if (unit.message?.type === "HEARTBEAT") flow.lastHeartbeatS = unit.timeS;
        if (unit.message?.type === "HEARTBEAT_ACK") back.isValidated = true;
        return;
      default:
        return;
    }
  }

  #media(unit: UnitModel, flow: FlowState, back: FlowState): void {
    const nowS = unit.timeS;
    const { session } = unit;
    const hasBeginning = session !== undefined && this.#beginnings.has(session.id);
    const isFirst = flow.mediaSinceS === undefined;
    const isJudged = isFirst && hasBeginning && this.#isTwoWay;
    if (isJudged) this.#findings.judged("ARC-PATH-validated-only");
    if (isJudged && !flow.isValidated) {
      const text = `media to ${unit.unit.destination.text}, from where no sealed HEARTBEAT_ACK has come`;
      this.#findings.add("ARC-PATH-validated-only", waySubject(unit), unit.unit.packet, text);
    }
    if (isFirst || nowS - flow.lastMediaS > PAUSE_S) flow.mediaSinceS = nowS;
    flow.lastMediaS = nowS;
    if (!hasBeginning || flow.mediaSinceS === undefined) return;
    if (nowS - flow.judgedS >= 1 && nowS - flow.mediaSinceS >= 1) {
      flow.judgedS = nowS;
      this.#findings.judged("ARC-RTCP-reports");
      this.#findings.judged("ARC-PATH-keepalive");
    }
    this.#regular(
      "ARC-RTCP-reports",
      unit,
      Math.max(flow.mediaSinceS, flow.lastReportS),
      REPORT_WITHIN_S,
      "RTCP of the sender",
    );
    if (this.#isTwoWay) {
      const reportedS = Math.max(flow.mediaSinceS, back.lastReportS);
      this.#regular("ARC-RTCP-reports", unit, reportedS, REPORT_WITHIN_S, "RTCP of the receiver");
    }
    const beatS = Math.max(flow.mediaSinceS, flow.lastHeartbeatS);
    this.#regular("ARC-PATH-keepalive", unit, beatS, HEARTBEAT_WITHIN_S, "sealed HEARTBEAT of the sender");
  }

  #regular(rule: RuleId, unit: UnitModel, lastS: number, withinS: number, what: string): void {
    const silentS = unit.timeS - lastS;
    if (silentS <= withinS) return;
    const text = `no ${what} for ${silentS.toFixed(1)} s while media flows`;
    this.#findings.add(rule, `${waySubject(unit)} ${what}`, unit.unit.packet, text);
  }

  /** SPEC ARC-SRTP-srtcp-index: it grows by one with each packet of an SSRC, so no two packets share one. */
  #index(unit: UnitModel): void {
    const { rtcp, ssrc } = unit;
    if ((rtcp?.kind !== "protected" && rtcp?.kind !== "opened") || ssrc === undefined) return;
    const { bytes, end, packet } = unit.unit;
    const tag = (bytes[end - 4] << 24) | (bytes[end - 3] << 16) | (bytes[end - 2] << 8) | bytes[end - 1];
    this.#findings.judged("ARC-SRTP-srtcp-index");
    const last = this.#indexes.get(ssrc);
    if (last !== undefined && rtcp.index === last.index && tag !== last.tag) {
      const text =
        `index ${rtcp.index} is on two different packets, the first is packet ${last.packet}: their nonce is the same`;
      this.#findings.add("ARC-SRTP-srtcp-index", streamSubject(unit), packet, text);
    }
    if (last === undefined || rtcp.index >= last.index) this.#indexes.set(ssrc, { index: rtcp.index, tag, packet });
  }

  #flowOf(key: number): FlowState {
    return this.#flows.obtain(key, () => new FlowState());
  }
}
