/** What a relay counts. Numbers only grow; every unit that is not forwarded is counted under a reason. */
import type { FaultReason } from "../base/parsed.ts";

/** PR is 0..3. */
export const PRIORITIES = 4;

/** Why a unit went no further. The first ones are SPEC §12.3's words, the others the relay's own. */
export const RELAY_DROPS = [
  "truncated",
  "bad_version",
  "bad_value",
  "bad_context",
  "replay",
  "auth",
  "unknown_class",
  /** From an address that is not bound. SPEC ARC-RELAY-unbound-dropped. */
  "unbound",
  /** The session's other peer is not bound. SPEC ARC-RELAY-no-peer. */
  "no_peer",
  /** Larger than a unit may be, so that not every transport could carry it. */
  "too_large",
  /** A DTLS record: DTLS is for the relay itself, which does not speak it. */
  "dtls",
  /** A queue was full. SPEC ARC-RELAY-priority-drop. */
  "queue",
  /** Its receiver went away while it waited. */
  "undeliverable",
  /** Too many plain messages from its source. */
  "message_rate",
  /** A plain message for the relay that cannot be answered: malformed, not allowed there, or of no use. */
  "message",
  /** A HEARTBEAT without room for its answer. SPEC ARC-RELAY-nil-heartbeat-size. */
  "answer_larger",
  /** A HEARTBEAT of a stranger to a relay that drains. SPEC ARC-RELAY-draining. */
  "draining",
  /** RELAY_KEYS that came in the clear. SPEC ARC-RELAY-keys-secure. */
  "keys_insecure",
  /** More answers than could be sent. */
  "answer_queue",
] as const;

export type RelayDrop = (typeof RELAY_DROPS)[number];

/** What became of messages to the relay itself. */
export const RELAY_MESSAGES = ["challenge", "bound", "unbound", "keys", "heartbeat", "error"] as const;

export type RelayMessageCount = (typeof RELAY_MESSAGES)[number];

const DROP_SLOT = new Map<string, number>(RELAY_DROPS.map((reason, slot) => [reason, slot]));
const BAD_VALUE_SLOT = RELAY_DROPS.indexOf("bad_value");
const MESSAGE_SLOT = new Map<string, number>(RELAY_MESSAGES.map((name, slot) => [name, slot]));

const SINGLES = 5;

/** Numbers that {@link RelayCounters} holds. */
export const RELAY_COUNTER_SLOTS = SINGLES + 3 * PRIORITIES + RELAY_DROPS.length + RELAY_MESSAGES.length;

export class RelayCounters {
  /** By PR. */
  readonly forwardedUnits: Float64Array;
  readonly forwardedBytes: Float64Array;
  /** Dropped because a queue was full, by PR. */
  readonly queueDrops: Float64Array;
  readonly #singles: Float64Array;
  readonly #drops: Float64Array;
  readonly #messages: Float64Array;

  /** Counts in `slots`, {@link RELAY_COUNTER_SLOTS} numbers of the caller's: memory that another thread reads, or a sum. */
  constructor(slots: Float64Array = new Float64Array(RELAY_COUNTER_SLOTS)) {
    let at = 0;
    const next = (count: number) => slots.subarray(at, at += count);
    this.#singles = next(SINGLES);
    this.forwardedUnits = next(PRIORITIES);
    this.forwardedBytes = next(PRIORITIES);
    this.queueDrops = next(PRIORITIES);
    this.#drops = next(RELAY_DROPS.length);
    this.#messages = next(RELAY_MESSAGES.length);
  }

  get receivedUnits(): number {
    return this.#singles[0];
  }

  get receivedBytes(): number {
    return this.#singles[1];
  }

  /** Bytes that came from addresses that are not bound. */
  get strangerBytes(): number {
    return this.#singles[2];
  }

  /** Bytes that answered them. */
  get strangerAnswerBytes(): number {
    return this.#singles[3];
  }

  /** Units that passed the HMAC and the replay check. */
  get checkedUnits(): number {
    return this.#singles[4];
  }

  received(bytes: number): void {
    this.#singles[0]++;
    this.#singles[1] += bytes;
  }

  stranger(bytes: number): void {
    this.#singles[2] += bytes;
  }

  strangerAnswer(bytes: number): void {
    this.#singles[3] += bytes;
  }

  checked(): void {
    this.#singles[4]++;
  }

  /** Counts a unit that goes no further; a fault that no header can have counts as `bad_value`. */
  drop(reason: RelayDrop | FaultReason): void {
    this.#drops[DROP_SLOT.get(reason) ?? BAD_VALUE_SLOT]++;
  }

  queueDrop(priority: number): void {
    this.queueDrops[priority]++;
    this.drop("queue");
  }

  message(name: RelayMessageCount): void {
    this.#messages[MESSAGE_SLOT.get(name) ?? 0]++;
  }

  forwarded(priority: number, bytes: number): void {
    this.forwardedUnits[priority]++;
    this.forwardedBytes[priority] += bytes;
  }

  dropsOf(reason: RelayDrop): number {
    return this.#drops[DROP_SLOT.get(reason) ?? BAD_VALUE_SLOT];
  }

  messagesOf(name: RelayMessageCount): number {
    return this.#messages[MESSAGE_SLOT.get(name) ?? 0];
  }
}
