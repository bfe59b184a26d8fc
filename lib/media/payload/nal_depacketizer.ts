import { readU16 } from "../../base/bytes.ts";
import { type Fault, fault, truncated } from "../../base/parsed.ts";
import { DELTA_FRAME, type FrameClass } from "../frame.ts";
import { startCodeBytes, writeStartCode } from "./annexb.ts";
import type { FrameAssembly } from "./frame_assembly.ts";
import type { FrameSyntax } from "./frame_depacketizer.ts";
import { FRAGMENT_END, FRAGMENT_START, type NalFormat } from "./nal_format.ts";

/** Puts NAL units back into a canonical Annex B access unit (`annexb.ts`). */
export class NalSyntax implements FrameSyntax {
  readonly #format: NalFormat;
  /** Type of the NAL unit whose fragments are coming in; -1 between NAL units. */
  #fragmentType = -1;
  #class: FrameClass | undefined;
  /** The stream begins its access units with a delimiter, so nothing else proves a beginning. */
  #delimited = false;

  constructor(format: NalFormat) {
    this.#format = format;
  }

  get midFragment(): boolean {
    return this.#fragmentType >= 0;
  }

  begin(): void {
    this.#fragmentType = -1;
    this.#class = undefined;
  }

  append(payload: Uint8Array, frame: FrameAssembly): Fault | undefined {
    const { name, headerBytes, aggregationType, fragmentType } = this.#format;
    if (payload.length < headerBytes) {
      return truncated(`${name} payload header`, headerBytes, payload.length).fault;
    }
    const type = this.#format.typeOf(payload[0]);
    if (type === fragmentType) return this.#appendFragment(payload, frame);
    if (this.midFragment) {
      return fault("bad_state", `Cannot depacketize ${name}: need the next fragment, got NAL type ${type}`, {
        offset: 0,
      }).fault;
    }
    if (type === aggregationType) return this.#appendAggregate(payload, frame);
    return this.#appendNal(payload, 0, payload.length, frame);
  }

  classify(): FrameClass {
    return this.#class ?? DELTA_FRAME;
  }

  #appendAggregate(payload: Uint8Array, frame: FrameAssembly): Fault | undefined {
    const { name, headerBytes } = this.#format;
    let at: number = headerBytes;
    do {
      if (at + 2 > payload.length) return truncated(`${name} aggregate size`, at + 2, payload.length).fault;
      const nalBytes = readU16(payload, at);
      at += 2;
      if (nalBytes < headerBytes) {
        return fault("bad_length", `Cannot parse ${name} aggregate: NAL unit of ${nalBytes} bytes`, { offset: at - 2 })
          .fault;
      }
      if (at + nalBytes > payload.length) {
        return truncated(`${name} aggregated NAL unit`, at + nalBytes, payload.length).fault;
      }
      const refused = this.#appendNal(payload, at, at + nalBytes, frame);
      if (refused !== undefined) return refused;
      at += nalBytes;
    } while (at < payload.length);
    return undefined;
  }

  #appendFragment(payload: Uint8Array, frame: FrameAssembly): Fault | undefined {
    const { name, headerBytes } = this.#format;
    const bodyAt = headerBytes + 1;
    if (payload.length < bodyAt) return truncated(`${name} fragment header`, bodyAt, payload.length).fault;
    const header = payload[headerBytes];
    const type = header & this.#format.fragmentTypeMask;
    const starts = (header & FRAGMENT_START) !== 0;
    const ends = (header & FRAGMENT_END) !== 0;
    if (starts && ends) {
      return fault("bad_value", `Cannot parse ${name} fragment: first and last at once`, { offset: headerBytes }).fault;
    }
    if (starts === this.midFragment || (!starts && type !== this.#fragmentType)) {
      // Where the start was lost with the packet before, nothing is wrong with this one.
      if (!starts && frame.length === 0 && frame.afterGap) {
        frame.damaged = true;
        return undefined;
      }
      const expected = this.midFragment ? `the next fragment of NAL type ${this.#fragmentType}` : "a first fragment";
      return fault("bad_state", `Cannot depacketize ${name}: need ${expected}, got ${starts ? "a first" : "another"}`, {
        offset: headerBytes,
      }).fault;
    }
    if (starts) {
      const header1 = headerBytes === 2 ? payload[1] : 0;
      const refused = this.#startNal(this.#format.withType(payload[0], type), header1, headerBytes, frame);
      if (refused !== undefined) return refused;
    }
    if (!frame.append(payload, bodyAt, payload.length)) return this.#tooLarge();
    this.#fragmentType = ends ? -1 : type;
    return undefined;
  }

  #appendNal(payload: Uint8Array, from: number, to: number, frame: FrameAssembly): Fault | undefined {
    const { headerBytes } = this.#format;
    const refused = this.#startNal(payload[from], headerBytes === 2 ? payload[from + 1] : 0, from, frame);
    if (refused !== undefined) return refused;
    return frame.append(payload, from + headerBytes, to) ? undefined : this.#tooLarge();
  }

  /** Writes start code and NAL header, and notes what the header says of the frame. */
  #startNal(header0: number, header1: number, offset: number, frame: FrameAssembly): Fault | undefined {
    const { headerBytes } = this.#format;
    const type = this.#format.typeOf(header0);
    if (!this.#format.isCarried(type)) {
      return fault("unknown_type", `Cannot parse ${this.#format.name} payload: NAL type ${type} has no use here`, {
        offset,
      }).fault;
    }
    const first = frame.length === 0;
    if (first) this.#noteStart(type, frame);
    const startCode = startCodeBytes(first, this.#format.isParameterSet(type));
    const at = frame.extend(startCode + headerBytes);
    if (at < 0) return this.#tooLarge();
    writeStartCode(frame.bytes, at, startCode);
    frame.bytes[at + startCode] = header0;
    if (headerBytes === 2) frame.bytes[at + startCode + 1] = header1;
    this.#class ??= this.#format.classify(header0, header1);
    return undefined;
  }

  /**
   * Neither RFC marks an access unit's start. A delimiter does, and so does the leading parameter set in streams without
   * delimiters; until the first delimiter was seen, one that was lost alone in a packet is not missed.
   */
  #noteStart(type: number, frame: FrameAssembly): void {
    const delimiter = type === this.#format.delimiterType;
    if (frame.proven) this.#delimited = delimiter;
    else if (delimiter) this.#delimited = frame.proven = true;
    else if (type === this.#format.leadingParameterSetType && !this.#delimited) frame.proven = true;
  }

  #tooLarge(): Fault {
    return fault("too_large", `Cannot depacketize ${this.#format.name}: access unit over the limit`).fault;
  }
}
