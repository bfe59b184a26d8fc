import assert from "node:assert/strict";
import { EXIT } from "../exit_codes.ts";
import { chooseCryptoBackend } from "../../lib/net/crypto_choice.ts";
import { runArgs } from "../testing/run_line.ts";

const answersOf = (out: string) => out.split("\n").slice(0, -1).map((line) => JSON.parse(line));

Deno.test("testee: one answer per line, in order, whatever the lines are", async () => {
  const lines = ['{"id":1,"op":"stats"}', "", "nonsense", '{"id":2,"op":"rtp.parse","hex":"80"}', '{"id":3,"op":"x"}'];
  const { exitCode, out, err } = await runArgs(["testee"], lines.join("\n"));
  assert.equal(exitCode, EXIT.ok);
  assert.equal(err, "");
  assert.deepEqual(answersOf(out), [
    { id: 1, ok: {} },
    { id: null, error: "the line is not JSON" },
    { id: null, error: "the line is not JSON" },
    { id: 2, fault: { reason: "truncated", offset: 1, need: 16 } },
    { id: 3, unsupported: "no op named x" },
  ]);
});

Deno.test("testee: a line over 4 MiB is answered and the next one is read", async () => {
  const long = `{"pad":"${"x".repeat(4 * 1024 * 1024)}"}`;
  const { out } = await runArgs(["testee"], `${long}\n{"id":1,"op":"stats"}\n`);
  assert.deepEqual(answersOf(out), [
    { id: null, error: "the line is longer than 4194304 bytes" },
    { id: 1, ok: {} },
  ]);
});

Deno.test("testee --crypto: by flag before ARCRTC_CRYPTO, and hello tells", async () => {
  const backend = async (args: string[], env: Readonly<Record<string, string>>) => {
    const { out } = await runArgs(["testee", ...args], '{"id":1,"op":"hello"}', env);
    return answersOf(out)[0].ok.backends.crypto;
  };
  assert.equal(await backend([], {}), chooseCryptoBackend("auto").backend.name);
  assert.equal(await backend([], { ARCRTC_CRYPTO: "noble" }), "noble");
  assert.equal(await backend(["--crypto", "node"], { ARCRTC_CRYPTO: "noble" }), "node");
  const { exitCode, err } = await runArgs(["testee"], "", { ARCRTC_CRYPTO: "openssl" });
  assert.equal(exitCode, EXIT.usage);
  assert.equal(err, "error: ARCRTC_CRYPTO is 'openssl'\nhint: it takes auto, noble, node, native\n");
});

Deno.test("testee: keystore.open reads files, and a directory that is none is a fault", async () => {
  const request = { id: 1, op: "keystore.open", dir: "/nowhere", master_key: "x", key_id: "k" };
  const { out } = await runArgs(["testee"], JSON.stringify(request));
  assert.deepEqual(answersOf(out), [{ id: 1, fault: { reason: "bad_key", path: "$.key_id" } }]);
});
