/** The streams of a session, ours and the other peer's: what it takes to start one, and to end it. */
import type { Rng } from "../base/rng.ts";
import { type Authentication, AUTHENTICATION_TAG_BYTES, type SuiteName, SUITES } from "../crypto/suites.ts";
import type { JitterBufferOptions } from "../jitter/buffer.ts";
import { ReducedReceiver } from "../packet/reduced_receiver.ts";
import { ReducedSender } from "../packet/reduced_sender.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import type { PacketPool } from "./packet_pool.ts";
import type { ReceiveSource } from "./receive_source.ts";
import { ReceiveStream } from "./receive_stream.ts";
import type { ReceiveTrack } from "./receive_track.ts";
import { SendStream, type SendStreamOptions } from "./send_stream.ts";
import { SendTrack } from "./send_track.ts";
import type { StreamKeyring } from "./stream_keys.ts";
import { trackFormats } from "./track_format.ts";

/** What concerns streams of a plane's configuration. */
export interface StreamsConfig {
  readonly suite: SuiteName;
  readonly authentication: Authentication;
  readonly rng: Rng;
  /** A multiple of 64 from 64 to 4096, 64 by default. */
  readonly replayWindowPackets?: number;
  /** True where both peers' capabilities offer it, as for the next two. SPEC ARC-LOSS-rtx-agreed. */
  readonly reducedHeader: boolean;
  readonly rtx: boolean;
  readonly fec: boolean;
  /** Redundancy of key frames on a good path; default 0.2. SPEC ARC-LOSS-fec-key-frames. */
  readonly fecRatio?: number;
  readonly jitter?: JitterBufferOptions;
}

export class MediaStreams {
  readonly sending = new Map<string, SendStream>();
  readonly receiving = new Map<string, ReceiveStream>();
  /** SSRCs of the remote peer's streams. */
  readonly sources = new Map<number, ReceiveSource>();
  readonly reducedSender = new ReducedSender();
  readonly reducedReceiver = new ReducedReceiver();

  readonly #config: StreamsConfig;
  readonly #keyring: StreamKeyring;
  readonly #pool: PacketPool;
  readonly #streamOf = new Map<ReceiveTrack, ReceiveStream>();
  #ordinals = 0;

  constructor(config: StreamsConfig, keyring: StreamKeyring, pool: PacketPool) {
    this.#config = config;
    this.#keyring = keyring;
    this.#pool = pool;
  }

  /** The stream that a received medium belongs to; undefined when it has ended. */
  streamOf(track: ReceiveTrack): ReceiveStream | undefined {
    return this.#streamOf.get(track);
  }

  /** @throws Error when a stream of this id is running already. */
  addSending(start: StreamStart, options: SendStreamOptions, nowMs: number): SendStream {
    const { suite, authentication, rng, fecRatio } = this.#config;
    const { stream_id: streamId } = start;
    if (this.sending.has(streamId)) throw new Error(`Cannot add stream ${streamId}: it is running`);
    const keys = this.#keyring.stream(streamId);
    const overheadBytes = SUITES[suite].tagBytes + AUTHENTICATION_TAG_BYTES[authentication];
    const tracks = trackFormats(start, this.#config).map((format) =>
      new SendTrack(this.#pool, {
        format,
        keys,
        rng,
        overheadBytes,
        fecRatio,
        maxPayloadBytes: options.maxPayloadBytes,
        params: options.params?.[format.kind],
        startRoc: options.firstIndex?.roc,
        startSequence: options.firstIndex?.sequence16,
      })
    );
    const stream = new SendStream(start, tracks, keys, options, nowMs);
    this.sending.set(streamId, stream);
    return stream;
  }

  /** Reduced headers may be used from now on, where that was agreed. */
  accepted(streamId: string): void {
    const stream = this.sending.get(streamId);
    if (stream === undefined || !this.#config.reducedHeader) return;
    for (const entry of stream.start.reduced_header ?? []) {
      const { context_id: contextId, ssrc, payload_type: payloadType, quality } = entry;
      if (!this.reducedSender.define({ contextId, ssrc, payloadType, quality })) continue;
      const track = stream.tracks.find(({ media }) => media.ssrc === ssrc && media.payloadType === payloadType);
      if (track !== undefined) track.reducedQualities |= 1 << quality;
    }
  }

  /** A new stream of the other peer; undefined when it is known and was announced again. */
  addReceiving(start: StreamStart, nowMs: number): ReceiveStream | undefined {
    const known = this.receiving.get(start.stream_id);
    if (known !== undefined) {
      known.announceAgain(start);
      return undefined;
    }
    const { rtx, fec, jitter, replayWindowPackets: windowPackets, reducedHeader } = this.#config;
    const keys = this.#keyring.stream(start.stream_id);
    const stream = new ReceiveStream(start, keys, this.#ordinals++, { rtx, fec, jitter, windowPackets, nowMs });
    this.receiving.set(start.stream_id, stream);
    for (const track of stream.tracks) this.#streamOf.set(track, stream);
    for (const source of stream.sources) this.sources.set(source.ssrc, source);
    if (reducedHeader) {
      for (const { context_id: contextId, ssrc, payload_type: payloadType, quality } of start.reduced_header ?? []) {
        this.reducedReceiver.define({ contextId, ssrc, payloadType, quality });
      }
    }
    return stream;
  }

  /** Ends a stream of ours and answers it; its packets go back to the pool with `free` of its tracks. */
  removeSending(streamId: string): SendStream | undefined {
    const stream = this.sending.get(streamId);
    if (stream === undefined) return undefined;
    this.sending.delete(streamId);
    this.#keyring.release(stream.keys);
    return stream;
  }

  removeReceiving(streamId: string): void {
    const stream = this.receiving.get(streamId);
    if (stream === undefined) return;
    this.receiving.delete(streamId);
    for (const track of stream.tracks) this.#streamOf.delete(track);
    for (const { ssrc } of stream.sources) this.sources.delete(ssrc);
    this.#keyring.release(stream.keys);
  }

  /** Rollover counter of an SSRC of ours; 0 where it is not ours. */
  rocOf(ssrc: number): number {
    for (const { tracks } of this.sending.values()) {
      for (const { sources } of tracks) {
        const source = sources.find((candidate) => candidate.ssrc === ssrc);
        if (source !== undefined) return source.srtp.roc;
      }
    }
    return 0;
  }
}
