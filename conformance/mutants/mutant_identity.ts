/** The certificate of every mutant that speaks TLS, made when the first one needs it. */
import { createCertificate } from "../../lib/net/certificate_create.ts";
import { readTlsIdentity, type TlsIdentity } from "../../lib/net/tls_identity.ts";

const HOUR_MS = 3_600_000;

let made: Promise<TlsIdentity> | undefined;

export function mutantIdentity(): Promise<TlsIdentity> {
  const nowMs = Date.now();
  return made ??= createCertificate({
    subject: "a broken testee",
    hosts: ["127.0.0.1"],
    notBeforeUnixMs: nowMs - HOUR_MS,
    notAfterUnixMs: nowMs + HOUR_MS,
  }).then(({ certificatePem, privateKeyPem }) => readTlsIdentity(certificatePem, privateKeyPem));
}
