/**
 * The receiver's side of the bandwidth estimate: notes when packets with a transport-wide sequence number arrived and makes
 * the feedback of it, at least each 50 ms while media flows (SPEC ARC-RTCP-transport-feedback asks for 100 ms).
 */
import type { FeedbackSources } from "../packet/rtcp/feedback.ts";
import {
  buildTransportFeedback,
  type TransportArrival,
  type TransportFeedback,
} from "../packet/rtcp/transport_feedback.ts";
import { nearest } from "../base/serial.ts";

export const FEEDBACK_INTERVAL_MS = 50;

/** Arrivals held between two feedbacks; the next ones make feedback due at once. */
const MAX_PENDING = 1024;
/** A packet this far behind or ahead of the rest is no reordering: the numbering is taken up anew from it. */
const MAX_DISTANCE = 4096;

/** One collector per direction of a session. Memory is bounded. */
export class TransportFeedbackCollector {
  #pending: TransportArrival[] = [];
  #isSorted = true;
  #highest = NaN;
  /** First sequence number that no feedback has told of. */
  #nextToReport = NaN;
  #dueMs = Infinity;
  #feedbackCount8 = 0;

  /** Notes a packet; answers false for one that had to be left out because `poll` was not called. */
  handle(sequence16: number, nowMs: number): boolean {
    if (this.#pending.length === MAX_PENDING) return false;
    let sequence = Number.isNaN(this.#highest) ? NaN : nearest(sequence16, this.#highest, 16);
    if (!(Math.abs(sequence - this.#highest) <= MAX_DISTANCE)) sequence = this.#beginAt(sequence16);
    if (sequence > this.#highest) this.#highest = sequence;
    else if (this.#pending.length > 0) this.#isSorted = false;
    this.#pending.push({ sequence, arrivalUs: Math.max(0, nowMs * 1000) });
    const dueMs = this.#pending.length === MAX_PENDING ? nowMs : nowMs + FEEDBACK_INTERVAL_MS;
    this.#dueMs = Math.min(this.#dueMs, dueMs);
    return true;
  }

  /** Forgets what is pending, whose numbers mean nothing beside the new one. */
  #beginAt(sequence16: number): number {
    // A cycle up, so that packets just before the first one have numbers too.
    const sequence = sequence16 + 0x1_0000;
    this.#pending = [];
    this.#isSorted = true;
    this.#highest = sequence;
    this.#nextToReport = sequence;
    return sequence;
  }

  nextTimeoutMs(): number | undefined {
    return this.#dueMs === Infinity ? undefined : this.#dueMs;
  }

  /** The feedback that is due, one packet unless times or numbers are far apart; an empty list before its time. */
  poll(sources: FeedbackSources, nowMs: number): TransportFeedback[] {
    if (nowMs < this.#dueMs) return [];
    let arrivals = this.#pending;
    if (!this.#isSorted) {
      arrivals.sort((a, b) => a.sequence - b.sequence);
      arrivals = arrivals.filter(({ sequence }, i) => i === 0 || sequence !== arrivals[i - 1].sequence);
    }
    this.#pending = [];
    this.#isSorted = true;
    this.#dueMs = Infinity;
    const feedbacks: TransportFeedback[] = [];
    while (arrivals.length > 0) {
      // A late packet, already told of as lost, is told of again: feedback then begins with it.
      const base = Math.min(this.#nextToReport, arrivals[0].sequence);
      const { feedback, taken } = buildTransportFeedback(sources, this.#feedbackCount8, base, arrivals);
      this.#feedbackCount8 = (this.#feedbackCount8 + 1) & 0xff;
      this.#nextToReport = Math.max(this.#nextToReport, arrivals[taken - 1].sequence + 1);
      arrivals = arrivals.slice(taken);
      feedbacks.push(feedback);
    }
    return feedbacks;
  }
}
