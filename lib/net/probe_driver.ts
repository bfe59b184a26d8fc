/** The loop that probes: sends each question at its time, hands answers to their run, tells what happens. */
import type { ProbeEvent } from "../probe/probe_report.ts";
import type { ProbeRun, Question } from "../probe/probe_run.ts";
import type { Pacer } from "../probe/schedule.ts";
import type { Clock } from "./clock.ts";
import { PreciseTimer } from "./precise_timer.ts";
import type { ProbeChannelEvents } from "./probe_channel.ts";

/** What the driver needs of a connection. */
export interface ProbedConnection {
  readonly whyDown: string;
  send(question: Question): number | undefined;
  listen(events: Omit<ProbeChannelEvents, "closed">): void;
}

export interface ProbeDriverOptions {
  readonly clock: Clock;
  readonly pacer: Pacer;
  /** Target `i` of the pacer's slots. */
  readonly targets: readonly { readonly run: ProbeRun; readonly connection: ProbedConnection }[];
  readonly onEvent: (target: number, event: ProbeEvent) => void;
}

/** A peer on the same machine has the processor for so long to answer. */
const QUIET_MS = 1.5;

export class ProbeDriver {
  readonly #options: ProbeDriverOptions;
  readonly #timer: PreciseTimer;
  #isStopped = false;
  #lastSentMs = -Infinity;

  constructor(options: ProbeDriverOptions) {
    this.#options = options;
    this.#timer = new PreciseTimer(() => options.clock.nowMs());
  }

  /** Ends the run now: probes under way are left out of the figures. */
  stop(): void {
    this.#isStopped = true;
    this.#timer.wake();
  }

  /** Resolves when every probe of the schedule has been answered or has timed out, or when the run was stopped. */
  async run(): Promise<void> {
    try {
      await this.#loop();
    } finally {
      this.#timer.close();
    }
  }

  async #loop(): Promise<void> {
    const { clock, pacer, targets } = this.#options;
    this.#listen();
    while (!this.#isStopped) {
      const nowMs = clock.nowMs();
      targets.forEach(({ run }, target) => {
        run.timeout(nowMs);
        this.#tell(target);
      });
      const slot = pacer.peek(nowMs);
      if (slot !== undefined && slot.plannedMs <= nowMs) {
        pacer.take(nowMs);
        this.#send(slot.target, slot.round, slot.plannedMs);
      }
      const isAsking = targets.some(({ run }) => run.pending > 0);
      const dueMs = Math.min(pacer.peek(nowMs)?.plannedMs ?? Infinity, this.#nextTimeoutMs());
      if (dueMs === Infinity || this.#isStopped) return;
      await this.#timer.until(dueMs, isAsking ? this.#lastSentMs + QUIET_MS : undefined);
    }
  }

  #nextTimeoutMs(): number {
    let nextMs = Infinity;
    for (const { run } of this.#options.targets) nextMs = Math.min(nextMs, run.nextTimeoutMs() ?? Infinity);
    return nextMs;
  }

  #listen(): void {
    const { clock, pacer, targets } = this.#options;
    targets.forEach(({ run, connection }, target) => {
      let counted = run.counters.answered;
      const settle = () => {
        this.#tell(target);
        if (run.counters.answered === counted) return;
        counted = run.counters.answered;
        pacer.answered(target, clock.nowMs());
        // A flood goes on at once; and after the last answer there is nothing to wait for.
        if (!pacer.isFixed || run.pending === 0) this.#timer.wake();
      };
      connection.listen({
        unit(unit, receivedMs) {
          run.handle(unit, receivedMs);
          settle();
        },
        echo(sequence, receivedMs) {
          run.echo(sequence, receivedMs);
          settle();
        },
        arrived: (sequence, challenge, atMs) => run.arrived(sequence, challenge, atMs),
        refused(sequence, code, message) {
          run.refuse(sequence, code, message);
          settle();
        },
      });
    });
  }

  #send(target: number, round: number, plannedMs: number): void {
    const { clock, targets } = this.#options;
    const { run, connection } = targets[target];
    const question = run.ask(plannedMs, round, clock.nowMs());
    const sentMs = connection.send(question);
    if (sentMs === undefined) run.unsent(question, connection.whyDown || "no connection", clock.nowMs());
    else {
      run.sent(question, sentMs);
      this.#lastSentMs = sentMs;
    }
    this.#tell(target);
  }

  #tell(target: number): void {
    if (this.#isStopped) return;
    const { run } = this.#options.targets[target];
    for (let event = run.poll(); event !== undefined; event = run.poll()) this.#options.onEvent(target, event);
  }
}
