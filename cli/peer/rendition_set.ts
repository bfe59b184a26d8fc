/**
 * The renditions of one stream: the same media at several sizes or bit rates, best first, of which one is sent at a time.
 * Another takes over where it has a key frame, so that the receiver's decoder never sees a frame whose reference it has
 * not got.
 */
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import type { MediaFrame } from "../../lib/media/frame.ts";
import type { MediaSource } from "./media_source.ts";

/** Two bits of Q tell four rungs apart. */
export const MAX_RENDITIONS = 4;

/** Containers round times to their own clocks: frames so near in time are the same instant. */
const SAME_INSTANT_S = 0.01;

export class RenditionSet {
  readonly #sources: readonly MediaSource[];
  /** The next frame of each; undefined at its end. */
  readonly #ahead: (MediaFrame | undefined)[];
  readonly #toleranceTicks: number;
  #current = 0;

  /** `sources` are one or more of one codec, best first: see {@link sortRenditions}. */
  constructor(sources: readonly MediaSource[]) {
    this.#sources = sources;
    this.#toleranceTicks = SAME_INSTANT_S * sources[0].stream.clockRateHz;
    this.#ahead = sources.map((source) => source.next());
  }

  /** Of the best rendition. */
  get stream(): StreamInfo {
    return this.#sources[0].stream;
  }

  get sources(): readonly MediaSource[] {
    return this.#sources;
  }

  /** The rendition that the last frame came from: 0 the best. */
  get rung(): number {
    return this.#current;
  }

  /**
   * When the next frame is to be shown, in ticks; undefined at the end, which is that of the rendition being sent.
   */
  get nextTicks(): number | undefined {
    return this.#ahead[this.#current]?.timestampTicks;
  }

  /** The next frame: of rendition `wanted` if it has a key frame due now, else of the one being sent. */
  next(wanted: number): MediaFrame | undefined {
    const target = Math.min(wanted, this.#sources.length - 1);
    const due = this.#ahead[this.#current];
    if (due === undefined) return undefined;
    if (target !== this.#current) {
      const other = this.#ahead[target];
      if (other !== undefined && other.keyframe && this.#isSameInstant(other, due)) this.#current = target;
    }
    const frame = this.#ahead[this.#current];
    this.#ahead[this.#current] = this.#sources[this.#current].next();
    this.#catchUp();
    return frame;
  }

  #isSameInstant(a: MediaFrame, b: MediaFrame): boolean {
    return Math.abs(a.timestampTicks - b.timestampTicks) <= this.#toleranceTicks;
  }

  /** The renditions that are not sent go along: frames before the next one that is due are let go. */
  #catchUp(): void {
    const dueTicks = this.nextTicks;
    if (dueTicks === undefined) return;
    for (let i = 0; i < this.#ahead.length; i++) {
      if (i === this.#current) continue;
      while (this.#isBefore(i, dueTicks - this.#toleranceTicks)) this.#ahead[i] = this.#sources[i].next();
    }
  }

  #isBefore(i: number, ticks: number): boolean {
    const frame = this.#ahead[i];
    return frame !== undefined && frame.timestampTicks < ticks;
  }

  requestKeyframe(): void {
    this.#sources[this.#current].requestKeyframe();
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }
}

/** Best first: more pixels, and where they are as many, more bits. */
export function sortRenditions(sources: readonly MediaSource[]): MediaSource[] {
  const pixels = ({ stream }: MediaSource) => stream.kind === "video" ? stream.width * stream.height : 0;
  return [...sources].sort((a, b) => pixels(b) - pixels(a) || b.bitrateBps - a.bitrateBps);
}

/**
 * The streams that a list of sources makes: each audio source its own, video sources of one codec together the renditions
 * of one. In the order of their first source.
 */
export function groupSources(sources: readonly MediaSource[]): MediaSource[][] {
  const groups: MediaSource[][] = [];
  for (const source of sources) {
    const { kind, codec } = source.stream;
    const group = kind === "video" ? groups.find(([first]) => first.stream.codec === codec) : undefined;
    if (group !== undefined) group.push(source);
    else groups.push([source]);
  }
  return groups.map(sortRenditions);
}
