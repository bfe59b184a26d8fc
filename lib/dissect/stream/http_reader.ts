/** One direction of a connection that begins with HTTP: its head, and then what the head makes of the connection. */
import type { MemoryBudget } from "../network/memory_budget.ts";
import { endOfHead, type HttpHead, MAX_HEAD_BYTES, readHttpHead } from "./http_head.ts";
import { Pieces } from "./pieces.ts";
import type { StreamReader } from "./stream_reader.ts";

export class HttpReader implements StreamReader {
  readonly #pieces: Pieces;
  readonly #choose: (head: HttpHead | undefined) => StreamReader;
  #next: StreamReader | undefined;

  /** `choose` answers who reads on behind the head; it gets undefined where the head cannot be had. */
  constructor(budget: MemoryBudget, choose: (head: HttpHead | undefined) => StreamReader) {
    this.#pieces = new Pieces((bytes, start, end) => this.#consume(bytes, start, end), budget);
    this.#choose = choose;
  }

  push(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void {
    if (this.#next !== undefined) return this.#next.push(bytes, start, end, isSegmentStart);
    if (!this.#pieces.push(bytes, start, end)) this.#next = this.#choose(undefined);
  }

  gap(): void {
    this.#pieces.clear();
    this.#next ??= this.#choose(undefined);
    this.#next.gap();
  }

  end(): void {
    this.#pieces.clear();
    this.#next?.end();
  }

  #consume(bytes: Uint8Array, start: number, end: number): number {
    const headEnd = endOfHead(bytes, start, end);
    if (headEnd < 0 && end - start <= MAX_HEAD_BYTES) return start;
    this.#next = this.#choose(headEnd < 0 ? undefined : readHttpHead(bytes, start, headEnd));
    if (headEnd >= 0 && headEnd < end) this.#next.push(bytes, headEnd, end, false);
    return end;
  }
}
