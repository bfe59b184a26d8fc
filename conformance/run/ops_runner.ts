/** Runs ops cases with one testee, which is started again whenever it has failed to answer. */
import type { Clock } from "../../lib/net/clock.ts";
import type { Check, OpsCase, OpsSetting, Took } from "../case.ts";
import { brief } from "../expect.ts";
import type { Level } from "../requirements.ts";
import type { BreachRecord } from "../results.ts";
import { answerJson } from "../testee/answer.ts";
import { type OpsSource, type OpsTestee, TesteeFailure } from "../testee/ops_testee.ts";
import type { Transcript } from "../transcript.ts";
import { broken, failed, measured, type Outcome, suiteError, unsupported } from "./outcome.ts";
import { probe, type Profile, whyNotBelieved } from "./profile.ts";

/** Starts in a row without an answer to `hello`, after which the testee is given up. */
const MAX_STARTS = 3;
/** Breaches that are told of one case. */
const MAX_BREACHES = 20;
/** Checks of one case, follow-ups included. */
const MAX_CHECKS = 20_000;

export class OpsRunner {
  readonly #source: OpsSource;
  readonly #clock: Clock;
  #testee: OpsTestee | undefined;
  #profile: Profile | undefined;
  #gaveUp: TesteeFailure | undefined;

  constructor(source: OpsSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** The testee's profile, once it runs. @throws TesteeFailure where it does not answer, however often it is started */
  async profile(): Promise<Profile> {
    if (this.#profile !== undefined) return this.#profile;
    for (let starts = 1;; starts++) {
      if (this.#gaveUp !== undefined) throw this.#gaveUp;
      try {
        if (this.#testee === undefined) this.#testee = await this.#source.start();
        else await this.#testee.restart();
        return this.#profile = await probe(this.#testee);
      } catch (error) {
        if (!(error instanceof TesteeFailure)) throw error;
        if (error.kind !== "gone" && starts < MAX_STARTS) continue;
        const times = starts === 1 ? "" : `, ${starts} times in a row`;
        this.#gaveUp = new TesteeFailure("gone", `the testee does not answer hello${times}: ${error.message}`);
      }
    }
  }

  async run(one: OpsCase, level: Level, setting: OpsSetting, transcript: Transcript): Promise<Outcome> {
    let checks: readonly Check[];
    try {
      checks = one.checks(setting);
    } catch (error) {
      return suiteError(error);
    }
    const state = new CaseState();
    try {
      const profile = await this.profile();
      await this.#ask(checks, profile, state, transcript);
    } catch (error) {
      if (!(error instanceof TesteeFailure)) return suiteError(error);
      // It is started again for the next case.
      this.#profile = undefined;
      const { at, expected } = state;
      return failed(
        { ...(at === undefined ? {} : { at }), expected, got: `${error.kind}: ${error.message}` },
        state.checks,
      );
    }
    if (state.breaches.length > 0) return broken(level, state.breaches, state.checks);
    if (state.unsupported !== undefined) return unsupported(state.unsupported);
    return measured(level, one.measures?.(state.took) ?? [], state.checks);
  }

  async close(): Promise<void> {
    await this.#testee?.close();
  }

  async #ask(checks: readonly Check[], profile: Profile, state: CaseState, transcript: Transcript): Promise<void> {
    for (const check of checks) {
      if (state.checks++ >= MAX_CHECKS) throw new Error(`a case of more than ${MAX_CHECKS} checks`);
      const { name, request, expected, judge, then } = check;
      state.at = name;
      state.expected = expected;
      const entry = { check: name, request, expected };
      const askedMs = this.#clock.nowMs();
      const answer = await this.#answer(check, transcript);
      state.took.push({ name, ms: this.#clock.nowMs() - askedMs });
      const isUnsupported = answer.kind === "unsupported";
      const problem = isUnsupported ? whyNotBelieved(profile, request, answer) : judge(answer);
      transcript.asked({ ...entry, answer: answerJson(answer), problem });
      if (problem !== undefined) {
        if (state.breaches.length < MAX_BREACHES) state.breaches.push({ at: name, expected, got: problem });
        continue;
      }
      if (isUnsupported) state.unsupported ??= `${request.op}: ${answer.why}`;
      if (then !== undefined && answer.kind === "ok") await this.#ask(then(answer.value), profile, state, transcript);
    }
  }

  async #answer({ name, request, line, expected }: Check, transcript: Transcript) {
    try {
      if (this.#testee === undefined) throw new TesteeFailure("gone", "it does not run");
      return await (line === undefined ? this.#testee.ask(request) : this.#testee.askLine(line));
    } catch (error) {
      const problem = error instanceof TesteeFailure ? `${error.kind}: ${error.message}` : brief(String(error));
      transcript.asked({ check: name, request, expected, answer: undefined, problem });
      throw error;
    }
  }
}

class CaseState {
  readonly breaches: BreachRecord[] = [];
  readonly took: Took[] = [];
  checks = 0;
  unsupported: string | undefined;
  /** The check that is being made. */
  at: string | undefined;
  expected = "an answer to hello";
}
