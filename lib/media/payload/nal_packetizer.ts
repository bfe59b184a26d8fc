import { writeU16 } from "../../base/bytes.ts";
import { type Fault, fault, ok, type Parsed } from "../../base/parsed.ts";
import type { MediaFrame } from "../frame.ts";
import { NalCursor } from "./annexb.ts";
import { FRAGMENT_END, FRAGMENT_START, type NalFormat } from "./nal_format.ts";
import type { Packetizer, PayloadSink } from "./payload_format.ts";

const MAX_AGGREGATED_BYTES = 0xffff;

/**
 * Cuts Annex B access units: what fits together is aggregated, what fits alone goes alone, the rest in fragments as
 * large as the packet allows. The marker ends the access unit.
 */
export class NalPacketizer implements Packetizer {
  readonly #format: NalFormat;
  readonly #nal = new NalCursor();
  /** NAL units of the frame at hand; kept between frames so that their memory is used again. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  constructor(format: NalFormat) {
    this.#format = format;
  }

  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number> {
    const { data } = frame;
    const { headerBytes } = this.#format;
    if (maxPayloadBytes < headerBytes + 2) {
      return fault(
        "bad_length",
        `Cannot packetize ${this.#format.name}: need payloads of ${headerBytes + 2} bytes, got ${maxPayloadBytes}`,
      );
    }
    const bad = this.#scan(data);
    if (bad !== undefined) return { ok: false, fault: bad };

    const count = this.#starts.length;
    let payloads = 0;
    let i = 0;
    while (i < count) {
      const nalBytes = this.#ends[i] - this.#starts[i];
      if (nalBytes > maxPayloadBytes) {
        payloads += this.#fragment(frame, i, maxPayloadBytes, i + 1 === count, sink);
        i++;
        continue;
      }
      const to = this.#aggregateEnd(i, maxPayloadBytes);
      const length = to - i > 1 ? this.#writeAggregate(data, i, to, sink) : nalBytes;
      if (to - i === 1) sink.buffer.set(data.subarray(this.#starts[i], this.#ends[i]), sink.offsetBytes);
      sink.commit(length, to === count, frame.timestampTicks, frame.priority);
      payloads++;
      i = to;
    }
    return ok(payloads);
  }

  /** Finds the NAL units and checks that each can travel. */
  #scan(data: Uint8Array): Fault | undefined {
    const { name, headerBytes } = this.#format;
    const nal = this.#nal;
    this.#starts.length = 0;
    this.#ends.length = 0;
    nal.open(data);
    if (!nal.aligned) return fault("bad_value", `Cannot packetize ${name}: no start code first`, { offset: 0 }).fault;
    while (nal.advance()) {
      const type = this.#format.typeOf(data[nal.start]);
      if (!this.#format.isCarried(type)) {
        return fault("bad_value", `Cannot packetize ${name}: RTP has no room for NAL type ${type}`, {
          offset: nal.start,
        }).fault;
      }
      if (nal.end - nal.start < headerBytes) {
        return fault("bad_length", `Cannot packetize ${name}: NAL unit shorter than its header`, { offset: nal.start })
          .fault;
      }
      this.#starts.push(nal.start);
      this.#ends.push(nal.end);
    }
    if (this.#starts.length > 0) return undefined;
    return fault("bad_length", `Cannot packetize ${name}: no NAL unit in the frame`, { offset: data.length }).fault;
  }

  /** The first NAL unit after `from` that no longer fits into one aggregate; `from + 1` when aggregating gains nothing. */
  #aggregateEnd(from: number, maxPayloadBytes: number): number {
    let bytes = this.#format.headerBytes;
    let to = from;
    while (to < this.#starts.length) {
      const nalBytes = this.#ends[to] - this.#starts[to];
      if (bytes + 2 + nalBytes > maxPayloadBytes || nalBytes > MAX_AGGREGATED_BYTES) break;
      bytes += 2 + nalBytes;
      to++;
    }
    return Math.max(to, from + 1);
  }

  #writeAggregate(data: Uint8Array, from: number, to: number, sink: PayloadSink): number {
    const { buffer, offsetBytes } = sink;
    this.#format.writeAggregationHeader(buffer, offsetBytes, data, this.#starts, from, to);
    let at = offsetBytes + this.#format.headerBytes;
    for (let i = from; i < to; i++) {
      const nalBytes = this.#ends[i] - this.#starts[i];
      writeU16(buffer, at, nalBytes);
      buffer.set(data.subarray(this.#starts[i], this.#ends[i]), at + 2);
      at += 2 + nalBytes;
    }
    return at - offsetBytes;
  }

  #fragment(frame: MediaFrame, index: number, maxPayloadBytes: number, last: boolean, sink: PayloadSink): number {
    const { headerBytes, fragmentType } = this.#format;
    const { data } = frame;
    const start = this.#starts[index];
    const end = this.#ends[index];
    const type = this.#format.typeOf(data[start]);
    const room = maxPayloadBytes - headerBytes - 1;
    let payloads = 0;
    for (let from = start + headerBytes; from < end; from += room) {
      const to = Math.min(end, from + room);
      const { buffer, offsetBytes } = sink;
      buffer[offsetBytes] = this.#format.withType(data[start], fragmentType);
      if (headerBytes === 2) buffer[offsetBytes + 1] = data[start + 1];
      buffer[offsetBytes + headerBytes] = type | (payloads === 0 ? FRAGMENT_START : 0) |
        (to === end ? FRAGMENT_END : 0);
      buffer.set(data.subarray(from, to), offsetBytes + headerBytes + 1);
      sink.commit(headerBytes + 1 + to - from, last && to === end, frame.timestampTicks, frame.priority);
      payloads++;
    }
    return payloads;
  }
}
