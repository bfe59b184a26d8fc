/** Keeps of each target's cases those that reach code that no smaller one reaches. */
import { writeCase } from "../../lib/fuzz/case_text.ts";
import type { FuzzTarget } from "../../lib/fuzz/target.ts";
import { EXIT } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { textTable } from "../ui/table.ts";
import { CaseSlot, watchSlot } from "./case_slot.ts";
import { writeCorpus } from "./corpus_files.ts";
import { DEFAULT_HANG_MS, selectTargets } from "./fuzz_options.ts";
import type { MinimiseFlags } from "./minimise_command.ts";
import type { MinimiseOrder, MinimiseReport } from "./minimise_worker.ts";
import { seedsFor } from "./seed_files.ts";
import { TARGETS } from "./target_table.ts";

const MINIMISE_WORKER = new URL("./minimise_worker.ts", import.meta.url);

/**
 * Answers the exit code. `knobs` are for tests.
 *
 * @throws CliError for a case that does not end: only the end of this process stops its thread, so nothing goes on.
 */
export async function minimiseCorpus(
  patterns: readonly string[],
  flags: MinimiseFlags,
  io: Io,
  knobs: { readonly module?: URL; readonly hangMs?: number } = {},
): Promise<number> {
  const { module = MINIMISE_WORKER, hangMs = DEFAULT_HANG_MS } = knobs;
  const worker = new Worker(module.href, { type: "module" });
  const rows: { target: string; before: number; after: number; covered: number; failing: number }[] = [];
  for (const target of selectTargets(patterns, TARGETS)) {
    const cases = distinctCases(target, flags.corpus);
    const { kept, coveredBytes, failing } = await ask(worker, target.name, cases, hangMs);
    writeCorpus(flags.out, target.name, kept);
    rows.push({ target: target.name, before: cases.length, after: kept.length, covered: coveredBytes, failing });
    if (!flags.json) io.stderr(`${target.name}: ${kept.length} of ${cases.length}\n`);
  }
  worker.terminate();
  if (flags.json) io.stdout(jsonDocument(envelope("fuzz", { targets: rows })));
  else {
    const lines = rows.map(({ target, before, after, failing }) => [target, `${before}`, `${after}`, `${failing}`]);
    io.stdout(textTable([["target", "cases", "kept", "failing"], ...lines], ["left", "right", "right", "right"]));
  }
  return rows.some(({ failing }) => failing > 0) ? EXIT.crashFound : EXIT.ok;
}

function distinctCases(target: FuzzTarget, corpus: string | undefined): readonly string[] {
  return [...new Set(seedsFor(target, corpus).map(writeCase))];
}

function ask(worker: Worker, target: string, cases: readonly string[], hangMs: number): Promise<MinimiseReport> {
  const slot = new CaseSlot();
  return new Promise<MinimiseReport>((resolve, reject) => {
    const stopWatch = watchSlot(slot, hangMs, (_, units) => {
      worker.terminate();
      reject(
        new CliError(
          "crashFound",
          `${target}: the case ${writeCase(units)} did not end within ${hangMs / 1000} s`,
          "a case that hangs belongs into findings: arcrtc fuzz finds it and makes it small",
        ),
      );
    });
    worker.onmessage = ({ data }: MessageEvent<MinimiseReport>) => {
      stopWatch();
      resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      stopWatch();
      reject(new Error(`${target}: ${event.message}`));
    };
    worker.postMessage({ target, cases, memory: slot.memory } satisfies MinimiseOrder);
  });
}
