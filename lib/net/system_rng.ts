import { readU32 } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";

/** The operating system's randomness: what keys, SSRCs and nonces outside of tests come from. */
export class SystemRng implements Rng {
  readonly #word = new Uint8Array(4);

  fill<T extends Uint8Array>(target: T): T {
    // getRandomValues takes at most 65,536 bytes a call and no view over shared memory.
    for (let at = 0; at < target.length; at += 65_536) {
      crypto.getRandomValues(target.subarray(at, at + 65_536) as Uint8Array<ArrayBuffer>);
    }
    return target;
  }

  u32(): number {
    return readU32(this.fill(this.#word), 0);
  }
}
