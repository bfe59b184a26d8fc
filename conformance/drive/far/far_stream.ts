/** A stream that the other peer sends to the peer under test: packets that are right, but for what a case changes. */
import { writeU16 } from "../../../lib/base/bytes.ts";
import { SrtpSender } from "../../../lib/crypto/srtp_protect.ts";
import { type ArcRtpFields, arcRtpHeaderBytes, ArcRtpView, writeArcRtp } from "../../../lib/packet/arcrtp.ts";
import { EXT_TRANSPORT_SEQUENCE, ONE_BYTE_PROFILE } from "../../../lib/packet/extensions.ts";
import { REDUCED_SAVED_BYTES, writeReducedHeader } from "../../../lib/packet/reduced.ts";
import type { FarKeys } from "./far_keys.ts";

/** One Opus packet of 20 ms: silence. */
export const OPUS_FRAME = Uint8Array.of(0xfc, 0xff, 0xfe);
const TICKS = 960;
export const AUDIO_PAYLOAD_TYPE = 111;

/** What is not as usual about a packet. */
export interface PacketWish extends Partial<ArcRtpFields> {
  readonly epoch?: number;
  /** In header extension element 2. */
  readonly transportSequence?: number;
  /** Another SSRC of the stream, such as that of RTX; it counts by itself. */
  readonly ssrc?: number;
}

export class FarStream {
  readonly streamId: string;
  readonly ssrc: number;
  /** Of the first packet; then each has the next. */
  readonly firstSequence: number;
  readonly #keys: FarKeys;
  readonly #senders = new Map<number, SrtpSender>();
  #next: number;

  constructor(keys: FarKeys, streamId: string, ssrc: number, firstSequence: number, startRoc = 0) {
    this.#keys = keys;
    this.streamId = streamId;
    this.ssrc = ssrc;
    this.firstSequence = firstSequence;
    this.#next = firstSequence;
    this.#senders.set(ssrc, new SrtpSender(ssrc, { startRoc }));
  }

  /** Extended by the wraps: of the packet that was made last. */
  get lastSequence(): number {
    return this.#next - 1;
  }

  /** Leaves sequence numbers out, as if their packets had been lost. */
  skip(packets: number): void {
    this.#next += packets;
  }

  /** The next packet, protected. */
  packet(wish: PacketWish = {}): Uint8Array {
    const { epoch = this.#keys.current, transportSequence, ssrc = this.ssrc, ...fields } = wish;
    const sequence = fields.sequenceNumber ?? (ssrc === this.ssrc ? this.#next++ : 0);
    const whole: ArcRtpFields = {
      payloadType: AUDIO_PAYLOAD_TYPE,
      timestamp: (sequence * TICKS) >>> 0,
      quality: 0,
      priority: 0,
      keyPhase: epoch & 3,
      payload: OPUS_FRAME,
      ...(transportSequence === undefined ? {} : { extension: transportExtension(transportSequence) }),
      ...fields,
      ssrc,
      sequenceNumber: sequence & 0xffff,
    };
    const keys = this.#keys.ofStream(this.streamId, epoch);
    const plainBytes = arcRtpHeaderBytes(whole) + (whole.payload?.length ?? 0);
    const unit = new Uint8Array(plainBytes + keys.overheadBytes);
    writeArcRtp(whole, unit, 0);
    const view = new ArcRtpView();
    view.parse(unit, 0, plainBytes);
    const outcome = this.#senderOf(ssrc).protect(keys, view);
    if (outcome !== "ok") throw new Error(`cannot protect packet ${sequence}: ${outcome}`);
    return unit;
  }

  /** The next packet behind a reduced header; the receiver needs the context. */
  reduced(contextId: number, wish: PacketWish = {}): Uint8Array {
    const full = this.packet(wish);
    const view = new ArcRtpView();
    view.parse(full);
    const { marker, priority, sequenceNumber, timestamp } = view;
    const unit = full.slice(REDUCED_SAVED_BYTES);
    writeReducedHeader(marker, priority, contextId, sequenceNumber, timestamp, unit, 0);
    return unit;
  }

  #senderOf(ssrc: number): SrtpSender {
    const known = this.#senders.get(ssrc);
    if (known !== undefined) return known;
    const made = new SrtpSender(ssrc);
    this.#senders.set(ssrc, made);
    return made;
  }
}

function transportExtension(sequence: number): ArcRtpFields["extension"] {
  const data = new Uint8Array(4);
  data[0] = (EXT_TRANSPORT_SEQUENCE << 4) | 1;
  writeU16(data, 1, sequence);
  return { profile: ONE_BYTE_PROFILE, data };
}

/** The unit with one bit turned: in its last byte, or in the one at `at`. */
export function withTurnedBit(unit: Uint8Array, at = unit.length - 1): Uint8Array {
  const changed = unit.slice();
  changed[at] ^= 1;
  return changed;
}
