/** `--tls-pin`, `--tls-ca`, `--insecure`: whose certificates are accepted. */
import { toHex } from "../../lib/base/bytes.ts";
import { parseFingerprint } from "../../lib/crypto/certificate.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import { readTextFile } from "../peer/identity_files.ts";
import { CliError } from "./cli_error.ts";

export interface TlsTrustFlags {
  readonly tlsPin?: string;
  readonly tlsCa?: string;
  readonly insecure?: boolean;
}

/** @throws CliError for more than one of them, a fingerprint that is none, a file that cannot be read. */
export function tlsTrust({ tlsPin, tlsCa, insecure }: TlsTrustFlags): TlsTrust {
  const trust: TlsTrust = {
    ...(tlsPin === undefined ? {} : { pinSha256: fingerprintHex(tlsPin) }),
    ...(tlsCa === undefined ? {} : { caPem: readTextFile(tlsCa) }),
    ...(insecure === true ? { insecure } : {}),
  };
  if (Object.keys(trust).length <= 1) return trust;
  throw new CliError("usage", "--tls-pin, --tls-ca and --insecure exclude each other");
}

function fingerprintHex(text: string): string {
  const parsed = parseFingerprint(text);
  if (parsed.ok) return toHex(parsed.value);
  throw new CliError("usage", `--tls-pin: ${parsed.fault.message}`);
}
