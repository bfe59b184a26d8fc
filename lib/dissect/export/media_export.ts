/**
 * The media of a capture as frames: packets in order again, retransmissions and FEC put to use, payloads taken apart, as a
 * receiver with half a second of patience does it.
 *
 * ```
 * opened packet --+                                  what its keys opened, or plain RTP
 *                 +--> track (jitter buffer, RTX, FEC, depacketizer) --> frame
 * RTX, FEC -------+
 * ```
 */
import { concatBytes } from "../../base/bytes.ts";
import { nearest } from "../../base/serial.ts";
import { estimateIndex, NO_INDEX } from "../../crypto/packet_index.ts";
import { CODECS } from "../../media/codec.ts";
import type { MediaFrame } from "../../media/frame.ts";
import { ARC_BLOCK_BYTES, ArcRtpView } from "../../packet/arcrtp.ts";
import { UnitKind } from "../../packet/demux.ts";
import { type MediaIndexes, ReceiveTrack } from "../../session/receive_track.ts";
import { ladderOf, type TrackFormat, trackFormats } from "../../session/track_format.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { SsrcEntry, StreamEntry } from "../model/session_registry.ts";
import type { UnitModel } from "../model/unit_model.ts";

/** Tracks that are put together at a time; each may hold a megabyte. */
const MAX_TRACKS = 64;
/** SSRCs that are told of as closed or not known. */
const MAX_SSRCS = 4096;
/** Nobody listens: late is better than never. */
const PATIENCE = { initialMs: 500, minMs: 500, maxMs: 500, hardMaxMs: 1000, capacity: 1024, slotBytes: 1600 } as const;
const PATIENCE_OVER_MS = 10_000;
/** Q of plain RTP, which has none, and of everything else. */
const RUNGS = 4;
const PLAIN_SAMPLE_RATE_HZ = 48_000;
const PLAIN_CHANNELS = 2;

/** One medium of one stream. */
export class ExportTrack implements MediaIndexes {
  readonly format: TrackFormat;
  /** As it was announced; undefined for plain RTP without signaling. */
  readonly stream: StreamEntry | undefined;
  readonly receiver: ReceiveTrack;
  /** Packets of its own SSRC that were read. */
  packets = 0;
  #highestIndex = NO_INDEX;

  constructor(format: TrackFormat, stream?: StreamEntry) {
    this.format = format;
    this.stream = stream;
    const rungs = stream === undefined ? RUNGS : ladderOf(stream.start).length;
    this.receiver = new ReceiveTrack({ format, jitter: PATIENCE, rungs });
  }

  /** Packets that never came, in any way. */
  get missing(): number {
    return this.receiver.jitter.counters.lost;
  }

  /** Packets that came again by RTX or FEC. */
  get restored(): number {
    return this.receiver.rtxRestored + this.receiver.fecRestored;
  }

