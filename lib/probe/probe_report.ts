/** What a run tells: events as they happen, counters and figures at any time. */
import type { DelaySummary } from "./delay_statistics.ts";
import type { Finding } from "./finding.ts";
import type { PeerClaims } from "./peer_audit.ts";

/** What is sent and timed. Only heartbeats have text, and only their answers claim anything. */
export type ProbeMethod = "heartbeat" | "websocket-ping" | "tcp-connect";

export const PROBE_METHODS: readonly ProbeMethod[] = ["heartbeat", "websocket-ping", "tcp-connect"];

export type ProbeEvent =
  | {
    readonly kind: "answer";
    readonly sequence: number;
    readonly round: number;
    readonly plannedMs: number;
    readonly sentMs: number;
    readonly receivedMs: number;
    /** 0 where the method has no bytes of its own. */
    readonly bytes: number;
    readonly isLate: boolean;
    readonly isReordered: boolean;
  }
  | { readonly kind: "duplicate"; readonly sequence: number; readonly receivedMs: number }
  /** No answer within the wait; one that comes after all is a late `answer`. */
  | { readonly kind: "timeout"; readonly sequence: number; readonly plannedMs: number; readonly sentMs: number }
  | { readonly kind: "unsent"; readonly sequence: number; readonly plannedMs: number; readonly why: string }
  | { readonly kind: "refused"; readonly sequence: number; readonly code: string; readonly message: string }
  /** The first of its kind; all are in {@link PeerClaims}. */
  | { readonly kind: "finding"; readonly finding: Finding };

/** Plain numbers; they only grow, but for the losses that turn out to be late. */
export interface ProbeCounters {
  /** Probes, those that could not leave included. */
  asked: number;
  unsent: number;
  answered: number;
  /** Among the answered. */
  late: number;
  refused: number;
  /** Where arrivals are heard: timed out without having arrived, and after that. */
  lostUp: number;
  lostDown: number;
  duplicates: number;
  /** Duplicates whose time stamps differ: the question arrived twice. */
  duplicatesUp: number;
  reordered: number;
  /** Reordered by the peer's time stamps on the way there, and on the way back; the rest cannot be told. */
  reorderedUp: number;
  reorderedDown: number;
  /** Units that were no answer of ours. */
  strays: number;
}

export interface ProbeSummary {
  readonly method: ProbeMethod;
  readonly counters: Readonly<ProbeCounters>;
  /** Probes without an answer whose time is over: unsent and refused ones among them. */
  readonly lost: number;
  /** `lost` of those whose time is over, 0..1; undefined before the first. */
  readonly lossRatio: number | undefined;
  /** From the moment of sending: what a ping is. */
  readonly fromSent: DelaySummary | undefined;
  /** From the moment when the probe was due: what somebody on that schedule has to wait. */
  readonly fromPlanned: DelaySummary | undefined;
  /** How late our own sending was. */
  readonly sendLateness: DelaySummary | undefined;
  /** From sending to arrival, where arrivals are heard, by one clock. */
  readonly oneWay: DelaySummary | undefined;
  /** RFC 3550, over round trips. */
  readonly jitterMs: number | undefined;
  /** Undefined where the method is no heartbeat. */
  readonly claims: PeerClaims | undefined;
}
