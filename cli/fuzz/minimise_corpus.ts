/** Keeps of each target's cases those that reach code that no smaller one reaches. */
import { writeCase } from "../../lib/fuzz/case_text.ts";
import type { FuzzTarget } from "../../lib/fuzz/target.ts";
import { EXIT } from "../exit_codes.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { textTable } from "../ui/table.ts";
import { writeCorpus } from "./corpus_files.ts";
import { selectTargets } from "./fuzz_options.ts";
import type { MinimiseFlags } from "./minimise_command.ts";
import type { MinimiseOrder, MinimiseReport } from "./minimise_worker.ts";
import { seedsFor } from "./seed_files.ts";
import { TARGETS } from "./target_table.ts";

/** Answers the exit code. */
export async function minimiseCorpus(patterns: readonly string[], flags: MinimiseFlags, io: Io): Promise<number> {
  const worker = new Worker(new URL("./minimise_worker.ts", import.meta.url).href, { type: "module" });
  const rows: { target: string; before: number; after: number; covered: number; failing: number }[] = [];
  for (const target of selectTargets(patterns, TARGETS)) {
    const cases = distinctCases(target, flags.corpus);
    const { kept, coveredBytes, failing } = await ask(worker, { target: target.name, cases });
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

function ask(worker: Worker, order: MinimiseOrder): Promise<MinimiseReport> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<MinimiseReport>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`${order.target}: ${event.message}`));
    };
    worker.postMessage(order);
  });
}