  get nearIndex(): number {
    return Math.max(0, this.#highestIndex);
  }

  indexOf(sequence16: number): number {
    return this.#highestIndex === NO_INDEX ? -1 : nearest(sequence16, this.#highestIndex, 16);
  }

  /** Takes a packet of its own; `index` where keys have told it. */
  media(view: ArcRtpView, index: number | undefined, plainEnd: number, nowMs: number): void {
    const { sequenceNumber } = view;
    const own = index ??
      (this.#highestIndex === NO_INDEX
        ? sequenceNumber
        : Math.max(0, estimateIndex(sequenceNumber, this.#highestIndex)));
    this.packets++;
    this.#highestIndex = Math.max(this.#highestIndex, own);
    this.receiver.handleMedia(view, own, plainEnd, nowMs);
  }
}

/** Takes what comes out. */
export interface ExportSink {
  /** The frame is borrowed for the call. */
  frame(track: ExportTrack, frame: MediaFrame): void;
}

export class MediaExport {
  /** Packets that no key opened, by SSRC. */
  readonly closed = new BoundedMap<number, number>(MAX_SSRCS);
  /** Packets that no STREAM_START explains, by SSRC. */
  readonly unknown = new BoundedMap<number, number>(MAX_SSRCS);
  /** Streams beyond those that are put together at a time. */
  readonly further = new Set<number>();
  readonly #sink: ExportSink;
  readonly #tracks = new Map<number, ExportTrack>();
  readonly #view = new ArcRtpView();

  constructor(sink: ExportSink) {
    this.#sink = sink;
  }

  get tracks(): Iterable<ExportTrack> {
    return this.#tracks.values();
  }

  /** Takes the next unit, whatever it is. */
  unit(unit: UnitModel): void {
    const { rtp, entry } = unit;
    if (rtp === undefined || unit.unit.cutBytes > 0) return;
    const nowMs = unit.timeS * 1000;
    if (unit.dialect === "rtp") return this.#plain(unit, nowMs);
    if (entry === undefined) return count(this.unknown, rtp.ssrc);
    const { opening } = unit;
    if (opening?.kind !== "opened") return count(this.closed, rtp.ssrc);
    const track = this.#trackOf(entry);
    const view = this.#view;
    if (track === undefined || !view.parse(opening.plain)) return;
    const plainEnd = opening.plain.length;
    if (entry.role === "rtx") track.receiver.handleRtx(view, plainEnd, track, nowMs);
    else if (entry.role === "fec") track.receiver.handleRepair(view, plainEnd, track, nowMs);
    else track.media(view, opening.index, plainEnd, nowMs);
    this.#poll(track, nowMs);
  }

  /** The capture has ended, `lastS` seconds after its first unit: what is held comes out. */
  end(lastS: number): void {
    for (const track of this.#tracks.values()) this.#poll(track, lastS * 1000 + PATIENCE_OVER_MS);
  }

  #poll(track: ExportTrack, nowMs: number): void {
    for (let next = track.receiver.poll(nowMs); next !== undefined; next = track.receiver.poll(nowMs)) {
      this.#sink.frame(track, next.frame);
    }
  }

  /** Without signaling the payload type tells the codec, where it is one of the usual (SPEC §5.7). */
  #plain(unit: UnitModel, nowMs: number): void {
    const { rtp } = unit;
    if (rtp === undefined || unit.unit.kind !== UnitKind.arcrtp) return;
    const codec = CODECS.find(({ payloadType }) => payloadType === rtp.payloadType);
    if (codec === undefined) return count(this.unknown, rtp.ssrc);
    const track = this.#obtain(rtp.ssrc, () => new ExportTrack(plainFormat(codec, rtp.ssrc)));
    if (track === undefined || rtp.payloadType !== track.format.payloadType) return;
    const { bytes, start, end, rtpHeaderEnd } = rtp;
    const block = new Uint8Array(ARC_BLOCK_BYTES);
    const whole = concatBytes(bytes.subarray(start, rtpHeaderEnd), block, bytes.subarray(rtpHeaderEnd, end));
    if (!this.#view.parse(whole)) return;
    track.media(this.#view, undefined, whole.length, nowMs);
    this.#poll(track, nowMs);
  }

  /** The track that an SSRC belongs to, be it its own or that of its RTX or FEC. */
  #trackOf({ ssrc, role, stream }: SsrcEntry): ExportTrack | undefined {
    const formats = trackFormats(stream.start, { rtx: true, fec: true });
    const format = formats.find((each) => each.ssrc === ssrc || each.rtx?.ssrc === ssrc || each.fec?.ssrc === ssrc);
    if (format === undefined || role === "rtcp") return undefined;
    return this.#obtain(format.ssrc, () => new ExportTrack(format, stream));
  }

  #obtain(ssrc: number, make: () => ExportTrack): ExportTrack | undefined {
    const known = this.#tracks.get(ssrc);
    if (known !== undefined) return known;
    if (this.#tracks.size >= MAX_TRACKS) {
      if (this.further.size < MAX_SSRCS) this.further.add(ssrc);
      return undefined;
    }
    const track = make();
    this.#tracks.set(ssrc, track);
    return track;
  }
}

function count(counts: BoundedMap<number, number>, ssrc: number): void {
  counts.set(ssrc, (counts.get(ssrc) ?? 0) + 1);
}

function plainFormat({ name, kind, payloadType, clock }: (typeof CODECS)[number], ssrc: number): TrackFormat {
  return {
    kind,
    ssrc,
    codecName: name,
    payloadType,
    clockRateHz: clock === "sampling" ? PLAIN_SAMPLE_RATE_HZ : clock,
    bitrateBps: 0,
    channels: kind === "audio" ? PLAIN_CHANNELS : 1,
    heightPx: undefined,
    widthPx: undefined,
    rtx: undefined,
    fec: undefined,
  };
}
