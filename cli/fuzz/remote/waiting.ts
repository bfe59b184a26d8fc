/** Units that have come, in order, until somebody asks for them. */
import { delay } from "./remote_target.ts";

const MAX_WAITING = 256;
const POLL_MS = 1;

export class Waiting {
  readonly #units: Uint8Array[] = [];

  push(unit: Uint8Array): void {
    if (this.#units.length < MAX_WAITING) this.#units.push(unit);
  }

  /** All that comes within `ms` from now, and what waits. */
  async gather(ms: number): Promise<Uint8Array[]> {
    if (ms > 0) await delay(ms);
    return this.#units.splice(0);
  }

  /** The first unit that `isIt`; others are dropped. Undefined when none has come in time. */
  async receive(isIt: (unit: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | undefined> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.#units.splice(0).find(isIt);
      if (found !== undefined) return found;
      if (performance.now() >= endMs) return undefined;
      await delay(POLL_MS);
    }
  }
}
