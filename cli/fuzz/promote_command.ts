/** `arcrtc fuzz promote`: a finding as files that are ready to be committed. */
import type { Command } from "commander";
import type { CommandContext } from "../commands/command_entry.ts";

const HELP = `
Writes to --out what keeps the bug from coming back:
  corpus/<target>.txt      the case for fixtures/corpus, which every test run goes through
  vectors/<name>.json      the question and the answer that is due, as in fixtures/vectors
  cases/<area>/<name>.ts   a case of the conformance suite for the rule
The last two where the case is a question of the testee interface. What is due is what the second, independent reading of
the specification answers, not what the library does; where it does not say which of two programs (--against) is right,
there is nothing to keep.

Examples:
  arcrtc fuzz promote findings/packet.rtcp-exception-1a2b3c4d --rule ARC-RTCP-bad-length
`;

export interface PromoteFlags {
  readonly out: string;
  readonly rule?: string;
  readonly name?: string;
  readonly json?: boolean;
}

export function addPromoteCommand(
  fuzz: Command,
  create: (name: string) => Command,
  { io, done }: CommandContext,
): Command {
  const promote = create("promote")
    .description("Makes a fixture, a vector and a conformance case of a finding.")
    .argument("<finding>", "its directory, finding.json or case.txt")
    .option("--out <dir>", "where the files go", "promoted")
    .option("--rule <id>", "the requirement that it breaks (default: the finding's own)")
    .option("--name <words>", "lower-case words with hyphens (default: made of target and oracle)")
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", HELP)
    .action(async (path: string, flags: PromoteFlags) => {
      const { promoteFinding } = await import("./promote_finding.ts");
      done(promoteFinding(path, flags, io));
    });
  return fuzz.addCommand(promote);
}
