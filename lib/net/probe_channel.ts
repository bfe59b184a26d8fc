import type { HeartbeatSender } from "../probe/heartbeat_text.ts";
import type { ProbeMethod } from "../probe/probe_report.ts";
import type { Question } from "../probe/probe_run.ts";

/** One way to ask a peer and hear its answer. Times are monotonic ms, read right beside the system's calls. */
export interface ProbeChannel {
  readonly method: ProbeMethod;
  /** True where answers must not be larger than questions. */
  readonly isDatagram: boolean;
  /** The session of its heartbeats; undefined where they are for the server or relay itself. */
  readonly from: HeartbeatSender | undefined;
  /** True where the other end is ours, too, and {@link ProbeChannelEvents.arrived} tells of every question. */
  readonly hearsArrivals: boolean;
  /** Sends a question; answers the time right before. Undefined when the channel is closed. */
  send(question: Question): number | undefined;
  close(): void;
}

/** Of a channel to somebody else, who is asked as the server or relay that he is. */
export const FOREIGN_END = { from: undefined, hearsArrivals: false } as const;

/** What a channel tells its owner. */
export interface ProbeChannelEvents {
  /** A message came. Bytes are borrowed: valid during the call. */
  unit(unit: string | Uint8Array, receivedMs: number): void;
  /** The question with this number was answered, by a method without messages. */
  echo(sequence: number, receivedMs: number): void;
  /** The question with this number will not be answered. */
  refused(sequence: number, code: string, message: string): void;
  /** The question with this number and challenge has come to the other end. */
  arrived(sequence: number, challenge: string, atMs: number): void;
  /** The channel is over; called at most once, and not after `close`. */
  closed(why: string): void;
}
