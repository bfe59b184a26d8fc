/** What the readers of TCP streams have in common, and whom they report to. */
import type { Envelope } from "../units/envelope.ts";

/** Reads one direction of a connection. */
export interface StreamReader {
  /** Bytes in order, borrowed for the call; `isSegmentStart` where they begin where a segment began. */
  push(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void;
  /** Some of the stream is not in the capture; what follows begins somewhere. */
  gap(): void;
  /** Nothing more comes: memory is given back. */
  end(): void;
}

/** Takes what a direction of a connection carries. */
export interface StreamSink {
  /** A unit, borrowed for the call. */
  unit(bytes: Uint8Array, start: number, end: number, envelope: Envelope | undefined): void;
  /** Something that people should know of this connection. */
  note(message: string): void;
}
