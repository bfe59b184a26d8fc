/** A testee that answers ops, wherever it runs: in this process or in another. */
import { type Answer, isJson, type OpRequest, readAnswer } from "./answer.ts";
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
  /** Sends a line that need not be a request. @throws TesteeFailure */
  askLine(line: string): Promise<Answer>;
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
    return this.askLine(JSON.stringify({ id: 1, ...request }));
  }

  askLine(line: string): Promise<Answer> {
    return new Promise((resolve) => resolve(answerIn(this.#answerLine(line), idOf(line))));
  }

  /** What throws here would have ended a process. */
  #answerLine(line: string): string {
    try {
      return this.#testee.answerLine(line);
    } catch (error) {
      throw new TesteeFailure("died", String(error));
    }
  }

  restart(): Promise<void> {
    this.#testee = this.#make();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The answer in a line, which must be to the request with this id. @throws TesteeFailure `rubbish` */
export function answerIn(line: string, id: unknown): Answer {
  const object = parsed(line);
  const told = line.slice(0, MAX_TOLD);
  // Compared as text: an id may be any JSON.
  if (!isJson(object) || JSON.stringify(object.id) !== JSON.stringify(id)) {
    throw new TesteeFailure("rubbish", `it answers request ${JSON.stringify(id)} with ${told}`);
  }
  const answer = readAnswer(object);
  if (typeof answer === "string") throw new TesteeFailure("rubbish", `${answer}: ${told}`);
  return answer;
}

/** The id that the answer to a line has to have: null where the line has none. */
export function idOf(line: string): unknown {
  const request = parsed(line);
  return isJson(request) ? request.id ?? null : null;
}

/** Of what a testee says, in messages. */
const MAX_TOLD = 200;

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export function inProcess(description: string, make: () => Testee): OpsSource {
  return { description, start: () => Promise.resolve(new InProcessTestee(make)) };
}
