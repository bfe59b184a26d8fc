/** `--tls-pin`, `--tls-ca` and `--insecure`: whom a command trusts at the other end of TLS. */
import { toHex } from "../../lib/base/bytes.ts";
import { parseFingerprint } from "../../lib/crypto/certificate.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import { CliError } from "./cli_error.ts";
import { readTextFile } from "./text_file.ts";
import type { TlsTrustFlags } from "./tls_trust_flags.ts";

/** What to say to somebody whose server is not trusted. */
export const TRUST_HINT = "--tls-pin or --tls-ca say whom to trust; --insecure trusts anybody";

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
