/**
 * Two media planes back to back over two simulated links, on virtual time: fixed master keys, hand-made STREAM_STARTs, and
 * the caller of both that `media_plane.ts` asks for.
 */
import { PacketBatch } from "../../base/batch.ts";
import { SeededRng } from "../../base/rng.ts";
import { unwrap } from "../../base/parsed.ts";
import { defaultBackend } from "../../crypto/backend_choice.ts";
import { PacketBudget } from "../../crypto/srtp_keys.ts";
import type { Authentication, SuiteName } from "../../crypto/suites.ts";
import type { JitterBufferOptions } from "../../jitter/buffer.ts";
import { openMedia } from "../../media/container/open_media.ts";
import { readAllFrames } from "../../media/container/media_reader.ts";
import type { StreamInfo } from "../../media/container/stream_info.ts";
import { readFixture } from "../../media/container/testing/media_fixtures.ts";
import { findCodec } from "../../media/codec.ts";
import type { MediaFrame } from "../../media/frame.ts";
import type { AudioBlock, StreamStart, VideoBlock } from "../../signaling/messages/stream_start.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { Link, type LinkOptions } from "../../base/link.ts";
import type { FrameEvent, MediaEvent } from "../media_events.ts";
import { MediaPlane, type MediaPlaneConfig, type SendStreamOptions } from "../media_plane.ts";

export const CALLER = "11111111-2222-4333-8444-555555555555";
export const CALLEE = "99999999-8888-4777-a666-555555555555";
export const SESSION = "4f9e2f4c-1d1f-4c63-9d3f-0a4b7f6c5d21";
export const AUDIO_STREAM = "7b0c4a52-6c6e-4b43-8f4d-2f3f1a9e8d70";
export const VIDEO_STREAM = "0e5f9d1c-2b3a-4c4d-8e5f-6a7b8c9d0e1f";

export const AUDIO_SSRC = 0x11111111;
export const VIDEO_SSRC = 0x22222222;
/** UDP and IPv4 headers, which count for the links. */
const DATAGRAM_HEADER_BYTES = 28;

export const BACKEND = defaultBackend();

export function master(epoch: number): Uint8Array {
  return new SeededRng(9000 + epoch).fill(new Uint8Array(32));
}

export interface PairOptions {
  readonly seed?: number;
  readonly link?: Partial<LinkOptions>;
  /** Of the way back; the same as `link` when absent. */
  readonly linkBack?: Partial<LinkOptions>;
  readonly suite?: SuiteName;
  readonly authentication?: Authentication;
  readonly reducedHeader?: boolean;
  readonly rtx?: boolean;
  readonly fec?: boolean;
  readonly fecRatio?: number;
  readonly jitter?: JitterBufferOptions;
  readonly replayWindowPackets?: number;
  /** The callee's wall clock less the caller's. */
  readonly clockOffsetMs?: number;
  readonly cpu?: () => number;
  readonly budget?: (epoch: number, isCaller: boolean) => PacketBudget;
}

/** A unit on the wire; a test may look at it, change it, or keep it. */
export type Tap = (unit: Uint8Array<ArrayBuffer>, from: "caller" | "callee", nowMs: number) => "pass" | "drop";

const NOISE = new SeededRng(4711).fill(new Uint8Array(4096));

/** One end: a plane, its batches, and the link that leads away from it. */
export class PlaneEnd {
  readonly plane: MediaPlane;
  readonly events: Exclude<MediaEvent, FrameEvent>[] = [];
  readonly frames: FrameEvent[] = [];
  /** Called with each event as it comes. */
  onEvent: ((event: MediaEvent, nowMs: number) => void) | undefined;
  /** While false nothing leaves: there is no path. */
  hasPath = true;
  keepFrames = true;
  frameCount = 0;
  readonly received = new PacketBatch(1);
  readonly sent = new PacketBatch(16);
  readonly outcomes = new Map<string, number>();
  unitsSent = 0;
  bytesSent = 0;

  constructor(plane: MediaPlane) {
    this.plane = plane;
    for (const { bytes } of [this.received, this.sent]) bytes.set(NOISE.subarray(0, bytes.length));
  }

  /** Hands a unit in as a transport would: in a batch, with noise in front of it and behind. */
  receive(unit: Uint8Array, nowMs: number, isValidated = true): string {
    this.received.clear();
    this.received.push(unit, 0);
    const start = this.received.offset(0);
    const { outcome } = this.plane.receive(this.received.bytes, start, start + unit.length, nowMs, isValidated);
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    return outcome;
  }
}

export class PlanePair {
  readonly clock = new VirtualClock(1000);
  readonly caller: PlaneEnd;
  readonly callee: PlaneEnd;
  readonly there: Link;
  readonly back: Link;
  tap: Tap | undefined;
  #drives = 0;
  #drivenMs = -1;
  readonly #timers = new Map<PlaneEnd, { atMs: number; cancel: () => void }>();

