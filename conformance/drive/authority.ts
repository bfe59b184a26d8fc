/**
 * Who vouches for the relays over TLS that the suite plays: an authority of this run alone, and a certificate for
 * 127.0.0.1 that it has issued. A peer under test is given the authority, as a file or in this process.
 */
import { createCertificate } from "../../lib/net/certificate_create.ts";
import { readTlsIdentity, type TlsIdentity } from "../../lib/net/tls_identity.ts";

/** Longer than any run; a clock that is a little wrong does no harm. */
const VALID_MS = 24 * 3600 * 1000;

export interface Authority {
  /** PEM of whom the peer under test has to trust. */
  readonly caPem: string;
  /** What our relays show. */
  readonly relay: TlsIdentity;
}

export async function makeAuthority(unixMs: number): Promise<Authority> {
  const validity = { notBeforeUnixMs: unixMs - VALID_MS, notAfterUnixMs: unixMs + VALID_MS };
  const ca = await createCertificate({ subject: "conformance suite", isCa: true, ...validity });
  const relay = await createCertificate({ subject: "played relay", hosts: ["127.0.0.1"], issuer: ca, ...validity });
  return { caPem: ca.certificatePem, relay: readTlsIdentity(relay.certificatePem, relay.privateKeyPem) };
}
