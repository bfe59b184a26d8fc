/**
 * One party that the suite plays, connected to a target: sends units, waits for units, and proves silences. Every byte
 * goes into the transcript. What comes is kept, in order, until the case asks for it.
 */
import type { HostPort } from "../../lib/base/address_table.ts";
import { equalBytes, toHex, utf8 } from "../../lib/base/bytes.ts";
import { brief } from "../expect.ts";
import type { Json } from "../testee/answer.ts";
import { isJson } from "../testee/answer.ts";
import type { Desk } from "./desk.ts";
import { Breach } from "./outcome.ts";

/** The socket behind a line. */
export interface LineChannel {
  /** For people: where it goes. */
  readonly name: string;
  /** Our end of it, where there is one to tell. */
  readonly local?: HostPort;
  send(unit: Uint8Array): void | Promise<void>;
  close(): void;
  /** Reads nothing more, so that the target's buffers fill; where the socket can do that. */
  stopReading?(): void;
}

/** Units that wait to be asked for; a target that sends more floods. */
const MAX_WAITING = 10_000;

const SETTLING_WAITS = 8;

export class Line {
  readonly name: string;
  readonly #desk: Desk;
  readonly #units: Uint8Array[] = [];
  #channel: LineChannel | undefined;
  #closedWhy: string | undefined;
  #take: ((unit: Uint8Array) => void) | undefined;
  #onEnd: (why: string) => void = () => {};
  #wake: () => void = () => {};

  constructor(name: string, desk: Desk) {
    this.name = name;
    this.#desk = desk;
  }

