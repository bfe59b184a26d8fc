/**
 * Whether relays can be used, seen from a signaling server: asks each with a HEARTBEAT for the relay itself (nil
 * session_id, SPEC ARC-RELAY-nil-heartbeat) and takes what it reports of its load. No sockets and no clock:
 *
 * ```
 *          answer                   3 questions in a row without an answer
 * unknown ---------> up, draining ----------------------------------------> down
 *    |                     ^                                                ^  |
 *    |                     +-------------------- answer --------------------|--+
 *    +--------- 3 questions in a row without an answer ---------------------+
 * ```
 *
 * Relays are numbered 0..count-1. A relay that falls silent is down within four intervals: the first question may have
 * been answered just before.
 */
import { toHex } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import { loadClassOf } from "./relay_selection.ts";

/** `unknown` until the first answer; `draining` is a relay whose report says that it takes no new sessions. */
export type RelayCondition = "unknown" | "up" | "draining" | "down";

/** What a relay says of itself. SPEC ARC-RELAY-status. */
export interface RelayReport {
  /** Share of its tightest limit in use, 0..1. */
  readonly load: number;
  readonly isDraining: boolean;
}

export type RelayHealthOutput =
  /** A HEARTBEAT with the nil session_id is to go to the relay, padded so that the relay may answer. */
  | {
    readonly kind: "ask";
    readonly relay: number;
    readonly sequence: number;
    /** 16 hexadecimal digits, new for each. SPEC ARC-SIG-heartbeat-sender-fields. */
    readonly challenge: string;
    readonly timestampMs: number;
  }
  | { readonly kind: "changed"; readonly relay: number; readonly condition: RelayCondition };

export interface RelayHealthOptions {
  /** How many relays there are. */
  readonly count: number;
  readonly rng: Rng;
  /** Unix milliseconds = `nowMs` + this. */
  readonly unixOffsetMs: number;
  /** When the first questions go out. */
  readonly nowMs: number;
  /** Between two questions to one relay; a second where it is left out. */
  readonly intervalMs?: number;
}

export const DEFAULT_INTERVAL_MS = 1000;

/** One or two may be lost on the way; a relay that is gone must not be handed out for 5 s. */
const MISSES_TO_DOWN = 3;

interface Watched {
  /** As last told. */
  condition: RelayCondition;
  answers: "unknown" | "yes" | "no";
  /** Questions in a row that have waited an interval or longer. */
  missed: number;
  /** The last few without an answer, the oldest first: an answer to any of them will do. */
  readonly open: { readonly challenge: string; readonly sentMs: number }[];
  sequence: number;
  dueMs: number;
  rttMs: number | undefined;
  report: RelayReport | undefined;
  loadClass: number;
}

export class RelayHealthState {
  readonly #options: RelayHealthOptions;
  readonly #intervalMs: number;
  readonly #relays: readonly Watched[];
  readonly #outputs: RelayHealthOutput[] = [];

  constructor(options: RelayHealthOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS;
    this.#relays = Array.from({ length: options.count }, (): Watched => ({
      condition: "unknown",
      answers: "unknown",
      missed: 0,
      open: [],
      sequence: 0,
      dueMs: options.nowMs,
      rttMs: undefined,
      report: undefined,
      loadClass: 0,
    }));
  }

  /** What is to be carried out or told; call until undefined after every other call. */
  poll(): RelayHealthOutput | undefined {
    return this.#outputs.shift();
  }

  /** When {@link timeout} has something to do; undefined without relays. */
  nextTimeoutMs(): number | undefined {
    let nextMs: number | undefined;
    for (const { dueMs } of this.#relays) if (nextMs === undefined || dueMs < nextMs) nextMs = dueMs;
    return nextMs;
  }

  /** Asks those whose time has come, and gives up those who have not answered. */
  timeout(nowMs: number): void {
    for (const [relay, watched] of this.#relays.entries()) {
      if (nowMs < watched.dueMs) continue;
      // Counted when the next one is due, so that a process that was held up has missed one answer and not all of them.
      if (watched.open.length > 0) watched.missed++;
      if (watched.missed >= MISSES_TO_DOWN) this.#giveUp(watched);
      this.#settle(relay, watched);
      this.#ask(relay, watched, nowMs);
    }
  }

  #giveUp(watched: Watched): void {
    watched.answers = "no";
    watched.rttMs = undefined;
    // A relay that drains is silent, and says why in its report only.
    if (watched.report?.isDraining !== true) forgetReport(watched);
  }

  #ask(relay: number, watched: Watched, nowMs: number): void {
    const challenge = toHex(this.#options.rng.fill(new Uint8Array(8)));
    watched.open.push({ challenge, sentMs: nowMs });
    if (watched.open.length > MISSES_TO_DOWN) watched.open.shift();
    watched.dueMs = nowMs + this.#intervalMs;
    const timestampMs = Math.floor(nowMs + this.#options.unixOffsetMs);
    this.#outputs.push({ kind: "ask", relay, sequence: watched.sequence++, challenge, timestampMs });
  }

  /** A HEARTBEAT_ACK from the relay's address; one that answers no question of ours is nothing. */
  answered(relay: number, challenge: string | undefined, nowMs: number): void {
    const watched = this.#relays[relay];
    const question = watched.open.find((open) => open.challenge === challenge);
    if (question === undefined) return;
    watched.open.length = 0;
    watched.missed = 0;
    // What comes back may be another process with another load.
    if (watched.answers === "no") forgetReport(watched);
    watched.answers = "yes";
    watched.rttMs = nowMs - question.sentMs;
    this.#settle(relay, watched);
  }

  /** What the relay has reported; undefined when its report is no longer to be had, and its load not known. */
  reported(relay: number, report: RelayReport | undefined): void {
    const watched = this.#relays[relay];
    watched.report = report;
    watched.loadClass = report === undefined ? 0 : loadClassOf(report.load, watched.loadClass);
    this.#settle(relay, watched);
  }

  #settle(relay: number, watched: Watched): void {
    const { answers, report } = watched;
    const draining = report?.isDraining === true;
    const condition = draining ? "draining" : answers === "no" ? "down" : answers === "yes" ? "up" : "unknown";
    if (condition === watched.condition) return;
    watched.condition = condition;
    this.#outputs.push({ kind: "changed", relay, condition });
  }

  condition(relay: number): RelayCondition {
    return this.#relays[relay].condition;
  }

  /** Whether it may be handed out. Before anything is known it may: a peer tries for itself, and none is worse. */
  isUsable(relay: number): boolean {
    const { condition } = this.#relays[relay];
    return condition === "up" || condition === "unknown";
  }

  /** Round trip of the last answer; undefined while there is none. */
  rttMs(relay: number): number | undefined {
    return this.#relays[relay].rttMs;
  }

  report(relay: number): RelayReport | undefined {
    return this.#relays[relay].report;
  }

  /** For {@link selectRelays}; 0 where nothing is reported. */
  loadClass(relay: number): number {
    return this.#relays[relay].loadClass;
  }
}

function forgetReport(watched: Watched): void {
  watched.report = undefined;
  watched.loadClass = 0;
}
