/**
 * The probing of one target, without its sockets: numbers the probes, matches what comes back, keeps the figures.
 *
 * ```ts
 * const question = run.ask(plannedMs, round, nowMs);       // write question.text
 * run.sent(question, nowMs);                               // or run.unsent(question, why, nowMs)
 * run.handle(unit, nowMs);                                 // a unit came
 * run.timeout(nowMs);                                      // run.nextTimeoutMs() has come
 * for (let event = run.poll(); event !== undefined; event = run.poll()) show(event);
 * ```
 */
import { toHex } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import { NIL_UUID } from "../base/uuid.ts";
import type { JsonValue } from "../signaling/json_value.ts";
import type { ErrorMessage } from "../signaling/messages/outcome.ts";
import { DelayStatistics, SmoothedJitter } from "./delay_statistics.ts";
import { type HeartbeatSender, readReply, type Reply, writeHeartbeat } from "./heartbeat_text.ts";
import { PeerAudit, type PeerClaims, quoteValue } from "./peer_audit.ts";
import type { ProbeCounters, ProbeEvent, ProbeMethod, ProbeSummary } from "./probe_report.ts";
import { type Sample, SampleWindow } from "./sample_window.ts";

export interface ProbeRunOptions {
  readonly method: ProbeMethod;
  /** True over UDP, where answers must not be larger than questions. */
  readonly isDatagram: boolean;
  /** An answer that takes longer is late. */
  readonly waitMs: number;
  readonly sizeBytes: number;
  /** Of the heartbeats; left out: they are for the server or relay itself. */
  readonly from?: HeartbeatSender | undefined;
  /** True where {@link ProbeRun.arrived} is called for every question that arrives: losses then have a direction. */
  readonly hearsArrivals?: boolean;
  readonly rng: Rng;
  /** Turns monotonic time into Unix time; the same for the whole run. */
  readonly unixOffsetMs: number;
  /** Probes that are remembered: in flight, or answered and maybe answered again. */
  readonly window?: number;
}

/** A probe about to be sent. */
export interface Question {
  readonly sequence: number;
  readonly round: number;
  readonly plannedMs: number;
  readonly challenge: string;
  readonly timestampMs: number;
  /** The HEARTBEAT; empty for other methods. */
  readonly text: string;
}

/** How far back a wrong echo is looked for. */
const SEARCH_DEPTH = 256;

export class ProbeRun {
  readonly options: ProbeRunOptions;
  readonly counters: ProbeCounters = {
    asked: 0,
    unsent: 0,
    answered: 0,
    late: 0,
    refused: 0,
    lostUp: 0,
    lostDown: 0,
    duplicates: 0,
    duplicatesUp: 0,
    reordered: 0,
    reorderedUp: 0,
    reorderedDown: 0,
    strays: 0,
  };
  readonly fromSent = new DelayStatistics();
  readonly fromPlanned = new DelayStatistics();
  readonly sendLateness = new DelayStatistics();
  readonly oneWay = new DelayStatistics();
  readonly #jitter = new SmoothedJitter();
  readonly #window: SampleWindow;
  readonly #audit: PeerAudit;
  readonly #challenge = new Uint8Array(8);
  /** The peer's time stamp of each first answer, by sequence number modulo the window: tells directions apart. */
  readonly #responses: Float64Array;
  readonly #events: ProbeEvent[] = [];
  /** The same for all that are padded. */
  #questionBytes = 0;

  constructor(options: ProbeRunOptions) {
    this.options = options;
    this.#window = new SampleWindow(options.waitMs, options.window);
    this.#responses = new Float64Array(this.#window.capacity).fill(NaN);
    const { isDatagram, from, unixOffsetMs } = options;
    this.#audit = new PeerAudit({ isDatagram, sessionId: from?.sessionId ?? NIL_UUID, unixOffsetMs });
  }

  /** Probes that may still be answered in time. */
  get pending(): number {
    return this.#window.pending;
  }

