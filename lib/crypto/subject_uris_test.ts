import assert from "node:assert/strict";
import fc from "fast-check";
import { unwrap } from "../base/parsed.ts";
import { parseSubjectUris } from "./subject_uris.ts";
import * as certificates from "./testing/certificates.ts";
import { inDirtyPool } from "./testing/backends.ts";
import { pemBytes } from "./testing/pem.ts";

const { ISSUED, SELF_SIGNED, PEER_ID } = certificates;

Deno.test("ARC-KEY-identity-ca: the URIs of the subject alternative name, each by itself", () => {
  const uris = (of: certificates.TestCertificate) => unwrap(parseSubjectUris(pemBytes(of.certificatePem)));
  assert.deepEqual(uris(ISSUED), [`urn:uuid:${PEER_ID}`]);
  assert.deepEqual(uris(SELF_SIGNED), []);
  assert.deepEqual(uris(certificates.ISSUED_SMUGGLING_NAME), [], "a DNS name is not a URI, whatever it contains");
  assert.deepEqual(uris(certificates.ISSUED_UNKNOWN_EXTENSION), [`urn:uuid:${PEER_ID}`]);
});

Deno.test("ARC-KEY-identity-ca: two alternative names, or an unknown critical extension, are refused", () => {
  for (const refused of [certificates.ISSUED_TWO_NAMES, certificates.ISSUED_UNKNOWN_CRITICAL]) {
    const parsed = parseSubjectUris(pemBytes(refused.certificatePem));
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_value");
  }
});

Deno.test("subject URIs: every prefix and every changed byte gives URIs or a fault", () => {
  const der = pemBytes(ISSUED.certificatePem);
  for (let n = 0; n < der.length; n++) {
    const parsed = parseSubjectUris(der.subarray(0, n));
    assert.ok(!parsed.ok && parsed.fault.reason === "truncated", `prefix of ${n}`);
  }
  for (let i = 0; i < der.length; i++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const changed = der.slice();
      changed[i] ^= flip;
      const parsed = parseSubjectUris(changed);
      assert.ok(!parsed.ok || parsed.value.every((uri) => typeof uri === "string"));
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      parseSubjectUris(bytes);
    }),
    { seed: 19, numRuns: 300 },
  );
});

Deno.test("subject URIs: read at their own place inside a dirty pool", () => {
  const der = pemBytes(ISSUED.certificatePem);
  const pool = inDirtyPool(der, 7, 11);
  assert.deepEqual(unwrap(parseSubjectUris(pool.subarray(7, 7 + der.length))), [`urn:uuid:${PEER_ID}`]);
});
