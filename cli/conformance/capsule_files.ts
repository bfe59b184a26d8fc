/** Capsules on disk: one file for each case that fails, and a capture beside it where units moved. */
import { captureOf } from "../../conformance/capsule/capture.ts";
import {
  type Capsule,
  capsuleFileName,
  capsuleOf,
  capsuleText,
  parseCapsule,
  type RunSetting,
} from "../../conformance/capsule/capsule.ts";
import { counted } from "../../conformance/report/tally.ts";
import type { SuiteResult } from "../../conformance/results.ts";
import { CliError } from "../ui/cli_error.ts";
import { readTextFile } from "../ui/text_file.ts";

/** Of one run; who breaks more rules than that has enough to do. */
const MAX_FILES = 500;

/** Writes the directory, and answers a word on it. Earlier capsules of the same cases are written over. @throws CliError */
export function writeCapsules(directory: string, run: SuiteResult, setting: RunSetting): string {
  const failing = run.tables.flatMap(({ dialect, results }) =>
    results.filter(({ verdict }) => verdict === "fail" || verdict === "weak").map((result) => ({ dialect, result }))
  );
  const written = failing.slice(0, MAX_FILES);
  try {
    if (written.length > 0) Deno.mkdirSync(directory, { recursive: true });
    for (const { dialect, result } of written) {
      const capsule = capsuleOf(result, dialect, run, setting);
      const path = `${directory}/${capsuleFileName(capsule)}`;
      Deno.writeTextFileSync(path, capsuleText(capsule));
      const capture = captureOf(capsule);
      if (capture !== undefined) Deno.writeFileSync(path.replace(/json$/, "pcapng"), capture);
    }
  } catch (error) {
    throw new CliError("usage", `cannot write to ${directory}: ${error instanceof Error ? error.message : error}`);
  }
  if (written.length === 0) return "no case fails: no capsule is written\n";
  const left = failing.length - written.length;
  const more = left === 0 ? "" : `; ${left} more cases fail and have none`;
  return `${counted(written.length, "capsule")} in ${directory}${more}: arcrtc conformance replay FILE\n`;
}

/** @throws CliError for a file that cannot be read, or is no capsule. */
export function readCapsule(path: string): Capsule {
  const capsule = parseCapsule(readTextFile(path));
  if (typeof capsule !== "string") return capsule;
  throw new CliError("usage", `${path} is no capsule: ${capsule}`, "arcrtc conformance --capsules DIR writes them");
}
