/** `--tls-pin`, `--tls-ca` and `--insecure`: whom a command trusts at the other end of TLS. */
import type { Command } from "commander";
import { toHex } from "../../lib/base/bytes.ts";
import { parseFingerprint } from "../../lib/crypto/certificate.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import { CliError } from "./cli_error.ts";
import { readTextFile } from "./text_file.ts";

export interface TlsTrustFlags {
  readonly tlsPin?: string;
  readonly tlsCa?: string;
  readonly insecure?: boolean;
}

/** What to say to somebody whose server is not trusted. */
export const TRUST_HINT = "--tls-pin or --tls-ca say whom to trust; --insecure trusts anybody";

export function addTlsTrustOptions(command: Command): Command {
  return command
    .option("--tls-pin <sha256>", "accept only a server with this certificate")
    .option("--tls-ca <ca.pem>", "accept only a server whose certificate this CA has issued")
    .option("--insecure", "accept any certificate of the server");
}

/** `protocols` are those of the servers, such as `wss` or `udp`. @throws CliError */
export function tlsTrust({ tlsPin, tlsCa, insecure }: TlsTrustFlags, protocols: readonly string[]): TlsTrust {
  const trust: TlsTrust = {
    ...(tlsPin === undefined ? {} : { pinSha256: fingerprintHex(tlsPin) }),
    ...(tlsCa === undefined ? {} : { caPem: readTextFile(tlsCa) }),
    ...(insecure === true ? { insecure } : {}),
  };
  const flags = "--tls-pin, --tls-ca and --insecure";
  if (Object.keys(trust).length > 0 && !protocols.some((protocol) => protocol === "wss" || protocol === "tls")) {
    throw new CliError("usage", `${flags} need wss:// or tls://, not ${protocols.join(", ")}://`);
  }
  if (Object.keys(trust).length > 1) throw new CliError("usage", `${flags} exclude each other`);
  return trust;
}

function fingerprintHex(text: string): string {
  const parsed = parseFingerprint(text);
  if (parsed.ok) return toHex(parsed.value);
  throw new CliError("usage", `--tls-pin: ${parsed.fault.message}`);
}
