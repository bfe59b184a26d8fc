/**
 * The map of a bridge's session as JSON: what `bridge.map` answers and the ops of packets take.
 *
 * ```
 * { "payload_types": [{"rtp": 96, "arcrtp": 98, "codec": "vp9", "kind": "video"}],
 *   "extensions": [{"rtp": 3, "arcrtp": 1, "from": "rtp"}],
 *   "ssrcs": [{"rtp": 5, "arcrtp": 6, "from": "rtp", "sequence_offset": 100, "timestamp_offset": 0, "protects": 4}] }
 * ```
 *
 * `kind` may be left out for a codec of SPEC §5.7, `from` of an extension where it may come from both sides, offsets (what
 * ArcRTP's numbers are ahead) where they are 0. Without `ssrcs` every SSRC passes as it is.
 */
import type { BridgeMap, ExtensionPair, PayloadTypePair, StreamPair } from "../../../lib/bridge/stream_table.ts";
import { findCodec } from "../../../lib/media/codec.ts";
import { isUsablePayloadType } from "../../../lib/packet/arcrtp.ts";
import { type Fields, RequestError } from "../request.ts";

export const SIDES = ["rtp", "arcrtp"] as const;
const KINDS = ["audio", "video"] as const;
const U32_MAX = 0xffff_ffff;

export function readBridgeMap(map: Fields): BridgeMap {
  const list = (name: string) => map.has(name) ? map.objects(name) : [];
  const streams = list("ssrcs").map(readStream);
  for (const side of SIDES) {
    if (new Set(streams.map((stream) => stream[side])).size < streams.length) {
      throw new RequestError(`${map.pathOf("ssrcs")} must name each SSRC of ${side} once`);
    }
  }
  return {
    payloadTypes: list("payload_types").map(readPayloadType),
    extensions: list("extensions").map(readExtension),
    streams,
  };
}

function readPayloadType(pair: Fields): PayloadTypePair {
  const codec = pair.text("codec");
  const arcrtp = pair.integer("arcrtp", 0, 127);
  if (!isUsablePayloadType(arcrtp)) throw new RequestError(`${pair.pathOf("arcrtp")} must not be in 64..95`);
  return {
    rtp: pair.integer("rtp", 0, 127),
    arcrtp,
    codec,
    kind: pair.oneOf("kind", KINDS, findCodec(codec)?.kind ?? "video"),
  };
}

function readExtension(pair: Fields): ExtensionPair {
  return {
    rtp: pair.integer("rtp", 1, 255),
    arcrtp: pair.integer("arcrtp", 1, 14),
    ...(pair.has("from") ? { from: pair.oneOf("from", SIDES) } : {}),
  };
}

function readStream(pair: Fields): StreamPair {
  return {
    rtp: pair.u32("rtp"),
    arcrtp: pair.u32("arcrtp"),
    from: pair.oneOf("from", SIDES),
    sequenceOffset: pair.integerOr("sequence_offset", -0xffff, 0xffff, 0),
    timestampOffset: pair.integerOr("timestamp_offset", -U32_MAX, U32_MAX, 0),
    ...(pair.has("protects") ? { protects: pair.u32("protects") } : {}),
  };
}

export function bridgeMapToJson({ payloadTypes, extensions, streams }: BridgeMap): object {
  return {
    payload_types: payloadTypes,
    extensions,
    ssrcs: streams.map(({ sequenceOffset, timestampOffset, ...pair }) => ({
      ...pair,
      sequence_offset: sequenceOffset,
      timestamp_offset: timestampOffset,
    })),
  };
}
