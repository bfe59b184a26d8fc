/** Has a program become larger or slower since it was started, or does one case cost far more than the others? */
import { Breach } from "../../../lib/fuzz/target.ts";
import { median } from "./liveness.ts";

/** Cases until the program is taken to have loaded and compiled what it needs. */
const BASELINE_CASES = 16;
/** Cases that tell how long one takes. */
const TIMED_CASES = 64;
/** Cases without which nothing is usual. */
const MIN_SAMPLES = 8;
/** Memory beyond this much and this many times of what it was: caches that fill, and collectors that wait, are neither. */
const GROWTH_BYTES = 256e6;
const GROWTH_TIMES = 2;
/** A case that takes so long, and so many times as long as half of the others. */
const SLOW_CASE_MS = 1000;
const SLOW_CASE_TIMES = 100;

/** How much a process holds, against what it held at first. */
export class Growth {
  /** What it held once it had warmed up. */
  #baselineBytes = 0;
  #cases = 0;

  /** Takes what it holds after a case, where that can be told. @throws Breach for memory that has grown. */
  afterCase(residentBytes: number | undefined): void {
    if (++this.#cases <= BASELINE_CASES) {
      this.#baselineBytes = Math.max(this.#baselineBytes, residentBytes ?? 0);
      return;
    }
    const before = this.#baselineBytes;
    if (residentBytes === undefined || before === 0) return;
    if (residentBytes > GROWTH_TIMES * before && residentBytes > before + GROWTH_BYTES) {
      throw new Breach("memory", `the program holds ${mb(residentBytes)} MB, at first it held ${mb(before)} MB`);
    }
  }
}

export class Drift {
  readonly #growth = new Growth();
  readonly #tookMs: number[] = [];

  /**
   * Takes how long a case took, and what the program holds afterwards where that can be told.
   *
   * @throws Breach for memory that has grown, and for a case that took far too long.
   */
  afterCase(tookMs: number, residentBytes: number | undefined): void {
    this.#growth.afterCase(residentBytes);
    if (this.#tookMs.length < TIMED_CASES && tookMs < SLOW_CASE_MS) this.#tookMs.push(tookMs);
    const usualMs = this.#tookMs.length < MIN_SAMPLES ? Infinity : median(this.#tookMs);
    if (tookMs > SLOW_CASE_MS && tookMs > SLOW_CASE_TIMES * usualMs) {
      throw new Breach(
        "slow",
        `a case takes ${tookMs.toFixed(0)} ms, half of all take less than ${usualMs.toFixed(1)} ms`,
      );
    }
  }
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** What a process holds in memory; undefined where the system does not tell. */
export function residentBytes(pid: number): number | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes === undefined ? undefined : 1024 * Number(kilobytes);
  } catch {
    return undefined;
  }
}
