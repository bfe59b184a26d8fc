/** `arcrtc fuzz`: chooses what is fuzzed, shows how it goes, and keeps what is found. */
import { EXIT } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { textTable } from "../ui/table.ts";
import { appendCorpus } from "./corpus_files.ts";
import { casesOf, type Finding, writeFinding } from "./finding_files.ts";
import { type FuzzFlags, limitsOf, selectTargets } from "./fuzz_options.ts";
import { FuzzTally } from "./fuzz_tally.ts";
import { FuzzView } from "./fuzz_view.ts";
import { isRemoteRun, rateOf, remoteTargets } from "./remote/remote_plan.ts";
import type { Sides } from "./remote/remote_target.ts";
import type { TargetProgress } from "./worker_protocol.ts";

/** Targets take turns of so long; of shorter ones where otherwise the time would not reach all of them three times. */
const MAX_SLICE_MS = 200;
const ROUNDS = 3;
const TICK_MS = 250;

export async function runFuzz(patterns: readonly string[], flags: FuzzFlags, io: Io): Promise<number> {
  if (isRemoteRun(flags)) {
    if (flags.corpus !== undefined) {
      throw new CliError(
        "usage",
        "--corpus is for targets in this process",
        "findings of others are kept in --findings",
      );
    }
    return await runRemote(patterns, flags, io);
  }
  if (flags.session !== undefined) {
    throw new CliError("usage", "--session needs --target", "the signaling server where the peer waits");
  }
  if (flags.pid !== undefined) {
    throw new CliError("usage", "--pid needs --target or --relay", "the server whose process it is");
  }
  const { TARGETS } = await import("./target_table.ts");
  const targets = selectTargets(patterns, TARGETS);
  if (flags.list) return listTargets(targets, flags, io);
  const run = new FuzzRun(flags, io, targets.length === 1 ? targets[0].name : `${targets.length} targets`);
  const { fuzzInProcess } = await import("./fuzz_process.ts");
  return await run.during(() =>
    fuzzInProcess({
      order: {
        targets: targets.map(({ name }) => name),
        seed: run.seed,
        ...(run.countEach === Infinity ? {} : { countEach: run.countEach }),
        sliceMs: Math.min(MAX_SLICE_MS, run.timeMs / targets.length / ROUNDS),
        usesCoverage: flags.coverage,
        maxHeapBytes: 1e6 * flags.maxHeap,
        ...(flags.corpus === undefined ? {} : { corpus: flags.corpus }),
        hangMs: flags.hang,
      },
      timeMs: run.timeMs,
      signal: run.signal,
      shapeOf: (name) => targets.find((target) => target.name === name)?.shape ?? "bytes",
    }, {
      progress: (progress) => run.progress(progress),
      finding: ({ target, failure, original, minimised, execution, reproduced }) =>
        run.finding({
          target,
          ...failure,
          seed: run.seed,
          execution,
          case: minimised,
          original,
          reproduced,
        }),
      corpus: (target, cases) => {
        if (flags.corpus === undefined || cases.length === 0) return;
        const added = appendCorpus(flags.corpus, target, cases);
        if (added > 0) run.view.note(`${added} cases added to ${flags.corpus}/${target}.txt`);
      },
    })
  );
}

async function runRemote(patterns: readonly string[], flags: FuzzFlags, io: Io): Promise<number> {
  const all = await remoteTargets(flags, io);
  let targets: typeof all = [];
  try {
    targets = selectTargets(patterns, all);
    if (flags.list) return listTargets(targets, flags, io);
    const run = new FuzzRun(flags, io, targets.map(({ name }) => name).join(", "), targets[0]?.sides);
    const { fuzzRemote } = await import("./remote/fuzz_remote.ts");
    return await run.during(() =>
      fuzzRemote(targets, {
        seed: run.seed,
        countEach: run.countEach,
        endMs: performance.now() + run.timeMs,
        rate: rateOf(flags),
        signal: run.signal,
      }, { progress: (progress) => run.progress(progress), finding: (finding) => run.finding(finding) })
    );
  } finally {
    for (const target of all) await target.close();
  }
}

function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

interface Listed {
  readonly name: string;
  readonly area: string;
  readonly summary: string;
}

function listTargets(targets: readonly Listed[], flags: FuzzFlags, io: Io): number {
  if (flags.json) {
    const rows = targets.map(({ name, area, summary }) => ({ name, area, summary }));
    io.stdout(jsonDocument(envelope("fuzz", { targets: rows })));
  } else io.stdout(textTable(targets.map(({ name, area, summary }) => [name, area, summary])));
  return EXIT.ok;
}

/** One run, whatever is fuzzed: its seed and limits, its figures, its findings, its end. */
class FuzzRun {
  readonly seed: number;
  readonly timeMs: number;
  readonly countEach: number;
  readonly view: FuzzView;
  readonly #tally = new FuzzTally(performance.now());
  readonly #stop = new AbortController();
  readonly #findings: string;
  #current = "";

  constructor(flags: FuzzFlags, io: Io, what: string, sides?: Sides) {
    this.seed = flags.seed ?? freshSeed();
    const { timeMs, countEach } = limitsOf(flags);
    this.timeMs = timeMs;
    this.countEach = countEach;
    this.#findings = flags.findings;
    const options = { json: flags.json ?? false, quiet: flags.quiet ?? false, seed: this.seed, sides };
    this.view = new FuzzView(io, options, this.#tally);
    this.view.start(what);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Shows the live view while `work` goes on; answers the exit code. */
  async during(work: () => Promise<void>): Promise<number> {
    const stopListening = onInterrupt(() => this.#stop.abort());
    const timer = setInterval(() => this.view.tick(performance.now(), this.#current), TICK_MS);
    try {
      await work();
    } finally {
      clearInterval(timer);
      stopListening();
    }
    this.view.end(performance.now(), this.signal.aborted);
    if (this.#tally.findings > 0) return EXIT.crashFound;
    return this.signal.aborted ? EXIT.interrupted : EXIT.ok;
  }

  progress(progress: TargetProgress): void {
    this.#current = progress.name;
    this.#tally.update(progress);
    this.view.progress(progress);
  }

  finding(finding: Finding): void {
    this.#tally.findings++;
    const path = writeFinding(this.#findings, finding);
    const bytes = casesOf(finding.case, path).reduce((sum, unit) => sum + unit.length, 0);
    this.view.finding(finding, path, bytes);
  }
}
