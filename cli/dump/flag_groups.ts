/** The flags of `arcrtc dump` by what they are for, and what of them does not go together. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../ui/cli_error.ts";
import { cryptoOption } from "../ui/crypto_backend.ts";
import { CHECK_FORMATS } from "./check_format.ts";
import type { DumpFlags } from "./dump_flags.ts";

/** What chooses units. */
const SELECTIONS = ["filter", "follow", "from", "to", "count"];
/** How units are shown, each for itself. */
const DISPLAYS = ["detail", "hex", "fields", "csv"] as const;
/** What is made of all of them. */
const REPORTS = ["streams", "calls", "check", "report", "diff"] as const;
/** What reads a capture more than once. */
const NEEDS_CAPTURE = ["embedKeys", "redact", "export", "diff"];

/** In the order of the help. */
export const FLAG_GROUPS: readonly ((command: Command) => void)[] = [
  addSources,
  addSelections,
  addDisplays,
  addReports,
  addKeys,
  addFiles,
  addOthers,
];

function addSources(command: Command): void {
  command
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
    );
}

function addSelections(command: Command): void {
  command
    .option("-Y, --filter <expression>", "only units that pass, such as 'arcrtp.seq > 100 && role == audio'")
    .option("--follow <what>", "only one session, stream or ssrc: session=ID (its first characters do), or the first")
    .option("--from <time>", "from this time on: since the first unit (1.5s, 2m) or a moment (2026-01-31T12:00:00Z)")
    .option("--to <time>", "up to this time")
    .addOption(new Option("--count <n>", "stop after so many units").argParser(positiveInteger));
}

function addDisplays(command: Command): void {
  command
    .option("--detail", "the field tree of each unit with bit offsets")
    .option("--hex", "the bytes of each unit")
    .option(
      "-v, --verbose",
      "with --detail: whole values, descriptions and clauses; with --check: a verdict on every rule",
    )
    .addOption(new Option("--json", "one JSON object per unit and line").conflicts(["csv", "fields"]))
    .addOption(new Option("--csv", "a table with a header line").conflicts(["detail", "hex"]))
    .addOption(new Option("--fields <list>", "columns of the table, by name").conflicts(["detail", "hex"]));
}

function addReports(command: Command): void {
  command
    .addOption(
      new Option("--streams", "a table of the media streams: loss, order, jitter, rate, quality, headers, keys")
        .conflicts(["detail", "hex", "fields", "calls"]),
    )
    .addOption(
      new Option("--calls", "each session as a ladder, with its streams, SSRCs and packets").conflicts([...DISPLAYS]),
    )
    .addOption(
      new Option(
        "--check",
        "what breaks a rule of the specification, with its packets: exit code 1 where something does",
      )
        .conflicts([...DISPLAYS, "streams", "calls", ...SELECTIONS]),
    )
    .addOption(
      new Option("--format <format>", "how --check reports: text, json or sarif").choices(CHECK_FORMATS)
        .conflicts("json"),
    )
    .addOption(
      new Option(
        "--report <file>",
        "a page of all that: plots over time, calls, streams, what breaks a rule (HTML in one file; - is standard output)",
      )
        .conflicts([...DISPLAYS, "streams", "calls", ...SELECTIONS]),
    )
    .addOption(
      new Option(
        "--diff <capture>",
        "compare this capture (A) with the other one (B): what was lost, doubled, late or altered between them, and how " +
          "long it took; exit code 1 where something is missing or altered",
      )
        .conflicts(["detail", "hex", "fields", "streams", "calls", "check", "report", ...SELECTIONS]),
    );
}

function addKeys(command: Command): void {
  command
    .option("--keylog <file>", "open what is encrypted with the keys of such a log (arcrtc peer call --keylog)")
    .addOption(cryptoOption());
}

/** What is written instead of being shown; one at a time. */
function addFiles(command: Command): void {
  const shown = [...DISPLAYS, ...REPORTS];
  command
    .addOption(
      new Option(
        "--write <file>",
        "the packets of the units that pass as a capture: pcapng, or pcap for FILE.pcap; - is output",
      ),
    )
    .addOption(
      new Option("--embed-keys <file>", "as --write, to pcapng, with the keys of --keylog inside")
        .conflicts([...shown, "json", "write"]),
    )
    .addOption(
      new Option(
        "--redact <file>",
        "the capture without keys, addresses, ids and payload, of the same sizes and times: to be shown to others",
      )
        .conflicts([...shown, "json", ...SELECTIONS, "write", "embedKeys", "keylog"]),
    )
    .addOption(
      new Option(
        "--export <dir>",
        "the media as files that players open, one for each medium: needs its keys, or plain RTP",
      )
        .conflicts([...shown, "count", "write", "embedKeys", "redact"]),
    );
}

function addOthers(command: Command): void {
  command
    .option("--wireshark-plugin [file]", "write a Lua dissector for Wireshark and tshark, and say where it belongs")
    .option("--list-fields", "name the fields that filters and columns know")
    .option("-q, --quiet", "no notes and no progress on standard error");
}

/** What commander cannot tell. @throws CliError */
export function refuseNonsense(capture: string | undefined, flags: DumpFlags): void {
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
  // What is listened to comes once: it is shown and kept.
  const shown = [...DISPLAYS, ...REPORTS, "json" as const].find((name) => flags[name] !== undefined);
  if (flags.write !== undefined && shown !== undefined && (!isLive || flags.write === "-")) {
    throw new CliError("usage", `--write cannot be used with --${shown}`, "run it twice, once for each");
  }
  if (flags.embedKeys !== undefined && flags.keylog === undefined) {
    throw new CliError("usage", "--embed-keys has no keys to embed", "name their log with --keylog");
  }
  if (capture !== undefined && capture !== "-" && flags.report === capture) {
    throw new CliError("usage", "--report would write over the capture", "give it another name");
  }
  if (flags.report === "-" && flags.check) {
    throw new CliError("usage", "--check and --report - both write standard output", "give --report a file");
  }
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
