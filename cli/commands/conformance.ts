import { type Command, Option } from "commander";
import {
  addConformanceOptions,
  addSubjectOptions,
  type ConformanceFlags,
  time,
} from "../conformance/conformance_options.ts";
import type { ReplayFlags } from "../conformance/replay_capsules.ts";
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
  (with --relay-metrics http://127.0.0.1:9100/metrics, what it shows of its load is judged)
A relay that is started for each case which has to have one alone, and how it is told to drain:
  arcrtc conformance --relay-command 'arcrtc relay --secret {secret} --udp-port {port} --http-port {metrics}' \\
                     --relay-drain "sh -c 'kill -TERM {pid}'"
Which relays a server hands out, five of which the suite plays, load and all:
  arcrtc serve --open --relay 'r1@127.0.0.1:5001;metrics=http://127.0.0.1:5001/metrics' --relay ...
  arcrtc conformance --target ws://127.0.0.1:7480/plain --play-relay udp://127.0.0.1:5001 --play-relay ...
A server, or a relay, on a bus, where the suite is another server:
  arcrtc conformance --target ws://127.0.0.1:7480/plain --nats nats://127.0.0.1:4222
A peer, which is started for each dialogue and told where to meet the suite, who is server and other peer:
  arcrtc conformance --peer-call 'arcrtc peer call --signal {signal} --session {session} --peer-id {peer}' \\
                     --peer-listen 'arcrtc peer listen --signal {signal} --session {session} --peer-id {peer}'
  ({signal} is tcp://HOST:PORT, ws://HOST:PORT, which is Phoenix, or ws://HOST:PORT/plain; a peer that has not got all of
  them says which it has: --peer-transport phoenix. Cases about another are skipped, all the rest go over the first)
  (words with these are left out where a case has none: {relay} HOST:PORT and {relay_token} of a relay that the peer knows
  before it connects, {ca} a file with the authority of relays over TLS, {token} what the server wants to see:
  '--relay=r@{relay};token={relay_token}' --tls-ca={ca} --token={token})
A capture of two peers that you don't control:
  arcrtc conformance --capture call.pcapng

Cases of the area budget measure, one at a time and last of all; their figures stand in every report and count for nothing.

Verdicts: pass; fail (a MUST is broken); weak (a SHOULD, counts with --strict); info (a MAY); unsupported (and it was
proved that the testee means it); skipped (with the reason); error (of the suite itself).

With your own implementation behind it, and what fails kept to be run again:
  arcrtc conformance --command ./my-testee --report text --report html=report.html --capsules failing
  arcrtc conformance replay failing/*.json --command ./my-testee

Examples:
  arcrtc conformance
  arcrtc conformance 'arcrtp/ext-*' --level MUST --json
  arcrtc conformance --area unit --area arcrtp --seed 7 --strict
  arcrtc conformance --list --requirement 'ARC-RTP-ext-*'
  arcrtc conformance --dry-run arcrtp/version
  arcrtc conformance 'rtcp/*' --report junit --quiet
  arcrtc conformance explain arcrtp/minimum-length
`;

const REPLAY_HELP = `
Says of each whether it fails as it did (same), in another way (different) or not any more (fixed). Exit code 1 where one
fails, 3 where one could not be run, 0 where all are fixed. A capsule starts no program and asks for no address: what is
to be tested is named here, only this program's own library is tested without.

Examples:
  arcrtc conformance replay failing/arcrtc-1.0.arcrtp.version.json --command ./testee
  arcrtc conformance replay failing/*.json --command 'arcrtc testee' --json
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  const explain = create("explain")
    .description("Quotes the clause of a case and shows what it asks.")
    .argument("<id>", "a case's id, such as arcrtp/minimum-length")
    .action(async (id: string) => {
      const { explainCase } = await import("../conformance/explain_case.ts");
      io.stdout(explainCase(id));
    });
  const replay = addSubjectOptions(
    create("replay").description("Runs the case of a capsule again, against the same testee or another."),
  )
    .argument("<file...>", "files of --capsules DIR")
    .addOption(new Option("--timeout <time>", "longest wait for one answer (default: the capsule's)").argParser(time))
    .addOption(
      new Option("--silence <time>", "how long nothing must come (default: the capsule's)").argParser(time),
    )
    .option("--json", "a line of JSON for each capsule")
    .option("-v, --verbose", "show the whole run")
    .addHelpText("after", REPLAY_HELP)
    .action(async (files: readonly string[], flags: ReplayFlags) => {
      const { replayCapsules } = await import("../conformance/replay_capsules.ts");
      done(await replayCapsules(files, flags, io));
    });
  return addConformanceOptions(
    create("conformance").description("Tests an implementation against every rule of the specification that shows."),
  )
    .addHelpText("after", HELP)
    .enablePositionalOptions()
    .addCommand(explain)
    .addCommand(replay)
    .action(async (ids: readonly string[], flags: ConformanceFlags) => {
      const { runConformance } = await import("../conformance/run_conformance.ts");
      done(await runConformance(ids, flags, io));
    });
}
