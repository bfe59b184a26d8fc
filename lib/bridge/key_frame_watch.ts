/** The priority of a stream's packets as they come: RTP says nothing of it, but the first payload of a key frame does. */
import type { MediaKind } from "../media/codec.ts";
import { isKeyframe } from "../media/payload/classify.ts";
import type { PayloadFormat } from "../media/payload/payload_format.ts";
import { Priority } from "../packet/arcrtp.ts";

/** Key frames whose packets are still known by their timestamp: for reordering and retransmission. */
const REMEMBERED = 4;
const NEVER = -1;

export class KeyFrameWatch {
  readonly #timestamps = new Float64Array(REMEMBERED).fill(NEVER);
  #next = 0;
  /** Of the last video packet of its own, for retransmissions, which only repeat. */
  #format: PayloadFormat | undefined;

  /**
   * PR of a packet with `bytes[from..to)` as its payload: 0 for audio, 1 for a key frame from the packet on that shows
   * it, 2 for everything else. Without a `format` it is a retransmission. SPEC ARC-BRIDGE-from-rtp,
   * ARC-RTP-priority-values.
   */
  priorityOf(
    kind: MediaKind,
    format: PayloadFormat | undefined,
    bytes: Uint8Array,
    from: number,
    to: number,
    timestamp: number,
  ): Priority {
    if (kind === "audio") return Priority.critical;
    if (format !== undefined) this.#format = format;
    if (this.#timestamps.includes(timestamp)) return Priority.high;
    if (this.#format === undefined || from >= to || !isKeyframe(this.#format, bytes.subarray(from, to))) {
      return Priority.medium;
    }
    this.#timestamps[this.#next++ % REMEMBERED] = timestamp;
    return Priority.high;
  }
}
