/** Runs a load: opens the sessions, sends by the schedule, tells of each interval, and waits for the last to arrive. */
import { type GeneratorFigures, type GeneratorLimit, generatorLimits } from "../load/generator_limits.ts";
import { type LoadPlan, sessionsOf } from "../load/load_plan.ts";
import type { LoadInterval, LoadRun } from "../load/load_run.ts";
import { LoadSchedule } from "../load/load_schedule.ts";
import type { Clock } from "./clock.ts";
import { LoadSelf } from "./load_self.ts";
import type { LoadTarget } from "./load_target.ts";

/** Sessions that are opened at a time: a relay reads only so many messages of one address in a second. */
const OPENING = 8;

/** Timers are no finer. */
const TICK_MS = 1;

const SETTLE_LOOK_MS = 20;

export interface LoadDriverOptions {
  readonly plan: LoadPlan;
  readonly run: LoadRun;
  readonly target: LoadTarget;
  readonly clock: Clock;
  /** One more session is open. */
  readonly onOpened: (sessions: number) => void;
  readonly onInterval: (interval: LoadInterval, activeSources: number) => void;
}

export interface LoadReport {
  readonly run: LoadRun;
  readonly openingMs: number;
  /** From the first packet to the last. */
  readonly sendingMs: number;
  readonly generator: GeneratorFigures;
  /** Packets that the system dropped in front of the other side, where that is on this machine and the system says. */
  readonly targetDrops: number | undefined;
  /** Empty where the generator was not the limit. */
  readonly limits: readonly GeneratorLimit[];
  readonly wasInterrupted: boolean;
}

export class LoadDriver {
  readonly #options: LoadDriverOptions;
  #isStopped = false;
  #openingMs = 0;
  #wake = () => {};

  constructor(options: LoadDriverOptions) {
    this.#options = options;
  }

  /** Ends the sending; what was measured so far is reported. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Opens the sessions, once; throws NetError where one cannot be opened. The target stays the caller's, to close. */
  async open(): Promise<void> {
    const { clock } = this.#options;
    const startMs = clock.nowMs();
    await this.#open();
    this.#openingMs = clock.nowMs() - startMs;
  }

  /** Sends, once, through the open sessions. */
  async measure(): Promise<LoadReport> {
    const { plan, run, target, clock } = this.#options;
    const self = new LoadSelf(clock);
    try {
      const startMs = clock.nowMs();
      self.start(target.sinkPorts, target.targetPorts);
      const schedule = new LoadSchedule({ ...plan, startMs });
      const unqueued = await this.#send(schedule);
      const endMs = clock.nowMs();
      const cpuShare = self.cpuShare();
      await this.#settle();
      run.end();
      const generator: GeneratorFigures = {
        delays: run.total.fromSent.summary(),
        own: self.own.summary(),
        sendLateness: run.sendLateness.summary(),
        skipped: schedule.skipped * plan.fanOut + unqueued,
        sent: run.total.counts.sent,
        cpuShare,
        sinkDrops: self.sinkDrops(),
        sendErrors: target.sendErrors,
      };
      return {
        run,
        openingMs: this.#openingMs,
        sendingMs: endMs - startMs,
        generator,
        targetDrops: self.targetDrops(),
        limits: generatorLimits(generator),
        wasInterrupted: this.#isStopped,
      };
    } finally {
      self.close();
    }
  }

  async #open(): Promise<void> {
    const { plan, target, onOpened } = this.#options;
    let next = 0;
    let opened = 0;
    const openSome = async () => {
      while (next < sessionsOf(plan) && !this.#isStopped) {
        await target.open(next++);
        onOpened(++opened);
      }
    };
    try {
      await Promise.all(Array.from({ length: OPENING }, openSome));
    } catch (error) {
      // The others stop at their next one.
      this.#isStopped = true;
      throw error;
    }
  }

  /** Answers how many packets had no room in our own queues. */
  async #send(schedule: LoadSchedule): Promise<number> {
    const { plan, run, target, clock, onInterval } = this.#options;
    const { fanOut, mix, reportEveryMs } = plan;
    let unqueued = 0;
    let reportMs = clock.nowMs() + reportEveryMs;
    while (!this.#isStopped && schedule.dueMs < Infinity) {
      const nowMs = clock.nowMs();
      schedule.catchUp(nowMs);
      for (; schedule.dueMs <= nowMs; schedule.advance()) {
        const { source, dueMs } = schedule;
        const priority = mix.priorityOf(source, schedule.round);
        for (let i = 0; i < fanOut; i++) {
          if (!target.queue(source * fanOut + i, priority, dueMs)) unqueued++;
        }
      }
      target.flush();
      if (nowMs >= reportMs) {
        onInterval(run.interval(nowMs), schedule.activeSources(nowMs));
        // Intervals that a stall has swallowed are not made up for.
        reportMs += Math.ceil((nowMs - reportMs + 1) / reportEveryMs) * reportEveryMs;
      }
      if (schedule.dueMs < Infinity) await this.#sleep(Math.min(schedule.dueMs, reportMs) - clock.nowMs());
    }
    const endMs = clock.nowMs();
    const rest = run.interval(endMs);
    // A short one would say little, and look as if it did.
    if (rest.untilMs - rest.fromMs > reportEveryMs / 2) onInterval(rest, schedule.activeSources(endMs));
    return unqueued;
  }

  /** Until everything has arrived, or its time is over. */
  async #settle(): Promise<void> {
    const { plan, run, clock } = this.#options;
    const untilMs = clock.nowMs() + plan.settleMs;
    while (run.total.lost > 0 && clock.nowMs() < untilMs) await this.#sleep(SETTLE_LOOK_MS);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(TICK_MS, ms));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
