/**
 * AV1 payload, AOM "RTP Payload Format For AV1" 1.0:
 *
 * ```
 *  0 1 2 3 4 5 6 7
 * +-+-+-+-+-+-+-+-+
 * |Z|Y| W |N|0 0 0|  aggregation header, then OBU elements: each with its LEB128 length, but the last when W > 0
 * +-+-+-+-+-+-+-+-+
 * ```
 *
 * Z: the first element continues the last one of the packet before. Y: the last one continues in the next packet.
 * W: number of elements, or 0. N: a coded video sequence begins here.
 */
import { type Fault, fault, ok, type Parsed } from "../../base/parsed.ts";
import type { MediaFrame } from "../frame.ts";
import { leb128Bytes, writeLeb128 } from "./leb128.ts";
import { OBU_SEQUENCE_HEADER, OBU_SIZE_BIT, OBU_TEMPORAL_DELIMITER, OBU_TILE_LIST, ObuCursor } from "./obu.ts";
import type { Packetizer, PayloadSink } from "./payload_format.ts";

export const AV1_CONTINUES_PREVIOUS = 0x80;
export const AV1_CONTINUES_IN_NEXT = 0x40;
export const AV1_NEW_SEQUENCE = 0x08;
/** W has 2 bits. Temporal units rarely have more OBUs than that per packet, so W = 0 is never sent. */
const MAX_ELEMENTS = 3;
/** Space smaller than this at the end of a packet is left free rather than filled with the start of an OBU. */
const MIN_FRAGMENT_BYTES = 8;
const NO_LAYER = -1;

/** An OBU as it will travel: `headerBytes` of header without size bit, then `bodyStart`..`end`. */
interface Element {
  readonly start: number;
  /** 0 for an OBU that travels verbatim. */
  readonly headerBytes: number;
  readonly bodyStart: number;
  readonly end: number;
  /** The extension byte; packets do not mix layers. */
  readonly layer: number;
}

/**
 * Cuts temporal units. Delimiters and tile lists stay behind; size fields too, since the payload's own lengths say the
 * same. A size field that is not the shortest spelling cannot be restored, so such an OBU travels with it.
 */
export class Av1Packetizer implements Packetizer {
  readonly #obu = new ObuCursor();
  readonly #elements: Element[] = [];
  #newSequence = false;

  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number> {
    if (maxPayloadBytes < 2) {
      return fault("bad_length", `Cannot packetize AV1: need payloads of 2 bytes, got ${maxPayloadBytes}`);
    }
    const bad = this.#scan(frame);
    if (bad !== undefined) return { ok: false, fault: bad };

    const elements = this.#elements;
    let payloads = 0;
    let first = 0; // element that the packet begins with,
    let skip = 0; // and how much of it was sent before
    while (first < elements.length) {
      // What is in the packet: elements `first`..`last`, the last one up to `lastEnd` of its bytes.
      let used = 1;
      let last = first;
      let size = elementBytes(elements[first]) - skip;
      let layer = elements[first].layer;
      while (last + 1 < elements.length && last + 1 - first < MAX_ELEMENTS) {
        const next = elements[last + 1];
        const prefixed = leb128Bytes(size) + size;
        const room = maxPayloadBytes - used - prefixed;
        if (room < Math.min(elementBytes(next), MIN_FRAGMENT_BYTES)) break;
        if (layer === NO_LAYER) layer = next.layer;
        else if (next.layer !== NO_LAYER && next.layer !== layer) break;
        used += prefixed;
        last++;
        size = elementBytes(next);
      }
      const lastBytes = Math.min(size, maxPayloadBytes - used);
      const more = lastBytes < size;

      const { buffer, offsetBytes } = sink;
      buffer[offsetBytes] = (skip > 0 ? AV1_CONTINUES_PREVIOUS : 0) | (more ? AV1_CONTINUES_IN_NEXT : 0) |
        ((last - first + 1) << 4) | (payloads === 0 && this.#newSequence ? AV1_NEW_SEQUENCE : 0);
      let at = offsetBytes + 1;
      for (let i = first; i <= last; i++) {
        const from = i === first ? skip : 0;
        const to = i === last ? from + lastBytes : elementBytes(elements[i]);
        if (i < last) at += writeLeb128(buffer, at, to - from);
        copyElement(frame.data, elements[i], from, to, buffer, at);
        at += to - from;
      }
      skip = more ? (first === last ? skip : 0) + lastBytes : 0;
      first = more ? last : last + 1;
      sink.commit(at - offsetBytes, first === elements.length, frame.timestampTicks, frame.priority);
      payloads++;
    }
    return ok(payloads);
  }

  #scan(frame: MediaFrame): Fault | undefined {
    const { data } = frame;
    const obu = this.#obu;
    this.#elements.length = 0;
    this.#newSequence = false;
    obu.open(data, 0, data.length);
    while (obu.advance()) {
      if (obu.type === OBU_TEMPORAL_DELIMITER) {
        if (obu.start === 0) continue;
        return fault("bad_value", "Cannot packetize AV1: a second temporal unit in the frame", { offset: obu.start })
          .fault;
      }
      if (obu.type === OBU_TILE_LIST) continue;
      if (obu.type === OBU_SEQUENCE_HEADER) this.#newSequence = frame.keyframe;
      const verbatim = obu.hasSize && !obu.shortestSize;
      this.#elements.push({
        start: obu.start,
        headerBytes: verbatim ? 0 : obu.headerBytes,
        bodyStart: verbatim ? obu.start : obu.bodyStart,
        end: obu.end,
        layer: obu.headerBytes === 2 ? data[obu.start + 1] : NO_LAYER,
      });
    }
    if (obu.badAt >= 0) return fault("bad_value", "Cannot packetize AV1: malformed OBU", { offset: obu.badAt }).fault;
    if (this.#elements.length > 0) return undefined;
    return fault("bad_length", "Cannot packetize AV1: no OBU in the frame", { offset: data.length }).fault;
  }
}

function elementBytes(element: Element): number {
  return element.headerBytes + element.end - element.bodyStart;
}

/** Copies bytes `from`..`to` of an element. */
function copyElement(
  data: Uint8Array,
  element: Element,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): void {
  const { start, headerBytes, bodyStart } = element;
  let done = from;
  for (; done < headerBytes && done < to; done++) {
    const byte = data[start + done];
    out[at++] = done === 0 ? byte & ~OBU_SIZE_BIT : byte;
  }
  const bodyFrom = bodyStart + done - headerBytes;
  out.set(data.subarray(bodyFrom, bodyStart + to - headerBytes), at);
}
