/** Payload types of one offer, each given out once. */
import { CODECS } from "../media/codec.ts";

/** Dynamic numbers first (RFC 3551 §6), then those that WebRTC stacks take when these are used up; never 64..95. */
const DYNAMIC: readonly number[] = [
  ...Array.from({ length: 32 }, (_, i) => 96 + i),
  ...Array.from({ length: 29 }, (_, i) => 35 + i),
];

/** What known codecs want, which others leave to them. */
const WANTED: ReadonlySet<number> = new Set(CODECS.map(({ payloadType }) => payloadType));

export class PayloadTypePool {
  readonly #taken = new Set<number>();

  /** `wanted`, or another where it is taken or undefined; undefined when none is left. */
  take(wanted: number | undefined): number | undefined {
    const payloadType = wanted !== undefined && !this.#taken.has(wanted)
      ? wanted
      : DYNAMIC.find((candidate) => !this.#taken.has(candidate) && !WANTED.has(candidate));
    if (payloadType !== undefined) this.#taken.add(payloadType);
    return payloadType;
  }
}
