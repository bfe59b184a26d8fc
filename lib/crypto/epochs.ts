/**
 * Which epochs a session holds, which one it sends with, and when a rotation starts, finishes or fails: SPEC
 * ARC-KEY-epoch-*, ARC-KEY-rotation-*. Numbers and times only: keys, key pairs, proofs and messages are the session's,
 * which does what the outputs say.
 *
 * ```
 * initiator                                          responder
 *    |-- KEY_ROTATE(n + 1) ------------------------------>|  holds n + 1, sends n       output `answer`
 *    |<---------------------------- KEY_ROTATE_ACK(n + 1)-|
 *    |  sends n + 1                                       |
 *    |== first packet under n + 1 ======================>|  confirmed: sends n + 1
 *    |<====================== first packet under n + 1 ==|  n ends 1 s later
 *    |  confirmed; n ends 1 s later                       |
 *
 *  the answer got lost:  the responder sends n + 1 from 1 s after its answer; the initiator asks again for n + 1 with a
 *                        proof under n, which discards the responder's unconfirmed n + 1
 * ```
 *
 * A resumption is a rotation whose messages are CONNECT and CONNECT_ACK.
 */
import { unreachable } from "../base/unreachable.ts";
import { type HeldEpoch, HeldEpochs } from "./held_epochs.ts";
import {
  DEFAULT_EPOCH_LIMITS,
  type EpochLimits,
  isBudgetLow,
  type RotationReason,
  RotationTriggers,
} from "./rotation_triggers.ts";
import type { PacketBudget } from "./srtp_keys.ts";

/** The message that asks for an epoch: KEY_ROTATE, or CONNECT with `resume`. */
export type EpochRequest = "rotate" | "resume";

/** A request or answer of the other peer. */
export interface PeerMessage {
  readonly request: EpochRequest;
  readonly epoch: number;
  /** The message's `timestamp`: the sender's clock, compared only with its own earlier messages. */
  readonly timestampMs: number;
}

/** What the session tells. Proofs have been verified before (see {@link EpochMachine.judge}). */
export type EpochEvent =
  | { readonly kind: "timeout" }
  | { readonly kind: "wanted"; readonly reason: "manual" | "security_event" }
  | { readonly kind: "resume" }
  | ({ readonly kind: "request" } & PeerMessage)
  | ({ readonly kind: "answer" } & PeerMessage)
  /** Our request was refused, or nobody answered its repetitions. */
  | { readonly kind: "failed"; readonly request: EpochRequest; readonly epoch: number };

/** What the session has to do, in this order. */
export type EpochOutput =
  /** Make a fresh pair and send the request, with a proof under `epoch - 1`. A resumption has no reason. */
  | {
    readonly kind: "ask";
    readonly request: EpochRequest;
    readonly epoch: number;
    readonly reason: RotationReason | null;
  }
  /** Make a fresh pair, derive the epoch's keys, and answer, with a proof under `epoch - 1`. */
  | { readonly kind: "answer"; readonly request: EpochRequest; readonly epoch: number }
  /** Our request is over: it lost a crossing, or failed. Forget its pair and stop repeating it. */
  | {
    readonly kind: "abandon";
    readonly request: EpochRequest;
    readonly epoch: number;
    readonly cause: "crossed" | "failed";
  }
  /** Refuse the peer's message and change nothing. */
  | { readonly kind: "refuse"; readonly epoch: number; readonly code: "bad_state" }
  /** Protect everything from the next packet on with this epoch. */
  | { readonly kind: "send"; readonly epoch: number }
  /** The epoch is in use on both sides: erase the master_key of the one before. */
  | { readonly kind: "confirm"; readonly epoch: number }
  /** The epoch never came into use: erase all of its keys. Another with the same number may follow at once. */
  | { readonly kind: "discard"; readonly epoch: number }
  /** The epoch's packets are no longer accepted: erase its keys. */
  | { readonly kind: "retire"; readonly epoch: number }
  /** The epoch's keys are used up and no new epoch is there: stop the streams. */
  | { readonly kind: "stop"; readonly epoch: number };

/** What to do with a request, before its proof is looked at: `epoch - 1` is the epoch whose key must prove it. */
export type RequestVerdict = "accept" | "drop" | "bad_state";

/** The responder sends with the new epoch this long after its answer at the latest. */
const RESPONDER_SWITCH_MS = 1000;
/** How long the old epoch is accepted after the first packet authenticated under the new one. */
const OVERLAP_MS = 1000;
/** How long the old epoch is accepted after the answer, with no such packet. */
const UNCONFIRMED_OVERLAP_MS = 60_000;
/** Messages may overtake each other for so long; then a timestamp that went back is a clock that was set. */
const OVERTAKING_MS = 30_000;

interface OwnRequest {
  readonly request: EpochRequest;
  readonly epoch: number;
  readonly reason: RotationReason | null;
}

