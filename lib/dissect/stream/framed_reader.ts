/** Units on a TCP stream, each behind its length (RFC 4571), found again after a hole in the capture. */
import { readU16 } from "../../base/bytes.ts";
import { classifyUnit, UnitKind } from "../../packet/demux.ts";
import { FRAME_HEADER_BYTES } from "../../packet/framing.ts";
import type { MemoryBudget } from "../network/memory_budget.ts";
import { Pieces } from "./pieces.ts";
import type { StreamReader, StreamSink } from "./stream_reader.ts";

export class FramedReader implements StreamReader {
  readonly #sink: StreamSink;
  readonly #pieces: Pieces;
  #isInStep: boolean;
  #passedBytes = 0;

  /** `isInStep` says that the first byte to come is the first of a frame. */
  constructor(sink: StreamSink, budget: MemoryBudget, isInStep: boolean) {
    this.#sink = sink;
    this.#pieces = new Pieces((bytes, start, end) => this.#consume(bytes, start, end), budget);
    this.#isInStep = isInStep;
  }

  push(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void {
    if (!this.#isInStep) {
      if (!isSegmentStart || walkFrames(bytes, start, end) === "no") {
        this.#passedBytes += end - start;
        return;
      }
      this.#isInStep = true;
      if (this.#passedBytes > 0) this.#sink.note(`${this.#passedBytes} bytes passed over to the next unit`);
      this.#passedBytes = 0;
    }
    if (!this.#pieces.push(bytes, start, end)) this.#lose("no memory for a unit that came in pieces");
  }

  gap(): void {
    this.#pieces.clear();
    this.#isInStep = false;
  }

  end(): void {
    if (this.#pieces.heldBytes > 0) {
      this.#sink.note(`the stream ends within a unit, ${this.#pieces.heldBytes} bytes in`);
    }
    this.#pieces.clear();
  }

  #consume(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at + FRAME_HEADER_BYTES <= end) {
      const unitBytes = readU16(bytes, at);
      if (unitBytes === 0) {
        this.#lose("a framed length of 0 (ARC-UNIT-frame-zero-length)");
        return end;
      }
      const unitStart = at + FRAME_HEADER_BYTES;
      if (unitStart + unitBytes > end) break;
      this.#sink.unit(bytes, unitStart, unitStart + unitBytes, undefined);
      at = unitStart + unitBytes;
    }
    return at;
  }

  #lose(why: string): void {
    this.#sink.note(why);
    this.#isInStep = false;
  }
}

/**
 * Whether `bytes[start..end)` reads as framed units from its first byte on: `exact` when the last one ends where the bytes
 * do, `part` when it goes on behind them.
 */
export function walkFrames(bytes: Uint8Array, start: number, end: number): "exact" | "part" | "no" {
  let at = start;
  while (at + FRAME_HEADER_BYTES < end) {
    const unitBytes = readU16(bytes, at);
    const unitStart = at + FRAME_HEADER_BYTES;
    if (!isLikelyUnit(bytes, unitStart, end, unitBytes)) return "no";
    at = unitStart + unitBytes;
  }
  return at === end ? "exact" : "part";
}

/** The least that a unit of each kind has; kinds that no stream carries have none. */
const LEAST_BYTES: ReadonlyMap<UnitKind, number> = new Map<UnitKind, number>([
  [UnitKind.json, 2],
  [UnitKind.arcrtp, 12],
  [UnitKind.rtcp, 4],
  [UnitKind.reduced, 4],
]);

function isLikelyUnit(bytes: Uint8Array, start: number, end: number, unitBytes: number): boolean {
  const least = LEAST_BYTES.get(classifyUnit(bytes, start, end));
  return least !== undefined && unitBytes >= least;
}
