/** The server's certificate: `--cert` with `--key`, or `--self-signed`. */
import { createCertificate } from "../../lib/net/certificate_create.ts";
import { readTlsIdentity, type TlsIdentity } from "../../lib/net/tls_identity.ts";
import { CliError } from "../ui/cli_error.ts";
import { readTextFile } from "../ui/text_file.ts";

export interface TlsFlags {
  readonly host: string;
  readonly cert?: string;
  readonly key?: string;
  readonly selfSigned?: boolean;
}

const DAY_MS = 86_400_000;
const SELF_SIGNED_DAYS = 30;
/** Clocks of clients may be a little behind. */
const CLOCK_LEEWAY_MS = 3_600_000;

/** Undefined without TLS. @throws CliError */
export async function tlsIdentity(flags: TlsFlags, unixMs: number): Promise<TlsIdentity | undefined> {
  const { cert, key, selfSigned } = flags;
  if (selfSigned && (cert !== undefined || key !== undefined)) {
    throw new CliError("usage", "--self-signed and --cert exclude each other", "leave one of them out");
  }
  if (selfSigned) return await makeIdentity(flags.host, unixMs);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const [has, lacks] = cert === undefined ? ["--key", "--cert"] : ["--cert", "--key"];
    throw new CliError("usage", `${has} needs ${lacks}`, "both are PEM files; --self-signed makes a pair for this run");
  }
  const [certificatePem, keyPem] = [readTextFile(cert), readTextFile(key)];
  try {
    return readTlsIdentity(certificatePem, keyPem);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(
      "usage",
      `--cert ${cert} --key ${key}: ${why}`,
      "both are PEM files, of one pair, not encrypted",
    );
  }
}

async function makeIdentity(host: string, unixMs: number): Promise<TlsIdentity> {
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const { certificatePem, privateKeyPem } = await createCertificate({
    subject: "arcrtc serve",
    hosts: [...new Set(["localhost", "127.0.0.1", "::1", ...(isEverywhere ? [] : [host])])],
    notBeforeUnixMs: unixMs - CLOCK_LEEWAY_MS,
    notAfterUnixMs: unixMs + SELF_SIGNED_DAYS * DAY_MS,
  });
  return readTlsIdentity(certificatePem, privateKeyPem);
}
