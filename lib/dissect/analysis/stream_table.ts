/** Every stream of a capture: an SSRC in one direction of a conversation. */
import { CODECS } from "../../media/codec.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { StreamStats } from "./stream_stats.ts";

/** Streams that are told apart; packets of further ones are counted together. */
const MAX_STREAMS = 16_384;

/** Clocks of the default payload types (SPEC ARC-MEDIA-default-payload-types), where nothing announced the stream. */
const DEFAULT_CLOCKS: ReadonlyMap<number, number> = new Map(
  CODECS.flatMap(({ payloadType, clock }) => clock === "sampling" ? [] : [[payloadType, clock] as const]),
);

/** Clock rate of a packet of media in Hz, as announced or by its payload type; undefined where nothing tells it. */
export function clockOf(unit: UnitModel): number | undefined {
  return unit.entry?.clockHz ?? (unit.rtp === undefined ? undefined : DEFAULT_CLOCKS.get(unit.rtp.payloadType));
}

export class StreamTable {
  /** Packets of streams beyond those that are told apart. */
  untracked = 0;

  readonly #maxStreams: number;
  readonly #flows = new Map<number, Map<number, StreamStats>>();
  #count = 0;
  #last: StreamStats | undefined;

  constructor(maxStreams = MAX_STREAMS) {
    this.#maxStreams = maxStreams;
  }

  get size(): number {
    return this.#count;
  }

  /** In the order in which they appeared, conversation by conversation. */
  *streams(): Generator<StreamStats> {
    for (const flow of this.#flows.values()) yield* flow.values();
  }

  /** Takes the next unit, whatever it is; answers its stream. */
  handle(unit: UnitModel): StreamStats | undefined {
    const { rtp } = unit;
    if (rtp === undefined) return undefined;
    const stream = this.#find(unit, rtp.ssrc);
    if (stream === undefined) this.untracked++;
    else stream.handle(unit, clockOf(unit));
    return stream;
  }

  #find(unit: UnitModel, ssrc: number): StreamStats | undefined {
    const { conversation, direction } = unit.unit;
    const last = this.#last;
    if (last?.ssrc === ssrc && last.conversation === conversation && last.direction === direction) return last;
    const key = 2 * conversation + direction;
    let flow = this.#flows.get(key);
    const known = flow?.get(ssrc);
    if (known !== undefined) return this.#last = known;
    if (this.#count >= this.#maxStreams) return undefined;
    if (flow === undefined) this.#flows.set(key, flow = new Map());
    const stream = new StreamStats(unit, ssrc);
    flow.set(ssrc, stream);
    this.#count++;
    return this.#last = stream;
  }
}
