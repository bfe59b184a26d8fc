/** The figures of a run, for the live view, the summary and `--json`. */
import type { TargetProgress } from "./worker_protocol.ts";

export class FuzzTally {
  readonly targets = new Map<string, TargetProgress>();
  findings = 0;
  readonly #startMs: number;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  update(progress: TargetProgress): void {
    this.targets.set(progress.name, progress);
  }

  get executions(): number {
    return this.#sum(({ executions }) => executions);
  }

  get newBehaviours(): number {
    return this.#sum(({ newBehaviours }) => newBehaviours);
  }

  get corpus(): number {
    return this.#sum(({ corpus }) => corpus);
  }

  elapsedS(nowMs: number): number {
    return (nowMs - this.#startMs) / 1000;
  }

  /** Executions a second of the time that was spent on running cases. */
  get rate(): number {
    const busyMs = this.#sum(({ busyMs }) => busyMs);
    return busyMs === 0 ? 0 : this.executions / busyMs * 1000;
  }

  #sum(of: (progress: TargetProgress) => number): number {
    let sum = 0;
    for (const progress of this.targets.values()) sum += of(progress);
    return sum;
  }
}

/** `1234567` as `1,234,567`. */
export function grouped(count: number): string {
  return Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}
