/** Findings of programs and servers, run again. Placeholder to be filled by the remote targets. */
import type { CaseOutcome } from "../../lib/fuzz/target.ts";
import type { FindingFile } from "./finding_files.ts";

export function isRemote({ target }: FindingFile): boolean {
  return /^(?:command|signaling|relay|media)\./.test(target);
}

export function replayRemote(_finding: FindingFile, _flags: object): Promise<readonly CaseOutcome[]> {
  return Promise.resolve([]);
}
