/**
 * Requests that are repeated until they are answered, and answers that are remembered so that a repetition changes
 * nothing. SPEC 5.3. Both are bounded and know nothing of sockets: the owner sends what `poll` hands out.
 */

/** What names a request, to its sender and to its receiver. SPEC ARC-SIG-repeat-same-answer. */
export interface RequestName {
  readonly type: string;
  readonly timestamp: number;
  readonly stream_id?: string;
}

/** First interval on a transport that may lose messages. SPEC ARC-SIG-repeat-first-interval. */
export const FIRST_REPEAT_DATAGRAM_MS = 200;

/** First interval on every other transport: a server or bus behind it may still lose the message. */
export const FIRST_REPEAT_STREAM_MS = 2000;

/** Sendings of one request in all. SPEC ARC-SIG-repeat-doubling. */
export const MAX_SENDINGS = 6;

/** How long answers are remembered. SPEC ARC-SIG-repeat-same-answer. */
export const ANSWER_MEMORY_MS = 30_000;

/** Requests that one peer may have open or remembered: more than an honest one has, few enough to bound memory. */
const MAX_REMEMBERED = 256;

function keyOf(name: RequestName): string {
  return `${name.type} ${name.timestamp} ${name.stream_id ?? ""}`;
}

interface Pending<M> {
  readonly message: M;
  sendings: number;
  intervalMs: number;
  dueMs: number;
}

/** What is due: the same message once more, or the news that nobody answered. */
export type RequestOutput<M> =
  | { readonly kind: "send"; readonly message: M }
  | { readonly kind: "failed"; readonly message: M };

/** The sender's side: open requests and when to repeat them. */
export class RequestTracker<M extends RequestName> {
  readonly #pending = new Map<string, Pending<M>>();
  readonly #lastTimestamp = new Map<string, number>();

  /**
   * A timestamp for a new request of this type and stream: `unixMs`, or a millisecond more than the last one where the
   * clock has not moved. SPEC ARC-SIG-repeat-timestamps-grow.
   */
  freshTimestamp(type: string, streamId: string | undefined, unixMs: number): number {
    const key = `${type} ${streamId ?? ""}`;
    const timestamp = Math.max(Math.floor(unixMs), (this.#lastTimestamp.get(key) ?? -1) + 1);
    this.#lastTimestamp.set(key, timestamp);
    return timestamp;
  }

  /** Opens a request that has just been sent for the first time. */
  sent(message: M, firstIntervalMs: number, nowMs: number): void {
    this.#pending.set(keyOf(message), {
      message,
      sendings: 1,
      intervalMs: firstIntervalMs,
      dueMs: nowMs + firstIntervalMs,
    });
  }

  /** Closes the request that an answer names and returns it; undefined when there is none (late or foreign answer). */
  answered(name: RequestName): M | undefined {
    const key = keyOf(name);
    const found = this.#pending.get(key);
    this.#pending.delete(key);
    return found?.message;
  }

  /** The open request of a type, where there can be only one (CONNECT, KEY_ROTATE). */
  open(type: M["type"]): M | undefined {
    for (const { message } of this.#pending.values()) if (message.type === type) return message;
    return undefined;
  }

  /** Makes every open request due at once: the transport has come back. */
  hurry(nowMs: number): void {
    for (const pending of this.#pending.values()) pending.dueMs = Math.min(pending.dueMs, nowMs);
  }

  /** Forgets all open requests: the session is over. */
  clear(): void {
    this.#pending.clear();
  }

  /** The next thing that is due at `nowMs`; call until undefined. */
  poll(nowMs: number): RequestOutput<M> | undefined {
    for (const [key, pending] of this.#pending) {
      if (pending.dueMs > nowMs) continue;
      if (pending.sendings === MAX_SENDINGS) {
        this.#pending.delete(key);
        return { kind: "failed", message: pending.message };
      }
      pending.sendings++;
      pending.intervalMs *= 2;
      pending.dueMs = nowMs + pending.intervalMs;
      return { kind: "send", message: pending.message };
    }
    return undefined;
  }

  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#pending.values()) if (next === undefined || dueMs < next) next = dueMs;
    return next;
  }
}

/** The receiver's side: what was answered to whom in the last 30 seconds. */
export class AnswerMemory<A> {
  /** Insertion order is age order: entries are never renewed. */
  readonly #answers = new Map<string, { readonly answer: A; readonly untilMs: number }>();

  remember(peerId: string, name: RequestName, answer: A, nowMs: number): void {
    this.#forgetOld(nowMs);
    if (this.#answers.size >= MAX_REMEMBERED) {
      const oldest = this.#answers.keys().next();
      if (!oldest.done) this.#answers.delete(oldest.value);
    }
    this.#answers.set(`${peerId} ${keyOf(name)}`, { answer, untilMs: nowMs + ANSWER_MEMORY_MS });
  }

  /** The answer that this very request got, or undefined when it is new. */
  recall(peerId: string, name: RequestName, nowMs: number): A | undefined {
    this.#forgetOld(nowMs);
    return this.#answers.get(`${peerId} ${keyOf(name)}`)?.answer;
  }

  #forgetOld(nowMs: number): void {
    for (const [key, { untilMs }] of this.#answers) {
      if (untilMs > nowMs) return;
      this.#answers.delete(key);
    }
  }
}
