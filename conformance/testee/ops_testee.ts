/** A testee that answers ops, wherever it runs: in this process or in another. */
import { type Answer, type OpRequest, readAnswer } from "./answer.ts";
import type { Testee } from "./testee.ts";

/**
 * The testee gave no answer that could be judged. It is not to be asked again before a restart.
 *
 * - `hung`: no answer in time. - `died`: its process is gone. - `flooded`: more output than an answer may have.
 * - `rubbish`: output that is no answer to what was asked. - `gone`: it could not be started (again).
 */
export class TesteeFailure extends Error {
  readonly kind: "hung" | "died" | "flooded" | "rubbish" | "gone";

  constructor(kind: TesteeFailure["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** One testee; it is asked one thing at a time. */
export interface OpsTestee {
  /** @throws TesteeFailure */
  ask(request: OpRequest): Promise<Answer>;
  /** A fresh one in its place. @throws TesteeFailure `gone` */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Where testees come from: each worker of a run has its own. */
export interface OpsSource {
  /** For people: `this program's own library`, `command 'arcrtc testee'`. */
  readonly description: string;
  /** @throws TesteeFailure `gone` */
  start(): Promise<OpsTestee>;
}

/** A testee of this process; answers go through their text, as they would over a pipe. */
export class InProcessTestee implements OpsTestee {
  readonly #make: () => Testee;
  #testee: Testee;

  constructor(make: () => Testee) {
    this.#make = make;
    this.#testee = make();
  }

  ask(request: OpRequest): Promise<Answer> {
    const line = this.#testee.answerLine(JSON.stringify({ id: 1, ...request }));
    const answer = readAnswer(JSON.parse(line));
    return typeof answer === "string" ? Promise.reject(new TesteeFailure("rubbish", answer)) : Promise.resolve(answer);
  }

  restart(): Promise<void> {
    this.#testee = this.#make();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export function inProcess(description: string, make: () => Testee): OpsSource {
  return { description, start: () => Promise.resolve(new InProcessTestee(make)) };
}
