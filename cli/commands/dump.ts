import { type Command, InvalidArgumentError, Option } from "commander";
import { CHECK_FORMATS } from "../dump/check_format.ts";
import type { DumpFlags } from "../dump/dump_flags.ts";
import { CliError } from "../ui/cli_error.ts";
import { cryptoOption } from "../ui/crypto_backend.ts";
import { textTable } from "../ui/table.ts";
import type { CommandContext } from "./command_entry.ts";

/** What reads a capture more than once. */
const NEEDS_CAPTURE = ["embedKeys", "redact", "export"];

const HELP = `
CAPTURE is a pcap or pcapng file; - is standard input. Read are Ethernet (VLANs too), Linux cooked, raw IP and BSD
loopback; IPv4 and IPv6 with fragments; UDP; TCP with framed units, WebSocket (Phoenix too, compressed too) and NATS.
One line per unit: packet number, seconds since the first unit, who to whom, transport, kind, and what the unit says.
Media is joined to its session and stream by the signaling in the capture; a reduced header is made full again.
With keys, of --keylog or inside of a pcapng file, media, RTCP and seals are opened and their tags checked.

--listen and --proxy take traffic themselves, until Ctrl-C; several of both go together, so that a proxy for signaling and
one for media show one call. --write FILE keeps all of it beside what is shown. A proxy is told to the clients in place of
its server; what TLS carries passes it unread:
  arcrtc dump --listen udp://127.0.0.1:5004
  arcrtc dump --proxy ws://127.0.0.1:7490=ws://127.0.0.1:7480 --proxy udp://127.0.0.1:3479=udp://127.0.0.1:3478

Filters compare fields with values: == != > >= < <= contains matches, in {a, b}; joined by && || ! and parentheses. A field
alone asks whether it is there. --list-fields names all fields; the most used are kind, type, session, stream, role, ssrc,
src, dst, time, length, fault, arcrtp.seq, arcrtp.priority, rtcp.pt, arcsig.<field of a message>.

Examples:
  arcrtc dump fixtures/captures/call-phoenix.pcapng
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'kind == json && type != HEARTBEAT'
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'arcrtp.seq > 100 && role == audio' --count 5
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'type == STREAM_START' --detail --count 1
  arcrtc dump fixtures/captures/call-phoenix.pcapng --follow session --json --count 3
  arcrtc dump fixtures/captures/call-phoenix.pcapng --fields packet,time,arcrtp.seq,arcrtp.priority --count 3
  arcrtc dump fixtures/captures/call-phoenix.pcapng --streams
  arcrtc dump fixtures/captures/call-phoenix.pcapng --calls
  arcrtc dump fixtures/captures/call-phoenix.pcapng --check
  arcrtc dump fixtures/captures/call-phoenix.pcapng --check --report report.html
  arcrtc dump fixtures/captures/call-phoenix.pcapng --keylog fixtures/captures/call-phoenix.keys --filter 'kind == rtcp'
  arcrtc dump fixtures/captures/call-rotation.pcapng --filter 'epoch == 4' --detail --count 1     # its keys are inside
  arcrtc dump fixtures/captures/call-tcp.pcap --from 2s --to 3s --hex --count 2
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'role == audio' --write - --quiet | arcrtc dump - --count 2
  arcrtc dump fixtures/captures/broken/length-bomb.pcap     # damaged: exit code 1
`;

