/**
 * Drives sans-IO machines on virtual time: feeds them, carries out what they ask for, and wakes them when they said.
 *
 * ```ts
 * const network = new Network({ seed: 7, link: { delayMs: 20, lossRate: 0.01 } });
 * const driver = new Driver(network.clock);
 * const caller = driver.attach(callerMachine, {
 *   expire: (nowMs) => callerMachine.handle({ kind: "timeout" }, nowMs),
 *   output: (out) => socket.send(out.bytes, calleeAddress),
 * });
 * const socket = host.bindUdp(5000, (data) => caller.handle({ kind: "datagram", data }));
 * driver.runUntil(10_000);
 * ```
 */
import type { SimEvent, VirtualClock } from "./clock.ts";

/** The shape that every machine of the library has (architecture, rule 1). */
export interface Machine<Input, Output> {
  handle(input: Input, nowMs: number): void;
  /** What the machine wants done next; undefined when there is nothing. */
  poll(): Output | undefined;
  /** When it wants to be woken at the latest, on the scale of `nowMs`; undefined for never. */
  nextTimeoutMs(): number | undefined;
}

export interface Wiring<Output> {
  /** Tells the machine that its timeout has come. */
  readonly expire: (nowMs: number) => void;
  /** Carries out one output. It may feed this machine or others. */
  readonly output: (output: Output, nowMs: number) => void;
}

/** A machine that runs: give it inputs here, not directly, so that what it wants done is done. */
export interface Driven<Input> {
  handle(input: Input): void;
  /** Looks again at outputs and timeout after the machine was touched in another way. */
  wake(): void;
  /** Stops driving it. */
  detach(): void;
}

/** Outputs or timeouts of one machine in one instant before it is taken to spin. */
const MAX_STEPS_PER_INSTANT = 100_000;

export class Driver {
  readonly clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  /** Starts to drive a machine; its first outputs are carried out at once. */
  attach<Input, Output>(machine: Machine<Input, Output>, wiring: Wiring<Output>): Driven<Input> {
    const runner = new Runner(this.clock, machine, wiring);
    runner.wake();
    return runner;
  }

  /** Runs everything due up to and including `deadlineMs`. Returns the events run. */
  runUntil(deadlineMs: number): number {
    return this.clock.runUntil(deadlineMs);
  }

  /** Runs while `isGoingOn` holds, at most until `deadlineMs`; true when it ended because it holds no longer. */
  runWhile(isGoingOn: () => boolean, deadlineMs: number): boolean {
    while (isGoingOn()) {
      const nextMs = this.clock.nextMs;
      if (nextMs === undefined || nextMs > deadlineMs) return false;
      this.clock.step();
    }
    return true;
  }
}

class Runner<Input, Output> implements Driven<Input> {
  readonly #clock: VirtualClock;
  readonly #machine: Machine<Input, Output>;
  readonly #wiring: Wiring<Output>;
  #timer: SimEvent | undefined;
  #isDraining = false;
  #isDetached = false;
  #instantMs = -Infinity;
  #stepsThisInstant = 0;

  constructor(clock: VirtualClock, machine: Machine<Input, Output>, wiring: Wiring<Output>) {
    this.#clock = clock;
    this.#machine = machine;
    this.#wiring = wiring;
  }

  handle(input: Input): void {
    if (this.#isDetached) return;
    this.#machine.handle(input, this.#clock.nowMs);
    this.wake();
  }

  wake(): void {
    // An output that feeds its own machine comes back here; the loop that is running sees to the rest.
    if (this.#isDraining || this.#isDetached) return;
    this.#isDraining = true;
    try {
      for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) {
        this.#countStep();
        this.#wiring.output(output, this.#clock.nowMs);
        if (this.#isDetached) return;
      }
    } finally {
      this.#isDraining = false;
    }
    this.#arm();
  }

  detach(): void {
    this.#isDetached = true;
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
  }

  #arm(): void {
    const dueMs = this.#machine.nextTimeoutMs();
    if (this.#timer?.action !== undefined) {
      if (this.#timer.atMs === dueMs) return;
      this.#clock.cancel(this.#timer);
    }
    this.#timer = dueMs === undefined ? undefined : this.#clock.at(dueMs, () => this.#expire());
  }

  #expire(): void {
    this.#countStep();
    this.#wiring.expire(this.#clock.nowMs);
    this.wake();
  }

  /** A machine that never rests within one instant would stop virtual time: better to say so. */
  #countStep(): void {
    if (this.#instantMs !== this.#clock.nowMs) {
      this.#instantMs = this.#clock.nowMs;
      this.#stepsThisInstant = 0;
    }
    if (++this.#stepsThisInstant > MAX_STEPS_PER_INSTANT) {
      throw new Error(`machine spins at ${this.#instantMs} ms: its timeout or its outputs never end`);
    }
  }
}
