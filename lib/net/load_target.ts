/** Where load goes: sessions whose two ends are both ours. */
import type { Rng } from "../base/rng.ts";
import type { LoadRun } from "../load/load_run.ts";
import type { Clock } from "./clock.ts";

export interface LoadTarget {
  /** For people: `relay over udp`. */
  readonly label: string;
  /** Packets that the system or a connection would not take. */
  readonly sendErrors: number;
  /** Of our sockets that take packets in, for a look at what the system drops there; empty where it cannot. */
  readonly sinkPorts: ReadonlySet<number>;
  /** Of the other side's UDP socket, where that is on this machine; empty elsewhere. */
  readonly targetPorts: ReadonlySet<number>;
  /** What went wrong under way, in words, and how often. */
  readonly troubles: Troubles;
  /** Opens both ends of session 0, 1, 2 ... Throws NetError. */
  open(session: number): Promise<void>;
  /** Takes the next packet of a class in; false when those before it have not left yet and there is no room. */
  queue(session: number, priority: number, dueMs: number): boolean;
  /** Sends what was queued. */
  flush(): void;
  close(): Promise<void>;
}

/** Counts by words, of so many kinds at most. */
export class Troubles {
  static readonly MOST_KINDS = 8;
  readonly #counts = new Map<string, number>();

  add(words: string): void {
    const kind = this.#counts.has(words) || this.#counts.size < Troubles.MOST_KINDS ? words : "others";
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** The most frequent first. */
  list(): readonly { readonly words: string; readonly count: number }[] {
    return [...this.#counts].map(([words, count]) => ({ words, count })).sort((a, b) => b.count - a.count);
  }
}

export interface LoadTargetContext {
  readonly run: LoadRun;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly packetBytes: number;
  /** Packets of one session that may be due at a time. */
  readonly queuePackets: number;
  /** For opening a session's ends. */
  readonly timeoutMs: number;
}