  /** For channels: a unit came; it is borrowed. */
  took(unit: Uint8Array): void {
    this.#desk.transcript.moved("received", this.name, unit);
    if (this.#take !== undefined) return this.#take(unit);
    if (this.#units.length >= MAX_WAITING) this.ended(`it sent more than ${MAX_WAITING} units`);
    else this.#units.push(unit.slice());
    this.#wake();
  }

  /** For channels: the connection is over. */
  ended(why: string): void {
    if (this.#closedWhy !== undefined) return;
    this.#closedWhy = why;
    this.#desk.transcript.noted("closed", why, this.name);
    this.#wake();
    this.#onEnd(why);
  }

  /** From now on units, those that wait first, go to `take` as they come, which borrows them; the end goes to `end`. */
  divert(take: (unit: Uint8Array) => void, end: (why: string) => void = () => {}): void {
    this.#take = take;
    this.#onEnd = end;
    for (const unit of this.#units.splice(0)) take(unit);
    if (this.#closedWhy !== undefined) end(this.#closedWhy);
  }

  opened(channel: LineChannel): void {
    this.#channel = channel;
    this.#desk.transcript.noted("opened", channel.name, this.name);
  }

  /** Our end of the connection; undefined where that cannot be told. */
  get local(): HostPort | undefined {
    return this.#channel?.local;
  }

  /** Sends a unit as it is. */
  async send(unit: Uint8Array): Promise<void> {
    this.#desk.transcript.moved("sent", this.name, unit);
    await this.#channel?.send(unit);
  }

  /** Sends a message, whatever it holds. */
  say(message: object): Promise<void> {
    return this.send(utf8(JSON.stringify(message)));
  }

  /** Waits until a unit has come, which stays, or the end of the line has; false when the time is over first. */
  hasSpoken(deadlineMs: number): Promise<boolean> {
    return this.#wait(deadlineMs);
  }

  /** The very next unit, which must be right. */
  async next(expected: string, isRight: (unit: Uint8Array) => boolean): Promise<Uint8Array> {
    const unit = await this.#takeNext(expected, this.#deadlineMs());
    if (!isRight(unit)) throw new Breach(expected, describeUnit(unit));
    return unit;
  }

  /** The next unit that is right; those before it are passed over. */
  async eventually(expected: string, isRight: (unit: Uint8Array) => boolean): Promise<Uint8Array> {
    const deadlineMs = this.#deadlineMs();
    for (;;) {
      const unit = await this.#takeNext(expected, deadlineMs);
      if (isRight(unit)) return unit;
    }
  }

  /** Those that come before the next unit that is right, which is left out. */
  async before(expected: string, isRight: (unit: Uint8Array) => boolean): Promise<readonly Uint8Array[]> {
    const earlier: Uint8Array[] = [];
    await this.eventually(expected, (unit) => isRight(unit) || !earlier.push(unit));
    return earlier;
  }

  /** What has come, once nothing more has for so long. */
  async settled(quietMs: number): Promise<readonly Uint8Array[]> {
    const units: Uint8Array[] = [];
    // In several waits: on a busy host one alone may be over before what has long come is looked at.
    for (let quiet = 0; quiet < SETTLING_WAITS;) {
      await this.#wait(this.#desk.clock.nowMs() + quietMs / SETTLING_WAITS);
      quiet = this.#units.length > 0 || this.#closedWhy !== undefined ? 0 : quiet + 1;
      units.push(...this.#units.splice(0));
      if (this.#closedWhy !== undefined) break;
    }
    return units;
  }

  /** The very next unit must be these bytes. */
  async nextBytes(bytes: Uint8Array): Promise<void> {
    await this.next(describeUnit(bytes), (unit) => equalBytes(unit, bytes));
  }

  /** The very next unit must be a message of the type, with these fields among its own. */
  async nextMessage(type: string, fields: Json = {}): Promise<Json> {
    return messageOf(await this.next(describeMessage(type, fields), isMessage(type, fields)));
  }

  /** The next message of the type with these fields; what comes before it is passed over. */
  async eventualMessage(type: string, fields: Json = {}): Promise<Json> {
    return messageOf(await this.eventually(describeMessage(type, fields), isMessage(type, fields)));
  }

  /**
   * Nothing may come. `until` is something that happens later than an answer would have: then no time is spent. Without
   * it, the silence lasts the desk's `silenceMs`.
   */
  async silence(until?: Promise<unknown>): Promise<void> {
    if (until !== undefined) await until;
    else await this.#wait(this.#desk.clock.nowMs() + this.#desk.silenceMs);
    const [unit] = this.#units;
    if (unit !== undefined) throw new Breach(`nothing on ${this.name}`, describeUnit(unit));
  }

  /** The other side must end the connection; units before that are passed over. Answers why. */
  async closedByTarget(): Promise<string> {
    const deadlineMs = this.#deadlineMs();
    while (this.#closedWhy === undefined) {
      this.#units.length = 0;
      if (!await this.#wait(deadlineMs)) throw new Breach(`the end of ${this.name}`, "an open connection");
    }
    return this.#closedWhy;
  }

  /** Takes nothing more off the network: a reader that is too slow. False where this channel cannot. */
  stopReading(): boolean {
    if (this.#channel?.stopReading === undefined) return false;
    this.#channel.stopReading();
    this.#desk.transcript.noted("note", "reads nothing more", this.name);
    return true;
  }

  /** Ends the line from this side. */
  close(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close();
  }

  async #takeNext(expected: string, deadlineMs: number): Promise<Uint8Array> {
    for (;;) {
      const unit = this.#units.shift();
      if (unit !== undefined) return unit;
      if (this.#closedWhy !== undefined) throw new Breach(expected, `the end of ${this.name}: ${this.#closedWhy}`);
      if (!await this.#wait(deadlineMs)) throw new Breach(expected, `nothing within ${this.#desk.patienceMs} ms`);
    }
  }

  #deadlineMs(): number {
    return this.#desk.clock.nowMs() + this.#desk.patienceMs;
  }

  /** Waits for something to happen; false when the time is over first. */
  #wait(deadlineMs: number): Promise<boolean> {
    if (this.#units.length > 0 || this.#closedWhy !== undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (isSo: boolean) => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve(isSo);
      };
      const timer = setTimeout(() => done(false), Math.max(0, deadlineMs - this.#desk.clock.nowMs()));
      this.#wake = () => done(true);
    });
  }
}

/** The unit as a message; an empty object where it is none. */
export function messageOf(unit: Uint8Array): Json {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(unit));
    return isJson(value) ? value : {};
  } catch {
    return {};
  }
}

/** Tells a message of the type, with these fields among its own. */
export function isMessage(type: string, fields: Json = {}): (unit: Uint8Array) => boolean {
  return (unit) => {
    const message = messageOf(unit);
    const isSame = (name: string) => JSON.stringify(message[name]) === JSON.stringify(fields[name]);
    return message.type === type && Object.keys(fields).every(isSame);
  };
}

function describeMessage(type: string, fields: Json): string {
  return Object.keys(fields).length === 0 ? `a message ${type}` : `a message ${type} with ${brief(fields)}`;
}

const MAX_SHOWN_BYTES = 48;

export function describeUnit(unit: Uint8Array): string {
  const message = messageOf(unit);
  if (message.type !== undefined) return brief(message);
  const cut = unit.length > MAX_SHOWN_BYTES ? "..." : "";
  return `${unit.length} bytes ${toHex(unit.subarray(0, MAX_SHOWN_BYTES))}${cut}`;
}
