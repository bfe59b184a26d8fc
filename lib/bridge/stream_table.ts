/** The streams that pass a bridge, found by either side's SSRC. */
import type { MediaKind } from "../media/codec.ts";
import { KeyFrameWatch } from "./key_frame_watch.ts";
import { SequenceMap } from "./sequence_map.ts";

/** The two sides of a bridge. */
export type Side = "rtp" | "arcrtp";

export function otherSide(side: Side): Side {
  return side === "rtp" ? "arcrtp" : "rtp";
}

/** How one SSRC is called and counted on the two sides. */
export interface StreamPair {
  readonly rtp: number;
  readonly arcrtp: number;
  /** The side that its packets come from. */
  readonly from: Side;
  /** What the ArcRTP side's sequence numbers are ahead at the beginning. */
  readonly sequenceOffset: number;
  /** What the ArcRTP side's timestamps are ahead. */
  readonly timestampOffset: number;
  /** For a stream of RTX: the RTP side's SSRC of the media that it repeats. */
  readonly protects?: number;
}

/** A stream with what its packets have left behind. */
export class BridgedStream {
  readonly pair: StreamPair;
  readonly sequence: SequenceMap;
  readonly keyFrames = new KeyFrameWatch();
  /** Of packets that did not go on: their payload bytes, without padding. */
  withheldOctets = 0;
  readonly protects: BridgedStream | undefined;

  constructor(pair: StreamPair, protects: BridgedStream | undefined) {
    this.pair = pair;
    this.protects = protects;
    this.sequence = new SequenceMap(pair.from === "rtp" ? pair.sequenceOffset : -pair.sequenceOffset);
  }

  ssrcOn(side: Side): number {
    return this.pair[side];
  }

  /** A timestamp of `side`'s clock as the other side has it. */
  timestampFrom(side: Side, timestamp: number): number {
    const { timestampOffset } = this.pair;
    return (side === "rtp" ? timestamp + timestampOffset : timestamp - timestampOffset) >>> 0;
  }
}

export class StreamTable {
  readonly #bySsrc: Readonly<Record<Side, Map<number, BridgedStream>>> = { rtp: new Map(), arcrtp: new Map() };

  /** RTX behind the media that it protects. */
  constructor(pairs: readonly StreamPair[] = []) {
    for (const pair of pairs) if (pair.protects === undefined) this.add(pair);
    for (const pair of pairs) if (pair.protects !== undefined) this.add(pair);
  }

  /**
   * A stream that is known from now on. RTX of media that is not known is none.
   *
   * @throws RangeError when either SSRC is in use on its side.
   */
  add(pair: StreamPair): void {
    for (const side of ["rtp", "arcrtp"] as const) {
      if (this.#bySsrc[side].has(pair[side])) throw new RangeError(`Cannot add stream: SSRC ${pair[side]} is in use`);
    }
    const stream = new BridgedStream(pair, pair.protects === undefined ? undefined : this.find("rtp", pair.protects));
    this.#bySsrc.rtp.set(pair.rtp, stream);
    this.#bySsrc.arcrtp.set(pair.arcrtp, stream);
  }

  find(side: Side, ssrc: number): BridgedStream | undefined {
    return this.#bySsrc[side].get(ssrc);
  }
}

/** A payload type and the codec behind it, on both sides. */
export interface PayloadTypePair {
  readonly rtp: number;
  readonly arcrtp: number;
  /** ArcRTC name of the codec, or `rtx`. */
  readonly codec: string;
  readonly kind: MediaKind;
}

/** A header extension element's id on both sides. */
export interface ExtensionPair {
  readonly rtp: number;
  readonly arcrtp: number;
  /** The side that packets with it come from; both where it is left out. */
  readonly from?: Side;
}

/** What SDP and STREAM_STARTs have settled for the packets of a session. */
export interface BridgeMap {
  /** Of two pairs with one payload type the first counts, so that either side may have several for one codec. */
  readonly payloadTypes: readonly PayloadTypePair[];
  readonly extensions: readonly ExtensionPair[];
  readonly streams: readonly StreamPair[];
}
