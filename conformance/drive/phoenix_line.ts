/** A line to a server that speaks Phoenix V2 (SPEC 6.1). */
import { brief } from "../expect.ts";
import { isJson, type Json } from "../testee/answer.ts";
import type { Line } from "./line.ts";
import { Breach } from "./outcome.ts";
import { type Frame, frameOf } from "./phoenix_frame.ts";

/** `ok`, or `error` with the ERROR message. */
export interface Reply {
  readonly status: string;
  readonly response: Json;
}

export class PhoenixLine {
  readonly line: Line;
  /** What came while something else was waited for. */
  readonly #unread: Frame[] = [];
  #lastRef = 0;

  constructor(line: Line) {
    this.line = line;
  }

  /** Sends a frame with a new reference and answers what is replied to it. */
  async ask(topic: string, event: string, payload: unknown, joinRef: string | null = "1"): Promise<Reply> {
    const ref = await this.tell(topic, event, payload, joinRef);
    const { payload: { status, response } } = await this.#take(
      `a phx_reply to ${event} with the reference ${ref}`,
      (frame) => frame.event === "phx_reply" && frame.ref === ref && frame.topic === topic,
    );
    return { status: String(status), response: isJson(response) ? response : {} };
  }

  /** Sends a frame and waits for nothing; answers its reference. */
  async tell(topic: string, event: string, payload: unknown, joinRef: string | null = "1"): Promise<string> {
    const ref = String(++this.#lastRef);
    await this.line.say([joinRef, ref, topic, event, payload]);
    return ref;
  }

  /** The same, where it must be replied `ok`. */
  async agreed(topic: string, event: string, payload: unknown, joinRef: string | null = "1"): Promise<Reply> {
    const reply = await this.ask(topic, event, payload, joinRef);
    if (reply.status !== "ok") throw new Breach(`a reply ok to ${event}`, brief(reply));
    return reply;
  }

  /** The same, where it must be replied `error`, with an ERROR of the code. */
  async refused(
    code: string,
    topic: string,
    event: string,
    payload: unknown,
    joinRef: string | null = "1",
  ): Promise<Json> {
    const reply = await this.ask(topic, event, payload, joinRef);
    const { status, response } = reply;
    if (status === "error" && response.type === "ERROR" && response.code === code) return response;
    throw new Breach(`a reply error to ${event}, with an ERROR ${code}`, brief(reply));
  }

  /** The next push of a message of the type. */
  async pushed(type: string): Promise<Frame> {
    return await this.#take(`a push of ${type}`, (frame) => frame.event === type);
  }

  /** No push of a message of the type has come so far. */
  requireNone(type: string): void {
    const found = this.#unread.find(({ event }) => event === type);
    if (found !== undefined) throw new Breach(`no ${type}`, brief(found));
  }

  async #take(expected: string, isRight: (frame: Frame) => boolean): Promise<Frame> {
    const kept = this.#unread.findIndex(isRight);
    if (kept >= 0) return this.#unread.splice(kept, 1)[0];
    for (;;) {
      const frame = frameOf(await this.line.next(expected, () => true));
      if (isRight(frame)) return frame;
      this.#unread.push(frame);
    }
  }
}
