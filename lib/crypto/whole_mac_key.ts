/** What the MAC keys of all backends share: tags are the beginning of a MAC, be it written or compared. */
import { equalTagAt, type MacKey } from "./backend.ts";

export abstract class WholeMacKey implements MacKey {
  sign(
    buffer: Uint8Array,
    start: number,
    end: number,
    roc: number | null,
    out: Uint8Array,
    outAt: number,
    tagBytes: number,
  ): void {
    const mac = this.compute(buffer, start, end, roc);
    for (let i = 0; i < tagBytes; i++) out[outAt + i] = mac[i];
  }

  verify(
    buffer: Uint8Array,
    start: number,
    end: number,
    roc: number | null,
    tag: Uint8Array,
    tagAt: number,
    tagBytes: number,
  ): boolean {
    return equalTagAt(this.compute(buffer, start, end, roc), 0, tag, tagAt, tagBytes);
  }

  abstract free(): void;

  /** The whole MAC of `buffer[start..end]` and the ROC, if any; borrowed until the next call. Throws once it was freed. */
  protected abstract compute(buffer: Uint8Array, start: number, end: number, roc: number | null): Uint8Array;
}
