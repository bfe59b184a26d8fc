/** The flags of `arcrtc conformance`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { PEER_WAYS, type PeerWays } from "../../conformance/drive/peer_way.ts";
import { LEVELS } from "../../conformance/requirements.ts";
import { parseDurationMs } from "../peer/duration.ts";
import { addTlsTrustOptions, type TlsTrustFlags } from "../ui/tls_trust_flags.ts";

/** What is tested, as commander hands it over. */
export interface SubjectFlags extends TlsTrustFlags {
  readonly command?: string;
  readonly target?: readonly string[];
  readonly authSecret?: string;
  readonly relay?: readonly string[];
  readonly relaySecret?: string;
  readonly relayMetrics?: string;
  readonly relayCommand?: string;
  readonly relayDrain?: string;
  readonly playRelay?: readonly string[];
  readonly nats?: string;
  readonly natsCa?: string;
  readonly peerCall?: string;
  readonly peerListen?: string;
  readonly peerTransport?: PeerWays;
  readonly capture?: string;
  readonly keylog?: string;
}

/** As commander hands them over. */
export interface ConformanceFlags extends SubjectFlags {
  readonly dialect?: "arcrtc-1.0" | "armoricore";
  readonly area?: readonly string[];
  readonly level?: readonly (typeof LEVELS)[number][];
  readonly requirement?: readonly string[];
  readonly list?: boolean;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
  readonly knownFailing?: string;
  readonly jobs: number;
  readonly timeout: number;
  readonly silence: number;
  readonly seed?: number;
  readonly report?: readonly ReportWish[];
  readonly capsules?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** A report, on standard output where there is no file, or where it is `-`. */
export interface ReportWish {
  readonly format: string;
  readonly file?: string;
}

/** The names of `conformance/report/formats.ts`, which help must not load; a test holds both together. */
export const FORMATS = ["text", "json", "junit", "tap", "html", "badge"] as const;

const MAX_JOBS = 64;

/** The flags that name what is tested. */
export function addSubjectOptions(command: Command): Command {
  return addTlsTrustOptions(command)
    .option("--command <cmd>", "test the program that this command starts: JSON lines, see arcrtc testee --help")
    .option("--target <url>", "test a signaling server; several URLs of one server are several listeners", gather)
    .option("--auth-secret <text>", "the server's, to issue join tokens with; @FILE reads it (or ARCRTC_AUTH_SECRET)")
    .option("--relay <url>", "test a relay; several URLs of one relay are several listeners", gather)
    .option("--relay-secret <hex>", "the relay's, to issue tokens with; @FILE reads it (or ARCRTC_RELAY_SECRET)")
    .option("--relay-metrics <url>", "where the relay shows its metrics")
    .option(
      "--relay-command <cmd>",
      "the command of a relay for one case alone; {port}, {secret} and {metrics}, a port for HTTP, are filled in",
    )
    .option("--relay-drain <cmd>", "the command that tells such a relay to drain; {pid}, {port} and {metrics} too")
    .option("--play-relay <url>", "play a relay that the server is set to hand out, metrics at the same port", gather)
    .option("--nats <url>", "be another server on this bus of the server or relay; @FILE reads it (or ARCRTC_NATS)")
    .option("--nats-ca <pem>", "who has signed the certificate of --nats tls://...")
    .option(
      "--peer-call <cmd>",
      "test a peer: the command that calls; {signal}, {session}, {peer} and more are filled in",
    )
    .option("--peer-listen <cmd>", "test a peer: the command that waits to be called")
    .addOption(
      new Option(
        "--peer-transport <name>",
        `what it speaks to its server, the first where any will do (default: all, ${PEER_WAYS.join(", ")})`,
      ).argParser((text: string, before?: readonly string[]) => gather(peerWay(text), before)),
    )
    .option("--capture <file>", "judge a capture (pcap, pcapng; - is standard input): the rules that show in one")
    .option("--keylog <file>", "keys of the capture");
}

export function addConformanceOptions(command: Command): Command {
  return addSubjectOptions(command)
    .argument("[id...]", "cases to run, as globs over ids: 'arcrtp/*' (default: all)")
    .addOption(new Option("--dialect <name>", "test this dialect (default: those that the testee's hello lists)")
      .choices(["arcrtc-1.0", "armoricore"]))
    .option("--area <name>", "only cases of this area; several widen", gather)
    .addOption(
      new Option("--level <level>", "only cases of this level; several widen").argParser(
        (text: string, before?: readonly string[]) => gather(levelOf(text), before),
      ),
    )
    .option("--requirement <id>", "only cases that name this rule, as a glob; several widen", gather)
    .option("--list", "list the selected cases and run none")
    .option("--dry-run", "say what would be sent and run nothing")
    .option("--strict", "a broken SHOULD counts as failed")
    .option("--known-failing <file>", "ids of cases that may fail, one a line; what no longer fails is an error")
    .addOption(new Option("--jobs <n>", "cases at a time, each with a testee of its own").argParser(jobs).default(4))
    .addOption(
      new Option("--timeout <time>", "longest wait for one answer; a program that is started has 30s to begin")
        .argParser(time).default(5000, "5s"),
    )
    .addOption(
      new Option("--silence <time>", "how long nothing must come where only time can tell").argParser(time)
        .default(300, "300ms"),
    )
    .addOption(new Option("--seed <n>", "of the random stimuli; printed, and the same makes the same").argParser(seed))
    .addOption(
      new Option(
        "--report <format>",
        `how it is told: ${FORMATS.join(", ")}; FORMAT=FILE writes a file, several are written at once (default: text)`,
      ).argParser((text: string, before: readonly ReportWish[] = []) => [...before, reportWish(text)]),
    )
    .option(
      "--capsules <dir>",
      "write a file for each case that fails, for arcrtc conformance replay, and its units as a pcapng",
    )
    .option("--json", "the same as --report json")
    .option("-v, --verbose", "list passed cases too, with whole transcripts")
    .option("-q, --quiet", "no progress");
}

function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function reportWish(text: string): ReportWish {
  const at = text.indexOf("=");
  const format = at < 0 ? text : text.slice(0, at);
  if (!FORMATS.some((name) => name === format)) throw new InvalidArgumentError(`It takes ${FORMATS.join(", ")}.`);
  const file = text.slice(at + 1);
  return at < 0 || file === "-" ? { format } : { format, file };
}

function peerWay(text: string): string {
  const way = PEER_WAYS.find((one) => one === text);
  if (way === undefined) throw new InvalidArgumentError(`It takes one of ${PEER_WAYS.join(", ")}.`);
  return way;
}

function levelOf(text: string): string {
  const level = LEVELS.find((one) => one === text.toUpperCase());
  if (level === undefined) throw new InvalidArgumentError(`It takes one of ${LEVELS.join(", ")}.`);
  return level;
}

function jobs(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= MAX_JOBS) return value;
  throw new InvalidArgumentError(`It takes a whole number from 1 to ${MAX_JOBS}.`);
}

function seed(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 0xffff_ffff) return value;
  throw new InvalidArgumentError("It takes a whole number from 0 to 4294967295.");
}

export function time(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new InvalidArgumentError("It takes a time such as 300ms, 5s or 1m.");
  return durationMs;
}
