/** `arcrtc conformance`, from flags to exit code. */
import { systemClock } from "../../lib/net/clock.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { parseKnownFailing } from "../../conformance/known_failing.ts";
import { registerCases, type RegisteredCase } from "../../conformance/registry.ts";
import { REPORTS } from "../../conformance/report/formats.ts";
import type { SuiteResult } from "../../conformance/results.ts";
import { runSuite } from "../../conformance/run/run_suite.ts";
import { selectCases } from "../../conformance/selection.ts";
import { countsAgainst, isJudged } from "../../conformance/verdict.ts";
import { EXIT, type ExitCode } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { nearestName } from "../ui/nearest_name.ts";
import { painter } from "../ui/style.ts";
import { readTextFile } from "../ui/text_file.ts";
import { VERSION } from "../version.ts";
import { writeCapsules } from "./capsule_files.ts";
import type { ConformanceFlags, ReportWish } from "./conformance_options.ts";
import { dryRunText, listJson, listText } from "./list_cases.ts";
import { leave, reach, subjectsOf, testeeError } from "./subjects.ts";
import { SuiteProgress } from "./suite_progress.ts";

/** Of lines in a file; and on a terminal, however narrow: rows of bytes are as wide. */
const FILE_COLUMNS = 120;
const MIN_COLUMNS = 80;

/** @throws CliError before anything has run. */
export async function runConformance(ids: readonly string[], flags: ConformanceFlags, io: Io): Promise<ExitCode> {
  const all = registerCases();
  const cases = select(all, ids, flags);
  const seed = flags.seed ?? new SystemRng().u32();
  if (flags.list === true || flags.dryRun === true) {
    const planned = flags.dryRun === true ? seed : undefined;
    if (flags.json === true) io.stdout(listJson(cases, planned));
    else io.stdout(planned === undefined ? listText(cases) : dryRunText(cases, planned));
    return EXIT.ok;
  }
  const wishes = reportWishes(flags);
  const known = flags.knownFailing === undefined ? undefined : parseKnownFailing(readTextFile(flags.knownFailing));
  const subjects = await subjectsOf(flags, flags.timeout, io);
  const strict = flags.strict === true;
  const progress = new SuiteProgress(io, strict, () => performance.now());
  const ended = new AbortController();
  const stopListening = onInterrupt(() => ended.abort());
  let result: SuiteResult;
  try {
    await reach(subjects, flags.timeout);
    result = await runSuite({
      subjects,
      cases,
      allIds: new Set(all.map(({ case: one }) => one.id)),
      ...(known === undefined ? {} : { known }),
      ...(flags.dialect === undefined ? {} : { dialect: flags.dialect }),
      seed,
      strict,
      jobs: flags.jobs,
      patienceMs: flags.timeout,
      silenceMs: flags.silence,
      clock: systemClock(),
      signal: ended.signal,
      ...(flags.quiet === true ? {} : { progress: (...args) => progress.took(...args) }),
    });
  } catch (error) {
    throw testeeError(error, subjects);
  } finally {
    stopListening();
    progress.clear();
    await leave(subjects);
  }
  for (const { format, file } of wishes) {
    const paint = file === undefined ? painter(io, "stdout") : (_colour: string, text: string) => text;
    const columns = file === undefined ? Math.max(io.columns, MIN_COLUMNS) : FILE_COLUMNS;
    const text = REPORTS[format](result, { paint, columns, verbose: flags.verbose === true, version: VERSION });
    if (file === undefined) io.stdout(text);
    else writeReport(file, text);
  }
  if (flags.capsules !== undefined) {
    const setting = { version: VERSION, patienceMs: flags.timeout, silenceMs: flags.silence };
    const note = writeCapsules(flags.capsules, result, setting);
    if (flags.quiet !== true) io.stderr(note);
  }
  return exitCodeOf(result);
}

/** @throws CliError where two reports would stand on standard output. */
function reportWishes({ report, json }: ConformanceFlags): readonly ReportWish[] {
  const wishes = [...report ?? [], ...(json === true ? [{ format: "json" }] : [])];
  if (wishes.filter(({ file }) => file === undefined).length > 1) {
    throw new CliError("usage", "only one report can be on standard output", "--report FORMAT=FILE writes a file");
  }
  return wishes.length === 0 ? [{ format: "text" }] : wishes;
}

/** @throws CliError */
function writeReport(file: string, text: string): void {
  try {
    Deno.writeTextFileSync(file, text);
  } catch (error) {
    throw new CliError("usage", `cannot write ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

function select(all: readonly RegisteredCase[], ids: readonly string[], flags: ConformanceFlags) {
  const { area, level, requirement } = flags;
  const cases = selectCases(all, {
    ...(ids.length === 0 ? {} : { ids }),
    ...(area === undefined ? {} : { areas: area }),
    ...(level === undefined ? {} : { levels: level }),
    ...(requirement === undefined ? {} : { requirements: requirement }),
  });
  if (cases.length > 0) return cases;
  const known = [...all.map(({ case: one }) => one.id), ...new Set(all.map((one) => one.area))];
  const near = [...ids, ...area ?? []].map((word) => nearestName(word, known)).find((name) => name !== undefined);
  throw new CliError(
    "nothingSelected",
    `none of the ${all.length} cases is selected`,
    near === undefined ? "arcrtc conformance --list shows all ids" : `did you mean '${near}'?`,
  );
}

function exitCodeOf({ tables, stale, strict, interrupted }: SuiteResult): ExitCode {
  const results = tables.flatMap((table) => table.results);
  if (interrupted) return EXIT.interrupted;
  if (stale.length > 0) return EXIT.finding;
  const against = results.filter(({ verdict, known }) => !known && countsAgainst(verdict, strict));
  if (against.some(({ verdict }) => verdict !== "error")) return EXIT.finding;
  if (against.length > 0) return EXIT.internal;
  return results.some(({ verdict }) => isJudged(verdict)) ? EXIT.ok : EXIT.nothingSelected;
}