  ask(plannedMs: number, round: number, nowMs: number): Question {
    const { method, rng, sizeBytes, from, unixOffsetMs } = this.options;
    const sequence = this.#window.nextSequence;
    const timestampMs = Math.floor(nowMs + unixOffsetMs);
    if (method !== "heartbeat") return { sequence, round, plannedMs, challenge: "", timestampMs, text: "" };
    const challenge = toHex(rng.fill(this.#challenge));
    const text = writeHeartbeat({ from, sequence, challenge, timestampMs }, sizeBytes);
    this.#questionBytes = text.length;
    return { sequence, round, plannedMs, challenge, timestampMs, text };
  }

  /** The question has left; `sentMs` was read right before. */
  sent(question: Question, sentMs: number): void {
    this.counters.asked++;
    const { sequence, round, plannedMs, timestampMs, challenge } = question;
    this.#window.add({ sequence, round, plannedMs, sentMs, timestampMs, challenge }, true);
    this.sendLateness.record(Math.max(0, sentMs - plannedMs));
  }

  unsent(question: Question, why: string, nowMs: number): void {
    this.counters.asked++;
    this.counters.unsent++;
    const { sequence, round, plannedMs, timestampMs, challenge } = question;
    this.#window.add({ sequence, round, plannedMs, sentMs: nowMs, timestampMs, challenge }, false);
    this.#events.push({ kind: "unsent", sequence, plannedMs, why });
  }

  /** A unit has come over the probe's connection. Bytes are borrowed. */
  handle(unit: string | Uint8Array, receivedMs: number): void {
    const reply = readReply(unit);
    switch (reply.kind) {
      case "ack":
      case "bad_ack":
        this.#onAck(reply, receivedMs);
        break;
      case "error":
        this.#onError(reply.error);
        break;
      case "other":
        this.counters.strays++;
    }
    for (let finding = this.#audit.poll(); finding !== undefined; finding = this.#audit.poll()) {
      this.#events.push({ kind: "finding", finding });
    }
  }

  /** An answer without text: a pong, a connection. */
  echo(sequence: number, receivedMs: number): void {
    this.#takeAnswer(sequence, receivedMs, 0, NaN);
  }

  /** The question with this number and challenge has arrived at the other end, by our own clock. */
  arrived(sequence: number, challenge: string, atMs: number): void {
    if (this.#window.find(sequence)?.challenge !== challenge) return;
    const sample = this.#window.arrive(sequence);
    if (sample === undefined) return;
    this.oneWay.record(atMs - sample.sentMs);
    if (!this.#window.hasTimedOut(sequence)) return;
    this.counters.lostUp--;
    this.counters.lostDown++;
  }

  /** The probe has failed for good before its time: a connection was refused. */
  refuse(sequence: number, code: string, message: string): void {
    if (!this.#window.refuse(sequence)) return void this.counters.strays++;
    this.counters.refused++;
    this.#events.push({ kind: "refused", sequence, code, message });
  }

  timeout(nowMs: number): void {
    for (let sample = this.#window.expire(nowMs); sample !== undefined; sample = this.#window.expire(nowMs)) {
      const { sequence, plannedMs, sentMs } = sample;
      this.#countLost(sequence, 1);
      this.#events.push({ kind: "timeout", sequence, plannedMs, sentMs });
    }
  }

  nextTimeoutMs(): number | undefined {
    return this.#window.nextTimeoutMs();
  }

  poll(): ProbeEvent | undefined {
    return this.#events.shift();
  }

  summary(): ProbeSummary {
    const { asked, answered } = this.counters;
    const decided = asked - this.pending;
    const lost = decided - answered;
    return {
      method: this.options.method,
      counters: { ...this.counters },
      lost,
      lossRatio: decided === 0 ? undefined : lost / decided,
      fromSent: this.fromSent.summary(),
      fromPlanned: this.fromPlanned.summary(),
      sendLateness: this.sendLateness.summary(),
      oneWay: this.oneWay.summary(),
      jitterMs: this.#jitter.jitterMs,
      claims: this.#claims(),
    };
  }

  #claims(): PeerClaims | undefined {
    if (this.options.method !== "heartbeat") return undefined;
    const { claims } = this.#audit;
    // The other end is ours, and so is its clock: there is nothing to be found out about it.
    return this.options.hearsArrivals ? { ...claims, clock: undefined, timestampUnit: undefined } : claims;
  }

  #onAck(reply: Extract<Reply, { kind: "ack" | "bad_ack" }>, receivedMs: number): void {
    const json = reply.kind === "ack" ? reply.ack : reply.json;
    const sample = this.#matchAck(json);
    if (sample === undefined) return void this.counters.strays++;
    const response = json.response_timestamp;
    const isFirst = this.#takeAnswer(
      sample.sequence,
      receivedMs,
      reply.bytes,
      typeof response === "number" ? response : NaN,
    );
    if (isFirst) this.#audit.handle({ sample, reply, receivedMs, questionBytes: this.#questionBytes });
  }

  /** The probe that an answer belongs to: its sequence says so and its challenge proves it. */
  #matchAck(ack: { readonly sequence?: JsonValue; readonly challenge?: JsonValue | undefined }): Sample | undefined {
    const bySequence = typeof ack.sequence === "number" ? this.#window.find(ack.sequence) : undefined;
    if (bySequence !== undefined && ack.challenge === bySequence.challenge) return bySequence;
    const byChallenge = typeof ack.challenge === "string"
      ? this.#window.findLast(SEARCH_DEPTH, (sample) => sample.challenge === ack.challenge)
      : undefined;
    if (byChallenge !== undefined) {
      const detail = `expected sequence ${byChallenge.sequence}, got ${quoteValue(ack.sequence)}`;
      this.#audit.note("sequence-echo", byChallenge.sequence, detail);
      return byChallenge;
    }
    if (bySequence === undefined) {
      this.#audit.note("sequence-echo", undefined, `no heartbeat had the sequence ${quoteValue(ack.sequence)}`);
      return undefined;
    }
    const detail = `expected challenge "${bySequence.challenge}", got ${quoteValue(ack.challenge)}`;
    this.#audit.note("challenge-echo", bySequence.sequence, detail);
    return ack.challenge === undefined ? bySequence : undefined;
  }

  /** True for the first answer of a probe. */
  #takeAnswer(sequence: number, receivedMs: number, bytes: number, response: number): boolean {
    const before = this.#window.highestAnswered;
    const hadTimedOut = this.#window.hasTimedOut(sequence);
    const fit = this.#window.answer(sequence, receivedMs);
    if (fit.kind === "unknown") {
      this.counters.strays++;
      return false;
    }
    const slot = sequence % this.#window.capacity;
    if (fit.kind === "repeated") {
      this.counters.duplicates++;
      const first = this.#responses[slot];
      if (!Number.isNaN(response) && !Number.isNaN(first) && response !== first) this.counters.duplicatesUp++;
      this.#events.push({ kind: "duplicate", sequence, receivedMs });
      return false;
    }
    this.#responses[slot] = response;
    const { round, plannedMs, sentMs } = fit.sample;
    this.counters.answered++;
    if (fit.isLate) this.counters.late++;
    if (hadTimedOut) this.#countLost(sequence, -1);
    if (fit.isReordered && before !== undefined) this.#countReordered(response, before);
    this.fromSent.record(receivedMs - sentMs);
    this.fromPlanned.record(receivedMs - plannedMs);
    this.#jitter.handle(receivedMs - sentMs);
    const { isLate, isReordered } = fit;
    this.#events.push({ kind: "answer", sequence, round, plannedMs, sentMs, receivedMs, bytes, isLate, isReordered });
    return true;
  }

  #countLost(sequence: number, change: 1 | -1): void {
    if (this.options.hearsArrivals !== true) return;
    if (this.#window.hasArrived(sequence)) this.counters.lostDown += change;
    else this.counters.lostUp += change;
  }

  /** An answer overtaken by that to a later question: which of the two was answered first tells where. */
  #countReordered(response: number, overtaking: Sample): void {
    this.counters.reordered++;
    const other = this.#responses[overtaking.sequence % this.#window.capacity];
    if (response < other) this.counters.reorderedDown++;
    else if (response > other) this.counters.reorderedUp++;
  }

  #onError(error: ErrorMessage): void {
    const { in_reply_to: about } = error;
    if (about?.type !== undefined && about.type !== "HEARTBEAT") return void this.counters.strays++;
    const isMeant = (sample: Sample) =>
      this.#window.isPending(sample.sequence) &&
      (about?.timestamp === undefined || about.timestamp === sample.timestampMs);
    const sample = this.#window.findLast(SEARCH_DEPTH, isMeant);
    if (sample === undefined) return void this.counters.strays++;
    this.refuse(sample.sequence, error.code, error.message);
  }
}
