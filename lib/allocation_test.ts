/** The hot paths allocate nothing per packet: measured, in a process of its own whose young generation never fills. */
import assert from "node:assert/strict";

const PROBE = new URL("./crypto/testing/allocation_probe.ts", import.meta.url);

Deno.test("no allocation per packet in parse, write, reduce, expand and replay check", async () => {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--v8-flags=--min-semi-space-size=128,--max-semi-space-size=128,--single-threaded-gc",
      PROBE.pathname,
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { sink: _sink, ...paths } = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, number>;
  assert.deepEqual(Object.keys(paths), ["parse", "write", "reduce_and_expand", "replay_check"]);
  // One object would be 16 bytes a packet at the least; what remains is the runtime's own work in the meantime.
  for (const [path, bytes] of Object.entries(paths)) assert.ok(bytes < 1, `${path}: ${bytes} bytes per packet`);
});
