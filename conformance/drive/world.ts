/** What every dialogue case is given: a place to write down, to wait, to judge, and lines that are closed at the end. */
import type { Rng } from "../../lib/base/rng.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { BusMember, type BusPlace } from "./bus_member.ts";
import type { Desk } from "./desk.ts";
import { Line, type LineChannel } from "./line.ts";
import type { Measure } from "../measure.ts";
import { Breach, Skip } from "./outcome.ts";

/** Who speaks, in which session. */
export interface Voice {
  readonly sessionId: string;
  readonly peerId: string;
}

export class World {
  readonly desk: Desk;
  /**
   * Of this run of the case. Not seeded: a target that remembers an earlier run with the same seed must not take this
   * one for its continuation.
   */
  sessionId = "";
  callerId = "";
  calleeId = "";
  /** Neither the session's nor a peer's. */
  otherId = "";
  /** What the case has measured. */
  readonly measures: Measure[] = [];
  readonly #lines: Line[] = [];
  readonly #afterwards: (() => Promise<void>)[] = [];
  #lastTimestamp = 0;
  #bus: Promise<BusMember> | undefined;

  constructor(desk: Desk) {
    this.desk = desk;
    this.newSession();
  }

  /** From here on it is about another session, of other peers: who has heard of the one before need not have seen its end. */
  newSession(): void {
    const rng = new SystemRng();
    this.sessionId = uuidV4(rng);
    this.callerId = uuidV4(rng);
    this.calleeId = uuidV4(rng);
    this.otherId = uuidV4(rng);
  }

  get caller(): Voice {
    return { sessionId: this.sessionId, peerId: this.callerId };
  }

  get callee(): Voice {
    return { sessionId: this.sessionId, peerId: this.calleeId };
  }

  get rng(): Rng {
    return this.desk.rng;
  }

  /** Unix milliseconds, as messages carry them. */
  get timestamp(): number {
    const { clock } = this.desk;
    return Math.floor(clock.nowMs() + clock.unixOffsetMs);
  }

  /** The same, later than each that was taken before: two requests of a type must not have the same. */
  freshTimestamp(): number {
    return this.#lastTimestamp = Math.max(this.timestamp, this.#lastTimestamp + 1);
  }

  /** Lets time pass: for rules that are about it. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** A word for the transcript. */
  note(text: string): void {
    this.desk.transcript.noted("note", text);
  }

  /** Figures for every report; those over their bounds are breaches. */
  measure(...measures: readonly Measure[]): void {
    this.measures.push(...measures);
  }

  /** The rule is broken. */
  breach(expected: string, got: string): never {
    throw new Breach(expected, got);
  }

  /** A breach unless `isSo`. */
  require(isSo: boolean, expected: string, got: string): void {
    if (!isSo) this.breach(expected, got);
  }

  /** The case is not for this target; `reason` says what is missing. */
  skip(reason: string): never {
    throw new Skip(reason);
  }

  /** A line over a channel that `open` makes; a target that cannot be reached is a breach. */
  protected async line(name: string, open: (line: Line) => Promise<LineChannel>): Promise<Line> {
    const line = this.openLine(name);
    let channel: LineChannel;
    try {
      channel = await open(line);
    } catch (error) {
      throw new Breach("a connection", error instanceof Error ? error.message : String(error));
    }
    line.opened(channel);
    return line;
  }

  /** A line on a subject of the bus that the target is on; a bus that cannot be reached is a breach. */
  protected busLine(name: string, place: BusPlace | undefined, subject: string): Promise<Line> {
    if (place === undefined) this.skip("needs --nats nats://HOST:PORT, the bus that the target is on");
    return this.line(name, async (line) => {
      this.#bus ??= BusMember.join(place, this.desk);
      return await (await this.#bus).channel(line, subject);
    });
  }

  /** A line whose channel is opened by whoever asks, and closed with the others. */
  openLine(name: string, desk = this.desk): Line {
    const line = new Line(name, desk);
    this.#lines.push(line);
    return line;
  }

  /** What is to be done when the case is over, however it ends; the last that was said comes first. */
  afterwards(act: () => Promise<void>): void {
    this.#afterwards.unshift(act);
  }

  /** Closes every line, and what was opened besides; the runner calls it whatever has happened. */
  async close(): Promise<void> {
    for (const line of this.#lines) line.close();
    for (const act of this.#afterwards) await act();
    await (await this.#bus?.catch(() => undefined))?.close();
  }
}
