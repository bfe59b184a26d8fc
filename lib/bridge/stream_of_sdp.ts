/** SDP to STREAM_START: what a WebRTC peer will send, announced to the ArcRTC side. SPEC ARC-BRIDGE-sdp. */
import type { SuiteName } from "../crypto/suites.ts";
import { findCodec, isCodecName, type MediaKind, RTX_PAYLOAD_TYPE } from "../media/codec.ts";
import { isUsablePayloadType } from "../packet/arcrtp.ts";
import type { SelectedCodecs } from "../signaling/selection.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { type BridgeCodec, bridgeCodecs, isBridgeable, webrtcNameOf } from "./bridge_codecs.ts";
import { offeredFormatOf } from "./codec_names.ts";
import type { SdpMedia, SdpSession } from "./sdp_session.ts";
import type { TranscodedPair } from "./transcoding.ts";

/**
 * What STREAM_START must say of a stream and SDP does not: its `b=` and `a=fmtp` tell what whoever wrote them wants to
 * receive (RFC 3264 §6.1), not what he will send.
 */
export interface StreamFigures {
  readonly audioBitrateBps: number;
  readonly videoBitrateBps: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

export const DEFAULT_FIGURES: StreamFigures = {
  audioBitrateBps: 64_000,
  videoBitrateBps: 2_000_000,
  width: 1280,
  height: 720,
  fps: 30,
};

/** What all streams of a session share, and where new ids come from. */
export interface StreamBase {
  readonly session_id: string;
  readonly algorithm: SuiteName;
  readonly timestamp: number;
  /** A new stream id. */
  readonly streamId: () => string;
  /** A new SSRC, for an m-line that does not tell its own. */
  readonly ssrc: () => number;
  /** RTX was agreed between the bridge and the ArcRTC peer. */
  readonly rtx: boolean;
  readonly figures: StreamFigures;
}

/**
 * A STREAM_START for each m-line that will send in a codec that was selected. SSRCs are those of `a=ssrc`, payload types
 * those of the m-line where ArcRTC has them (SPEC ARC-RTP-payload-types-excluded), so that nothing but the block has to
 * change on the way. A transcoded stream gets the default payload type of what it becomes.
 */
export function streamsOfSdp(
  description: SdpSession,
  selected: SelectedCodecs,
  base: StreamBase,
  transcoded: readonly TranscodedPair[] = [],
): readonly StreamStart[] {
  const taken = new Set<number>();
  return description.media.flatMap((media) => {
    if (!isBridgeable(media) || media.direction === "recvonly" || media.direction === "inactive") return [];
    const name = selected[media.kind];
    if (name === undefined) return [];
    const webrtcName = webrtcNameOf(name, media.kind, transcoded);
    const found = bridgeCodecs(media).find(({ arcName }) => arcName === webrtcName);
    if (found === undefined) return [];
    const start = streamOf(media, media.kind, name, found, base);
    const ssrcs = [start.ssrc, ...(start.rtx ?? []).map(({ ssrc }) => ssrc)];
    // Two m-lines with one SSRC are a mistake; the first has it.
    if (ssrcs.some((ssrc) => taken.has(ssrc))) return [];
    for (const ssrc of ssrcs) taken.add(ssrc);
    return [start];
  });
}

function streamOf(
  media: SdpMedia,
  kind: MediaKind,
  name: string,
  found: BridgeCodec,
  base: StreamBase,
): StreamStart {
  const repairs = new Map(media.repairs.map(({ ssrc, protects }) => [protects, ssrc]));
  const repairSsrcs = new Set(repairs.values());
  const ssrc = media.sources.find((source) => !repairSsrcs.has(source.ssrc))?.ssrc ?? base.ssrc();
  const stream_id = base.streamId();
  const repairSsrc = repairs.get(ssrc);
  const isTranscoded = found.arcName !== name;
  const format = isTranscoded ? transcodedFormat(name, kind) : passedFormat(name, found);
  const rtx = base.rtx && !isTranscoded && found.rtx !== undefined && repairSsrc !== undefined
    ? [{ ssrc: repairSsrc, payload_type: usable(found.rtx.payloadType, RTX_PAYLOAD_TYPE), protects: ssrc }]
    : undefined;
  const common = {
    type: "STREAM_START",
    session_id: base.session_id,
    stream_id,
    ssrc,
    encryption: { key_id: stream_id, algorithm: base.algorithm },
    ...(rtx === undefined ? {} : { rtx }),
    timestamp: base.timestamp,
  } as const;
  const { figures } = base;
  const { clockRate, channels, ...rtp } = format;
  if (kind === "audio") {
    const audio = {
      name,
      bitrate: figures.audioBitrateBps,
      // G.722's clock is half of its sampling rate (RFC 3551 §4.5.2).
      sample_rate: name === "g722" ? 2 * clockRate : clockRate,
      channels: channels ?? 1,
      ...rtp,
    };
    return { ...common, stream_type: "audio", codec: { audio } };
  }
  const { width, height, fps } = figures;
  const video = { name, bitrate: figures.videoBitrateBps, width, height, fps, ...rtp };
  return { ...common, stream_type: "video", codec: { video } };
}

interface Format {
  readonly clockRate: number;
  readonly channels?: number;
  readonly payload_type?: number;
  readonly clock_rate?: number;
}

/** The m-line's own numbers; its clock is said where the codec's name does not say it. */
function passedFormat(name: string, { codec: { clockRate, channels, payloadType } }: BridgeCodec): Format {
  return {
    clockRate,
    channels,
    payload_type: usable(payloadType, findCodec(name)?.payloadType ?? FALLBACK_PAYLOAD_TYPE),
    ...(findCodec(name)?.clock === clockRate ? {} : { clock_rate: clockRate }),
  };
}

/** What the hook makes is of the codec's usual form; one outside of the table has to be given numbers. */
function transcodedFormat(name: string, kind: MediaKind): Format {
  if (isCodecName(name)) return offeredFormatOf(name);
  const clockRate = kind === "audio" ? CUSTOM_AUDIO_CLOCK_HZ : VIDEO_CLOCK_HZ;
  return { clockRate, payload_type: FALLBACK_PAYLOAD_TYPE, clock_rate: clockRate };
}

const CUSTOM_AUDIO_CLOCK_HZ = 48_000;
const VIDEO_CLOCK_HZ = 90_000;

/** For a custom codec whose own payload type reads as RTCP. */
const FALLBACK_PAYLOAD_TYPE = 127;

/** What SDP says, or `otherwise` where that reads as RTCP. */
function usable(payloadType: number, otherwise: number): number {
  return isUsablePayloadType(payloadType) ? payloadType : otherwise;
}
