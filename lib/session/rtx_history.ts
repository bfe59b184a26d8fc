/**
 * Retransmission, the sender's side (RFC 4588, SPEC §10.2): packets of PR 0 and 1 are kept after they left, and sent again
 * when they are asked for, each as a packet of its own SSRC.
 *
 * ```
 * original | V P X CC M PT  seq  timestamp  SSRC | extension | Arc block         | payload     |
 * RTX      |            PT' seq'            SSRC'| stamps'   | Arc block, new K  | seq | payload |
 * ```
 */
import { writeU16, writeU32 } from "../base/bytes.ts";
import { RTP_SSRC_AT } from "../packet/rtp_header.ts";
import type { PacketPool } from "./packet_pool.ts";
import { SendSource, type SendSourceOptions } from "./send_source.ts";

/** The original sequence number, in front of the payload. */
export const OSN_BYTES = 2;

/** Nobody waits longer for a packet: the jitter buffer holds 50 ms, and requests take three round trips at most. */
const KEEP_MS = 1000;
/** A receiver asks three times. */
const MAX_RESENDS = 3;
const LAST_RETRANSMITTED_PRIORITY = 1;

export class RtxHistory {
  readonly source: SendSource;
  /** Packets that were asked for and not sent: not kept (any more), or of PR 2 and 3, which the receiver cannot know. */
  unanswered = 0;

  readonly #pool: PacketPool;
  readonly #mask: number;
  // By sequence number modulo the capacity.
  readonly #sequences: Int32Array;
  readonly #slots: Int32Array;
  readonly #leftMs: Float64Array;
  readonly #resends: Uint8Array;

  /** `capacity`: packets kept, a power of two. */
  constructor(pool: PacketPool, options: SendSourceOptions, capacity: number) {
    this.#pool = pool;
    this.#mask = capacity - 1;
    this.#sequences = new Int32Array(capacity).fill(-1);
    this.#slots = new Int32Array(capacity);
    this.#leftMs = new Float64Array(capacity);
    this.#resends = new Uint8Array(capacity);
    this.source = new SendSource(options, (slot) => pool.release(slot));
  }

  /** Keeps a media packet that left, with a reference of its own, if it is worth it. SPEC ARC-LOSS-retransmit-critical. */
  keep(slot: number, sequence16: number, nowMs: number): void {
    if (this.#pool.priorities[slot] > LAST_RETRANSMITTED_PRIORITY) return;
    const at = sequence16 & this.#mask;
    if (this.#sequences[at] >= 0) this.#pool.release(this.#slots[at]);
    this.#pool.retain(slot);
    this.#sequences[at] = sequence16;
    this.#slots[at] = slot;
    this.#leftMs[at] = nowMs;
    this.#resends[at] = 0;
  }

  /** Queues the packet again if it is kept; answers the bytes queued, 0 when it is not. */
  resend(sequence16: number, nowMs: number): number {
    const at = sequence16 & this.#mask;
    const isKept = this.#sequences[at] === sequence16 && nowMs - this.#leftMs[at] <= KEEP_MS;
    const copy = isKept && this.#resends[at] < MAX_RESENDS ? this.#pool.acquire() : -1;
    if (copy < 0) {
      this.unanswered++;
      return 0;
    }
    this.#resends[at]++;
    this.#write(this.#slots[at], sequence16, copy);
    this.#pool.queuedMs[copy] = nowMs;
    this.source.queue.push(copy);
    return this.#pool.lengths[copy];
  }

  /** Everything is given back to the pool. */
  clear(): void {
    for (let at = 0; at <= this.#mask; at++) {
      if (this.#sequences[at] >= 0) this.#pool.release(this.#slots[at]);
      this.#sequences[at] = -1;
    }
  }

  /** SPEC ARC-LOSS-rtx-format, ARC-LOSS-rtx-kept-fields: stamps, sequence number and K are put in as it leaves. */
  #write(slot: number, sequence16: number, copy: number): void {
    const pool = this.#pool;
    const from = pool.bytes(slot);
    const start = pool.offset(slot);
    const headerBytes = pool.headerBytes[slot];
    const out = pool.bytes(copy);
    const at = pool.offset(copy);
    out.set(from.subarray(start, start + headerBytes), at);
    out[at + 1] = (out[at + 1] & 0x80) | this.source.payloadType;
    writeU32(out, at + RTP_SSRC_AT, this.source.ssrc);
    writeU16(out, at + headerBytes, sequence16);
    out.set(from.subarray(start + headerBytes, start + pool.lengths[slot]), at + headerBytes + OSN_BYTES);
    pool.lengths[copy] = pool.lengths[slot] + OSN_BYTES;
    pool.headerBytes[copy] = headerBytes;
    pool.arcOffsets[copy] = pool.arcOffsets[slot];
    pool.priorities[copy] = pool.priorities[slot];
    pool.stamped[copy] = pool.stamped[slot];
    pool.endsFrame[copy] = 0;
  }
}
