/** `arcrtc fuzz`: chooses what is fuzzed, and runs the in-process targets. */
import { EXIT } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { textTable } from "../ui/table.ts";
import { appendCorpus } from "./corpus_files.ts";
import { casesOf, type Finding, writeFinding } from "./finding_files.ts";
import { type FuzzFlags, limitsOf, selectTargets } from "./fuzz_options.ts";
import { FuzzTally } from "./fuzz_tally.ts";
import { FuzzView } from "./fuzz_view.ts";
import { TARGETS } from "./target_table.ts";
import { watchWorkers } from "./worker_watch.ts";

/** Targets take turns of so long: short enough that a minute reaches all of them. */
const SLICE_MS = 200;
const TICK_MS = 250;

export async function runFuzz(patterns: readonly string[], flags: FuzzFlags, io: Io): Promise<number> {
  if (flags.list) return listTargets(patterns, flags, io);
  return await fuzzInProcess(patterns, flags, io);
}

export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

function listTargets(patterns: readonly string[], flags: FuzzFlags, io: Io): number {
  const targets = selectTargets(patterns, TARGETS);
  if (flags.json) {
    const rows = targets.map(({ name, area, summary, shape }) => ({ name, area, shape, summary }));
    io.stdout(jsonDocument(envelope("fuzz", { targets: rows })));
  } else io.stdout(textTable(targets.map(({ name, area, summary }) => [name, area, summary])));
  return EXIT.ok;
}

async function fuzzInProcess(patterns: readonly string[], flags: FuzzFlags, io: Io): Promise<number> {
  const targets = selectTargets(patterns, TARGETS);
  const seed = flags.seed ?? freshSeed();
  const { timeMs, countEach } = limitsOf(flags);
  const tally = new FuzzTally(performance.now());
  const view = new FuzzView(io, { json: flags.json ?? false, quiet: flags.quiet ?? false, seed }, tally);
  const stop = new AbortController();
  const stopListening = onInterrupt(() => stop.abort());
  let current = "";
  const timer = setInterval(() => view.tick(performance.now(), current), TICK_MS);
  view.start(targets.length === 1 ? targets[0].name : `${targets.length} targets`);
  try {
    await watchWorkers({
      targets: targets.map(({ name }) => name),
      seed,
      countEach,
      sliceMs: SLICE_MS,
      usesCoverage: flags.coverage,
      maxHeapBytes: 1e6 * flags.maxHeap,
      ...(flags.corpus === undefined ? {} : { corpus: flags.corpus }),
      timeMs,
      hangMs: flags.hang,
      signal: stop.signal,
    }, {
      progress: (progress) => {
        current = progress.name;
        tally.update(progress);
        view.progress(progress);
      },
      finding: ({ target, failure, original, minimised, execution }) => {
        tally.findings++;
        const finding: Finding = {
          target,
          ...failure,
          seed,
          execution,
          case: minimised,
          original,
          // In this process a case fails always or never: it was shrunk by failing again.
          reproduced: { failed: 1, tried: 1 },
        };
        const path = writeFinding(flags.findings, finding);
        view.finding(finding, path, bytesOf(minimised));
      },
      corpus: (target, cases) => {
        if (flags.corpus === undefined || cases.length === 0) return;
        const added = appendCorpus(flags.corpus, target, cases);
        if (added > 0) view.note(`${added} cases added to ${flags.corpus}/${target}.txt`);
      },
    });
  } finally {
    clearInterval(timer);
    stopListening();
  }
  view.end(performance.now(), stop.signal.aborted);
  if (tally.findings > 0) return EXIT.crashFound;
  return stop.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

function bytesOf(line: string): number {
  return casesOf(line, "case").reduce((bytes, unit) => bytes + unit.length, 0);
}
