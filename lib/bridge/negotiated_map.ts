/** What signaling has settled, as the map that packets are translated by. SPEC ARC-BRIDGE-mapping. */
import { findCodec, type MediaKind, RTX_PAYLOAD_TYPE } from "../media/codec.ts";
import { mediaSsrcs, type StreamStart } from "../signaling/messages/stream_start.ts";
import { type BridgeCodec, bridgeCodecs, isBridgeable, MEDIA_KINDS } from "./bridge_codecs.ts";
import { RTX } from "./codec_names.ts";
import { arcIdOf } from "./sdp_extensions.ts";
import type { SdpDirection, SdpMedia, SdpSession } from "./sdp_session.ts";
import type { BridgeMap, ExtensionPair, PayloadTypePair, Side, StreamPair } from "./stream_table.ts";

/** A stream that passes the bridge: how ArcRTC announces it, and how RTP counts it. */
export interface PassingStream {
  readonly start: StreamStart;
  readonly from: Side;
  /** SSRCs on the RTP side, in the order of {@link streamSsrcs}; those of the STREAM_START where it is left out. */
  readonly rtpSsrcs?: readonly number[];
  /** What ArcRTP's numbers are ahead of RTP's, the same for each SSRC; 0 where left out. */
  readonly sequenceOffset?: number;
  readonly timestampOffset?: number;
}

/** The SSRCs of a stream: its media, audio first, then what retransmits them. FEC does not pass. */
export function streamSsrcs(start: StreamStart): readonly number[] {
  return [...mediaSsrcs(start), ...(start.rtx ?? []).map(({ ssrc }) => ssrc)];
}

/**
 * `webrtc` is the description of the WebRTC side, `streams` all that pass. Payload types are put together by codec name
 * and kind, so a stream in a codec that its kind of m-line does not have is left out, as transcoded ones are.
 */
export function negotiatedMap(webrtc: SdpSession, streams: readonly PassingStream[]): BridgeMap {
  const media = webrtc.media.filter(isBridgeable);
  const codecs = { audio: codecsOf(media, "audio"), video: codecsOf(media, "video") };
  return {
    payloadTypes: streams.flatMap(({ start }) => payloadTypesOf(codecs, start)),
    extensions: extensionsOf(media),
    streams: withoutCollisions(streams.flatMap(streamPairsOf)),
  };
}

/** Of two streams that one SSRC would stand for the first passes: nobody could tell their packets apart. */
function withoutCollisions(pairs: readonly StreamPair[]): readonly StreamPair[] {
  const taken = { rtp: new Set<number>(), arcrtp: new Set<number>() };
  return pairs.filter(({ rtp, arcrtp }) => {
    if (taken.rtp.has(rtp) || taken.arcrtp.has(arcrtp)) return false;
    taken.rtp.add(rtp);
    taken.arcrtp.add(arcrtp);
    return true;
  });
}

/** By name; of several m-lines with one codec the first counts. */
type CodecsByName = ReadonlyMap<string, BridgeCodec>;

function codecsOf(media: readonly SdpMedia[], kind: MediaKind): CodecsByName {
  const found = new Map<string, BridgeCodec>();
  for (const section of media.filter((one) => one.kind === kind)) {
    for (const codec of bridgeCodecs(section)) if (!found.has(codec.arcName)) found.set(codec.arcName, codec);
  }
  return found;
}

function payloadTypesOf(
  codecs: Readonly<Record<MediaKind, CodecsByName>>,
  start: StreamStart,
): readonly PayloadTypePair[] {
  return MEDIA_KINDS.flatMap((kind) => {
    const block = start.codec[kind];
    const found = block === undefined ? undefined : codecs[kind].get(block.name);
    const arcrtp = block?.payload_type ?? findCodec(block?.name ?? "")?.payloadType;
    if (block === undefined || found === undefined || arcrtp === undefined) return [];
    const { rtx } = found;
    const repair = start.rtx?.find(({ protects }) => protects === mediaSsrcs(start).at(kind === "audio" ? 0 : -1));
    return [
      { rtp: found.codec.payloadType, arcrtp, codec: block.name, kind },
      ...(rtx === undefined || repair === undefined
        ? []
        : [{ rtp: rtx.payloadType, arcrtp: repair.payload_type ?? RTX_PAYLOAD_TYPE, codec: RTX, kind }]),
    ];
  });
}

function extensionsOf(media: readonly SdpMedia[]): readonly ExtensionPair[] {
  const pairs = media.flatMap(({ extensions }) =>
    extensions.flatMap((extension): readonly ExtensionPair[] => {
      const arcrtp = arcIdOf(extension);
      const from = flowOf(extension.direction);
      if (arcrtp === undefined || from === undefined) return [];
      return [{ rtp: extension.id, arcrtp, ...(from === "both" ? {} : { from }) }];
    })
  );
  // Bundled m-lines give one extension the same id (RFC 8843 §9.2).
  const keyOf = ({ rtp, arcrtp, from }: ExtensionPair) => `${rtp} ${arcrtp} ${from}`;
  return [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
}

/** The side that packets with an extension come from, by the direction that the WebRTC side gives it. */
function flowOf(direction: SdpDirection): Side | "both" | undefined {
  switch (direction) {
    case "sendrecv":
      return "both";
    case "sendonly":
      return "rtp";
    case "recvonly":
      return "arcrtp";
    case "inactive":
      return undefined;
  }
}

function streamPairsOf(
  { start, from, rtpSsrcs, sequenceOffset = 0, timestampOffset = 0 }: PassingStream,
): readonly StreamPair[] {
  const ssrcs = streamSsrcs(start);
  const rtpOf = (arcrtp: number) => rtpSsrcs?.[ssrcs.indexOf(arcrtp)] ?? arcrtp;
  const media = mediaSsrcs(start).length;
  return ssrcs.map((arcrtp, i) => {
    const repair = i < media ? undefined : start.rtx?.[i - media];
    const protects = repair === undefined ? {} : { protects: rtpOf(repair.protects) };
    return { rtp: rtpOf(arcrtp), arcrtp, from, sequenceOffset, timestampOffset, ...protects };
  });
}
