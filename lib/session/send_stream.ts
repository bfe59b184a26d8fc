/** A stream that we send: its media, and the rung that the quality rule chooses for it. */
import { ok, type Parsed } from "../base/parsed.ts";
import type { MediaKind } from "../media/codec.ts";
import type { MediaFrame } from "../media/frame.ts";
import type { PayloadParams } from "../media/payload/payload_formats.ts";
import type { ReportBlock } from "../packet/rtcp/report_block.ts";
import { QualityController, type QualityDecision } from "../quality/controller.ts";
import { heightOfResolution, levelBitrateBps, type QualityLadder } from "../quality/ladder.ts";
import type { QualityAdapt } from "../signaling/messages/stream_control.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import type { SendTrack } from "./send_track.ts";
import type { KeySet } from "./stream_keys.ts";
import { ladderOf } from "./track_format.ts";

/** SPEC ARC-RTCP-pli. */
const KEYFRAME_SPACING_MS = 500;

/** How the application sends a stream. */
export interface SendStreamOptions {
  /** Largest payload of one packet; at most, and by default, what fits a unit. */
  readonly maxPayloadBytes?: number;
  /** What the payload format should know, where the STREAM_START does not tell. */
  readonly params?: { readonly audio?: PayloadParams; readonly video?: PayloadParams };
  /** Rungs of the ladder that there are frames for, from the best on. Default: all with video, one without. */
  readonly renditions?: number;
  /** Rung to begin with; default 0. */
  readonly rung?: number;
  /** Stop the video of a stream of type `both` rather than send it below the last rung; default false. */
  readonly mayStopVideo?: boolean;
  /** Number of the first packet of the media SSRCs: knobs for tests (SPEC ARC-METRICS-knobs). */
  readonly firstIndex?: { readonly roc: number; readonly sequence16: number };
}

/** What the sender knows besides the report. */
export interface QualityInputs {
  readonly rttMs: number | undefined;
  readonly cpu: number;
  readonly bandwidthBps: number | undefined;
}

/** A move on the ladder that nobody was told of yet. */
export interface RungChange {
  readonly rung: number;
  readonly because: QualityDecision["because"] | "set";
  readonly isVideoStopped: boolean;
}

export class SendStream {
  readonly streamId: string;
  readonly start: StreamStart;
  readonly tracks: readonly SendTrack[];
  readonly keys: KeySet;
  readonly ladder: QualityLadder;
  readonly controller: QualityController;
  #pinnedRung: number | undefined;
  #because: RungChange["because"] = "rule";
  #toldRung: number;
  #toldVideoStopped = false;
  #keyframeMs = -Infinity;

  constructor(
    start: StreamStart,
    tracks: readonly SendTrack[],
    keys: KeySet,
    options: SendStreamOptions,
    nowMs: number,
  ) {
    this.streamId = start.stream_id;
    this.start = start;
    this.tracks = tracks;
    this.keys = keys;
    this.ladder = ladderOf(start);
    const [best, ...others] = this.ladder;
    const renditions = options.renditions ?? (start.stream_type === "audio" ? 1 : this.ladder.length);
    this.controller = new QualityController(nowMs, {
      ladder: [best, ...others.slice(0, Math.max(0, renditions - 1))],
      media: start.stream_type,
      rung: options.rung,
      mayStopVideo: options.mayStopVideo ?? false,
    });
    this.#toldRung = this.rung;
  }

  /** Q of the next frame. SPEC ARC-QUALITY-index-range. */
  get rung(): number {
    return this.#pinnedRung ?? this.controller.rung;
  }

  /** The bit rate that the STREAM_START announced, of all media. */
  get announcedBps(): number {
    return this.tracks.reduce((sum, { format }) => sum + format.bitrateBps, 0);
  }

  /** The bit rate of the best rung. */
  get topBps(): number {
    return levelBitrateBps(this.controller.ladder[0], this.start.stream_type);
  }

  get isVideoStopped(): boolean {
    return this.controller.isVideoStopped;
  }

  track(kind: MediaKind): SendTrack | undefined {
    return this.tracks.find((track) => track.kind === kind);
  }

  /** The medium whose loss decides: video, as long as there is any. */
  get #leading(): SendTrack {
    return this.tracks[this.isVideoStopped ? 0 : this.tracks.length - 1];
  }

  /** @throws Error when the stream has no such medium. */
  sendFrame(
    kind: MediaKind,
    frame: MediaFrame,
    quality: number | undefined,
    estimateBps: number | undefined,
    nowMs: number,
  ): Parsed<number> {
    const track = this.track(kind);
    if (track === undefined) throw new Error(`Cannot send frame: stream ${this.streamId} has no ${kind}`);
    track.lastFrameBytes = 0;
    if (kind === "video" && this.isVideoStopped) {
      track.framesDiscarded++;
      return ok(0);
    }
    const q = Math.min(quality ?? this.rung, this.ladder.length - 1);
    return track.sendFrame(frame, q, estimateBps, nowMs);
  }

  /** Takes in what a receiver report says of one of our SSRCs, and decides when that is due. */
  handleReport(block: ReportBlock, inputs: QualityInputs, nowMs: number): void {
    const track = this.tracks.find(({ media }) => media.ssrc === block.ssrc);
    if (track === undefined) return;
    const expectedPackets = track.handleReport(block, nowMs);
    if (track !== this.#leading) return;
    const sample = {
      packetLoss: block.fractionLost256 / 256,
      // What is not known decides nothing.
      rttMs: inputs.rttMs ?? NaN,
      cpu: inputs.cpu,
      bandwidthBps: inputs.bandwidthBps,
      expectedPackets,
    };
    this.#note(this.controller.handle(sample, nowMs));
  }

  /** Decides when that is due and there are reports to go by. SPEC ARC-QUALITY-window. */
  decide(nowMs: number): void {
    this.#note(this.controller.poll(nowMs));
  }

  #note(decision: QualityDecision | undefined): void {
    if (decision !== undefined && decision.move !== "hold") this.#because = decision.because;
  }

  /** Pins the rung, or with undefined gives it back to the rule. */
  pin(rung: number | undefined): void {
    this.#pinnedRung = rung === undefined ? undefined : Math.max(0, Math.min(rung, this.ladder.length - 1));
    this.#because = "set";
  }

  /** Obeys a QUALITY_ADAPT. SPEC ARC-QUALITY-adapt-cap. */
  cap({ bitrate, resolution, fps }: QualityAdapt["quality"], nowMs: number): void {
    const heightPx = resolution === undefined ? undefined : heightOfResolution(resolution);
    this.controller.handleRequest({ bitrateBps: bitrate, heightPx, fps }, nowMs);
    this.#because = "cap";
  }

  /** As {@link takeChange} last told it. */
  get isVideoStoppedTold(): boolean {
    return this.#toldVideoStopped;
  }

  /** What has changed since the last call. */
  takeChange(): RungChange | undefined {
    const { rung, isVideoStopped } = this;
    if (rung === this.#toldRung && isVideoStopped === this.#toldVideoStopped) return undefined;
    this.#toldRung = rung;
    this.#toldVideoStopped = isVideoStopped;
    return { rung, because: this.#because, isVideoStopped };
  }

  /** A key frame is asked for; false when one was asked for within the last 500 ms. */
  requestKeyframe(nowMs: number): boolean {
    if (nowMs - this.#keyframeMs < KEYFRAME_SPACING_MS) return false;
    this.#keyframeMs = nowMs;
    return true;
  }
}
