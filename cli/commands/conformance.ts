import type { Command } from "commander";
import { addConformanceOptions, type ConformanceFlags } from "../conformance/conformance_options.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
What is tested, one or several:
  --command 'CMD'    a program that speaks the testee interface on its standard input and output (no shell)
  --target URL       a signaling server: ws://HOST:PORT (Phoenix), ws://HOST:PORT/plain, tcp://, tls://, udp://
  --relay URL        a relay: udp://HOST:PORT, tcp://, tls://; with --relay-secret
  --capture FILE     passive: a capture of two peers that you don't control
Without any of them: this program's own library, in this process.

Verdicts: pass; fail (a MUST is broken); weak (a SHOULD, counts with --strict); info (a MAY); unsupported (and it was
proved that the testee means it); skipped (with the reason); error (of the suite itself).

Examples:
  arcrtc conformance
  arcrtc conformance --command 'arcrtc testee' --jobs 2
  arcrtc conformance 'arcrtp/*' --level MUST --json
  arcrtc conformance --area unit --target tcp://127.0.0.1:7481 --target udp://127.0.0.1:7480
  arcrtc conformance --area unit --relay udp://127.0.0.1:3478 --relay-secret @relay.secret
  arcrtc conformance --list --requirement 'ARC-RTP-ext-*'
  arcrtc conformance --dry-run --area arcrtp
  arcrtc conformance explain arcrtp/minimum-length
  arcrtc conformance 'arcrtp/nothing'  # exit code 3: the selection is empty
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
