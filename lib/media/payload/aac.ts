/**
 * AAC payload, RFC 3640 mode AAC-hbr (sizeLength=13, indexLength=3, indexDeltaLength=3):
 *
 * ```
 * +------------------------+---------------------+- - - -+-----------------+- - -
 * | u16 AU headers, in bits | size 13b | index 3b |  ...  | access unit     | ...
 * +------------------------+---------------------+- - - -+-----------------+- - -
 * ```
 *
 * An access unit that is too large is cut: each fragment has one AU header with the size of the **whole** unit, and the
 * marker ends it. We send one access unit per packet and read any number; interleaving is refused.
 */
import { readU16, writeU16 } from "../../base/bytes.ts";
import { type Fault, fault, ok, type Parsed, truncated } from "../../base/parsed.ts";
import { audioFrame, type MediaFrame } from "../frame.ts";
import { FrameAssembly } from "./frame_assembly.ts";
import { OrderedDepacketizer } from "./ordered_depacketizer.ts";
import type { Packetizer, PayloadSink } from "./payload_format.ts";

const MAX_UNIT_BYTES = 0x1fff;
const AU_HEADER_BYTES = 2;
const INDEX_MASK = 7;
const PREFIX_BYTES = 2 + AU_HEADER_BYTES;

/** Samples of an access unit of AAC-LC; 960 exists (DAB+). */
export const AAC_UNIT_TICKS = 1024;

export class AacPacketizer implements Packetizer {
  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number> {
    const { data } = frame;
    const room = maxPayloadBytes - PREFIX_BYTES;
    if (room < 1) {
      return fault("bad_length", `Cannot packetize AAC: need payloads of 5 bytes, got ${maxPayloadBytes}`);
    }
    if (data.length === 0) return fault("bad_length", "Cannot packetize AAC: the access unit is empty", { offset: 0 });
    if (data.length > MAX_UNIT_BYTES) {
      return fault("too_large", `Cannot packetize AAC: need at most ${MAX_UNIT_BYTES} bytes, got ${data.length}`);
    }
    let payloads = 0;
    for (let from = 0; from < data.length; from += room) {
      const to = Math.min(data.length, from + room);
      const { buffer, offsetBytes } = sink;
      writeU16(buffer, offsetBytes, AU_HEADER_BYTES * 8);
      writeU16(buffer, offsetBytes + 2, data.length << 3);
      buffer.set(data.subarray(from, to), offsetBytes + PREFIX_BYTES);
      sink.commit(PREFIX_BYTES + to - from, to === data.length, frame.timestampTicks, frame.priority);
      payloads++;
    }
    return ok(payloads);
  }
}

/** Whole access units borrow the payload; cut ones are put together. */
export class AacDepacketizer extends OrderedDepacketizer {
  readonly #unitTicks: number;
  readonly #unit = new FrameAssembly(MAX_UNIT_BYTES);
  #unitBytes = 0;

  constructor(unitTicks: number = AAC_UNIT_TICKS) {
    super();
    this.#unitTicks = unitTicks;
  }

  protected take(payload: Uint8Array, marker: boolean, timestampTicks: number): Fault | undefined {
    this.#unit.reclaim();
    if (payload.length === 0) return undefined;
    if (this.#unit.isOpen && timestampTicks !== this.#unit.timestampTicks) this.#giveUp();

    const refused = this.#read(payload, marker, timestampTicks);
    if (refused === undefined) return undefined;
    if (!this.#unit.isOpen) this.framesIncomplete++;
    else if (marker) this.#giveUp();
    else this.#unit.damaged = true;
    return refused;
  }

  #read(payload: Uint8Array, marker: boolean, timestampTicks: number): Fault | undefined {
    if (payload.length < 2) return truncated("AAC AU headers length", 2, payload.length).fault;
    const headerBits = readU16(payload, 0);
    if (headerBits === 0 || headerBits % 16 !== 0) {
      return fault("bad_length", `Cannot parse AAC AU headers: need a multiple of 16 bits, got ${headerBits}`, {
        offset: 0,
      }).fault;
    }
    const bodyAt = 2 + headerBits / 8;
    if (payload.length < bodyAt) return truncated("AAC AU headers", bodyAt, payload.length).fault;
    const firstBytes = readU16(payload, 2) >>> 3;
    const cut = headerBits === 16 && (this.#unit.isOpen || firstBytes > payload.length - bodyAt);
    if (cut) return this.#readFragment(payload, bodyAt, firstBytes, marker, timestampTicks);
    return this.#readUnits(payload, bodyAt, timestampTicks);
  }

  #readUnits(payload: Uint8Array, bodyAt: number, timestampTicks: number): Fault | undefined {
    let at = bodyAt;
    for (let headerAt = 2; headerAt < bodyAt; headerAt += AU_HEADER_BYTES) {
      const header = readU16(payload, headerAt);
      if (headerAt > 2 && (header & INDEX_MASK) !== 0) {
        return fault("bad_value", "Cannot parse AAC AU header: interleaving is not used", { offset: headerAt }).fault;
      }
      if (header >>> 3 === 0) {
        return fault("bad_length", "Cannot parse AAC AU header: empty access unit", { offset: headerAt }).fault;
      }
      at += header >>> 3;
    }
    if (at > payload.length) return truncated("AAC access units", at, payload.length).fault;
    if (at < payload.length) {
      return fault("bad_length", `Cannot parse AAC payload: ${payload.length - at} bytes after the last access unit`, {
        offset: at,
      }).fault;
    }

    let unitAt = bodyAt;
    for (let headerAt = 2, i = 0; headerAt < bodyAt; headerAt += AU_HEADER_BYTES, i++) {
      const end = unitAt + (readU16(payload, headerAt) >>> 3);
      const ticks = timestampTicks + i * this.#unitTicks;
      this.queue.add(audioFrame(payload.subarray(unitAt, end), ticks, this.#unitTicks));
      unitAt = end;
    }
    return undefined;
  }

  #readFragment(
    payload: Uint8Array,
    bodyAt: number,
    unitBytes: number,
    marker: boolean,
    timestampTicks: number,
  ): Fault | undefined {
    const unit = this.#unit;
    if (!unit.isOpen) {
      unit.open(timestampTicks, true, false);
      this.#unitBytes = unitBytes;
    }
    const total = unit.length + payload.length - bodyAt;
    if (unitBytes !== this.#unitBytes || total > unitBytes) {
      return fault(
        "bad_length",
        `Cannot depacketize AAC: need ${this.#unitBytes} bytes, got ${total} of ${unitBytes}`,
        {
          offset: 2,
        },
      ).fault;
    }
    if (!unit.damaged) unit.append(payload, bodyAt, payload.length);
    if (!marker) return undefined;
    // A missing fragment shows in the total, whichever it was; so gaps in the index need no watching here.
    if (unit.damaged || total < unitBytes) this.#giveUp();
    else this.queue.add(audioFrame(unit.close(), timestampTicks, this.#unitTicks));
    return undefined;
  }

  #giveUp(): void {
    this.framesIncomplete++;
    this.#unit.discard();
  }
}
