/** `arcrtc fuzz replay`: does a finding still fail? */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CaseOutcome, Failure } from "../../lib/fuzz/target.ts";
import { EXIT } from "../exit_codes.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import type { RemoteFlags } from "./remote/remote_plan.ts";
import type { CommandContext } from "../commands/command_entry.ts";
import { casesOf, type FindingFile, readFinding } from "./finding_files.ts";
import { selectTargets } from "./fuzz_options.ts";
import { disputeText } from "./dispute_text.ts";
import type { Replayed } from "./remote_replay.ts";

const HELP = `
A finding is the directory that arcrtc fuzz has written, or a file in it. A finding of a program or server is run against
the same one, or against another given with --command, --target or --relay. A finding of two programs is run against
both; --command gives another A, --against another B.

Exit code 5: it still fails; 0: it does not.

Examples:
  arcrtc fuzz replay findings/packet.rtcp-exception-1a2b3c4d
  arcrtc fuzz replay findings/command.rtcp-divergence-1a2b3c4d --command 'my-testee --stdio' --times 10
  arcrtc fuzz replay findings/against.rtcp-divergence-1a2b3c4d --against 'my-testee-fixed --stdio'
`;

type ReplayFlags = RemoteFlags & { readonly times: number; readonly json?: boolean };

const HANG_MS = 20_000;

export function addReplayCommand(
  fuzz: Command,
  create: (name: string) => Command,
  { io, done }: CommandContext,
): Command {
  const replay = create("replay")
    .description("Runs a finding's case again.")
    .argument("<finding>", "its directory, finding.json or case.txt")
    .addOption(new Option("--times <n>", "how often").argParser(times).default(1))
    .option("--command <line>", "the program to run it against; of two the first, A")
    .option("--against <line>", "of two programs the second, B")
    .option("--target <url>", "the signaling server to run it against")
    .option("--relay <host:port>", "the relay to run it against")
    .option("--session <uuid>", "the session whose peer is called")
    .option("--bind <ip>", "the address that the peer sends media to", "127.0.0.1")
    .option("--relay-secret <hex>", "of the relay; @FILE reads it (or ARCRTC_RELAY_SECRET)")
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", HELP)
    .action(async (path: string, flags: ReplayFlags) => {
      const finding = readFinding(path);
      const { outcomes, dispute } = await replayed(finding, flags, io);
      const failed = outcomes.filter((outcome) => outcome.kind === "failed");
      if (flags.json) {
        const body = { target: finding.target, tried: outcomes.length, failed: failed.length, outcomes, dispute };
        io.stdout(jsonDocument(envelope("fuzz", body)));
      } else {
        const [first] = failed;
        const word = failed.length === 0 ? "passed" : "failed";
        io.stdout(`${finding.target}: ${word}, ${failed.length} of ${outcomes.length} times\n`);
        if (first?.kind === "failed") io.stdout(`${first.failure.oracle}: ${first.failure.message}\n`);
        io.stdout(disputeText(dispute));
        // What two programs say tells more than where we have compared it.
        if (first?.kind === "failed" && dispute === undefined) io.stdout(stackText(first.failure));
      }
      done(failed.length > 0 ? EXIT.crashFound : EXIT.ok);
    });
  return fuzz.addCommand(replay);
}

function stackText({ stack }: Failure): string {
  return stack === undefined ? "" : `${stack}\n`;
}

async function replayed(finding: FindingFile, flags: ReplayFlags, io: Io): Promise<Replayed> {
  const { isRemote, replayRemote } = await import("./remote_replay.ts");
  if (isRemote(finding)) {
    return await replayRemote(finding, { ...flags, hang: HANG_MS, bind: flags.bind ?? "127.0.0.1" }, io);
  }
  return { outcomes: await replayHere(finding, flags.times) };
}

/** On this machine, in a process that can be killed. */
async function replayHere(finding: FindingFile, times: number): Promise<readonly CaseOutcome[]> {
  const { TARGETS } = await import("./target_table.ts");
  const { CaseProcess } = await import("./case_process.ts");
  const units = casesOf(finding.case, "the finding");
  const [{ name }] = selectTargets([finding.target], TARGETS);
  const cases = new CaseProcess(name);
  const outcomes: CaseOutcome[] = [];
  try {
    for (let i = 0; i < times; i++) outcomes.push(await cases.run(units, HANG_MS));
  } finally {
    await cases.stop();
  }
  return outcomes;
}

function times(text: string): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value >= 1) return value;
  throw new InvalidArgumentError("need a whole number from 1 on.");
}
