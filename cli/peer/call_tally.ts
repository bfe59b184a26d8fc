/** Counts frames, whole and by stream: what a summary and the live line are made of, beside the session's own figures. */
import type { FrameEvent } from "../../lib/session/media_events.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import type { MediaFrame } from "../../lib/media/frame.ts";
import { LatencyHistogram } from "../../lib/quality/latency_histogram.ts";
import type { StreamStart } from "../../lib/signaling/messages/stream_start.ts";
import { announcedMedia } from "./stream_offer.ts";

export interface SentTally {
  readonly streamId: string;
  frames: number;
  bytes: number;
  keyframes: number;
}

export interface ReceivedTally {
  readonly streamId: string;
  readonly stream: StreamInfo;
  /** From capture to playout, as the session says. */
  readonly e2e: LatencyHistogram;
  frames: number;
  bytes: number;
  keyframes: number;
}

export class CallTally {
  readonly sent = new Map<string, SentTally>();
  readonly received: ReceivedTally[] = [];
  /** Over all streams. */
  readonly e2e = new LatencyHistogram();
  rotations = 0;
  reconnects = 0;

  sentFrame(streamId: string, frame: MediaFrame): void {
    let tally = this.sent.get(streamId);
    if (tally === undefined) {
      tally = { streamId, frames: 0, bytes: 0, keyframes: 0 };
      this.sent.set(streamId, tally);
    }
    count(tally, frame);
  }

  /** A remote stream was announced, perhaps again. Answers what is new. */
  offered(start: StreamStart): ReceivedTally[] {
    if (this.received.some(({ streamId }) => streamId === start.stream_id)) return [];
    const made = announcedMedia(start).map((stream): ReceivedTally => ({
      streamId: start.stream_id,
      stream,
      e2e: new LatencyHistogram(),
      frames: 0,
      bytes: 0,
      keyframes: 0,
    }));
    this.received.push(...made);
    return made;
  }

  receivedFrame({ streamId, media, frame, e2eMs }: FrameEvent): ReceivedTally | undefined {
    const tally = this.received.find((each) => each.streamId === streamId && each.stream.kind === media);
    if (tally === undefined) return undefined;
    count(tally, frame);
    if (e2eMs !== undefined) {
      tally.e2e.record(e2eMs);
      this.e2e.record(e2eMs);
    }
    return tally;
  }
}

function count(tally: { frames: number; bytes: number; keyframes: number }, frame: MediaFrame): void {
  tally.frames++;
  tally.bytes += frame.data.length;
  if (frame.keyframe) tally.keyframes++;
}
