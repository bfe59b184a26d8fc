/** Two epoch machines over a signaling channel of fixed delay, which drive the keys of two planes as a session does. */
import type { EpochEvent, EpochOutput, EpochRequest } from "../../crypto/epochs.ts";
import { EpochMachine } from "../../crypto/epochs.ts";
import type { EpochLimits } from "../../crypto/rotation_triggers.ts";
import { PacketBudget } from "../../crypto/srtp_keys.ts";
import { CALLEE, CALLER, master, type PairOptions, type PlaneEnd, PlanePair } from "./plane_pair.ts";

const SIGNALING_MS = 30;

interface Side {
  readonly end: PlaneEnd;
  readonly machine: EpochMachine;
}

export class EpochPair {
  readonly pair: PlanePair;
  readonly caller: Side;
  readonly callee: Side;
  /** Epochs as they were chosen, confirmed, retired: `caller send 1`. */
  readonly log: string[] = [];

  constructor(options: PairOptions, limits: Partial<EpochLimits> = {}) {
    const callerMachine = new EpochMachine(CALLER, CALLEE, 1000, limits);
    const calleeMachine = new EpochMachine(CALLEE, CALLER, 1000, limits);
    const machines = [callerMachine, calleeMachine];
    this.pair = new PlanePair({
      ...options,
      budget: (epoch, isCaller) => machines[isCaller ? 0 : 1].budget(epoch) ?? new PacketBudget(),
    });
    this.caller = { end: this.pair.caller, machine: callerMachine };
    this.callee = { end: this.pair.callee, machine: calleeMachine };
    for (const side of [this.caller, this.callee]) {
      side.end.onEvent = (event, nowMs) => {
        if (event.kind === "epoch_authenticated") {
          side.machine.authenticated(event.epoch, nowMs);
          this.#carryOut(side);
        }
        if (event.kind === "security_event") this.handle(side, { kind: "wanted", reason: "security_event" });
      };
    }
    this.#tick();
  }

  /** Asks for a rotation. */
  rotate(side: Side): void {
    this.handle(side, { kind: "wanted", reason: "manual" });
  }

  handle(side: Side, event: EpochEvent): void {
    side.machine.handle(event, this.pair.nowMs);
    this.#carryOut(side);
  }

  #tick(): void {
    for (const side of [this.caller, this.callee]) {
      side.machine.checkBudget(this.pair.nowMs);
      this.handle(side, { kind: "timeout" });
      this.pair.drive(side.end);
    }
    this.pair.clock.after(10, () => this.#tick());
  }

  #carryOut(side: Side): void {
    const outputs: EpochOutput[] = [];
    for (let out = side.machine.poll(); out !== undefined; out = side.machine.poll()) outputs.push(out);
    for (const out of outputs) {
      if (out.kind === "retire" || out.kind === "discard") side.end.plane.epochRetired(out.epoch);
      if (out.kind === "answer") this.#make(side, out.epoch);
    }
    for (const out of outputs) this.#putToUse(side, out);
  }

  #putToUse(side: Side, out: EpochOutput): void {
    const name = side === this.caller ? "caller" : "callee";
    this.log.push(`${name} ${out.kind} ${out.epoch}`);
    if (out.kind === "ask") this.#post(side, "request", out.request, out.epoch);
    if (out.kind === "answer") this.#post(side, "answer", out.request, out.epoch);
    if (out.kind === "send") side.end.plane.epochSend(out.epoch);
  }

  #make(side: Side, epoch: number): void {
    const budget = side.machine.budget(epoch);
    if (budget !== undefined) side.end.plane.epochMade(epoch, master(epoch), budget);
  }

  #post(from: Side, kind: "request" | "answer", request: EpochRequest, epoch: number): void {
    const to = from === this.caller ? this.callee : this.caller;
    const timestampMs = this.pair.nowMs;
    this.pair.clock.after(SIGNALING_MS, () => {
      const message = { request, epoch, timestampMs };
      if (kind === "request" && to.machine.judge(message, this.pair.nowMs) !== "accept") return;
      to.machine.handle({ kind, ...message }, this.pair.nowMs);
      // The asker holds the epoch from the answer on.
      if (kind === "answer") this.#make(to, epoch);
      this.#carryOut(to);
      this.pair.drive(to.end);
    });
  }
}
