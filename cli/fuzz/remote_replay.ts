/** Findings of programs and servers, run again where they were found or elsewhere. */
import type { CaseOutcome } from "../../lib/fuzz/target.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { casesOf, type FindingFile } from "./finding_files.ts";
import { isRemoteRun, type RemoteFlags, remoteTargets } from "./remote/remote_plan.ts";
import { runRemoteCase } from "./remote/fuzz_remote.ts";

export function isRemote({ target }: FindingFile): boolean {
  return /^(?:command|signaling|relay|media)\./.test(target);
}

export async function replayRemote(
  finding: FindingFile,
  flags: RemoteFlags & { readonly times: number },
  io: Io,
): Promise<readonly CaseOutcome[]> {
  const targets = await remoteTargets(isRemoteRun(flags) ? flags : { ...flags, ...whereItWas(finding) }, io);
  const target = targets.find(({ name }) => name === finding.target);
  const outcomes: CaseOutcome[] = [];
  try {
    if (target === undefined) {
      throw new CliError(
        "usage",
        `${finding.target} is not among what can be asked there`,
        "see --command, --target, --relay",
      );
    }
    const units = casesOf(finding.case, "the finding");
    for (let i = 0; i < flags.times; i++) outcomes.push(await runRemoteCase(target, units));
  } finally {
    for (const each of targets) await each.close();
  }
  return outcomes;
}

function whereItWas({ target, command, address = "" }: FindingFile): Partial<RemoteFlags> {
  if (command !== undefined) return { command };
  if (target.startsWith("relay.")) return { relay: address };
  const [url, session] = address.split(" session ");
  return { target: url, ...(session === undefined ? {} : { session }) };
}
