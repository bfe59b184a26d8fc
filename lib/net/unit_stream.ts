/** One TCP or TLS connection of a relay or peer: units in behind their lengths, units out as far as the other side reads. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { PacketBatch } from "../base/batch.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrameHeader } from "../packet/framing.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";

/** Units that are handed over at a time. */
const BATCH_PACKETS = 4;
const SLOT_BYTES = 2048;

/** A connection whose buffer stays full for so long is cut off. */
const STUCK_MS = 10_000;

/** What comes from a connection. */
export interface UnitStreamEvents {
  /** Works the batch off, and may use it until the promise resolves; nothing is read meanwhile. */
  readonly units: (batch: PacketBatch) => Promise<void>;
  /** A unit was longer than any that goes on. */
  readonly tooLarge: () => void;
  /** The connection is over; called once. */
  readonly closed: (why: string) => void;
}

export class UnitStream {
  readonly address: number;
  readonly transport: "tcp" | "tls";
  readonly openedMs: number;
  /** Units that were not written because the other side reads too slowly. */
  readonly slowDrops = new Float64Array(PRIORITIES);
  readonly #socket: Socket | TLSSocket;
  readonly #events: UnitStreamEvents;
  readonly #bufferBytes: number;
  readonly #batch = new PacketBatch(BATCH_PACKETS, SLOT_BYTES);
  #fullSinceMs = Infinity;
  #isClosed = false;

  /** Takes a connected socket (TLS: after its handshake) over. `bufferBytes` may wait to be read. */
  constructor(
    socket: Socket | TLSSocket,
    address: number,
    transport: "tcp" | "tls",
    bufferBytes: number,
    events: UnitStreamEvents,
    nowMs: number,
  ) {
    this.#socket = socket;
    this.address = address;
    this.transport = transport;
    this.#bufferBytes = bufferBytes;
    this.#events = events;
    this.openedMs = nowMs;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    this.#read().then(
      (why) => this.close(why),
      (error) => this.close(error instanceof Error ? error.message : "failed"),
    );
  }

  /**
   * Writes a unit of class `priority`; false when it is dropped. The fuller the buffer, the higher the class must be: the
   * last quarter of it is for PR 0 alone. What is in it cannot be overtaken any more.
   */
  write(batch: PacketBatch, i: number, priority: number): boolean {
    const waiting = this.#socket.writableLength;
    if (this.#isClosed || waiting >= (this.#bufferBytes * (PRIORITIES - priority)) / PRIORITIES) {
      this.slowDrops[priority]++;
      return false;
    }
    const bytes = batch.lengths[i];
    const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes);
    writeFrameHeader(bytes, frame, 0);
    const start = batch.offset(i);
    frame.set(batch.bytes.subarray(start, start + bytes), FRAME_HEADER_BYTES);
    this.#socket.write(frame);
    return true;
  }

  /** Cuts the connection off when it has been full for too long. */
  sweep(nowMs: number): void {
    if (this.#socket.writableLength < this.#bufferBytes / PRIORITIES) this.#fullSinceMs = Infinity;
    else if (this.#fullSinceMs === Infinity) this.#fullSinceMs = nowMs;
    else if (nowMs - this.#fullSinceMs >= STUCK_MS) this.close(`reads nothing for ${STUCK_MS / 1000} s`);
  }

  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#events.closed(why);
  }

  /** Answers why it ended. */
  async #read(): Promise<string> {
    const reader = new FrameReader();
    const batch = this.#batch;
    for await (const chunk of this.#socket) {
      reader.feed(chunk);
      batch.clear();
      while (reader.next()) {
        if (!this.#take(reader, batch)) this.#events.tooLarge();
        if (batch.size === batch.capacity) await this.#hand(batch);
      }
      if (batch.size > 0) await this.#hand(batch);
      // No later boundary can be trusted (SPEC ARC-UNIT-frame-close).
      if (reader.fault !== undefined) return reader.fault.message;
    }
    return reader.pendingBytes > 0 ? "ended in the middle of a unit" : "closed by the other side";
  }

  #take(reader: FrameReader, batch: PacketBatch): boolean {
    return batch.push(reader.bytes.subarray(reader.start, reader.end), this.address);
  }

  async #hand(batch: PacketBatch): Promise<void> {
    if (!this.#isClosed) await this.#events.units(batch);
    batch.clear();
  }
}
