/** When a peer starts a rotation on its own account: SPEC ARC-KEY-rotation-interval to -rate. */
import type { HeldEpoch } from "./held_epochs.ts";
import { EPOCH_PACKET_LIMIT, type PacketBudget } from "./srtp_keys.ts";

export type RotationReason = "interval" | "packet_limit" | "security_event" | "manual";

/** Knobs, so that tests need not wait: SPEC ARC-METRICS-knobs. */
export interface EpochLimits {
  /** Age of an epoch at which a rotation starts. */
  readonly intervalMs: number;
  /** Packets under one epoch at which sending stops; the rotation starts 1/64 of it (at least one packet) before. */
  readonly packetLimit: number;
  /** Least time between two rotations that this peer starts on its own account. */
  readonly automaticSpacingMs: number;
}

export const DEFAULT_EPOCH_LIMITS: EpochLimits = {
  intervalMs: 24 * 3_600_000,
  packetLimit: EPOCH_PACKET_LIMIT,
  automaticSpacingMs: 60_000,
};

/** True when an epoch's packets are so near to their end that its successor must be on its way. */
export function isBudgetLow({ usedPackets, limitPackets }: PacketBudget): boolean {
  return usedPackets >= limitPackets - Math.max(1, Math.floor(limitPackets / 64));
}

/** The wishes for a rotation, and the least time between automatic ones. Judged only when none is under way. */
export class RotationTriggers {
  readonly #limits: EpochLimits;
  #wish: "manual" | "security_event" | undefined;
  #lastAutomaticMs = -Infinity;

  constructor(limits: EpochLimits) {
    this.#limits = limits;
  }

  /** Remembers a wish until {@link dueReason} grants it or a new epoch serves it; a manual one goes first. */
  want(reason: "manual" | "security_event"): void {
    if (this.#wish !== "manual") this.#wish = reason;
  }

  /** There is a new epoch: what was wanted before has come true. */
  served(): void {
    this.#wish = undefined;
  }

  /** Why a rotation away from `newest` has to start now, if it has to. */
  dueReason(newest: HeldEpoch, nowMs: number): RotationReason | undefined {
    if (this.#wish === "manual") return "manual";
    if (nowMs < this.#lastAutomaticMs + this.#limits.automaticSpacingMs) return undefined;
    if (isBudgetLow(newest.budget)) return "packet_limit";
    if (this.#wish === "security_event") return "security_event";
    return nowMs >= newest.beganMs + this.#limits.intervalMs ? "interval" : undefined;
  }

  /** When {@link dueReason} will name a reason if nothing else happens; past when it would now. */
  dueAtMs(newest: HeldEpoch): number {
    if (this.#wish === "manual") return -Infinity;
    const isWanted = this.#wish === "security_event" || isBudgetLow(newest.budget);
    const wantedAtMs = isWanted ? -Infinity : newest.beganMs + this.#limits.intervalMs;
    return Math.max(wantedAtMs, this.#lastAutomaticMs + this.#limits.automaticSpacingMs);
  }

  started(reason: RotationReason, nowMs: number): void {
    this.#wish = undefined;
    if (reason !== "manual") this.#lastAutomaticMs = nowMs;
  }

  /** The rotation came to nothing. Interval and packet limit tell of themselves again, a security event does not. */
  failed(reason: RotationReason): void {
    if (reason === "security_event") this.want(reason);
  }
}
