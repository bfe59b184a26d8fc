/**
 * The server's side of a Phoenix socket whose client is the peer under test (SPEC 6.1): a case answers frame by frame, or
 * lets the host answer each as a server does and speaks messages.
 */
import { utf8 } from "../../lib/base/bytes.ts";
import { brief } from "../expect.ts";
import type { Json } from "../testee/answer.ts";
import { type Line, type LineChannel, messageOf } from "./line.ts";
import { Breach } from "./outcome.ts";
import { type Frame, frameOf, SOCKET_TOPIC, topicOf } from "./phoenix_frame.ts";
import type { Voice } from "./world.ts";

export class PhoenixHost {
  /** Path and query that the peer asked for. */
  readonly path: string;
  /** Of frames, as they are. */
  readonly line: Line;
  /** Resolves when the peer joins its topic once more on this socket, while the host answers. */
  readonly rejoined: Promise<void>;
  readonly #voice: Voice;
  readonly #topic: string;
  #joinRef: string | null = null;
  #onRejoin: () => void = () => {};

  /** `voice` is the peer that has the socket. */
  constructor(line: Line, path: string, voice: Voice) {
    this.line = line;
    this.path = path;
    this.#voice = voice;
    this.#topic = topicOf(voice.sessionId);
    this.rejoined = new Promise((resolve) => this.#onRejoin = resolve);
  }

  /** The very next frame that is no heartbeat of the socket, which is answered. */
  async next(expected: string): Promise<Frame> {
    for (;;) {
      const frame = frameOf(await this.line.next(expected, () => true));
      if (!isBeat(frame)) return frame;
      await this.reply(frame);
    }
  }

  /** The peer's join, which comes before all else. */
  async join(): Promise<Frame> {
    const due = { peer_id: this.#voice.peerId };
    const expected = `phx_join of ${this.#topic} with ${brief(due)}`;
    const frame = await this.next(expected);
    const { event, topic, ref, payload } = frame;
    const isRight = event === "phx_join" && topic === this.#topic && ref !== null && payload.peer_id === due.peer_id;
    if (!isRight) throw new Breach(expected, brief(frame));
    this.#joinRef = ref;
    return frame;
  }

  /** A push of a message of the type, the very next frame; it is not answered. */
  async pushed(type: string): Promise<Frame> {
    const frame = await this.next(`a push of ${type}`);
    if (frame.event !== type) throw new Breach(`a push of ${type}`, brief(frame));
    return frame;
  }

  /** Pushes of messages that come until nothing more has for so long; the peer may leave, and try to join again. */
  async pushes(quietMs: number): Promise<readonly Frame[]> {
    const frames = (await this.line.settled(quietMs)).map(frameOf);
    for (const beat of frames.filter(isBeat)) await this.reply(beat);
    return frames.filter((frame) => !isBeat(frame) && !isOfChannel(frame));
  }

  /** There may be none of them. */
  async silence(expected: string, quietMs: number): Promise<void> {
    const [push] = await this.pushes(quietMs);
    if (push !== undefined) throw new Breach(expected, brief(push));
  }

  async reply({ joinRef, ref, topic }: Frame, status: "ok" | "error" = "ok", response: Json = {}): Promise<void> {
    await this.tell(joinRef, ref, topic, "phx_reply", { status, response });
  }

  /** A frame of any kind. */
  async tell(joinRef: string | null, ref: string | null, topic: string, event: string, payload: Json): Promise<void> {
    await this.line.say([joinRef, ref, topic, event, payload]);
  }

  /** What the server says by itself on the peer's topic. */
  async push(event: string, payload: Json): Promise<void> {
    await this.tell(this.#joinRef, null, this.#topic, event, payload);
  }

  /** From here on each frame gets its reply; messages go to `line` and come from it. */
  messages(line: Line): LineChannel {
    this.line.divert((unit) => this.#answer(line, unit), (why) => line.ended(why));
    return {
      name: `messages on ${this.#topic}`,
      send: (unit) => {
        const { type } = messageOf(unit);
        // The text as it is, so that nothing of it is lost on the way through an object.
        const head = JSON.stringify([this.#joinRef, null, this.#topic, typeof type === "string" ? type : "message"]);
        return this.line.send(utf8(`${head.slice(0, -1)},${new TextDecoder().decode(unit)}]`));
      },
      close: () => this.line.close(),
    };
  }

  #answer(line: Line, unit: Uint8Array): void {
    let frame: Frame;
    try {
      frame = frameOf(unit);
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      line.ended(`it sent ${error.got} in the place of ${error.expected}`);
      return this.line.close();
    }
    if (isBeat(frame)) return this.#later(this.reply(frame));
    if (frame.topic !== this.#topic) return this.#later(this.reply(frame, "error", { reason: "unmatched topic" }));
    if (frame.event === "phx_join") {
      this.#joinRef = frame.ref;
      this.#onRejoin();
    }
    this.#later(this.reply(frame));
    if (!isOfChannel(frame)) line.took(utf8(JSON.stringify(frame.payload)));
  }

  /** What is under way when the case ends is nobody's loss. */
  #later(sending: Promise<void>): void {
    sending.catch(() => {});
  }
}

/** SPEC ARC-TRANSPORT-phoenix-heartbeat. */
function isBeat({ topic, event }: Frame): boolean {
  return topic === SOCKET_TOPIC && event === "heartbeat";
}

/** A frame of the channel itself, with no message in it. */
function isOfChannel({ event }: Frame): boolean {
  return event.startsWith("phx_");
}