/** One peer's side of a session's epochs, from epoch 0 on. `nowMs` is monotonic. */
export class EpochMachine {
  readonly #triggers: RotationTriggers;
  readonly #selfIsLower: boolean;
  readonly #held: HeldEpochs;
  readonly #outputs: EpochOutput[] = [];
  #sendEpoch = 0;
  /** The newest epoch has carried something authentic; every older one has, or it would not have a successor. */
  #confirmed = true;
  /** Our request made the newest epoch: the peer's answer showed that it holds it. */
  #newestIsOurs = false;
  /** The timestamp of the peer's message that made the newest epoch. */
  #peerTimestampMs = -Infinity;
  /** When a responder switches without having heard the peer under the new epoch. */
  #switchAtMs = Infinity;
  #asked: OwnRequest | undefined;
  #stoppedEpoch = -1;

  constructor(selfPeerId: string, otherPeerId: string, nowMs: number, limits: Partial<EpochLimits> = {}) {
    const allLimits = { ...DEFAULT_EPOCH_LIMITS, ...limits };
    this.#triggers = new RotationTriggers(allLimits);
    this.#selfIsLower = selfPeerId < otherPeerId;
    this.#held = new HeldEpochs(allLimits.packetLimit);
    this.#held.add(0, nowMs);
  }

  /** The epoch to protect the next packet with. */
  get sendEpoch(): number {
    return this.#sendEpoch;
  }

  /** The highest epoch held: {@link sendEpoch}, or a pending one that follows it. */
  get newestEpoch(): number {
    return this.#held.newest.epoch;
  }

