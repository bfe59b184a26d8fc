/**
 * The flags of `arcrtc peer listen` and `arcrtc peer call`: what they are called, and what they may hold. Loads nothing of
 * the session, so that help is there at once.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { isUuid } from "../../lib/base/uuid.ts";
import { type Authentication, AUTHENTICATIONS, SUITE_NAMES, type SuiteName } from "../../lib/crypto/suites.ts";
import { PATH_POLICIES, type PathPolicy } from "../../lib/session/path_candidate.ts";
import { cryptoOption } from "../ui/crypto_backend.ts";
import { addTlsTrustOptions, type TlsTrustFlags } from "../ui/tls_trust_flags.ts";
import { ioOption } from "../ui/io_backend.ts";
import { parseDurationMs } from "./duration.ts";
import { PEER_RELAY_FORM } from "./relay_form.ts";

/** As commander hands them over: how media is protected and repaired. */
export interface ProtectionFlags {
  readonly cipher: readonly SuiteName[];
  readonly auth: readonly Authentication[];
  readonly reducedHeader?: boolean;
  readonly rtx: boolean;
  readonly fec: boolean;
  readonly crypto?: string;
}

export interface PeerFlags extends ProtectionFlags, TlsTrustFlags {
  readonly signal?: string;
  readonly session?: string;
  readonly peerId?: string;
  readonly send: readonly string[];
  readonly loop?: boolean;
  readonly receive?: string;
  readonly identity?: string;
  readonly identityKey?: string;
  readonly pin?: string;
  readonly requireIdentity?: boolean;
  readonly identityCa?: string;
  readonly keystore?: string;
  readonly token?: string;
  readonly duration?: number;
  readonly wait?: number;
  readonly rotateEvery?: number;
  readonly metricsUrl?: string;
  readonly pcap?: string;
  readonly keylog?: string;
  readonly localPort: number;
  readonly bind: string;
  readonly relay: readonly string[];
  readonly relaySecret?: string;
  readonly path: PathPolicy;
  readonly io?: string;
  readonly explainPath?: boolean;
  readonly json?: boolean;
}

/** The flags of {@link ProtectionFlags}. */
export function addProtectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--cipher <list>", "cipher suites by preference")
        .argParser((text) => nameList(text, SUITE_NAMES)).default(SUITE_NAMES, SUITE_NAMES.join(",")),
    )
    .addOption(
      new Option(
        "--auth <list>",
        "packet authentication by preference: hmac-sha256-80 lets relays check, none is faster",
      )
        .argParser((text) => nameList(text, AUTHENTICATIONS)).default(AUTHENTICATIONS, AUTHENTICATIONS.join(",")),
    )
    .option("--reduced-header", "offer the 4-byte header; used where both peers do")
    .option("--no-rtx", "no retransmission")
    .option("--no-fec", "no forward error correction")
    .addOption(cryptoOption());
}

export function addPeerOptions(command: Command): Command {
  command
    .option("--signal <url>", "signaling server: ws://, wss://, tcp:// or tls:// (or ARCRTC_SIGNAL)")
    .addOption(new Option("--session <uuid>", "session to meet in; made and printed when left out").argParser(uuid))
    .addOption(new Option("--peer-id <uuid>", "our own id; a new one when left out").argParser(uuid))
    .addOption(
      new Option("--send <source>", "media file or test:audio, test:tone, test:video; repeatable")
        .argParser((text, before: readonly string[]) => [...before, text]).default([] as readonly string[], "nothing"),
    )
    .option("--loop", "begin files anew at their end")
    .option("--receive <dir>", "write what is received into this directory");
  addProtectionOptions(command)
    .option("--identity <cert.pem>", "show this certificate; 'self' makes one and prints its fingerprint")
    .option("--identity-key <key.pem>", "the private key of --identity (P-256, PEM)")
    .option("--pin <sha256>", "accept only a peer with this certificate")
    .option("--require-identity", "accept only a peer that shows a certificate")
    .option("--identity-ca <ca.pem>", "accept only a peer whose certificate this CA has issued")
    .option("--keystore <dir>", "keep our peer id and identity there (armoricore-keys files)");
  addTlsTrustOptions(command)
    .option("--token <jwt>", "token for the server (or ARCRTC_TOKEN, which other users cannot see)")
    .addOption(new Option("--duration <time>", "end the call after this time").argParser(duration))
    .addOption(new Option("--wait <time>", "give up when no peer has come within this time").argParser(duration))
    .addOption(new Option("--rotate-every <time>", "new keys after each such time").argParser(duration))
    .option("--metrics-url <url>", "POST the figures there every 5 seconds, as JSON")
    .option("--pcap <file>", "write our own traffic as pcapng, with the keys inside")
    .option("--keylog <file>", "append the session's secrets, for reading captures")
    .addOption(new Option("--local-port <port>", "UDP port for media").argParser(port).default(0, "any"))
    .option("--bind <ip>", "IP address for media", "0.0.0.0")
    .addOption(
      new Option("--relay <site>", `relay to bind at before the call, ${PEER_RELAY_FORM}; repeatable`)
        .argParser((text, before: readonly string[]) => [...before, text]).default(
          [] as readonly string[],
          "the server's",
        ),
    )
    .option("--relay-secret <hex>", "of the relays, to issue our tokens; @FILE reads it (or ARCRTC_RELAY_SECRET)")
    .addOption(
      new Option("--path <which>", "only straight paths, only relays or only TCP and TLS, to test and debug")
        .choices(PATH_POLICIES).default("auto"),
    )
    .addOption(ioOption("deno"))
    .option("--explain-path", "say step by step why media goes where it goes")
    .option("--json", "events as JSON lines on standard output, the summary last");
  return command;
}

function nameList<T extends string>(text: string, known: readonly T[]): readonly T[] {
  const names = text.split(",").map((name) => name.trim());
  const isKnown = (name: string): name is T => (known as readonly string[]).includes(name);
  const good = names.filter(isKnown);
  if (good.length < names.length || new Set(names).size < names.length) {
    throw new InvalidArgumentError(`It takes different names out of ${known.join(", ")}, separated by commas.`);
  }
  return good;
}

function uuid(text: string): string {
  const id = text.toLowerCase();
  if (!isUuid(id)) throw new InvalidArgumentError("It takes a UUID: 123e4567-e89b-42d3-a456-426614174000.");
  return id;
}

export function duration(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new InvalidArgumentError("It takes a time such as 500ms, 10s, 2m or 1h.");
  return durationMs;
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError("It takes a port, 0 to 65535.");
  return value;
}
