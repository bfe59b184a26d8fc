/** What a peer's answers can be wrong in: one name each, with the rule that it breaks. */

export interface FindingKind {
  /** Requirement of SPEC.md; undefined where the protocol asks for nothing, but no measurement can be right. */
  readonly requirement: string | undefined;
  readonly meaning: string;
}

export const FINDING_KINDS = {
  "bad-answer": {
    requirement: "ARC-SIG-heartbeat-ack-fields",
    meaning: "A HEARTBEAT_ACK lacks a field, or has one out of its type or bounds.",
  },
  "sequence-echo": {
    requirement: "ARC-SIG-heartbeat-answer",
    meaning: "A HEARTBEAT_ACK has a sequence that its heartbeat did not have.",
  },
  "challenge-echo": {
    requirement: "ARC-SIG-heartbeat-answer",
    meaning: "A HEARTBEAT_ACK lacks the heartbeat's challenge or has another one; with another it counts as no answer.",
  },
  "timestamp-echo": {
    requirement: "ARC-SIG-heartbeat-answer",
    meaning: "original_timestamp is not the heartbeat's timestamp.",
  },
  "session-echo": {
    requirement: "ARC-TRANSPORT-server-nil-heartbeat",
    meaning: "A HEARTBEAT was answered for another session_id.",
  },
  "latency-sum": {
    requirement: "ARC-SIG-heartbeat-latency",
    meaning: "latency_ms is not response_timestamp less original_timestamp.",
  },
  "timestamp-unit": {
    requirement: "ARC-SIG-json-time",
    meaning: "response_timestamp is not in milliseconds since the Unix epoch.",
  },
  "clock-step": {
    requirement: undefined,
    meaning: "The peer's clock jumped, by more than drift and the answers' own time allow.",
  },
  "clock-outlier": {
    requirement: undefined,
    meaning:
      "A single response_timestamp lies where the peer's clock cannot have been: before its question or behind it.",
  },
  "clock-stuck": {
    requirement: undefined,
    meaning: "response_timestamp stays the same while time passes.",
  },
  "clock-drift": {
    requirement: undefined,
    meaning: "The peer's clock runs faster or slower than ours by more than 200 millionths.",
  },
  "answer-larger": {
    requirement: "ARC-RELAY-nil-heartbeat-size",
    meaning: "Over UDP the answer is larger than its question: others can be attacked through this peer.",
  },
  "observed-missing": {
    requirement: "ARC-RELAY-nil-heartbeat",
    meaning: "Over UDP the answer does not say where the question came from.",
  },
  "observed-changed": {
    requirement: undefined,
    meaning: "The address that the peer sees changed: a NAT on the way has bound anew.",
  },
} as const satisfies Readonly<Record<string, FindingKind>>;

export type FindingId = keyof typeof FINDING_KINDS;

export const FINDING_IDS = Object.keys(FINDING_KINDS) as readonly FindingId[];

export interface Finding {
  readonly id: FindingId;
  readonly requirement: string | undefined;
  readonly count: number;
  /** Of the first answer that showed it; undefined where it was no answer to a heartbeat of ours. */
  readonly firstSequence: number | undefined;
  /** What was expected and what came, in the first such answer. */
  readonly detail: string;
}

/** Counts findings by kind; the first of a kind keeps its detail. */
export class FindingLog {
  readonly #findings = new Map<FindingId, Finding>();

  /** True for the first of its kind. */
  add(id: FindingId, firstSequence: number | undefined, detail: string): boolean {
    const known = this.#findings.get(id);
    const { requirement } = FINDING_KINDS[id];
    this.#findings.set(
      id,
      known === undefined ? { id, requirement, count: 1, firstSequence, detail } : { ...known, count: known.count + 1 },
    );
    return known === undefined;
  }

  get(id: FindingId): Finding | undefined {
    return this.#findings.get(id);
  }

  /** In the order of {@link FINDING_KINDS}. */
  list(): readonly Finding[] {
    return FINDING_IDS.flatMap((id) => this.#findings.get(id) ?? []);
  }
}
