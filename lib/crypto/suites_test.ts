import assert from "node:assert/strict";
import { AUTHENTICATION_TAG_BYTES, AUTHENTICATIONS, isSuiteName, SUITE_NAMES, SUITES } from "./suites.ts";

Deno.test("ARC-SRTP-suites, ARC-SRTP-default-suite: three names, aes-128-gcm first, with their sizes", () => {
  assert.deepEqual(SUITE_NAMES, ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"]);
  assert.deepEqual(SUITE_NAMES.map((name) => SUITES[name].keyBytes), [16, 32, 32]);
  for (const name of SUITE_NAMES) assert.deepEqual([SUITES[name].nonceBytes, SUITES[name].tagBytes], [12, 16]);
});

Deno.test("suites: a name is known only as it is written in the table", () => {
  for (const name of SUITE_NAMES) assert.equal(isSuiteName(name), true);
  for (const name of ["AES-128-GCM", "aes-128-cm", "", "toString", "__proto__"]) {
    assert.equal(isSuiteName(name), false, name);
  }
});

Deno.test("ARC-SRTP-hmac-tag, ARC-SRTP-authentication-none: 10 bytes or none", () => {
  assert.deepEqual(AUTHENTICATIONS.map((name) => AUTHENTICATION_TAG_BYTES[name]), [10, 0]);
});
