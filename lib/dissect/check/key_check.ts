/** What only keys can tell: tags that are wrong, rollover counters that do not start where they should. */
import { rocOf } from "../../crypto/packet_index.ts";
import { UnitKind } from "../../packet/demux.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { Opening } from "../model/opening.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, streamSubject, waySubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_SSRCS = 16_384;

type Failure = Extract<Opening, { kind: "failed" }>["reason"];

/** Finds nothing where no key is held: what cannot be opened is not wrong by that. */
export class KeyCheck implements Check {
  readonly #findings: Findings;
  /** Media SSRCs of which a packet was opened. */
  readonly #begun = new BoundedMap<number, true>(MAX_SSRCS);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { opening } = unit;
    if (opening === undefined || unit.unit.cutBytes > 0) return;
    if (opening.kind === "opened") this.#opened(unit, opening.index);
    else this.#failed(unit, opening.reason);
  }

  #opened(unit: UnitModel, index: number): void {
    const hasHmac = unit.authentication === "hmac-sha256-80";
    switch (unit.unit.kind) {
      case UnitKind.json:
        return this.#findings.judged("ARC-SEAL-tag");
      case UnitKind.rtcp:
        if (hasHmac) this.#findings.judged("ARC-SRTP-srtcp-hmac");
        return;
      default:
        this.#findings.judged("ARC-SRTP-payload-encrypted");
        if (hasHmac) this.#findings.judged("ARC-SRTP-hmac-tag");
        return this.#begins(unit, index);
    }
  }

  #failed(unit: UnitModel, reason: Failure): void {
    const { packet } = unit.unit;
    switch (unit.unit.kind) {
      case UnitKind.json: {
        const type = unit.message === undefined ? "" : `${unit.message.type} `;
        const subject = `${type}${waySubject(unit)}`;
        return this.#findings.add(
          "ARC-SEAL-tag",
          subject,
          packet,
          "the seal's tag is wrong under every key of the session",
        );
      }
      case UnitKind.rtcp:
        return this.#findings.add(
          rtcpRule(reason),
          streamSubject(unit),
          packet,
          `SRTCP does not open: ${WORDS[reason]}`,
        );
      default:
        // A packet too short for its tags needs no key to be found.
        if (reason === "truncated") return;
        return this.#findings.add(
          reason === "auth" ? "ARC-SRTP-hmac-tag" : "ARC-SRTP-payload-encrypted",
          streamSubject(unit),
          packet,
          `the packet does not open: ${WORDS[reason]}`,
        );
    }
  }

  /** SPEC ARC-SRTP-roc-start, ARC-SRTP-roc-announced. */
  #begins(unit: UnitModel, index: number): void {
    const { entry, rtp } = unit;
    if (entry === undefined || rtp === undefined || this.#begun.get(entry.ssrc) !== undefined) return;
    this.#begun.set(entry.ssrc, true);
    const { start, packet } = entry.stream;
    const announced = start.roc?.find(({ ssrc }) => ssrc === entry.ssrc);
    if (packet > 0 && packet <= unit.unit.packet) this.#findings.judged("ARC-SRTP-roc-start");
    if (packet === 0 || packet > unit.unit.packet || announced !== undefined || rocOf(index) === 0) return;
    const text = `the first packet has ROC ${rocOf(index)}, and its STREAM_START in packet ${packet} announces none`;
    this.#findings.add("ARC-SRTP-roc-start", streamSubject(unit), unit.unit.packet, text);
  }
}

const WORDS: Readonly<Record<Failure, string>> = {
  auth: "the HMAC tag is wrong under every key that is held",
  decrypt: "the AEAD tag is wrong",
  truncated: "it is too short for its tags",
};

function rtcpRule(reason: Failure): RuleId {
  return reason === "auth" ? "ARC-SRTP-srtcp-hmac" : "ARC-SRTP-srtcp-layout";
}
