/** What a STREAM_START says of each medium of its stream, defaults filled in. */
import { findCodec, FLEXFEC_PAYLOAD_TYPE, type MediaKind, RTX_PAYLOAD_TYPE } from "../media/codec.ts";
import { DEFAULT_LADDER, parseLadder, type QualityLadder } from "../quality/ladder.ts";
import { type AudioBlock, mediaSsrcs, type StreamStart, type VideoBlock } from "../signaling/messages/stream_start.ts";

/** An SSRC beside a medium's own. */
export interface RepairFormat {
  readonly ssrc: number;
  readonly payloadType: number;
}

/** One medium. */
export interface TrackFormat {
  readonly kind: MediaKind;
  readonly ssrc: number;
  readonly codecName: string;
  readonly payloadType: number;
  readonly clockRateHz: number;
  readonly bitrateBps: number;
  /** Audio; 1 for video. */
  readonly channels: number;
  /** Lines of the picture; undefined for audio. */
  readonly heightPx: number | undefined;
  readonly widthPx: number | undefined;
  readonly rtx: RepairFormat | undefined;
  readonly fec: RepairFormat | undefined;
}

/** What both peers' capabilities allow. SPEC ARC-LOSS-rtx-agreed. */
export interface AgreedRepair {
  readonly rtx: boolean;
  readonly fec: boolean;
}

const VIDEO_CLOCK_HZ = 90_000;

/** The media of a stream, audio first. SPEC ARC-SIG-stream-start-both-ssrc, ARC-RTP-clock-rate. */
export function trackFormats(start: StreamStart, agreed: AgreedRepair): readonly TrackFormat[] {
  const { audio, video } = start.codec;
  const blocks = [
    start.stream_type === "video" ? undefined : audio,
    start.stream_type === "audio" ? undefined : video,
  ].filter((block) => block !== undefined);
  const ssrcs = mediaSsrcs(start);
  return blocks.map((block, i) => {
    const rtx = agreed.rtx ? repairOf(start.rtx, ssrcs[i], RTX_PAYLOAD_TYPE) : undefined;
    const fec = agreed.fec ? repairOf(start.fec, ssrcs[i], FLEXFEC_PAYLOAD_TYPE) : undefined;
    return { ...formatOf(block), ssrc: ssrcs[i], rtx, fec };
  });
}

/** SPEC ARC-QUALITY-default-ladder. */
export function ladderOf(start: StreamStart): QualityLadder {
  const ladder = start.quality_ladder === undefined ? undefined : parseLadder(start.quality_ladder);
  return ladder?.ok === true ? ladder.value : DEFAULT_LADDER;
}

function repairOf(list: StreamStart["rtx"], ssrc: number, defaultPayloadType: number): RepairFormat | undefined {
  const entry = list?.find(({ protects }) => protects === ssrc);
  return entry === undefined ? undefined : { ssrc: entry.ssrc, payloadType: entry.payload_type ?? defaultPayloadType };
}

/** SPEC ARC-MEDIA-default-payload-types; an opaque codec has named its own (SPEC ARC-SIG-stream-start-opaque-codec). */
function formatOf(block: AudioBlock | VideoBlock): Omit<TrackFormat, "ssrc" | "rtx" | "fec"> {
  const known = findCodec(block.name);
  const isVideo = "width" in block;
  const samplingHz = isVideo ? VIDEO_CLOCK_HZ : block.sample_rate;
  const defaultClockHz = known === undefined || known.clock === "sampling" ? samplingHz : known.clock;
  return {
    kind: isVideo ? "video" : "audio",
    codecName: block.name,
    payloadType: block.payload_type ?? known?.payloadType ?? 0,
    clockRateHz: block.clock_rate ?? defaultClockHz,
    bitrateBps: block.bitrate,
    channels: isVideo ? 1 : block.channels,
    heightPx: isVideo ? block.height : undefined,
    widthPx: isVideo ? block.width : undefined,
  };
}
