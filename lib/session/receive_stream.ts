/** A stream of the remote peer: its media, the SSRCs that carry them, and whether anything comes. */
import type { JitterBufferOptions } from "../jitter/buffer.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { ReceiveSource } from "./receive_source.ts";
import { ReceiveTrack } from "./receive_track.ts";
import type { KeySet } from "./stream_keys.ts";
import { type AgreedRepair, ladderOf, trackFormats } from "./track_format.ts";

/** A running stream of which nothing has come for so long is called silent. */
export const SILENT_AFTER_MS = 1000;

export interface ReceiveStreamOptions extends AgreedRepair {
  readonly jitter?: JitterBufferOptions;
  readonly windowPackets: number | undefined;
  readonly nowMs: number;
}

export class ReceiveStream {
  readonly streamId: string;
  readonly start: StreamStart;
  readonly keys: KeySet;
  readonly tracks: readonly ReceiveTrack[];
  readonly sources: readonly ReceiveSource[];
  /** For the count of authentication failures. */
  readonly ordinal: number;
  isActive = false;
  lastPacketMs = -Infinity;

  constructor(start: StreamStart, keys: KeySet, ordinal: number, options: ReceiveStreamOptions) {
    this.streamId = start.stream_id;
    this.start = start;
    this.keys = keys;
    this.ordinal = ordinal;
    const rungs = ladderOf(start).length;
    const { jitter, windowPackets, nowMs } = options;
    this.tracks = trackFormats(start, options).map((format) => new ReceiveTrack({ format, jitter, rungs }));
    const source = (
      role: ReceiveSource["role"],
      track: ReceiveTrack,
      format: { readonly ssrc: number; readonly payloadType: number },
    ) => new ReceiveSource(role, track, format, { keys, roc: rocIn(start, format.ssrc), windowPackets, nowMs });
    this.sources = this.tracks.flatMap((track) => {
      const { format } = track;
      return [
        source("media", track, format),
        ...(format.rtx === undefined ? [] : [source("rtx", track, format.rtx)]),
        ...(format.fec === undefined ? [] : [source("fec", track, format.fec)]),
      ];
    });
  }

  /** The stream was announced again: its rollover counters may be ahead of ours. SPEC ARC-SRTP-roc-announced. */
  announceAgain(start: StreamStart): void {
    for (const { ssrc, srtp } of this.sources) srtp.announceRoc(rocIn(start, ssrc));
  }

  /** A packet has come; true when the stream was silent before. */
  handlePacket(nowMs: number): boolean {
    const wasActive = this.isActive;
    this.isActive = true;
    if (nowMs > this.lastPacketMs) this.lastPacketMs = nowMs;
    return !wasActive;
  }

  /** When the stream will count as silent; Infinity when it does already. */
  get #silentAtMs(): number {
    return this.isActive ? this.lastPacketMs + SILENT_AFTER_MS : Infinity;
  }

  /** True when the stream has just become silent. */
  checkSilence(nowMs: number): boolean {
    if (!this.isActive || nowMs < this.lastPacketMs + SILENT_AFTER_MS) return false;
    this.isActive = false;
    return true;
  }

  nextTimeoutMs(): number {
    let dueMs = this.#silentAtMs;
    for (const track of this.tracks) dueMs = Math.min(dueMs, track.nextTimeoutMs());
    return dueMs;
  }
}

/** Absent SSRCs have 0. */
function rocIn(start: StreamStart, ssrc: number): number {
  return start.roc?.find((entry) => entry.ssrc === ssrc)?.roc ?? 0;
}
