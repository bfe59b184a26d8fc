import assert from "node:assert/strict";
import { commonVersion, parseVersion, PROTOCOL_VERSION } from "./version.ts";

Deno.test("ARC-SIG-connect-ack-minor-version ARC-SIG-json-version: the lower minor is spoken, another major is not", () => {
  for (const offered of ["1.0", "1.1", "1.99", "1.00"]) {
    assert.deepEqual(commonVersion(offered), { ok: true, value: PROTOCOL_VERSION }, offered);
  }
  for (const offered of ["0.1", "2.0", "11.0"]) {
    const common = commonVersion(offered);
    assert.ok(!common.ok && common.fault.reason === "bad_version" && common.fault.path === "$.version", offered);
  }
  for (const offered of ["", "1", "1.0.0", " 1.0", "one.zero", "-1.0"]) {
    const common = commonVersion(offered);
    assert.ok(!common.ok && common.fault.reason === "bad_value", offered);
  }
});

Deno.test("version: read as two decimal numbers", () => {
  assert.deepEqual(parseVersion("12.34"), { major: 12, minor: 34 });
  assert.equal(parseVersion("1.x"), undefined);
});
