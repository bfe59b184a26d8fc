/** Our own server over TLS before the cases of bad input: the runs elsewhere have it in the clear. */
import assert from "node:assert/strict";
import { Rig, testIdentity } from "../../../lib/net/testing/signaling_rig.ts";
import { serverDriver } from "../../drive/server_world.ts";
import { targetOf } from "../../drive/testing.ts";
import { resultsOf, runCases } from "../../run/testing.ts";
import { CASES as SERVER } from "./server.ts";
import { CASES as SERVER_BYTES } from "./server_bytes.ts";

Deno.test("our own server passes the cases of bad input over TLS, its handshakes among them", async () => {
  const tls = await testIdentity();
  const rig = await Rig.start({ tls });
  try {
    const { stream, streamTls } = targetOf(rig.server.urls);
    if (stream === undefined) throw new Error("there is no stream");
    const trust = { pinSha256: tls.fingerprintSha256 };
    const server = serverDriver({ stream, streamTls: streamTls === true, trust });
    const results = resultsOf(await runCases([...SERVER, ...SERVER_BYTES], { subjects: { server } }));
    const wrong = results.filter(({ verdict }) => verdict !== "pass" && verdict !== "skipped");
    assert.deepEqual(wrong.map(({ id, breaches, why }) => ({ id, breaches, why })), []);
    const passed = results.filter(({ verdict }) => verdict === "pass").map(({ id }) => id);
    for (const words of ["handshakes", "noise-stream", "messages-stream", "half-open"]) {
      assert.ok(passed.includes(`robustness/server-${words}`), `${words} is not among ${passed}`);
    }
  } finally {
    await rig.close();
  }
});
