import type { Command } from "commander";
import { addConformanceOptions, type ConformanceFlags } from "../conformance/conformance_options.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Without --command, --target, --relay, --peer-... or --capture it tests this program's own library, in this process. Several of them
can be tested at once; a case that needs something else is skipped, and it is said what it needs.

A program with the testee interface (JSON lines on its standard input and output; no shell):
  arcrtc conformance --command 'arcrtc testee' --jobs 2
A signaling server, each of its listeners:
  arcrtc conformance --target ws://127.0.0.1:7480 --target ws://127.0.0.1:7480/plain --target tcp://127.0.0.1:7481
  (with --auth-secret for a server that wants tokens, and --relay-secret for one that hands out relays)
A relay:
  arcrtc conformance --relay udp://127.0.0.1:3478 --relay tcp://127.0.0.1:3478 --relay-secret @relay.secret
A peer, which is started for each dialogue and told where to meet the suite, who is server and other peer:
  arcrtc conformance --peer-call 'arcrtc peer call --signal {signal} --session {session} --peer-id {peer}' \\
                     --peer-listen 'arcrtc peer listen --signal {signal} --session {session} --peer-id {peer}'
A capture of two peers that you don't control:
  arcrtc conformance --capture call.pcapng

Verdicts: pass; fail (a MUST is broken); weak (a SHOULD, counts with --strict); info (a MAY); unsupported (and it was
proved that the testee means it); skipped (with the reason); error (of the suite itself).

Examples:
  arcrtc conformance
  arcrtc conformance 'arcrtp/ext-*' --level MUST --json
  arcrtc conformance --area unit --area arcrtp --seed 7 --strict
  arcrtc conformance --list --requirement 'ARC-RTP-ext-*'
  arcrtc conformance --dry-run arcrtp/version
  arcrtc conformance explain arcrtp/minimum-length
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  const explain = create("explain")
    .description("Quotes the clause of a case and shows what it asks.")
    .argument("<id>", "a case's id, such as arcrtp/minimum-length")
    .action(async (id: string) => {
      const { explainCase } = await import("../conformance/explain_case.ts");
      io.stdout(explainCase(id));
    });
  return addConformanceOptions(
    create("conformance").description("Tests an implementation against every rule of the specification that shows."),
  )
    .addHelpText("after", HELP)
    .addCommand(explain)
    .action(async (ids: readonly string[], flags: ConformanceFlags) => {
      const { runConformance } = await import("../conformance/run_conformance.ts");
      done(await runConformance(ids, flags, io));
    });
}
