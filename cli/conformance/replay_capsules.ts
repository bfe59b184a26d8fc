/** `arcrtc conformance replay FILE...`: does it still fail as it did? */
import { visible } from "../../lib/base/hex_text.ts";
import { systemClock } from "../../lib/net/clock.ts";
import type { Capsule } from "../../conformance/capsule/capsule.ts";
import { compareReplay, type Replay, type ReplayOutcome } from "../../conformance/capsule/compare.ts";
import { breachJson } from "../../conformance/report/json.ts";
import type { Paint } from "../../conformance/report/report.ts";
import { textReport } from "../../conformance/report/text.ts";
import { registerCases } from "../../conformance/registry.ts";
import type { CaseResult, SuiteResult } from "../../conformance/results.ts";
import { runSuite, type Subjects } from "../../conformance/run/run_suite.ts";
import { EXIT, type ExitCode } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import { VERSION } from "../version.ts";
import { readCapsule } from "./capsule_files.ts";
import type { SubjectFlags } from "./conformance_options.ts";
import { leave, namesSubject, OWN_LIBRARY, reach, subjectsOf, testeeError } from "./subjects.ts";

export interface ReplayFlags extends SubjectFlags {
  /** Milliseconds; the capsule's where it is left out. */
  readonly timeout?: number;
  readonly silence?: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** What each outcome looks like, and says. */
const OUTCOMES: Readonly<Record<ReplayOutcome, { readonly colour: Parameters<Paint>[0]; readonly words: string }>> = {
  same: { colour: "red", words: "same: it fails as it did" },
  different: { colour: "red", words: "different: it fails in another way" },
  fixed: { colour: "green", words: "fixed: it passes" },
  notRun: { colour: "yellow", words: "not run" },
};

/** @throws CliError before anything has run. */
export async function replayCapsules(files: readonly string[], flags: ReplayFlags, io: Io): Promise<ExitCode> {
  const capsules = files.map((file) => ({ file, capsule: readCapsule(file) }));
  for (const { file, capsule } of capsules) requireSubject(file, capsule, flags);
  const timeoutMs = flags.timeout ?? Math.max(...capsules.map(({ capsule }) => capsule.timeout_ms));
  const subjects = await subjectsOf(flags, timeoutMs, io);
  const outcomes: ReplayOutcome[] = [];
  try {
    await reach(subjects, timeoutMs);
    for (const { file, capsule } of capsules) {
      const run = await again(file, capsule, subjects, flags);
      const [now] = run.tables.flatMap(({ results }) => results);
      const replay = compareReplay(capsule, now);
      outcomes.push(replay.outcome);
      io.stdout(
        flags.json === true ? replayJson(file, capsule, now, replay) : replayText(file, capsule, run, replay, io),
      );
      if (flags.verbose === true && flags.json !== true) io.stdout(wholeText(run, io));
    }
  } finally {
    await leave(subjects);
  }
  if (outcomes.some((outcome) => outcome === "same" || outcome === "different")) return EXIT.finding;
  return outcomes.includes("notRun") ? EXIT.nothingSelected : EXIT.ok;
}

/** A file from elsewhere starts no program: what is to be tested is said here. @throws CliError */
function requireSubject(file: string, { subject, case: { needs } }: Capsule, flags: SubjectFlags): void {
  if (namesSubject(flags) || subject === OWN_LIBRARY) return;
  const flag = { ops: "--command", server: "--target", relay: "--relay", peer: "--peer-call", capture: "--capture" };
  throw new CliError("usage", `what is to be tested with ${file}?`, `${flag[needs]}: it was made against ${subject}`);
}

/** @throws CliError */
async function again(file: string, capsule: Capsule, subjects: Subjects, flags: ReplayFlags): Promise<SuiteResult> {
  const { case: { id }, suite, dialect, seed, timeout_ms: timeoutMs, silence_ms: silenceMs } = capsule;
  const all = registerCases();
  const one = all.find((registered) => registered.case.id === id);
  if (one === undefined) {
    throw new CliError("usage", `${file}: there is no case ${id}`, `the capsule was made by arcrtc ${suite.version}`);
  }
  try {
    const run = await runSuite({
      subjects,
      cases: [one],
      allIds: new Set([id]),
      dialect,
      seed,
      strict: true,
      jobs: 1,
      patienceMs: flags.timeout ?? timeoutMs,
      silenceMs: flags.silence ?? silenceMs,
      clock: systemClock(),
    });
    if (run.tables.length > 0) return run;
  } catch (error) {
    throw testeeError(error, subjects);
  }
  throw new CliError("usage", `${file}: the case ${id} is not of the dialect ${dialect} any more`);
}

function replayText(file: string, capsule: Capsule, run: SuiteResult, replay: Replay, io: Io): string {
  const [now] = run.tables.flatMap(({ results }) => results);
  const paint = painter(io, "stdout");
  const { colour, words } = OUTCOMES[replay.outcome];
  const why = replay.outcome === "notRun" ? `: ${now.verdict}, ${now.why}` : "";
  const lines = [
    `${file}: ${capsule.case.id}, ${capsule.dialect}, seed ${capsule.seed}`,
    `  ${paint(colour, words)}${why}`,
    ...told("then", capsule.breaches),
    ...(replay.outcome === "different" ? told("now", now.breaches) : []),
    ...(replay.asksOtherwise ? ["  note  the case asks for something else than it did then"] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function told(when: string, breaches: Capsule["breaches"] | CaseResult["breaches"]): string[] {
  const [first] = breaches;
  if (first === undefined) return [];
  const more = breaches.length === 1 ? "" : ` (and ${breaches.length - 1} more)`;
  return [
    `  ${when.padEnd(5)} ${first.at === undefined ? "" : `${first.at}: `}${visible(first.got)}${more}`,
  ];
}

/** One line for each capsule. */
function replayJson(
  file: string,
  { case: { id }, dialect, seed, verdict, breaches }: Capsule,
  now: CaseResult,
  replay: Replay,
) {
  return jsonLine(envelope("conformance.replay", {
    file,
    case: id,
    dialect,
    seed,
    outcome: replay.outcome === "notRun" ? "not_run" : replay.outcome,
    asks_otherwise: replay.asksOtherwise,
    then: { verdict, breaches },
    now: { verdict: now.verdict, why: now.why ?? null, breaches: now.breaches.map(breachJson) },
  }));
}

/** Least columns of a report: rows of bytes are as wide. */
const MIN_COLUMNS = 80;

function wholeText(run: SuiteResult, io: Io): string {
  const style = {
    paint: painter(io, "stdout"),
    columns: Math.max(io.columns, MIN_COLUMNS),
    verbose: true,
    version: VERSION,
  };
  return `\n${textReport(run, style)}\n`;
}
