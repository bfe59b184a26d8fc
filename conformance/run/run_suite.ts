/** Runs the selected cases, several at a time, and gathers their results in the order of the registry. */
import type { Clock } from "../../lib/net/clock.ts";
import type { Facet } from "../case.ts";
import type { Desk, Driver } from "../drive/desk.ts";
import type { PeerWorld } from "../drive/peer_world.ts";
import type { RelayWorld } from "../drive/relay_world.ts";
import type { ServerWorld } from "../drive/server_world.ts";
import type { KnownFailing } from "../known_failing.ts";
import { staleEntries } from "../known_failing.ts";
import type { RegisteredCase } from "../registry.ts";
import type { CaseResult, DialectTable, SuiteResult } from "../results.ts";
import type { OpsSource } from "../testee/ops_testee.ts";
import { type Dialect, DIALECTS } from "../testee/rtp_json.ts";
import { Transcript } from "../transcript.ts";
import { type Verdict, VERDICTS } from "../verdict.ts";
import { againWhileBusy, watchLateness } from "./busy_host.ts";
import { caseRng } from "./case_rng.ts";
import { type CheckedCapture, judgeCapture } from "./capture_runner.ts";
import { runDialogue } from "./dialogue_runner.ts";
import { OpsRunner } from "./ops_runner.ts";
import { isBroken, type Outcome, skipped } from "./outcome.ts";
import { dialectsOf, implementationOf, type Profile } from "./profile.ts";

/** What is tested: a case whose facet is not here is skipped. */
export interface Subjects {
  readonly ops?: OpsSource;
  readonly server?: Driver<ServerWorld>;
  readonly relay?: Driver<RelayWorld>;
  readonly peer?: Driver<PeerWorld>;
  readonly capture?: CheckedCapture;
}

export interface RunOptions {
  readonly subjects: Subjects;
  readonly cases: readonly RegisteredCase[];
  /** Every id there is, to tell stale entries of `known` from misspelt ones. */
  readonly allIds: ReadonlySet<string>;
  readonly known?: KnownFailing;
  /** The dialect to test; what the testee's `hello` lists where it is left out, `arcrtc-1.0` where that lists none. */
  readonly dialect?: Dialect;
  readonly seed: number;
  readonly strict: boolean;
  /** Cases at a time; each worker has a testee process of its own. */
  readonly jobs: number;
  readonly patienceMs: number;
  readonly silenceMs: number;
  /** Dialogues that fail on a busy host are not run again. */
  readonly once?: boolean;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Called as each case ends. */
  readonly progress?: (result: CaseResult, done: number, all: number) => void;
}

/** What to give the command for a facet; the reason of a skipped case. */
const MISSING: Readonly<Record<Facet, string>> = {
  ops: "needs a testee of ops: --command 'CMD'",
  server: "needs a signaling server: --target URL",
  relay: "needs a relay: --relay URL --relay-secret SECRET",
  peer: "needs a peer: --peer-call 'CMD' --peer-listen 'CMD'",
  capture: "needs a capture: --capture FILE",
};