  constructor(options: PairOptions = {}) {
    const seed = options.seed ?? 1;
    this.there = new Link(seed, options.link);
    this.back = new Link(seed + 1, options.linkBack ?? options.link);
    const config = (own: string, remote: string, unixOffsetMs: number): MediaPlaneConfig => ({
      backend: BACKEND,
      suite: options.suite ?? "aes-128-gcm",
      authentication: options.authentication ?? "hmac-sha256-80",
      ownPeerId: own,
      remotePeerId: remote,
      rng: new SeededRng(seed * 2 + (own === CALLER ? 0 : 1)),
      unixOffsetMs,
      nowMs: this.nowMs,
      reducedHeader: options.reducedHeader ?? false,
      rtx: options.rtx ?? false,
      fec: options.fec ?? false,
      fecRatio: options.fecRatio,
      jitter: options.jitter,
      replayWindowPackets: options.replayWindowPackets,
      cpu: options.cpu,
    });
    const unixMs = 1_700_000_000_000;
    const offsetMs = options.clockOffsetMs ?? 0;
    this.caller = new PlaneEnd(new MediaPlane(config(CALLER, CALLEE, unixMs)));
    this.callee = new PlaneEnd(new MediaPlane(config(CALLEE, CALLER, unixMs + offsetMs)));
    this.caller.plane.setClockOffset(offsetMs);
    this.callee.plane.setClockOffset(-offsetMs);
    // What heartbeats tell of the path; a peer that only receives knows it from nowhere else.
    const rttMs = this.there.options.delayMs + this.back.options.delayMs;
    for (const { plane } of [this.caller, this.callee]) plane.setRtt(rttMs);
    for (const { plane } of [this.caller, this.callee]) {
      plane.epochMade(0, master(0), options.budget?.(0, plane === this.caller.plane) ?? new PacketBudget());
      plane.epochSend(0);
    }
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  /** Announces a stream of the caller to both ends, and accepts it. */
  start(start: StreamStart, options: SendStreamOptions = {}): void {
    this.caller.plane.addSendStream(start, options, this.nowMs);
    this.callee.plane.addReceiveStream(start, this.nowMs);
    this.caller.plane.streamAccepted(start.stream_id);
  }

  /** Sends frames of the caller at their times, from now on; `loops` times over. */
  play(streamId: string, media: Media, loops = 1): void {
    const { kind, frames, clockRateHz, lengthTicks } = media;
    for (let loop = 0; loop < loops; loop++) {
      const shift = loop * lengthTicks;
      // One event per loop schedules the frames of the next: the queue stays short.
      this.clock.at(this.nowMs + (shift * 1000) / clockRateHz, () => {
        const startMs = this.nowMs;
        for (const frame of frames) {
          this.clock.at(startMs + (frame.timestampTicks * 1000) / clockRateHz, () => {
            unwrap(
              this.caller.plane.sendFrame(
                streamId,
                kind,
                { ...frame, timestampTicks: frame.timestampTicks + shift },
                this.nowMs,
              ),
            );
            this.drive(this.caller);
          });
        }
      });
    }
  }

  /** Does something with the caller's plane in one instant, and only then lets it send. */
  hold(action: () => void): void {
    action();
    this.drive(this.caller);
  }

  runUntil(deadlineMs: number): void {
    this.clock.runUntil(deadlineMs);
  }

  /** Carries out what an end wants, and arms its timer. */
  drive(end: PlaneEnd): void {
    const { plane, sent } = end;
    this.#drives = this.nowMs === this.#drivenMs ? this.#drives + 1 : 0;
    this.#drivenMs = this.nowMs;
    // A timeout that is due and not served would stop virtual time.
    if (this.#drives > 10_000) throw new Error(`the planes spin at ${this.nowMs} ms`);
    for (let packets = 1; packets > 0;) {
      sent.clear();
      packets = end.hasPath ? plane.pollPackets(sent, 0, this.nowMs) : 0;
      for (let i = 0; i < sent.size; i++) this.#transmit(end, sent.packet(i));
    }
    for (let event = plane.poll(); event !== undefined; event = plane.poll()) {
      end.onEvent?.(event, this.nowMs);
      if (event.kind !== "frame") end.events.push(event);
      else {
        end.frameCount++;
        if (end.keepFrames) end.frames.push(event);
      }
    }
    const dueMs = plane.nextTimeoutMs() ?? Infinity;
    const timer = this.#timers.get(end);
    if (timer?.atMs === dueMs) return;
    timer?.cancel();
    if (dueMs === Infinity) {
      this.#timers.delete(end);
      return;
    }
    const event = this.clock.at(dueMs, () => {
      this.#timers.delete(end);
      plane.timeout(this.nowMs);
      this.drive(end);
    });
    this.#timers.set(end, { atMs: dueMs, cancel: () => this.clock.cancel(event) });
  }

  /** Brings a unit to the other end now. */
  deliver(to: PlaneEnd, unit: Uint8Array): string {
    const outcome = to.receive(unit, this.nowMs);
    to.plane.timeout(this.nowMs);
    this.drive(to);
    return outcome;
  }

  #transmit(from: PlaneEnd, packet: Uint8Array): void {
    const isCaller = from === this.caller;
    const link = isCaller ? this.there : this.back;
    const to = isCaller ? this.callee : this.caller;
    const unit = packet.slice();
    from.unitsSent++;
    from.bytesSent += unit.length;
    if (this.tap?.(unit, isCaller ? "caller" : "callee", this.nowMs) === "drop") return;
    const verdict = link.send(unit.length + DATAGRAM_HEADER_BYTES, this.nowMs);
    if (verdict !== "passed" && verdict !== "duplicated") return;
    this.clock.at(link.arrivalMs, () => void this.deliver(to, unit));
    if (verdict === "duplicated") this.clock.at(link.duplicateMs, () => void this.deliver(to, unit.slice()));
  }
}

/** Frames of one medium, in memory. */
export interface Media {
  readonly kind: "audio" | "video";
  readonly codec: string;
  readonly clockRateHz: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly width: number;
  readonly height: number;
  readonly frames: readonly MediaFrame[];
  /** Ticks of one round. */
  readonly lengthTicks: number;
}

/** The frames of a file of `fixtures/media`. */
export function fixtureMedia(file: string): Media {
  const bytes = readFixture(file);
  const reader = unwrap(openMedia(bytes.subarray(0, 4096), file));
  const frames = readAllFrames(reader, bytes);
  const info = reader.stream as StreamInfo;
  const last = frames[frames.length - 1];
  const step = last.durationTicks || last.timestampTicks - frames[frames.length - 2].timestampTicks;
  return {
    kind: info.kind,
    codec: info.codec,
    clockRateHz: info.clockRateHz,
    channels: info.kind === "audio" ? info.channels : 1,
    sampleRateHz: info.kind === "audio" ? info.sampleRateHz : 90_000,
    width: info.kind === "video" ? info.width || 160 : 0,
    height: info.kind === "video" ? info.height || 90 : 0,
    frames,
    lengthTicks: last.timestampTicks + step,
  };
}

export interface StartOptions {
  readonly streamId?: string;
  readonly ssrc?: number;
  readonly rtx?: boolean;
  readonly fec?: boolean;
  /** Context ids from here on, one for each rung named. */
  readonly contexts?: readonly { readonly id: number; readonly quality: number }[];
  readonly ladder?: StreamStart["quality_ladder"];
  readonly bitrate?: number;
  readonly roc?: StreamStart["roc"];
  readonly payloadType?: number;
}

/** A STREAM_START for one medium; its RTX has the SSRC + 0x100, its FEC the SSRC + 0x200. */
export function startOf(media: Media, options: StartOptions = {}): StreamStart {
  const { kind, codec, clockRateHz } = media;
  const ssrc = options.ssrc ?? (kind === "audio" ? AUDIO_SSRC : VIDEO_SSRC);
  const streamId = options.streamId ?? (kind === "audio" ? AUDIO_STREAM : VIDEO_STREAM);
  const known = findCodec(codec);
  const format = known === undefined ? { payload_type: options.payloadType ?? 120, clock_rate: clockRateHz } : {
    payload_type: options.payloadType,
  };
  const audio: AudioBlock = {
    name: codec,
    bitrate: options.bitrate ?? 64_000,
    sample_rate: media.sampleRateHz,
    channels: media.channels,
    ...format,
  };
  const video: VideoBlock = {
    name: codec,
    bitrate: options.bitrate ?? 400_000,
    width: media.width,
    height: media.height,
    fps: 30,
    ...format,
  };
  const payloadType = options.payloadType ?? known?.payloadType ?? 120;
  const common = {
    type: "STREAM_START" as const,
    session_id: SESSION,
    stream_id: streamId,
    ssrc,
    encryption: { key_id: streamId, algorithm: "aes-128-gcm" as const },
    timestamp: 1_700_000_000_000,
    quality_ladder: options.ladder,
    roc: options.roc,
    rtx: options.rtx === true ? [{ ssrc: ssrc + 0x100, protects: ssrc }] : undefined,
    fec: options.fec === true ? [{ ssrc: ssrc + 0x200, protects: ssrc }] : undefined,
    reduced_header: options.contexts?.map(({ id, quality }) => ({
      context_id: id,
      ssrc,
      payload_type: payloadType,
      quality,
    })),
  };
  return kind === "audio"
    ? { ...common, stream_type: "audio", codec: { audio } }
    : { ...common, stream_type: "video", codec: { video } };
}
