/** What tests of the runner share: runs with few words, and testees that are broken on purpose. */
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { systemClock } from "../../lib/net/clock.ts";
import type { Case } from "../case.ts";
import { registerCases } from "../registry.ts";
import type { CaseResult, SuiteResult } from "../results.ts";
import { inProcess, type OpsSource } from "../testee/ops_testee.ts";
import { allOps } from "../testee/own.ts";
import { type Ops, Testee } from "../testee/testee.ts";
import { type RunOptions, runSuite } from "./run_suite.ts";

const clock = systemClock();

/** Our own testee with its ops changed. */
export function ownOps(change: (ops: Ops) => Ops = (ops) => ops): OpsSource {
  const make = () => new Testee(change(allOps({ version: "0.0.0-test", crypto: nobleBackend })));
  return inProcess("our own, for a test", make);
}

export function runCases(cases: readonly Case[], options: Partial<RunOptions> = {}): Promise<SuiteResult> {
  const registered = registerCases(cases);
  return runSuite({
    subjects: { ops: ownOps() },
    cases: registered,
    allIds: new Set(registered.map(({ case: one }) => one.id)),
    dialect: "arcrtc-1.0",
    seed: 1,
    strict: false,
    jobs: 2,
    patienceMs: 10_000,
    silenceMs: 100,
    clock,
    ...options,
  });
}

/** The results of all dialects. */
export function resultsOf({ tables }: SuiteResult): readonly CaseResult[] {
  return tables.flatMap(({ results }) => results);
}

/** Id and verdict of each, and the first thing that was wrong. */
export function verdictsOf(result: SuiteResult): Record<string, string> {
  return Object.fromEntries(resultsOf(result).map(({ id, verdict }) => [id, verdict]));
}
