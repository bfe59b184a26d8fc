/**
 * Which dialect traffic is of, judged by how consistent all of it is, with the reasons (SPEC ARC-DIALECT-detection).
 *
 * Both dialects put the same block behind the RTP header, and plain RTP has media there, which rarely looks like a block:
 * six flag bits that are 0 in a block are random in it.
 */
import { readU16 } from "../../base/bytes.ts";
import { ARC_FLAG_BANDWIDTH, ARC_FLAG_LOSS, type ArcRtpView, isUsablePayloadType } from "../../packet/arcrtp.ts";

export type Dialect = "arcrtc-1.0" | "armoricore" | "rtp";

export interface DialectVerdict {
  /** Undefined where there is nothing to judge by. */
  readonly dialect: Dialect | undefined;
  readonly reasons: readonly string[];
}

export class DialectEvidence {
  /** Packets of the full-header class that could be read as far as an Arc block reaches. */
  packets = 0;
  /** Packets with flags that are not defined. */
  undefinedFlags = 0;
  /** Packets with a bandwidth and no flag for it. */
  unflaggedBandwidth = 0;
  /** Packets with neither of these faults whose payload type arcrtc-1.0 excludes. */
  excludedPayloadTypes = 0;
  keyPhases = 0;
  reduced = 0;
  ownMessages = 0;
  engineMessages = 0;
  /** A type that only the engine has, for the reason's words. */
  engineType = "";

  /** Takes a packet that the view could follow up to its Arc block, excluded payload type or not. */
  packet(view: ArcRtpView): void {
    const { bytes, arcStart } = view;
    const first = bytes[arcStart];
    const flags = bytes[arcStart + 1];
    this.packets++;
    if ((flags & ~(ARC_FLAG_BANDWIDTH | ARC_FLAG_LOSS) & 0xff) !== 0) this.undefinedFlags++;
    else if ((flags & ARC_FLAG_BANDWIDTH) === 0 && readU16(bytes, arcStart + 2) !== 0) this.unflaggedBandwidth++;
    else {
      if (!isUsablePayloadType(bytes[view.start + 1])) this.excludedPayloadTypes++;
      if ((first & 0x0c) !== 0) this.keyPhases++;
    }
  }

  /** True where most of the packets so far have no Arc block: fewer would be damage, these are plain RTP. */
  get isPlainRtp(): boolean {
    return 2 * (this.undefinedFlags + this.unflaggedBandwidth) > this.packets;
  }

  /** Adds what another part of the traffic showed. */
  add(other: DialectEvidence): void {
    this.packets += other.packets;
    this.undefinedFlags += other.undefinedFlags;
    this.unflaggedBandwidth += other.unflaggedBandwidth;
    this.excludedPayloadTypes += other.excludedPayloadTypes;
    this.keyPhases += other.keyPhases;
    this.reduced += other.reduced;
    this.ownMessages += other.ownMessages;
    this.engineMessages += other.engineMessages;
    if (other.engineType !== "") this.engineType = other.engineType;
  }

  verdict(): DialectVerdict {
    const own = this.#ownReasons();
    const engine = this.#engineReasons();
    if (own.length > 0 && engine.length > 0) {
      return { dialect: "arcrtc-1.0", reasons: [...own, ...engine.map((reason) => `but ${reason}`)] };
    }
    if (own.length > 0) return { dialect: "arcrtc-1.0", reasons: own };
    if (engine.length > 0) return { dialect: "armoricore", reasons: engine };
    if (this.packets === 0) return { dialect: undefined, reasons: [] };
    if (this.isPlainRtp) return { dialect: "rtp", reasons: this.#plainReasons() };
    const blocks = this.packets - this.undefinedFlags - this.unflaggedBandwidth;
    const seen = `${blocks} of ${this.packets} packets have an Arc block behind the RTP header`;
    return { dialect: "arcrtc-1.0", reasons: [seen, "nothing speaks for another dialect"] };
  }

  #ownReasons(): string[] {
    return [
      this.ownMessages > 0 ? `${count(this.ownMessages, "message")} valid in arcrtc-1.0` : "",
      this.reduced > 0 ? `${count(this.reduced, "packet")} with a reduced header that a STREAM_START explains` : "",
      this.keyPhases > 0 && !this.isPlainRtp ? `${count(this.keyPhases, "packet")} with a key phase other than 0` : "",
    ].filter((reason) => reason !== "");
  }

  #engineReasons(): string[] {
    const isMarked = this.excludedPayloadTypes > 0 && !this.isPlainRtp;
    return [
      this.engineMessages > 0
        ? `${count(this.engineMessages, "message")} valid only in armoricore (${this.engineType})`
        : "",
      isMarked ? `${count(this.excludedPayloadTypes, "packet")} with an Arc block and a payload type in 64..95` : "",
    ].filter((reason) => reason !== "");
  }

  #plainReasons(): string[] {
    const { undefinedFlags, unflaggedBandwidth, packets } = this;
    const odd = undefinedFlags + unflaggedBandwidth;
    return [
      `${odd} of ${packets} packets have no Arc block behind the RTP header ` +
      `(${undefinedFlags} with undefined flags there, ${unflaggedBandwidth} with a bandwidth and no flag for it)`,
    ];
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
