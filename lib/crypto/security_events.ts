/** Tells an attack on a stream's packets from stray ones: the `security_event` that starts a rotation. */
import type { FaultReason } from "../base/parsed.ts";

/** SPEC ARC-KEY-rotation-security-event. */
const EVENT_FAILURES = 32;
const EVENT_WITHIN_MS = 10_000;
const MAX_STREAMS = 256;

/** The times of a stream's last failures; the slot at `next` holds the oldest of them. */
interface StreamFailures {
  readonly timesMs: Float64Array;
  next: number;
}

/**
 * Counts authentication failures per stream: 32 of them within 10 seconds are a security event.
 *
 * Only `decrypt` faults count, which are wrong AEAD tags. Where the HMAC tag is in use a forgery fails it first, as
 * `auth`, and anyone can send forgeries: they must not drive rotations (SPEC ARC-KEY-rotation-hmac-failures-free).
 * Remembers the last 256 streams that failed; allocates only on the first failure of a stream.
 */
export class SecurityEvents {
  readonly #streams = new Map<number, StreamFailures>();

  /** Takes one refused packet of `stream` (an SSRC or another number of the caller's); true when it completes an event. */
  refused(stream: number, reason: FaultReason, nowMs: number): boolean {
    if (reason !== "decrypt") return false;
    const failures = this.#streams.get(stream) ?? this.#addStream(stream);
    const oldestMs = failures.timesMs[(failures.next + 1) % EVENT_FAILURES];
    failures.timesMs[failures.next] = nowMs;
    failures.next = (failures.next + 1) % EVENT_FAILURES;
    if (nowMs - oldestMs > EVENT_WITHIN_MS) return false;
    failures.timesMs.fill(-Infinity);
    return true;
  }

  #addStream(stream: number): StreamFailures {
    if (this.#streams.size >= MAX_STREAMS) {
      for (const oldest of this.#streams.keys()) {
        this.#streams.delete(oldest);
        break;
      }
    }
    const failures = { timesMs: new Float64Array(EVENT_FAILURES).fill(-Infinity), next: 0 };
    this.#streams.set(stream, failures);
    return failures;
  }
}
