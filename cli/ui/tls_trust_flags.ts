/** `--tls-pin`, `--tls-ca` and `--insecure`; what they mean is in `tls_trust.ts`, which help does not wait for. */
import type { Command } from "commander";

export interface TlsTrustFlags {
  readonly tlsPin?: string;
  readonly tlsCa?: string;
  readonly insecure?: boolean;
}

export function addTlsTrustOptions(command: Command): Command {
  return command
    .option("--tls-pin <sha256>", "accept only a server with this certificate")
    .option("--tls-ca <ca.pem>", "accept only a server whose certificate this CA has issued")
    .option("--insecure", "accept any certificate of the server");
}
