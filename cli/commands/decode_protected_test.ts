import assert from "node:assert/strict";
import { freshTestee } from "../../conformance/testee/testing.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const decode = (...args: string[]) => runArgs(["decode", ...args]);

async function decodeJson(...args: string[]) {
  const { out, exitCode } = await decode("--json", ...args);
  return { exitCode, unit: JSON.parse(out) };
}

const KEYS = {
  suite: "aes-128-gcm",
  authentication: "hmac-sha256-80",
  keys: { encryption_key: "01".repeat(16), auth_key: "02".repeat(32), salt: "03".repeat(12) },
  roc: 5,
};

function ask(op: string, more: object): string {
  return (freshTestee().answer({ id: 1, op, ...KEYS, ...more }) as { ok: { hex: string } }).ok.hex;
}

const names = (unit: { fields: { name: string }[] }) => unit.fields.map(({ name }) => name);

Deno.test("decode --protected: header, ciphertext and tags", async () => {
  const packet = ask("srtp.protect", { hex: "806f00010000000200000003000000004869" });
  const media = await decodeJson("--protected", "hmac-sha256-80", packet);
  assert.deepEqual(names(media.unit), [
    "arcrtp.rtp",
    "arcrtp.block",
    "arcsrtp.ciphertext",
    "arcsrtp.tag",
    "arcsrtp.hmac",
  ]);
  assert.equal(media.unit.fields.at(-1).value, packet.slice(-20));
  const rtcp = ask("srtcp.protect", { index: 7, hex: "80c900010000000381ce00020000000300000002" });
  const feedback = await decodeJson("--protected", "hmac-sha256-80", rtcp);
  assert.deepEqual(names(feedback.unit).slice(-6), [
    "rtcp.ssrc",
    "arcsrtp.ciphertext",
    "arcsrtp.tag",
    "arcsrtcp.e",
    "arcsrtcp.index",
    "arcsrtp.hmac",
  ]);
  assert.equal(feedback.unit.fields.at(-2).value, 7);
  const odd = await decodeJson("--protected", "none", `806f00010000000200000003fc7d2a11${"00".repeat(16)}`);
  assert.equal(odd.unit.dialect, "arcrtc-1.0", "tags are looked for in no other dialect");
  assert.equal((await decode("--protected", "none", "--dialect", "rtp", packet)).exitCode, EXIT.usage);
  const short = await decodeJson("--protected", "none", "806f00010000000200000003000000004869");
  assert.deepEqual([short.exitCode, short.unit.fault.reason, short.unit.fault.need], [EXIT.finding, "truncated", 32]);
});

Deno.test("decode --keys: the plain packet in its place, or why it does not open", async () => {
  const path = await Deno.makeTempFile();
  const withKeys = async (keys: object, unit: string) => {
    await Deno.writeTextFile(path, JSON.stringify(keys));
    return await decodeJson("--keys", path, unit);
  };
  try {
    const packet = ask("srtp.protect", { hex: "806f00010000000200000003000000004869" });
    const { exitCode, unit } = await withKeys(KEYS, packet);
    assert.equal(exitCode, EXIT.ok);
    assert.equal(unit.packet.payload, "4869");
    assert.deepEqual(names(unit), ["arcrtp.rtp", "arcrtp.block", "arcrtp.payload", "arcsrtp.tag", "arcsrtp.hmac"]);
    assert.deepEqual(unit.notes, ["unprotected with aes-128-gcm, hmac-sha256-80, ROC 5"]);

    const otherRoc = await withKeys({ ...KEYS, roc: 4 }, packet);
    assert.deepEqual([otherRoc.exitCode, otherRoc.unit.fault.reason], [EXIT.finding, "auth"]);
    assert.equal(otherRoc.unit.fault.rule, "ARC-SRTP-hmac-tag");

    const rtcp = await withKeys(KEYS, ask("srtcp.protect", { index: 7, hex: "80c9000100000003" }));
    assert.deepEqual(rtcp.unit.packets, [{ type: "rr", ssrc: 3, reports: [] }]);

    await Deno.writeTextFile(path, '{"suite":"aes-128-gcm","keys":{"encryption_key":"c0ffee"}}');
    const wrong = await decode("--keys", path, packet);
    assert.equal(wrong.exitCode, EXIT.usage);
    assert.doesNotMatch(wrong.err, /c0ffee/);
    await Deno.writeTextFile(path, "c0ffee");
    const noJson = await decode("--keys", path, packet);
    assert.equal(noJson.exitCode, EXIT.usage);
    assert.doesNotMatch(noJson.err, /c0ffee/);
  } finally {
    await Deno.remove(path);
  }
});
