/** What of an SDP description a bridge can carry: its m-lines, and of each the codecs that ArcRTC has a name for. */
import { findCodec, type MediaKind } from "../media/codec.ts";
import type { SupportedCodec } from "../signaling/selection.ts";
import { arcNameOf, RTX } from "./codec_names.ts";
import { parseFmtp, protectedPayloadType } from "./sdp_parameters.ts";
import type { SdpCodec, SdpMedia } from "./sdp_session.ts";
import type { TranscodedPair, TranscodingHook } from "./transcoding.ts";

export const MEDIA_KINDS: readonly MediaKind[] = ["audio", "video"];

/** A codec of an m-line under its ArcRTC name, with the payload type that retransmits it. */
export interface BridgeCodec {
  readonly arcName: string;
  readonly codec: SdpCodec;
  readonly rtx?: SdpCodec;
}

/** True for media that a bridge can carry: ArcRTC has RTP with RTCP beside it on the same path (SPEC ARC-RTCP-mux). */
export function isBridgeable(media: SdpMedia): media is SdpMedia & { readonly kind: MediaKind } {
  const isMedia = media.kind === "audio" || media.kind === "video";
  return isMedia && !media.isRejected && media.rtcpMux && media.protocol.includes("RTP/");
}

/**
 * The codecs of an m-line by preference, once each: of several payload types for one codec (profiles of H.264, say) the
 * first is taken.
 */
export function bridgeCodecs(media: SdpMedia): readonly BridgeCodec[] {
  const repairs = new Map<number, SdpCodec>();
  for (const codec of media.codecs) {
    const apt = codec.name.toLowerCase() === RTX ? protectedPayloadType(codec.fmtp) : undefined;
    if (apt !== undefined && !repairs.has(apt)) repairs.set(apt, codec);
  }
  const found = new Map<string, BridgeCodec>();
  for (const codec of media.codecs) {
    const arcName = arcNameOf({ ...codec, params: parseFmtp(codec.fmtp) });
    if (arcName === undefined || found.has(arcName) || (findCodec(arcName)?.kind ?? media.kind) !== media.kind) {
      continue;
    }
    const rtx = repairs.get(codec.payloadType);
    found.set(arcName, { arcName, codec, ...(rtx === undefined ? {} : { rtx }) });
  }
  return [...found.values()];
}

/** A codec of the WebRTC side by its ArcRTC name; one outside of SPEC §5.7 has a clock that only the operator knows. */
export interface WebrtcCodec extends SupportedCodec {
  /** In Hz; 90000 for video where it is left out. */
  readonly clockRate?: number;
  readonly channels?: number;
}

/** What an operator says of both sides. */
export interface BridgeTerms {
  /** What the ArcRTC side can do. */
  readonly arcrtc: readonly SupportedCodec[];
  /** What the WebRTC side can do; left out where nobody knows before it has answered. */
  readonly webrtc?: readonly WebrtcCodec[];
  readonly hook?: TranscodingHook;
}

/** What the sides have in common in one kind of media, by the preference of whoever offered. */
export interface CommonCodecs {
  readonly names: readonly string[];
  /** Set where the names are in common only through the hook: one name, the ArcRTC side's. */
  readonly transcoded?: TranscodedPair;
}

/**
 * Codecs by name, one that the other side lacks left out; the hook is asked where nothing is left. SPEC
 * ARC-BRIDGE-codec-names, ARC-BRIDGE-transcoding.
 *
 * `offered` is by ArcRTC names, of the side that `offeredBy` names.
 */
export function commonCodecs(
  kind: MediaKind,
  offeredBy: "webrtc" | "arcrtc",
  offered: readonly string[],
  terms: BridgeTerms,
): CommonCodecs {
  const other = (offeredBy === "webrtc" ? terms.arcrtc : terms.webrtc)?.filter((codec) => codec.kind === kind)
    .map(({ name }) => name);
  const names = other === undefined ? offered : offered.filter((name) => other.includes(name));
  if (names.length > 0 || offered.length === 0 || other === undefined) return { names };
  const [webrtc, arcrtc] = offeredBy === "webrtc" ? [offered, other] : [other, offered];
  const transcoded = terms.hook?.choose(kind, webrtc, arcrtc);
  return transcoded === undefined ? { names: [] } : { names: [transcoded.arcrtc], transcoded };
}

/** A codec name of the WebRTC side for one that was chosen on the ArcRTC side. */
export function webrtcNameOf(arcName: string, kind: MediaKind, transcoded: readonly TranscodedPair[]): string {
  return transcoded.find((pair) => pair.kind === kind && pair.arcrtc === arcName)?.webrtc ?? arcName;
}
