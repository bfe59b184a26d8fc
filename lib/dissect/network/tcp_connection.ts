/**
 * Both directions of a TCP connection (RFC 9293).
 *
 * ```
 * u16 source port | u16 destination port | u32 sequence | u32 acknowledgement | offset 4, 0 4, flags 8 | u16 window | ...
 * ```
 */
import { readU32 } from "../../base/bytes.ts";
import type { Direction } from "./conversation_table.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import { type ByteSink, TcpDirection } from "./tcp_direction.ts";

export const TCP_MIN_HEADER_BYTES = 20;

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** Takes what both directions carry, each in order. */
export interface ConnectionSink {
  readonly directions: readonly [ByteSink, ByteSink];
  /** A SYN was seen: the connection is known from its first byte on, and who opened it. */
  opened(by: Direction): void;
}

export class TcpConnection {
  readonly sink: ConnectionSink;
  readonly #directions: readonly [TcpDirection, TcpDirection];

  constructor(sink: ConnectionSink, budget: MemoryBudget) {
    this.sink = sink;
    this.#directions = [new TcpDirection(sink.directions[0], budget), new TcpDirection(sink.directions[1], budget)];
  }

  get retransmittedBytes(): number {
    return this.#directions[0].retransmittedBytes + this.#directions[1].retransmittedBytes;
  }

  get missingBytes(): number {
    return this.#directions[0].missingBytes + this.#directions[1].missingBytes;
  }

  /**
   * Takes the segment whose header begins at `start`; `cutBytes` behind its end are not in the capture. False, taking
   * nothing, when it opens another connection between the same endpoints: the caller begins anew.
   */
  handle(direction: Direction, bytes: Uint8Array, start: number, end: number, cutBytes: number): boolean {
    const headerBytes = 4 * (bytes[start + 12] >>> 4);
    const flags = bytes[start + 13];
    const sequence32 = readU32(bytes, start + 4);
    const own = this.#directions[direction];
    const other = this.#directions[direction === 0 ? 1 : 0];
    const isOpening = (flags & SYN) !== 0;
    if (isOpening) {
      if (!own.open(sequence32)) return false;
      if ((flags & ACK) === 0) this.sink.opened(direction);
    }
    // The header may be cut, and its length a lie.
    const first = Math.min(end, start + Math.max(headerBytes, TCP_MIN_HEADER_BYTES));
    const first32 = isOpening ? (sequence32 + 1) >>> 0 : sequence32;
    own.segment(first32, bytes, first, end, cutBytes);
    if ((flags & ACK) !== 0) other.acknowledge(readU32(bytes, start + 8));
    if ((flags & RST) !== 0) this.close();
    else if ((flags & FIN) !== 0) own.finish((first32 + end - first + cutBytes) >>> 0);
    return true;
  }

  /** Gives out all that is held, holes and all: nothing more comes. */
  close(): void {
    for (const direction of this.#directions) direction.close();
  }
}
