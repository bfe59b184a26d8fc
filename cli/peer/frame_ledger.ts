/** Holds what one side was given to send against what the other side got: whole frames, by their bytes, in order. */
import { createHash } from "node:crypto";
import type { MediaFrame } from "../../lib/media/frame.ts";
import type { Priority } from "../../lib/packet/arcrtp.ts";
import { LatencyHistogram } from "../../lib/quality/latency_histogram.ts";
import { PRIORITIES } from "../../lib/relay/relay_counters.ts";

export interface FrameBalance {
  readonly sent: number;
  readonly received: number;
  /** Received frames whose every byte is that of a sent one, in the order of sending. */
  readonly identical: number;
  /** Received frames that nobody sent, or that came a second time or out of order. */
  readonly different: number;
  /** Sent frames of which nothing came. */
  readonly missing: number;
}

/** Of one PR class: frames that were sent, and those that came as they were. */
export interface ClassBalance {
  sent: number;
  identical: number;
}

/** One stream in one direction, both ends in one process and so on one clock. */
export class FrameLedger {
  /** From handing a frame to the sending session until the receiving session gave it out. */
  readonly latency = new LatencyHistogram();
  /** By PR, 0..3. */
  readonly classes: readonly ClassBalance[] = Array.from({ length: PRIORITIES }, () => ({ sent: 0, identical: 0 }));
  readonly #open: { readonly hash: string; readonly sentMs: number; readonly priority: Priority }[] = [];
  readonly #total: LatencyHistogram | undefined;
  #sent = 0;
  #received = 0;
  #identical = 0;

  /** Latencies go into `total` as well, which several ledgers may share. */
  constructor(total?: LatencyHistogram) {
    this.#total = total;
  }

  sent({ data, priority }: Pick<MediaFrame, "data" | "priority">, nowMs: number): void {
    this.#sent++;
    this.classes[priority].sent++;
    this.#open.push({ hash: hashOf(data), sentMs: nowMs, priority });
  }

  received(data: Uint8Array, nowMs: number): void {
    this.#received++;
    const hash = hashOf(data);
    const found = this.#open.findIndex((frame) => frame.hash === hash);
    if (found < 0) return;
    const { sentMs, priority } = this.#open[found];
    this.#identical++;
    this.classes[priority].identical++;
    const latencyMs = nowMs - sentMs;
    this.latency.record(latencyMs);
    this.#total?.record(latencyMs);
    // What was sent before it and has not come will not come.
    this.#open.splice(0, found + 1);
  }

  get balance(): FrameBalance {
    const different = this.#received - this.#identical;
    const missing = Math.max(0, this.#sent - this.#received);
    return { sent: this.#sent, received: this.#received, identical: this.#identical, different, missing };
  }
}

/** True when every frame that was sent has come, as it was, and nothing else. An empty balance is no proof. */
export function isWhole({ sent, received, identical }: FrameBalance): boolean {
  return sent > 0 && received === sent && identical === sent;
}

function hashOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("base64");
}
