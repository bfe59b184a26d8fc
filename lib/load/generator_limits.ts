/**
 * Whether a load generator itself was the limit. Each reason is something that was measured during the run, not a guess
 * from the load that was asked for.
 */
import type { DelaySummary } from "../probe/delay_statistics.ts";

/** What was measured of the generator while it ran. */
export interface GeneratorFigures {
  /** Of the delays through the relay or server; undefined where nothing came. */
  readonly delays: DelaySummary | undefined;
  /** The same for packets from us straight to us, on the side, all along: what of a delay is our own. */
  readonly own: DelaySummary | undefined;
  readonly sendLateness: DelaySummary | undefined;
  /** Packets that were due and never sent: we were held up, or our own queue was full. */
  readonly skipped: number;
  readonly sent: number;
  /** Share of one processor that this process used, 0..1; undefined where the system does not say. */
  readonly cpuShare: number | undefined;
  /** Packets that the system dropped at our sockets because we did not read them; undefined where it does not say. */
  readonly sinkDrops: number | undefined;
  /** Packets that the system refused to send. */
  readonly sendErrors: number;
}

export type GeneratorLimitKind =
  | "send-lateness"
  | "own-delay"
  | "skipped"
  | "processor"
  | "sink-drops"
  | "send-errors";

export interface GeneratorLimit {
  readonly kind: GeneratorLimitKind;
  /** What was measured, for people. */
  readonly words: string;
}

/** Later sends change the traffic that was asked for. Timers are late by some ms at times; more is a held-up process. */
export const MOST_SEND_LATENESS_MS = 20;
/** Of a measured p99, what may be our own before it says little of the other side. */
export const MOST_OWN_SHARE = 0.5;
/** As long as our own delay is less than this, it is none against a relay's budget of 5 ms. */
export const NOTABLE_OWN_MS = 2;
export const MOST_CPU_SHARE = 0.9;
/** Of what was due. */
export const MOST_SKIPPED_SHARE = 0.001;

/** Empty where the generator was not the limit. */
export function generatorLimits(figures: GeneratorFigures): readonly GeneratorLimit[] {
  const limits: GeneratorLimit[] = [];
  const { skipped, sent, cpuShare, sinkDrops, sendErrors } = figures;
  const lateMs = p99(figures.sendLateness);
  if (lateMs !== undefined && lateMs > MOST_SEND_LATENESS_MS) {
    limits.push({ kind: "send-lateness", words: `sent ${lateMs.toFixed(1)} ms after their time at p99` });
  }
  const ownMs = p99(figures.own);
  const allMs = p99(figures.delays);
  if (ownMs !== undefined && allMs !== undefined && ownMs > Math.max(NOTABLE_OWN_MS, MOST_OWN_SHARE * allMs)) {
    const words = `a packet from here straight to here takes ${ownMs.toFixed(2)} ms of the ${allMs.toFixed(2)} at p99`;
    limits.push({ kind: "own-delay", words });
  }
  if (skipped > MOST_SKIPPED_SHARE * (sent + skipped)) {
    limits.push({ kind: "skipped", words: `${skipped} of ${sent + skipped} packets were due and not sent` });
  }
  if (cpuShare !== undefined && cpuShare > MOST_CPU_SHARE) {
    limits.push({ kind: "processor", words: `${(cpuShare * 100).toFixed(0)} % of a processor used here` });
  }
  if (sinkDrops !== undefined && sinkDrops > 0) {
    limits.push({ kind: "sink-drops", words: `${sinkDrops} packets came and were not read here in time` });
  }
  if (sendErrors > 0) limits.push({ kind: "send-errors", words: `the system refused to send ${sendErrors} packets` });
  return limits;
}

/** The percentile where there are enough for one, else the largest: a short run is judged too. */
function p99(delays: DelaySummary | undefined): number | undefined {
  return delays?.percentiles.find(({ percent }) => percent === 99)?.ms ?? delays?.maxMs;
}