/** What chooses units. */
const SELECTIONS = ["filter", "follow", "from", "to", "count"];
/** What units can be shown as; one at a time. */
const REPORTS = ["detail", "hex", "json", "csv", "fields", "streams", "calls", "check"];

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  return create("dump")
    .description("Shows the ArcRTC traffic of a capture: signaling and media, unit by unit.")
    .argument("[capture]", "pcap or pcapng file; - is standard input")
    .addOption(
      new Option("--listen <place>", "take what comes to udp://HOST:PORT or tcp:// and answer nothing").argParser(each)
        .conflicts(NEEDS_CAPTURE),
    )
    .addOption(
      new Option(
        "--proxy <A=B>",
        "listen at A, hand on to B and back: udp://HOST:PORT=udp://HOST:PORT, tcp:// or ws://",
      )
        .argParser(each).conflicts(NEEDS_CAPTURE),
    )
    .option("-Y, --filter <expression>", "only units that pass, such as 'arcrtp.seq > 100 && role == audio'")
    .option("--follow <what>", "only one session, stream or ssrc: session=ID (its first characters do), or the first")
    .option("--from <time>", "from this time on: since the first unit (1.5s, 2m) or a moment (2026-01-31T12:00:00Z)")
    .option("--to <time>", "up to this time")
    .addOption(new Option("--count <n>", "stop after so many units").argParser(positiveInteger))
    .option("--detail", "the field tree of each unit with bit offsets")
    .option("--hex", "the bytes of each unit")
    .option(
      "-v, --verbose",
      "with --detail: whole values, descriptions and clauses; with --check: a verdict on every rule",
    )
    .addOption(new Option("--json", "one JSON object per unit and line").conflicts(["csv", "fields"]))
    .addOption(new Option("--csv", "a table with a header line").conflicts(["detail", "hex"]))
    .addOption(new Option("--fields <list>", "columns of the table, by name").conflicts(["detail", "hex"]))
    .addOption(
      new Option("--streams", "a table of the media streams: loss, order, jitter, rate, quality, headers, keys")
        .conflicts(["detail", "hex", "fields", "calls"]),
    )
    .addOption(
      new Option("--calls", "each session as a ladder, with its streams, SSRCs and packets")
        .conflicts(["detail", "hex", "fields", "csv"]),
    )
    .addOption(
      new Option(
        "--check",
        "what breaks a rule of the specification, with its packets: exit code 1 where something does",
      )
        .conflicts(["detail", "hex", "fields", "csv", "streams", "calls", ...SELECTIONS]),
    )
    .addOption(
      new Option("--format <format>", "how --check reports: text, json or sarif").choices(CHECK_FORMATS).conflicts(
        "json",
      ),
    )
    .addOption(
      new Option(
        "--report <file>",
        "a page of all that: plots over time, calls, streams, what breaks a rule (HTML, nothing from elsewhere)",
      )
        .conflicts(["detail", "hex", "fields", "csv", "streams", "calls", "filter", "follow", "from", "to", "count"]),
    )
    .option("--keylog <file>", "open what is encrypted with the keys of such a log (arcrtc peer call --keylog)")
    .addOption(cryptoOption())
    .addOption(
      new Option(
        "--write <file>",
        "the packets of the units that pass as a capture: pcapng, or pcap for FILE.pcap; - is output",
      )
        .conflicts(REPORTS),
    )
    .addOption(
      new Option("--embed-keys <file>", "as --write, to pcapng, with the keys of --keylog inside")
        .conflicts([...REPORTS, "write"]),
    )
    .addOption(
      new Option(
        "--redact <file>",
        "the capture without keys, addresses, ids and payload, of the same sizes and times: to be shown to others",
      ).conflicts([...REPORTS, ...SELECTIONS, "write", "embedKeys", "keylog", "export"]),
    )
    .addOption(
      new Option(
        "--export <dir>",
        "the media as files that players open, one for each medium: needs its keys, or plain RTP",
      )
        .conflicts([...REPORTS.filter((name) => name !== "json"), "count", "write", "embedKeys", "redact"]),
    )
    .option("--list-fields", "name the fields that filters and columns know")
    .option("-q, --quiet", "no notes and no progress on standard error")
    .addHelpText("after", HELP)
    .action(async (capture: string | undefined, flags: DumpFlags) => {
      if (flags.listFields) return io.stdout(await fieldList());
      const isLive = flags.listen !== undefined || flags.proxy !== undefined;
      if (isLive && capture !== undefined) {
        throw new CliError("usage", "both a capture and a place to listen at were given", "take one of them");
      }
      if (capture === undefined && !isLive) {
        throw new CliError("usage", "no capture was given", "arcrtc dump --help shows how; - reads standard input");
      }
      if (flags.format !== undefined && !flags.check) {
        throw new CliError("usage", "--format says how --check reports", "add --check");
      }
      if (flags.embedKeys !== undefined && flags.keylog === undefined) {
        throw new CliError("usage", "--embed-keys has no keys to embed", "name their log with --keylog");
      }
      const { runDump } = await import("../dump/run_dump.ts");
      done(await runDump(capture, flags, io));
    });
}

/** A flag that may be given several times. */
function each(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function positiveInteger(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError("it takes a number of units from 1 on");
}

async function fieldList(): Promise<string> {
  const { FIELD_CATALOG } = await import("../../lib/dissect/filter/field_catalog.ts");
  return textTable(
    [...FIELD_CATALOG.values()].map((
      { name, type, description, values },
    ) => [name, type, values === undefined ? description : `${description} (${values.join(", ")})`]),
  );
}
