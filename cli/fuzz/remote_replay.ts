/** Findings of programs and servers, run again where they were found or elsewhere. */
import type { CaseOutcome } from "../../lib/fuzz/target.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { casesOf, type Dispute, type FindingFile } from "./finding_files.ts";
import { isRemoteRun, type RemoteFlags, remoteTargets } from "./remote/remote_plan.ts";
import { runRemoteCase } from "./remote/fuzz_remote.ts";

export interface Replayed {
  readonly outcomes: readonly CaseOutcome[];
  /** What each of two programs says now. */
  readonly dispute?: Dispute;
}

export function isRemote({ target }: FindingFile): boolean {
  return /^(?:command|against|signaling|relay|media)\./.test(target);
}

export async function replayRemote(
  finding: FindingFile,
  flags: RemoteFlags & { readonly times: number },
  io: Io,
): Promise<Replayed> {
  const targets = await remoteTargets({ ...flags, ...placeOf(finding, flags) }, io);
  const target = targets.find(({ name }) => name === finding.target);
  const outcomes: CaseOutcome[] = [];
  try {
    if (target === undefined) {
      throw new CliError(
        "usage",
        `${finding.target} is not among what can be asked there`,
        "see --command, --against, --target, --relay",
      );
    }
    const units = casesOf(finding.case, "the finding");
    for (let i = 0; i < flags.times; i++) outcomes.push(await runRemoteCase(target, units));
    const dispute = await target.tell?.(units);
    return dispute === undefined ? { outcomes } : { outcomes, dispute };
  } finally {
    for (const each of targets) await each.close();
  }
}

/** Where flags say, or else where it was found; of two programs either may be another one. */
function placeOf(finding: FindingFile, flags: RemoteFlags): Partial<RemoteFlags> {
  if (finding.against !== undefined && flags.target === undefined && flags.relay === undefined) {
    return { command: flags.command ?? finding.command, against: flags.against ?? finding.against };
  }
  return isRemoteRun(flags) ? {} : whereItWas(finding);
}

function whereItWas({ target, command, address = "" }: FindingFile): Partial<RemoteFlags> {
  if (command !== undefined) return { command };
  if (target.startsWith("relay.")) return { relay: address };
  const [url, session] = address.split(" session ");
  return { target: url, ...(session === undefined ? {} : { session }) };
}
