/** Makes the payload format of a codec; what is particular to a codec is in its own file. */
import { unreachable } from "../../base/unreachable.ts";
import { isCodecName, type MediaKind } from "../codec.ts";
import { AAC_UNIT_TICKS, AacDepacketizer, AacPacketizer } from "./aac.ts";
import { makeAv1Depacketizer } from "./av1_depacketizer.ts";
import { Av1Packetizer } from "./av1_packetizer.ts";
import { makeG722Depacketizer, makeG722Packetizer } from "./g722.ts";
import { makeH264Depacketizer, makeH264Packetizer } from "./h264.ts";
import { makeH265Depacketizer, makeH265Packetizer } from "./h265.ts";
import { makeOpaqueDepacketizer, OpaquePacketizer } from "./opaque.ts";
import { makeOpusDepacketizer, OpusPacketizer } from "./opus.ts";
import type { Depacketizer, Packetizer, PayloadFormat } from "./payload_format.ts";
import { makePcmDepacketizer, makePcmPacketizer } from "./pcm.ts";
import { makeVp9Depacketizer, Vp9Packetizer } from "./vp9.ts";

/** What some formats need to know of the stream; the others do not look. */
export interface PayloadParams {
  /** RTP clock in Hz; PCM cuts packets by it. Default 48000. */
  readonly clockRateHz?: number;
  /** PCM. Default 2. */
  readonly channels?: number;
  /** Packet time of PCM and G.722. Default 20. */
  readonly ptimeMs?: number;
  /** Ticks of one AAC access unit. Default 1024. */
  readonly unitTicks?: number;
  /** VP9's first picture id, which should be random. Default 0. */
  readonly initialPictureId?: number;
  /** Kind of an opaque codec. Default video. */
  readonly kind?: MediaKind;
  /** Depacketizer of video: the first packet it will see is the first that was sent. Default false. */
  readonly fromStart?: boolean;
  /** Depacketizer of video: larger frames are refused. Default 8 MiB. */
  readonly maxFrameBytes?: number;
}

const DEFAULT_CLOCK_RATE_HZ = 48000;
const DEFAULT_CHANNELS = 2;

/** The payload format of a codec by its name in signaling. */
export function payloadFormatOf(codecName: string): PayloadFormat {
  return isCodecName(codecName) ? codecName : "opaque";
}

export function makePacketizer(format: PayloadFormat, params: PayloadParams = {}): Packetizer {
  switch (format) {
    case "opus":
      return new OpusPacketizer();
    case "aac":
      return new AacPacketizer();
    case "g722":
      return makeG722Packetizer(params.ptimeMs);
    case "pcm":
      return makePcmPacketizer(
        params.clockRateHz ?? DEFAULT_CLOCK_RATE_HZ,
        params.channels ?? DEFAULT_CHANNELS,
        params.ptimeMs,
      );
    case "vp9":
      return new Vp9Packetizer(params.initialPictureId);
    case "h264":
      return makeH264Packetizer();
    case "h265":
      return makeH265Packetizer();
    case "av1":
      return new Av1Packetizer();
    case "opaque":
      return new OpaquePacketizer(params.kind ?? "video");
    default:
      return unreachable(format);
  }
}

export function makeDepacketizer(format: PayloadFormat, params: PayloadParams = {}): Depacketizer {
  switch (format) {
    case "opus":
      return makeOpusDepacketizer();
    case "aac":
      return new AacDepacketizer(params.unitTicks ?? AAC_UNIT_TICKS);
    case "g722":
      return makeG722Depacketizer();
    case "pcm":
      return makePcmDepacketizer(params.channels ?? DEFAULT_CHANNELS);
    case "vp9":
      return makeVp9Depacketizer(params);
    case "h264":
      return makeH264Depacketizer(params);
    case "h265":
      return makeH265Depacketizer(params);
    case "av1":
      return makeAv1Depacketizer(params);
    case "opaque":
      return makeOpaqueDepacketizer(params.kind ?? "video");
    default:
      return unreachable(format);
  }
}
