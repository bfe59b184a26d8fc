/** A program behind the testee interface that is looked after: is it still as quick and small as it was? */
import { Breach } from "../../../lib/fuzz/target.ts";
import { isJson, type Json } from "../../../conformance/testee/answer.ts";
import { CliError } from "../../ui/cli_error.ts";
import { Drift } from "./drift.ts";
import { Liveness } from "./liveness.ts";
import { TesteeProcess } from "./testee_process.ts";

const HELLO = '{"id":0,"op":"hello"}';
/** Questions between two that are always the same: how long those take shows how the program fares. */
const QUESTIONS_PER_CANARY = 16;

/** What a program says of itself. */
export interface Hello {
  /** Name and version, as far as it tells them. */
  readonly title: string;
  readonly ops: readonly string[];
}

export class WatchedTestee {
  readonly command: string;
  readonly #testee: TesteeProcess;
  readonly #drift = new Drift();
  readonly #liveness = new Liveness();
  #asked = 0;

  constructor(command: string, timeoutMs: number) {
    this.command = command;
    this.#testee = new TesteeProcess(command, timeoutMs);
  }

  /** @throws CliError where it does not answer or does not say which ops it has; it is then stopped. */
  async hello(): Promise<Hello> {
    try {
      const { ok } = readObject(await this.#testee.ask(HELLO));
      if (isJson(ok) && Array.isArray(ok.ops)) {
        return { title: titleOf(ok), ops: ok.ops.map(String) };
      }
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      await this.stop();
      throw new CliError("unreachable", `'${this.command}' does not answer hello: ${error.message}`);
    }
    await this.stop();
    throw new CliError("unreachable", `'${this.command}' does not say which ops it has`, "see arcrtc testee --help");
  }

  /**
   * The answer to a line, in whatever form it is.
   *
   * @throws Breach when the program ends, does not answer in time or with no object, or has become slow or large.
   */
  async ask(line: string): Promise<Json> {
    // What a start takes is not the question's.
    if (!this.#testee.isRunning) await this.#helloMs();
    const startMs = performance.now();
    const answer = readObject(await this.#testee.ask(line));
    const tookMs = performance.now() - startMs;
    try {
      this.#drift.afterCase(tookMs, this.#testee.residentBytes);
      if (++this.#asked % QUESTIONS_PER_CANARY === 0) this.#liveness.canary(await this.#helloMs(), "hello");
    } catch (error) {
      // What has been spoilt by many questions would be blamed on every further one.
      await this.stop();
      throw error;
    }
    return answer;
  }

  /** It is started again by the next question. */
  stop(): Promise<void> {
    return this.#testee.stop();
  }

  async #helloMs(): Promise<number> {
    const startMs = performance.now();
    await this.#testee.ask(HELLO);
    return performance.now() - startMs;
  }
}

const MAX_TITLE = 60;

/** What a program calls itself goes to a terminal. */
function titleOf({ name, version }: Json): string {
  const words = [name, version].filter((word) => typeof word === "string");
  return words.join(" ").replace(/\p{Cc}/gu, "?").slice(0, MAX_TITLE) || "nameless";
}

function readObject(line: string): Json {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    throw new Breach("response", `the answer is no JSON: ${line.slice(0, 80)}`);
  }
  if (isJson(answer)) return answer;
  throw new Breach("response", "the answer is no JSON object");
}
