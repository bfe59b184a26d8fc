/** The streams of an ArcRTC peer as sources of m-lines: `a=ssrc` and `a=ssrc-group:FID`. */
import type { MediaKind } from "../media/codec.ts";
import { mediaSsrcs, type StreamStart } from "../signaling/messages/stream_start.ts";
import type { SdpMedia } from "./sdp_session.ts";

/** One medium of a stream. */
export interface AnnouncedSource {
  readonly ssrc: number;
  /** SSRC of its retransmissions. */
  readonly rtxSsrc?: number;
}

/** What the streams announce of one kind, in their order; the caller's to take from. */
export function announcedSources(streams: readonly StreamStart[], kind: MediaKind): AnnouncedSource[] {
  return streams.flatMap((start) => {
    if (start.stream_type !== kind && start.stream_type !== "both") return [];
    const ssrc = kind === "video" ? mediaSsrcs(start).at(-1) : start.ssrc;
    if (ssrc === undefined) return [];
    const rtxSsrc = start.rtx?.find(({ protects }) => protects === ssrc)?.ssrc;
    return [{ ssrc, ...(rtxSsrc === undefined ? {} : { rtxSsrc }) }];
  });
}

/** The m-line with a source to send; as it is where there is none yet. */
export function placeSources(media: SdpMedia, source: AnnouncedSource | undefined, cname: string): SdpMedia {
  if (source === undefined) return media;
  const { ssrc, rtxSsrc } = source;
  const hasRtx = rtxSsrc !== undefined && media.codecs.some(({ name }) => name.toLowerCase() === "rtx");
  return {
    ...media,
    sources: [ssrc, ...(hasRtx ? [rtxSsrc] : [])].map((one) => ({ ssrc: one, cname })),
    repairs: hasRtx ? [{ ssrc: rtxSsrc, protects: ssrc }] : [],
  };
}
