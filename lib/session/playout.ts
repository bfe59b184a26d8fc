/** Frames at their playout time, with what is known of their delay; and which remote streams have fallen silent. */
import type { MediaEvents } from "./media_events.ts";
import type { MediaMetrics } from "./media_metrics.ts";
import type { MediaStreams } from "./media_streams.ts";
import type { ReceiveStream } from "./receive_stream.ts";
import type { PlayedFrame, ReceiveTrack } from "./receive_track.ts";

export interface PlayoutParts {
  readonly streams: MediaStreams;
  readonly events: MediaEvents;
  readonly metrics: MediaMetrics;
  readonly unixOffsetMs: number;
}

export class Playout {
  /** Remote clock less own, in ms. */
  clockOffsetMs = 0;
  readonly #parts: PlayoutParts;

  constructor(parts: PlayoutParts) {
    this.#parts = parts;
  }

  /** Gives out what is due. */
  timeout(nowMs: number): void {
    const { streams, events } = this.#parts;
    for (const stream of streams.receiving.values()) {
      for (const track of stream.tracks) {
        for (let played = track.poll(nowMs); played !== undefined; played = track.poll(nowMs)) {
          this.#deliver(stream, track, played, nowMs);
        }
      }
      if (stream.checkSilence(nowMs)) {
        events.push({ kind: "stream_silent", streamId: stream.streamId, silentMs: nowMs - stream.lastPacketMs });
      }
    }
  }

  nextTimeoutMs(): number {
    let dueMs = Infinity;
    for (const stream of this.#parts.streams.receiving.values()) dueMs = Math.min(dueMs, stream.nextTimeoutMs());
    return dueMs;
  }

  #deliver(stream: ReceiveStream, track: ReceiveTrack, played: PlayedFrame, nowMs: number): void {
    const { events, metrics, unixOffsetMs } = this.#parts;
    const { frame, index, quality, timestamp32 } = played;
    const remoteUnixMs = track.clock.captureUnixMs(timestamp32);
    const captureUnixMs = remoteUnixMs === undefined ? undefined : remoteUnixMs - this.clockOffsetMs;
    const e2eMs = captureUnixMs === undefined ? undefined : nowMs + unixOffsetMs - captureUnixMs;
    if (e2eMs !== undefined) track.e2e.record(e2eMs);
    metrics.framePlayed(track.format, frame, e2eMs);
    events.push({
      kind: "frame",
      streamId: stream.streamId,
      media: track.format.kind,
      // The depacketizer's bytes are borrowed; from here on they are the application's.
      frame: { ...frame, data: frame.data.slice() },
      index,
      quality,
      e2eMs,
      captureUnixMs,
    });
  }
}
