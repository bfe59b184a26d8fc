/**
 * `identity` of a peer in `signaling.run`: who it is, and what it asks of the other one.
 *
 * ```
 * {certificate, private_key}   its own: base64 of DER, and 32 bytes of hex
 * {required: true}             any identity that verifies
 * {pin: hex}                   the certificate with this SHA-256
 * {ca: [base64 of DER]}        a certificate of one of these CAs, which names the peer
 * ```
 *
 * Of `required`, `pin` and `ca` there is one at most; without any, the other peer needs no identity.
 */
import type { Parsed } from "../../../../lib/base/parsed.ts";
import { parseCertificateBase64, parseTrustAnchors } from "../../../../lib/crypto/certificate.ts";
import { keyPairFromPrivate } from "../../../../lib/crypto/ecdh.ts";
import type { IdentityPolicy } from "../../../../lib/crypto/identity.ts";
import type { EndpointConfig } from "../../../../lib/signaling/endpoint_context.ts";
import { type Fields, RequestError } from "../../request.ts";

const SHA256_BYTES = 32;
const PRIVATE_KEY_BYTES = 32;

export function readIdentity(config: Fields): Pick<EndpointConfig, "identity" | "identityPolicy"> {
  if (!config.has("identity")) return { identityPolicy: { kind: "optional" } };
  const fields = config.object("identity");
  return { identityPolicy: readPolicy(fields), ...(fields.has("certificate") && { identity: readOwn(fields) }) };
}

function readPolicy(fields: Fields): IdentityPolicy {
  const wishes = ["required", "pin", "ca"].filter((name) => fields.has(name));
  if (wishes.length > 1) throw new RequestError(`${fields.pathOf(wishes[1])} and ${wishes[0]} exclude each other`);
  if (fields.has("pin")) return { kind: "pinned", fingerprint: fields.hexOf("pin", SHA256_BYTES) };
  if (fields.has("ca")) {
    const pem = fields.texts("ca").map((der) => `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`);
    return { kind: "issued", anchors: use(parseTrustAnchors(pem.join("")), fields.pathOf("ca")) };
  }
  return { kind: fields.flag("required") ? "required" : "optional" };
}

function readOwn(fields: Fields): NonNullable<EndpointConfig["identity"]> {
  const certificateBase64 = fields.text("certificate");
  const certificate = use(parseCertificateBase64(certificateBase64), fields.pathOf("certificate"));
  const key = keyPairFromPrivate(fields.hexOf("private_key", PRIVATE_KEY_BYTES));
  return { certificateBase64, certificateDer: certificate.der, key: use(key, fields.pathOf("private_key")) };
}

function use<T>(parsed: Parsed<T>, path: string): T {
  if (parsed.ok) return parsed.value;
  throw new RequestError(`${path}: ${parsed.fault.message}`);
}
