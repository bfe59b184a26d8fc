/** The streams of the peer under test as the other peer receives them: from protected units to {@link HeardPacket}s. */
import { readU32 } from "../../../lib/base/bytes.ts";
import { rocOf } from "../../../lib/crypto/packet_index.ts";
import { SrtpReceiver } from "../../../lib/crypto/srtp_unprotect.ts";
import { ArcRtpView } from "../../../lib/packet/arcrtp.ts";
import { StampReader } from "../../../lib/packet/extensions.ts";
import { REDUCED_SAVED_BYTES } from "../../../lib/packet/reduced.ts";
import { ReducedReceiver } from "../../../lib/packet/reduced_receiver.ts";
import { estimateIndex } from "../../../lib/crypto/packet_index.ts";
import type { Json } from "../../testee/answer.ts";
import type { FarKeys } from "./far_keys.ts";
import type { HeardPacket } from "./heard_log.ts";

interface Source {
  readonly streamId: string;
  readonly receiver: SrtpReceiver;
}

export class RemoteStreams {
  /** STREAM_STARTs by stream_id. */
  readonly starts = new Map<string, Json>();
  readonly #keys: FarKeys;
  readonly #sources = new Map<number, Source>();
  readonly #contexts = new ReducedReceiver();
  readonly #view = new ArcRtpView();
  readonly #stamps = new StampReader();

  constructor(keys: FarKeys) {
    this.#keys = keys;
  }

  /** A STREAM_START of the peer's; false where it is known already. */
  add(start: Json, nowMs: number): boolean {
    const streamId = String(start.stream_id);
    if (this.starts.has(streamId)) return false;
    this.starts.set(streamId, start);
    const media = start.stream_type === "both" ? [start.ssrc, Number(start.ssrc) + 1] : [start.ssrc];
    for (const ssrc of [...media, ...ssrcsOf(start.rtx), ...ssrcsOf(start.fec)].map(Number)) {
      this.#sources.set(ssrc >>> 0, { streamId, receiver: new SrtpReceiver(ssrc >>> 0, nowMs) });
    }
    for (const context of listOf(start.reduced_header)) {
      this.#contexts.define({
        contextId: Number(context.context_id),
        ssrc: Number(context.ssrc),
        payloadType: Number(context.payload_type),
        quality: Number(context.quality),
      });
    }
    return true;
  }

  /** The packet inside of a unit of the media classes, or why there is none. */
  open(unit: Uint8Array, nowMs: number): HeardPacket | string {
    const isReduced = unit[0] >= 0xc0;
    const bytes = new Uint8Array(unit.length + REDUCED_SAVED_BYTES);
    bytes.set(unit, REDUCED_SAVED_BYTES);
    if (isReduced && !this.#contexts.expand(bytes, REDUCED_SAVED_BYTES, bytes.length)) {
      return this.#contexts.faultReason ?? "bad_context";
    }
    const view = this.#view;
    if (!view.parse(bytes, isReduced ? 0 : REDUCED_SAVED_BYTES)) return view.faultReason ?? "bad_value";
    const source = this.#sources.get(view.ssrc);
    if (source === undefined) return UNKNOWN_SSRC;
    const epoch = this.#keys.epochOfPhase(view.keyPhase);
    if (epoch === undefined) return `no epoch of key phase ${view.keyPhase} is held`;
    const keys = this.#keys.ofStream(source.streamId, epoch);
    const outcome = source.receiver.unprotect(keys, view, nowMs);
    if (outcome !== "ok") return outcome;
    const index = estimateIndex(view.sequenceNumber, source.receiver.highestIndex);
    this.#contexts.authenticated(view, index, isReduced);
    this.#stamps.read(view);
    return {
      ssrc: view.ssrc,
      sequenceNumber: view.sequenceNumber,
      timestamp: view.timestamp,
      marker: view.marker,
      payloadType: view.payloadType,
      quality: view.quality,
      priority: view.priority,
      keyPhase: view.keyPhase,
      epoch,
      roc: rocOf(index),
      csrc: Array.from({ length: bytes[view.start] & 0x0f }, (_, i) => readU32(bytes, view.start + 12 + 4 * i)),
      flags: bytes[view.arcStart + 1],
      hasExtension: view.hasExtension,
      transportSequence: view.hasExtension ? this.#stamps.transportSequence16 : undefined,
      hasPadding: (bytes[view.start] & 0x20) !== 0,
      payload: bytes.slice(view.payloadStart, view.end - keys.overheadBytes),
      isReduced,
      wireBytes: unit.length,
    };
  }
}

/** Why a unit cannot be opened that may be readable once a STREAM_START has come. */
export const UNKNOWN_SSRC = "unknown SSRC";

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function ssrcsOf(value: unknown): readonly unknown[] {
  return listOf(value).map(({ ssrc }) => ssrc);
}
