/** Holds a peer's answers against each other and against our own measurement, and names what is wrong. */
import { formatHostPort } from "../base/address_table.ts";
import type { JsonValue } from "../signaling/json_value.ts";
import { shorten } from "../signaling/json_path.ts";
import type { HeartbeatAck } from "../signaling/messages/heartbeat.ts";
import type { ClockEstimate } from "./clock_bounds.ts";
import { type Finding, type FindingId, FindingLog } from "./finding.ts";
import type { Reply } from "./heartbeat_text.ts";
import { type ClockEvent, PeerClock, type TimeUnit, unitOf } from "./peer_clock.ts";
import type { Sample } from "./sample_window.ts";

/** Drift that is worth a word, millionths: crystals stay below 100. */
const NOTABLE_DRIFT_PPM = 200;

export interface PeerClaims {
  /** Answers that were looked at. */
  readonly checked: number;
  readonly findings: readonly Finding[];
  readonly clock: ClockEstimate | undefined;
  readonly clockSteps: number;
  readonly timestampUnit: TimeUnit | undefined;
  /** Where the peer sees us, as it said last. */
  readonly observed: string | undefined;
}

/** An answer that has been matched to its probe. */
export interface AuditedAnswer {
  readonly sample: Sample;
  readonly reply: Extract<Reply, { kind: "ack" | "bad_ack" }>;
  readonly receivedMs: number;
  /** Bytes of the heartbeat that it answers. */
  readonly questionBytes: number;
}

export class PeerAudit {
  readonly #isDatagram: boolean;
  readonly #sessionId: string;
  readonly #unixOffsetMs: number;
  readonly #log = new FindingLog();
  readonly #clock = new PeerClock();
  #checked = 0;
  #observed: string | undefined;
  readonly #fresh: FindingId[] = [];

  /** `unixOffsetMs` turns monotonic times into Unix times, and must stay the same: our own clock may not step. */
  constructor(options: {
    readonly isDatagram: boolean;
    readonly sessionId: string;
    readonly unixOffsetMs: number;
  }) {
    this.#isDatagram = options.isDatagram;
    this.#sessionId = options.sessionId;
    this.#unixOffsetMs = options.unixOffsetMs;
  }

  get claims(): PeerClaims {
    return {
      checked: this.#checked,
      findings: this.#log.list(),
      clock: this.#clock.estimate(),
      clockSteps: this.#clock.steps,
      timestampUnit: this.#clock.unit,
      observed: this.#observed,
    };
  }

  /** The next finding that had not been seen before; undefined when there is none. */
  poll(): Finding | undefined {
    const id = this.#fresh.shift();
    return id === undefined ? undefined : this.#log.get(id);
  }

  note(id: FindingId, sequence: number | undefined, detail: string): void {
    if (this.#log.add(id, sequence, detail)) this.#fresh.push(id);
  }

  /** Looks at the answer to one probe, the first one only. */
  handle({ sample, reply, receivedMs, questionBytes }: AuditedAnswer): void {
    this.#checked++;
    const { sequence } = sample;
    if (this.#isDatagram && reply.bytes > questionBytes) {
      this.note("answer-larger", sequence, `${reply.bytes} bytes answer ${questionBytes}`);
    }
    const at = { sentUnixMs: sample.sentMs + this.#unixOffsetMs, receivedUnixMs: receivedMs + this.#unixOffsetMs };
    if (reply.kind === "bad_ack") {
      this.note("bad-answer", sequence, reply.fault.message);
      this.#judgeUnit(sequence, reply.json.response_timestamp, at.receivedUnixMs);
      return;
    }
    this.#judgeEchoes(sample, reply.ack);
    this.#judgeObserved(sequence, reply.ack.observed);
    const { response_timestamp: responseTimestamp } = reply.ack;
    this.#judgeUnit(sequence, responseTimestamp, at.receivedUnixMs);
    const event = this.#clock.handle({ sequence, responseTimestamp, ...at });
    if (event !== undefined) this.#judgeClock(event);
    this.#judgeDrift(sequence);
  }

  #judgeEchoes(sample: Sample, ack: HeartbeatAck): void {
    const { sequence } = sample;
    if (ack.session_id !== this.#sessionId) {
      this.note("session-echo", sequence, `expected session_id ${this.#sessionId}, got ${ack.session_id}`);
    }
    if (ack.original_timestamp !== sample.timestampMs) {
      this.note("timestamp-echo", sequence, `expected ${sample.timestampMs}, got ${ack.original_timestamp}`);
    }
    const latency = ack.response_timestamp - ack.original_timestamp;
    if (ack.latency_ms !== latency) {
      const sum = `${ack.response_timestamp} - ${ack.original_timestamp} is ${latency}`;
      this.note("latency-sum", sequence, `${sum}, latency_ms ${ack.latency_ms}`);
    }
  }

  #judgeObserved(sequence: number, observed: HeartbeatAck["observed"]): void {
    if (observed === undefined) {
      if (this.#isDatagram) this.note("observed-missing", sequence, "no observed in the HEARTBEAT_ACK");
      return;
    }
    const address = formatHostPort({ host: observed.ip, port: observed.port });
    if (this.#observed !== undefined && address !== this.#observed) {
      this.note("observed-changed", sequence, `from ${this.#observed} to ${address}`);
    }
    this.#observed = address;
  }

  #judgeUnit(sequence: number, timestamp: JsonValue | undefined, nowUnixMs: number): void {
    if (typeof timestamp !== "number") return;
    const unit = unitOf(timestamp, nowUnixMs);
    if (unit === "ms") return;
    const seems = unit === "unknown" ? "no Unix time in any unit" : `Unix time in ${UNIT_WORDS[unit]}`;
    this.note("timestamp-unit", sequence, `response_timestamp ${timestamp} is ${seems}`);
  }

  #judgeClock(event: ClockEvent): void {
    switch (event.kind) {
      case "step": {
        const [least, most] = [event.leastMs, event.mostMs].map(signedMs);
        return this.note("clock-step", event.sequence, `the clock jumped by ${least} to ${most} ms`);
      }
      case "outlier":
        return this.note("clock-outlier", event.sequence, `${signedMs(event.offByMs)} ms beside what is possible`);
      case "stuck":
        return this.note("clock-stuck", event.sequence, `the same for ${Math.round(event.sinceMs)} ms`);
    }
  }

  #judgeDrift(sequence: number): void {
    // Estimates cost a few thousand steps: not for every answer of a flood.
    if (this.#checked % 16 !== 0 || this.#log.get("clock-drift") !== undefined) return;
    const { driftPpm, driftUncertaintyPpm } = this.#clock.estimate() ?? {};
    if (driftPpm === undefined || driftUncertaintyPpm === undefined) return;
    if (Math.abs(driftPpm) - driftUncertaintyPpm <= NOTABLE_DRIFT_PPM) return;
    this.note("clock-drift", sequence, `${Math.round(driftPpm)} ± ${Math.round(driftUncertaintyPpm)} millionths`);
  }
}

const UNIT_WORDS = { s: "seconds", us: "microseconds", ns: "nanoseconds" } as const;

function signedMs(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${Math.abs(ms).toFixed(Math.abs(ms) < 100 ? 1 : 0)}`;
}

/** A value out of a foreign answer, as findings quote it. */
export function quoteValue(value: JsonValue | undefined): string {
  return value === undefined ? "none" : shorten(JSON.stringify(value), 40);
}
