/**
 * Where transcoding would happen: outside. Codecs are no part of the protocol, so a bridge knows of a transcoder only
 * what it can turn into what. SPEC ARC-BRIDGE-transcoding.
 */
import type { MediaKind } from "../media/codec.ts";

/** A codec of each side, between which somebody else translates whole frames. */
export interface TranscodedPair {
  readonly kind: MediaKind;
  /** Both by their ArcRTC names; the WebRTC side's is written in lower case where ArcRTC has none (`vp8`). */
  readonly webrtc: string;
  readonly arcrtc: string;
}

/** An external transcoder, as its operator describes it. */
export interface TranscodingHook {
  /**
   * The pair, best first, that it will translate both ways, out of what the sides can do; undefined where there is none.
   * Asked only for a kind of media in which the sides have nothing in common.
   */
  choose(kind: MediaKind, webrtc: readonly string[], arcrtc: readonly string[]): TranscodedPair | undefined;
}

/** A hook that knows these pairs, in order of preference. */
export function hookOf(pairs: readonly TranscodedPair[]): TranscodingHook {
  return {
    choose: (kind, webrtc, arcrtc) =>
      pairs.find((pair) => pair.kind === kind && webrtc.includes(pair.webrtc) && arcrtc.includes(pair.arcrtc)),
  };
}
