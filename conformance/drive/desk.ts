/** What the runner lays out for one dialogue. */
import type { Rng } from "../../lib/base/rng.ts";
import type { Clock } from "../../lib/net/clock.ts";
import type { Transcript } from "../transcript.ts";

/** What the runner gives a driver to make a world of. */
export interface Desk {
  readonly transcript: Transcript;
  readonly clock: Clock;
  /** Seeded by the run's seed and the case's id: for stimuli. */
  readonly rng: Rng;
  /** The longest wait for one thing, `--timeout`. */
  readonly patienceMs: number;
  /** How long nothing must come where no later event proves a silence. */
  readonly silenceMs: number;
}

/** Opens the world of one case against a target. */
export interface Driver<World> {
  /** For people: `ws://127.0.0.1:7480/plain`. */
  readonly description: string;
  /** Resolves when every listener that can tell has taken a connection. @throws NetError */
  reach(timeoutMs: number): Promise<void>;
  open(desk: Desk): World;
  /** Ends what was there for all cases. */
  close?(): Promise<void>;
}