  /** Where SRTCP and sealed units are tried: the sending epoch, then the pending one, then older ones. */
  get trialOrder(): readonly number[] {
    return [this.#sendEpoch, ...this.#held.newestFirst().filter((epoch) => epoch !== this.#sendEpoch)];
  }

  /** The epoch that packets with key phase `keyPhase` (0..3) belong to, -1 when none is held. Allocates nothing. */
  epochOfPhase(keyPhase: number): number {
    return this.#held.ofPhase(keyPhase);
  }

  /** The packet count that all keys of a held epoch share; undefined for other epochs. */
  budget(epoch: number): PacketBudget | undefined {
    return this.#held.find(epoch)?.budget;
  }

  /**
   * Judges a request by its number and by what is under way, changing nothing. Then its proof is verified under
   * `epoch - 1`, and only then it is {@link handle}d. Between crossing requests of a kind the lower peer_id's counts;
   * a resumption goes before a rotation, because the peer that asks for it has lost its signaling. A request that was
   * overtaken, by a later one or by the answer to ours, is dropped.
   */
  judge({ request, epoch, timestampMs }: PeerMessage, nowMs: number): RequestVerdict {
    const newest = this.#held.newest;
    const replaces = epoch === newest.epoch && !this.#confirmed;
    if (epoch !== newest.epoch + 1 && !replaces) return "bad_state";
    if (this.#asked) return this.#winsAgainst(this.#asked.request, request) ? "drop" : "accept";
    const overtaken = timestampMs <= this.#peerTimestampMs && nowMs < newest.beganMs + OVERTAKING_MS;
    return replaces && overtaken ? "drop" : "accept";
  }

  handle(event: EpochEvent, nowMs: number): void {
    switch (event.kind) {
      case "timeout":
        break;
      case "wanted":
        // A rotation under way serves the wish; one that has made its epoch already does not.
        if (this.#asked === undefined) this.#triggers.want(event.reason);
        break;
      case "resume":
        this.#resume();
        break;
      case "request":
        this.#handleRequest(event, nowMs);
        break;
      case "answer":
        this.#handleAnswer(event, nowMs);
        break;
      case "failed":
        this.#handleFailure(event.request, event.epoch);
        break;
      default:
        unreachable(event);
    }
    this.#advance(nowMs);
  }

  /** Tells that a unit (RTP, SRTCP, sealed) was authenticated under `epoch`. Cheap when there is nothing new in it. */
  authenticated(epoch: number, nowMs: number): void {
    // While we ask to replace the epoch, the proof of the answer needs what confirming would erase.
    if (this.#confirmed || epoch !== this.newestEpoch || this.#asked?.epoch === epoch) return;
    this.#confirm(nowMs);
    this.#advance(nowMs);
  }

  /**
   * Looks at the sending epoch's {@link budget} after packets were protected: may start a rotation or stop. Call it per
   * batch; it is cheap when the budget is far from its end.
   */
  checkBudget(nowMs: number): void {
    const budget = this.budget(this.#sendEpoch);
    if (budget && isBudgetLow(budget)) this.#advance(nowMs);
  }

  /** False once the sending epoch's keys are used up: the packet must not be sent (SPEC ARC-KEY-rotation-stop). */
  get maySend(): boolean {
    return !(this.#held.find(this.#sendEpoch)?.budget.isSpent ?? true);
  }

  poll(): EpochOutput | undefined {
    return this.#outputs.shift();
  }

  /** When to {@link handle} a `timeout`; undefined when nothing is due. */
  nextTimeoutMs(): number | undefined {
    const dueAtMs = this.#mayAsk ? this.#triggers.dueAtMs(this.#held.newest) : Infinity;
    const atMs = Math.min(this.#switchAtMs, this.#held.firstEndMs(), dueAtMs);
    return atMs === Infinity ? undefined : atMs;
  }

  #winsAgainst(ours: EpochRequest, theirs: EpochRequest): boolean {
    return ours === theirs ? this.#selfIsLower : ours === "resume";
  }

  #handleRequest(message: PeerMessage, nowMs: number): void {
    const { request, epoch } = message;
    const verdict = this.judge(message, nowMs);
    if (verdict === "bad_state") this.#outputs.push({ kind: "refuse", epoch, code: "bad_state" });
    if (verdict !== "accept") return;
    if (this.#asked) this.#abandon(this.#asked, "crossed");
    this.#beginEpoch(message, nowMs);
    this.#newestIsOurs = false;
    this.#outputs.push({ kind: "answer", request, epoch });
    if (this.#held.find(epoch - 1)) {
      if (this.#sendEpoch !== epoch - 1) this.#sendWith(epoch - 1);
      this.#switchAtMs = nowMs + RESPONDER_SWITCH_MS;
    } else {
      // The epoch before has ended while a discarded one was waiting: there is nothing else to send with.
      this.#sendWith(epoch);
    }
  }

  #handleAnswer(message: PeerMessage, nowMs: number): void {
    const { request, epoch } = message;
    if (this.#asked?.request !== request || this.#asked.epoch !== epoch) {
      this.#outputs.push({ kind: "refuse", epoch, code: "bad_state" });
      return;
    }
    this.#asked = undefined;
    this.#beginEpoch(message, nowMs);
    this.#newestIsOurs = true;
    this.#sendWith(epoch);
  }

  #handleFailure(request: EpochRequest, epoch: number): void {
    const asked = this.#asked;
    if (asked?.request !== request || asked.epoch !== epoch) return;
    this.#abandon(asked, "failed");
    if (asked.reason) this.#triggers.failed(asked.reason);
    // The peer may have confirmed the epoch that we never saw confirmed: then it expects the one after.
    if (request === "resume" && epoch === this.newestEpoch) this.#ask("resume", epoch + 1, null);
  }

  #resume(): void {
    if (this.#asked?.request === "resume") return;
    if (this.#asked) this.#abandon(this.#asked, "failed");
    // Whether the peer got our answer is unknown: ask for the unconfirmed epoch again. An answer that we got is
    // knowledge that the peer holds the epoch.
    const again = !this.#confirmed && !this.#newestIsOurs;
    this.#ask("resume", again ? this.newestEpoch : this.newestEpoch + 1, null);
  }

  #ask(request: EpochRequest, epoch: number, reason: RotationReason | null): void {
    this.#asked = { request, epoch, reason };
    this.#outputs.push({ kind: "ask", request, epoch, reason });
  }

  #abandon({ request, epoch }: OwnRequest, cause: "crossed" | "failed"): void {
    this.#asked = undefined;
    this.#outputs.push({ kind: "abandon", request, epoch, cause });
  }

  /** Holds a new epoch, in place of an unconfirmed one of the same number or after one that its proof confirms. */
  #beginEpoch({ epoch, timestampMs }: PeerMessage, nowMs: number): void {
    if (epoch === this.newestEpoch) {
      this.#held.removeNewest();
      this.#outputs.push({ kind: "discard", epoch });
    } else if (!this.#confirmed) {
      this.#confirm(nowMs);
    }
    this.#retire(this.#held.add(epoch, nowMs));
    this.#held.endOlderAt(nowMs + UNCONFIRMED_OVERLAP_MS);
    this.#confirmed = false;
    this.#peerTimestampMs = timestampMs;
    this.#triggers.served();
  }

  #confirm(nowMs: number): void {
    const epoch = this.newestEpoch;
    this.#confirmed = true;
    this.#held.endOlderAt(nowMs + OVERLAP_MS);
    this.#outputs.push({ kind: "confirm", epoch });
    if (this.#sendEpoch !== epoch) this.#sendWith(epoch);
  }

  #sendWith(epoch: number): void {
    this.#sendEpoch = epoch;
    this.#switchAtMs = Infinity;
    this.#outputs.push({ kind: "send", epoch });
  }

  #retire(held: HeldEpoch | undefined): void {
    if (held) this.#outputs.push({ kind: "retire", epoch: held.epoch });
  }

  /** Does everything that is due. */
  #advance(nowMs: number): void {
    if (nowMs >= this.#switchAtMs) this.#sendWith(this.newestEpoch);
    while (this.#held.firstEndMs() <= nowMs) this.#retire(this.#held.removeOldest());
    const reason = this.#mayAsk ? this.#triggers.dueReason(this.#held.newest, nowMs) : undefined;
    if (reason) {
      this.#triggers.started(reason, nowMs);
      this.#ask("rotate", this.newestEpoch + 1, reason);
    }
    if (!this.maySend && this.#sendEpoch === this.newestEpoch && this.#stoppedEpoch !== this.#sendEpoch) {
      this.#stoppedEpoch = this.#sendEpoch;
      this.#outputs.push({ kind: "stop", epoch: this.#sendEpoch });
    }
  }

  get #mayAsk(): boolean {
    return this.#asked === undefined && this.#confirmed;
  }
}
