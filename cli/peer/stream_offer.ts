/** Between media and STREAM_START: what we announce of a source, and what a receiver reads in an announcement. */
import { below, type Rng } from "../../lib/base/rng.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import { codecOf, findCodec, isCodecName, rtpClockRateHz } from "../../lib/media/codec.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import { QUALITY_LEVELS, type QualityLevelName } from "../../lib/quality/ladder.ts";
import type { StreamStart } from "../../lib/signaling/messages/stream_start.ts";
import type { StreamOffer } from "../../lib/signaling/stream_exchange.ts";
import type { RenditionSet } from "./rendition_set.ts";

/** Context ids 0..7 are shared by all streams of a sender. */
const MAX_CONTEXTS = 8;
const DEFAULT_FPS = 30;
const DEFAULT_SIZE = { width: 640, height: 480 };

export interface OfferOptions {
  readonly rng: Rng;
  readonly reducedHeader: boolean;
  readonly rtx: boolean;
  readonly fec: boolean;
  /** Contexts that earlier streams have taken. */
  readonly usedContexts: number;
}

/** The announcement of one stream of ours; SSRCs and stream_id are new. */
export function makeOffer(set: RenditionSet, options: OfferOptions): StreamOffer {
  const { rng, rtx, fec, usedContexts } = options;
  const { stream } = set;
  const ssrc = rng.u32();
  const { payloadType } = codecOf(stream.codec);
  const rungs = set.sources.length;
  const contexts = options.reducedHeader ? Math.min(rungs, MAX_CONTEXTS - usedContexts) : 0;
  const repair = () => [{ ssrc: otherSsrc(rng, ssrc), protects: ssrc }];
  const common = {
    stream_id: uuidV4(rng),
    ssrc,
    ...(contexts === 0 ? {} : {
      reduced_header: Array.from({ length: contexts }, (_, quality) => ({
        context_id: usedContexts + quality,
        ssrc,
        payload_type: payloadType,
        quality,
      })),
    }),
    ...(rtx ? { rtx: repair() } : {}),
    ...(fec ? { fec: repair() } : {}),
  };
  const bitrate = set.sources[0].bitrateBps;
  if (stream.kind === "audio") {
    const { codec: name, sampleRateHz: sample_rate, channels } = stream;
    return { ...common, stream_type: "audio", codec: { audio: { name, bitrate, sample_rate, channels } } };
  }
  return {
    ...common,
    stream_type: "video",
    codec: {
      video: {
        name: stream.codec,
        bitrate,
        // Required by the message; a file may not say.
        width: stream.width || DEFAULT_SIZE.width,
        height: stream.height || DEFAULT_SIZE.height,
        fps: Math.max(1, Math.round(stream.fps ?? DEFAULT_FPS)),
      },
    },
    quality_ladder: ladderFor(set.sources.map(({ bitrateBps }) => bitrateBps)),
  };
}

/** 2^-32 is not never: the two must differ. */
function otherSsrc(rng: Rng, ssrc: number): number {
  return (ssrc + 1 + below(rng, 0xffff_fffe)) % 0x1_0000_0000;
}

/**
 * Names for rungs of these bit rates, best first: the level nearest to each, all different and in order. The quality rule
 * compares the path with the bit rates that the names stand for.
 */
export function ladderFor(bitratesBps: readonly number[]): QualityLevelName[] {
  const levels: number[] = [];
  let below = QUALITY_LEVELS.length;
  for (let i = bitratesBps.length - 1; i >= 0; i--) {
    below = Math.max(i, Math.min(nearestLevel(bitratesBps[i]), below - 1));
    levels.unshift(below);
  }
  return levels.map((level) => QUALITY_LEVELS[level].name);
}

function nearestLevel(bitrateBps: number): number {
  let best = 0;
  QUALITY_LEVELS.forEach(({ video }, i) => {
    const distance = (bps: number) => Math.abs(Math.log(bps / bitrateBps));
    if (distance(video.bitrateBps) < distance(QUALITY_LEVELS[best].video.bitrateBps)) best = i;
  });
  return best;
}

/** What a receiver knows of the media of a stream, audio first; custom codecs, which no container holds, are left out. */
export function announcedMedia({ codec: { audio, video } }: StreamStart): StreamInfo[] {
  const media: StreamInfo[] = [];
  if (audio !== undefined && isCodecName(audio.name) && findCodec(audio.name)?.kind === "audio") {
    media.push({
      kind: "audio",
      codec: audio.name as Extract<StreamInfo, { kind: "audio" }>["codec"],
      clockRateHz: audio.clock_rate ?? rtpClockRateHz(audio.name, audio.sample_rate),
      sampleRateHz: audio.sample_rate,
      channels: audio.channels,
    });
  }
  if (video !== undefined && isCodecName(video.name) && findCodec(video.name)?.kind === "video") {
    media.push({
      kind: "video",
      codec: video.name as Extract<StreamInfo, { kind: "video" }>["codec"],
      clockRateHz: video.clock_rate ?? rtpClockRateHz(video.name, 0),
      width: video.width,
      height: video.height,
      fps: video.fps,
    });
  }
  return media;
}
