/** One path: when it is probed, whether it is valid, how fast it is (SPEC 7.1, 7.2). */
import type { PathCandidate } from "./path_candidate.ts";

/** SPEC ARC-PATH-probe-interval. */
const PROBE_INTERVAL_MS = 50;
const PROBE_BURST_MS = 500;
const MAX_PROBE_INTERVAL_MS = 10_000;
/** SPEC ARC-PATH-keepalive, ARC-PATH-keepalive-fast. */
const KEEPALIVE_MS = 1000;
const SILENCE_MS = 500;
const KEEPALIVE_FAST_MS = 100;
/** Valid paths that are not in use: often enough that a failover finds them alive. */
const STANDBY_MS = 5000;
/** SPEC ARC-PATH-down. */
const MAX_UNANSWERED = 3;
/** A heartbeat counts as unanswered after twice the round trip, and not before this. */
const MIN_ANSWER_MS = 200;
/** Without a measured round trip: what a path around the world and a busy peer take. */
const DEFAULT_ANSWER_MS = 500;
/** Heartbeats whose answers are still waited for. */
const MAX_OUTSTANDING = 32;
/** The least round trip is looked for anew after so long: routes change. */
const MIN_RTT_MEMORY_MS = 30_000;

export interface HeartbeatAnswer {
  readonly challenge: string;
  readonly responseUnixMs: number;
}

export class PathProbe {
  readonly candidate: PathCandidate;
  /** The address was learned from a heartbeat, not offered. */
  readonly wasHeard: boolean;
  /** Smoothed as TCP does it (RFC 6298 §2, without the variance); undefined before the first answer. */
  rttMs: number | undefined = undefined;
  clockOffsetMs: number | undefined = undefined;
  lastReceivedMs: number;
  /** The last answer made the path valid. */
  becameValid = false;
  /** Probes of the present burst, until somebody is told that none was answered. */
  #unansweredProbes = 0;
  #isValid = false;
  #nextProbeMs: number;
  #probeIntervalMs = PROBE_INTERVAL_MS;
  #probingSinceMs: number;
  #lastSentMs = -Infinity;
  /** Challenge -> when it was sent, oldest first. */
  readonly #outstanding = new Map<string, number>();
  #leastRttMs = Infinity;
  #leastRttAtMs = -Infinity;

  constructor(candidate: PathCandidate, wasHeard: boolean, nowMs: number) {
    this.candidate = candidate;
    this.wasHeard = wasHeard;
    this.lastReceivedMs = nowMs;
    this.#nextProbeMs = nowMs;
    this.#probingSinceMs = nowMs;
  }

  get isValid(): boolean {
    return this.#isValid;
  }

  /** When the next heartbeat is due. */
  dueMs(inUse: boolean): number {
    if (!this.#isValid) return this.#nextProbeMs;
    if (!inUse) return this.#lastSentMs + STANDBY_MS;
    const silentFromMs = this.lastReceivedMs + SILENCE_MS;
    const fastMs = Math.max(silentFromMs, this.#lastSentMs + KEEPALIVE_FAST_MS);
    return Math.min(this.#lastSentMs + KEEPALIVE_MS, fastMs);
  }

  sent(challenge: string, nowMs: number): void {
    this.#lastSentMs = nowMs;
    this.#outstanding.set(challenge, nowMs);
    for (const [oldest] of this.#outstanding) {
      if (this.#outstanding.size <= MAX_OUTSTANDING) break;
      this.#outstanding.delete(oldest);
    }
    if (this.#isValid) return;
    this.#unansweredProbes++;
    if (nowMs - this.#probingSinceMs >= PROBE_BURST_MS) {
      this.#probeIntervalMs = Math.min(MAX_PROBE_INTERVAL_MS, 2 * this.#probeIntervalMs);
    }
    this.#nextProbeMs = nowMs + this.#probeIntervalMs;
  }

  /** Takes an answer; false when it is to no challenge of ours on this path (SPEC ARC-PATH-validated-only). */
  answered({ challenge, responseUnixMs }: HeartbeatAnswer, nowMs: number, unixOffsetMs: number): boolean {
    const sentMs = this.#outstanding.get(challenge);
    if (sentMs === undefined) return false;
    // Heartbeats before this one are answered in effect: the path carries.
    for (const [earlier, earlierMs] of this.#outstanding) {
      if (earlierMs > sentMs) break;
      this.#outstanding.delete(earlier);
    }
    const rttMs = nowMs - sentMs;
    this.rttMs = this.rttMs === undefined ? rttMs : this.rttMs + (rttMs - this.rttMs) / 8;
    if (rttMs <= this.#leastRttMs || nowMs - this.#leastRttAtMs > MIN_RTT_MEMORY_MS) {
      this.#leastRttMs = rttMs;
      this.#leastRttAtMs = nowMs;
      this.clockOffsetMs = responseUnixMs - ((sentMs + nowMs) / 2 + unixOffsetMs);
    }
    this.lastReceivedMs = nowMs;
    this.becameValid = !this.#isValid;
    this.#unansweredProbes = 0;
    this.#isValid = true;
    return true;
  }

  /** How many probes of a burst that is over stay without answer; told once, otherwise 0. */
  takeUnanswered(nowMs: number): number {
    const isNews = !this.#isValid && nowMs - this.#probingSinceMs >= PROBE_BURST_MS;
    if (!isNews || this.#probingSinceMs === -Infinity) return 0;
    this.#probingSinceMs = -Infinity;
    return this.#unansweredProbes;
  }

  received(nowMs: number): void {
    this.lastReceivedMs = nowMs;
  }

  /** The other peer probes this path: a probe of ours has good chances now, however long the next would wait. */
  heard(nowMs: number): void {
    this.received(nowMs);
    if (this.#isValid) return;
    this.#nextProbeMs = Math.min(this.#nextProbeMs, Math.max(nowMs, this.#lastSentMs + PROBE_INTERVAL_MS));
  }

  /** Three heartbeats in a row were sent after the last sign of life, and had time to be answered. */
  isDown(nowMs: number): boolean {
    if (!this.#isValid) return false;
    const answerMs = this.rttMs === undefined ? DEFAULT_ANSWER_MS : Math.max(MIN_ANSWER_MS, 2 * this.rttMs);
    let unanswered = 0;
    for (const sentMs of this.#outstanding.values()) {
      if (sentMs > this.lastReceivedMs && nowMs - sentMs >= answerMs) unanswered++;
    }
    return unanswered >= MAX_UNANSWERED;
  }

  /** The path is down: it is probed like a new one, but not in a burst. */
  invalidate(nowMs: number): void {
    this.#isValid = false;
    this.#outstanding.clear();
    this.#probingSinceMs = -Infinity;
    this.#probeIntervalMs = PROBE_INTERVAL_MS;
    this.#nextProbeMs = nowMs;
  }

  /** Starts over with a burst of probes, unless it is valid. */
  probeAgain(nowMs: number): void {
    if (this.#isValid) return;
    this.#unansweredProbes = 0;
    this.#probingSinceMs = nowMs;
    this.#probeIntervalMs = PROBE_INTERVAL_MS;
    this.#nextProbeMs = nowMs;
  }
}
