import type { TrafficMix } from "./traffic_mix.ts";

/** What a load run does. A source sends each packet to `fanOut` receivers, each in a session of its own. SPEC §1.3. */
export interface LoadPlan {
  readonly sources: number;
  readonly fanOut: number;
  /** From one packet of a source to its next. */
  readonly intervalMs: number;
  /** Of a unit, without IP and UDP headers. */
  readonly packetBytes: number;
  readonly mix: TrafficMix;
  readonly rampMs: number;
  /** The ramp included. */
  readonly durationMs: number;
  /** How long what was sent last may still take to arrive. */
  readonly settleMs: number;
  /** From one line of figures to the next. */
  readonly reportEveryMs: number;
}

export function sessionsOf({ sources, fanOut }: LoadPlan): number {
  return sources * fanOut;
}
