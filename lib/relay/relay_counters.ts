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

export class RelayCounters {
  receivedUnits = 0;
  receivedBytes = 0;
  /** Of the unbound: the bytes that came from addresses that proved nothing, and those that answered them. */
  strangerBytes = 0;
  strangerAnswerBytes = 0;
  /** By PR. */
  readonly forwardedUnits = new Float64Array(PRIORITIES);
  readonly forwardedBytes = new Float64Array(PRIORITIES);
  /** Units that passed the HMAC and the replay check. */
  checkedUnits = 0;
  /** Dropped because a queue was full, by PR. */
  readonly queueDrops = new Float64Array(PRIORITIES);
  readonly #drops = new Float64Array(RELAY_DROPS.length);
  readonly #messages = new Float64Array(RELAY_MESSAGES.length);

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