/** @throws TesteeFailure where the testee of ops does not even begin to answer */
export async function runSuite(options: RunOptions): Promise<SuiteResult> {
  const { subjects, cases, clock, seed, strict, known, jobs } = options;
  const startMs = clock.nowMs();
  const needsOps = cases.some((one) => one.case.needs === "ops");
  const runners = subjects.ops === undefined || !needsOps
    ? []
    : Array.from({ length: jobs }, () => new OpsRunner(subjects.ops as OpsSource, clock));
  try {
    const profile = await runners[0]?.profile();
    const plan = planDialects(options.dialect, profile, subjects.capture);
    const work = plan.dialects.flatMap((dialect) =>
      cases.filter((one) => isOf(one, dialect, plan.captured)).map((one) => ({ one, dialect }))
    );
    const results: (CaseResult | undefined)[] = new Array(work.length);
    let done = 0;
    const workOn = async (queue: number[], runner: OpsRunner | undefined) => {
      for (let at = queue.shift(); at !== undefined && options.signal?.aborted !== true; at = queue.shift()) {
        const result = await runCase(work[at].one, work[at].dialect, runner, options);
        results[at] = result;
        options.progress?.(result, ++done, work.length);
      }
    };
    const [alone, together] = [true, false].map((isAlone) =>
      [...work.keys()].filter((at) => (work[at].one.case.isAlone === true) === isAlone)
    );
    await Promise.all(Array.from({ length: jobs }, (_, i) => workOn(together, runners[i])));
    await workOn(alone, runners[0]);
    const of = (dialect: Dialect) =>
      results.filter((result, i) => result && work[i].dialect === dialect) as CaseResult[];
    const tables = plan.dialects.map((dialect) => tableOf(dialect, plan.from, of(dialect)));
    const all = tables.flatMap((table) => table.results);
    const implementation = profile && implementationOf(profile);
    return {
      subjects: describe(subjects),
      ...(implementation === undefined ? {} : { implementation }),
      seed,
      strict,
      elapsedMs: clock.nowMs() - startMs,
      tables: tables.filter((table) => table.results.length > 0),
      stale: known === undefined ? [] : staleEntries(known, options.allIds, all, strict),
      interrupted: all.length < work.length,
    };
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

interface DialectPlan {
  readonly dialects: readonly Dialect[];
  readonly from: DialectTable["from"];
  /** The one that a capture is judged by. */
  readonly captured: Dialect;
}

function planDialects(
  given: Dialect | undefined,
  profile: Profile | undefined,
  capture: CheckedCapture | undefined,
): DialectPlan {
  const captured = given ?? capture?.dialect ?? "arcrtc-1.0";
  if (given !== undefined) return { dialects: [given], from: "given", captured };
  const listed = profile === undefined ? [] : dialectsOf(profile);
  const dialects = DIALECTS.filter((dialect) => listed.includes(dialect) || dialect === capture?.dialect);
  if (dialects.length === 0) return { dialects: [captured], from: "default", captured };
  return { dialects, from: listed.length > 0 ? "hello" : "capture", captured };
}

function isOf({ case: one }: RegisteredCase, dialect: Dialect, captured: Dialect): boolean {
  if (one.needs === "capture" && dialect !== captured) return false;
  return (one.dialects ?? ["arcrtc-1.0"]).includes(dialect);
}

async function runCase(
  { case: one, area, rule }: RegisteredCase,
  dialect: Dialect,
  runner: OpsRunner | undefined,
  { subjects, seed, clock, patienceMs, silenceMs, known, once = false }: RunOptions,
): Promise<CaseResult> {
  const startMs = clock.nowMs();
  const attempt = async (note?: string) => {
    const transcript = new Transcript(() => clock.nowMs());
    if (note !== undefined) transcript.noted("note", note);
    const rng = caseRng(seed, dialect, one.id);
    return { outcome: await outcome({ transcript, clock, rng, patienceMs, silenceMs }), transcript };
  };
  const isDialogue = one.needs !== "ops" && one.needs !== "capture";
  const made = isDialogue && !once
    ? await againWhileBusy(attempt, ({ outcome }) => isBroken(outcome), () => watchLateness(clock))
    : await attempt();
  const { verdict, why, breaches, checks, measures = [] } = made.outcome;
  return {
    id: one.id,
    area,
    title: one.title,
    needs: one.needs,
    level: rule.level,
    clause: rule.clause,
    requirements: one.requirements,
    verdict,
    known: known?.ids.has(one.id) === true,
    ...(why === undefined ? {} : { why }),
    breaches,
    checks,
    measures,
    elapsedMs: clock.nowMs() - startMs,
    seed,
    transcript: made.transcript.entries,
  };

  async function outcome(desk: Desk): Promise<Outcome> {
    const { rng, transcript } = desk;
    const { server, relay, peer, capture } = subjects;
    switch (one.needs) {
      case "ops":
        return runner === undefined
          ? skipped(MISSING.ops)
          : await runner.run(one, rule.level, { dialect, rng }, transcript);
      case "server":
        return server === undefined ? skipped(MISSING.server) : await runDialogue(one.run, server, rule.level, desk);
      case "relay":
        return relay === undefined ? skipped(MISSING.relay) : await runDialogue(one.run, relay, rule.level, desk);
      case "peer":
        return peer === undefined ? skipped(MISSING.peer) : await runDialogue(one.run, peer, rule.level, desk);
      case "capture":
        return capture === undefined ? skipped(MISSING.capture) : judgeCapture(one, capture, rule.level, transcript);
    }
  }
}

function tableOf(dialect: Dialect, from: DialectTable["from"], results: readonly CaseResult[]): DialectTable {
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length;
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)]));
  return { dialect, from, results, counts: counts as Record<Verdict, number> };
}

function describe({ ops, server, relay, peer, capture }: Subjects): SuiteResult["subjects"] {
  const all = { ops, server, relay, peer, capture };
  const given = Object.entries(all).flatMap(([facet, subject]) => subject ? [[facet, subject.description]] : []);
  return Object.fromEntries(given);
}
