/**
 * One line per unit, aligned:
 *
 * ```
 * packet  time since the first unit  source > destination  transport  kind  what it says
 * ```
 */
import { utf8 } from "../../lib/base/bytes.ts";
import { UnitKind } from "../../lib/packet/demux.ts";
import type { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import type { RtpView } from "../../lib/packet/rtp_view.ts";
import { BoundedMap } from "../../lib/dissect/model/bounded_map.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { kindName } from "../../lib/dissect/filter/field_catalog.ts";
import { ReducedView } from "../../lib/packet/reduced.ts";
import { visible } from "../../lib/base/hex_text.ts";
import type { painter } from "../ui/style.ts";
import type { TextBuffer } from "./text_buffer.ts";
import { summaryOf } from "./unit_summary.ts";

const US_PER_S = 1_000_000;
const KIND_COLUMNS = 8;
const TRANSPORT_COLUMNS = 4;
/** Parts of lines that are kept as text, of each kind; addresses and SSRCs may be any number. */
const MAX_WAYS = 1024;
const KINDS = ["arcrtp", "reduced", "rtp", "rtcp", "json", "phoenix", "stun", "dtls", "unknown"] as const;
const COLOURS: Readonly<Record<string, Parameters<ReturnType<typeof painter>>[0]>> = {
  json: "cyan",
  phoenix: "dim",
  rtcp: "magenta",
  unknown: "yellow",
};

/** First packet types of SRTCP units, which stay in the clear. */
const CLEAR_TYPES: ReadonlyMap<number, string> = new Map([
  [200, "SR"],
  [201, "RR"],
  [202, "SDES"],
  [203, "BYE"],
  [205, "RTPFB"],
  [206, "PSFB"],
]);

export class UnitLine {
  readonly #out: TextBuffer;
  readonly #kinds: ReadonlyMap<string, string>;
  readonly #malformed: string;
  readonly #unopened: string;
  readonly #reduced = new ReducedView();
  /** The widest `source > destination` so far, so that lines stay aligned as far as one pass can know. */
  #waysColumns = 0;
  /** By conversation, direction and kind. */
  readonly #ways = new Map<number, Uint8Array>();
  readonly #ssrcs = new BoundedMap<number, Uint8Array>(MAX_WAYS);
  readonly #formats = new BoundedMap<number, Uint8Array>(MAX_WAYS);

  constructor(out: TextBuffer, paint: ReturnType<typeof painter>) {
    this.#out = out;
    this.#kinds = new Map(KINDS.map((kind) => {
      const colour = COLOURS[kind];
      return [kind, (colour === undefined ? kind : paint(colour, kind)) + " ".repeat(KIND_COLUMNS - kind.length)];
    }));
    this.#malformed = paint("red", "malformed");
    this.#unopened = paint("red", "not opened");
  }

  write(model: UnitModel): void {
    const out = this.#out;
    const { unit } = model;
    out.decimal(unit.packet, 6);
    out.byte(0x20);
    this.#time(model);
    out.spaces(2);
    out.encoded(this.#wayAndKind(model));
    if (model.rtp !== undefined) this.#media(model, model.rtp, model.arc);
    else if (unit.kind === UnitKind.reduced && model.fault === undefined) this.#unexpanded(model);
    else if (model.rtcp?.kind === "protected") this.#srtcp(model, model.rtcp.index);
    else this.#other(model);
    if (unit.cutBytes > 0) {
      out.ascii("  cut ");
      out.decimal(unit.cutBytes);
      out.ascii(" B");
    }
    out.endLine();
  }

  /** Microseconds, cut: what a clock of the day resolves. */
  #time({ unit, originS, originNs }: UnitModel): void {
    const out = this.#out;
    const us = (unit.timeS - originS) * US_PER_S + Math.floor((unit.timeNs - originNs) / 1000);
    const absolute = Math.abs(us);
    const seconds = Math.floor(absolute / US_PER_S);
    if (us < 0) {
      out.ascii("   -");
      out.decimal(seconds);
    } else out.decimal(seconds, 5);
    out.byte(0x2e);
    out.padded(absolute - seconds * US_PER_S, 6);
  }

  /** `source > destination  transport  kind`, which are the same on most lines. */
  #wayAndKind(model: UnitModel): Uint8Array {
    const { unit } = model;
    const isVariant = model.dialect === "rtp" || unit.envelope?.kind === "phoenix";
    const key = 16 * (2 * unit.conversation + unit.direction) + 2 * unit.kind + (isVariant ? 1 : 0);
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    const { source: { text: source }, destination: { text: destination }, transport } = unit;
    const columns = source.length + destination.length;
    if (columns > this.#waysColumns || this.#ways.size >= MAX_WAYS) this.#ways.clear();
    this.#waysColumns = Math.max(columns, this.#waysColumns);
    const kind = kindName(model);
    const way = `${source} > ${destination}${" ".repeat(this.#waysColumns - columns)}`;
    const text = utf8(`${way}  ${transport.padEnd(TRANSPORT_COLUMNS)} ${this.#kinds.get(kind) ?? kind}`);
    this.#ways.set(key, text);
    return text;
  }

  #ssrcText(ssrc: number): Uint8Array {
    let text = this.#ssrcs.get(ssrc);
    if (text === undefined) this.#ssrcs.set(ssrc, text = utf8(`ssrc ${ssrc.toString(16).padStart(8, "0")} seq `));
    return text;
  }

  /** Payload type, the Arc block's first fields and the marker: few combinations, each on many lines. */
  #formatText({ payloadType, marker }: RtpView, arc: ArcRtpView | undefined): Uint8Array {
    const block = arc === undefined ? 64 : (arc.quality << 4) | (arc.priority << 2) | arc.keyPhase;
    const key = 256 * payloadType + 2 * block + (marker ? 1 : 0);
    let text = this.#formats.get(key);
    if (text === undefined) {
      const words = arc === undefined ? "" : ` Q${arc.quality} PR${arc.priority} K${arc.keyPhase}`;
      text = utf8(` pt ${String(payloadType).padStart(3)}${words}${marker ? " M " : "   "}`);
      this.#formats.set(key, text);
    }
    return text;
  }

  #media(model: UnitModel, rtp: RtpView, arc: ArcRtpView | undefined): void {
    const out = this.#out;
    out.encoded(this.#ssrcText(rtp.ssrc));
    out.decimal(rtp.sequenceNumber, 5);
    out.ascii(" ts ");
    out.decimal(rtp.timestamp, 10);
    out.encoded(this.#formatText(rtp, arc));
    out.decimal(model.unit.end - model.unit.start, 4);
    out.ascii(" B");
    const { entry } = model;
    if (entry !== undefined) {
      out.ascii("  ");
      out.ascii(entry.role);
    }
    this.#wrong(model);
    if (arc === undefined || (!arc.hasBandwidth && !arc.hasLoss)) return;
    if (arc.bandwidthKbps !== undefined) out.ascii(`  ${arc.bandwidthKbps} kbps`);
    if (arc.lossTenths !== undefined) out.ascii(`  loss ${(arc.lossTenths / 10).toFixed(1)} %`);
  }

  /** A reduced packet whose stream is not known. */
  #unexpanded({ unit }: UnitModel): void {
    const out = this.#out;
    const reduced = this.#reduced;
    reduced.parse(unit.bytes, unit.start, unit.end);
    out.ascii(`cid ${reduced.contextId} seq8 ${reduced.sequence8} ts16 ${reduced.timestamp16} PR${reduced.priority}`);
    out.ascii(reduced.marker ? " M " : "   ");
    out.decimal(unit.length, 4);
    out.ascii(" B  context not known");
  }

  /** RTCP under protection: every fifth unit of a call. */
  #srtcp(model: UnitModel, index: number): void {
    const out = this.#out;
    const { unit, entry } = model;
    const type = unit.bytes[unit.start + 1];
    out.ascii("ssrc ");
    out.hex32(model.ssrc ?? 0);
    out.ascii("  SRTCP #");
    out.decimal(index);
    out.ascii("  ");
    out.ascii(CLEAR_TYPES.get(type) ?? `type ${type}`);
    out.ascii(" first");
    if (entry !== undefined) {
      out.ascii("  ");
      out.ascii(entry.role);
    }
    out.ascii("  ");
    out.decimal(unit.length);
    out.ascii(" B");
    this.#wrong(model);
  }

  #other(model: UnitModel): void {
    const out = this.#out;
    const summary = summaryOf(model);
    out.text(summary);
    if (summary !== "") out.ascii("  ");
    out.decimal(model.unit.length);
    out.ascii(" B");
    this.#wrong(model);
  }

  #wrong({ fault, opening }: UnitModel): void {
    const out = this.#out;
    if (fault !== undefined) {
      out.ascii("  ");
      out.ascii(this.#malformed);
      out.text(`: ${visible(fault.message)}`);
    }
    if (opening?.kind === "failed") {
      out.ascii("  ");
      out.ascii(this.#unopened);
      out.ascii(`: ${opening.reason}`);
    }
  }
}
