import assert from "node:assert/strict";
import { splitLines } from "../ui/io.ts";
import { CaseProcess } from "./case_process.ts";
import { LineProcess } from "./line_process.ts";
import { SpinningChildren } from "./testing/spinning_children.ts";

const PATIENCE_MS = 60_000;
const FINE = [new Uint8Array([2])];
const ENDLESS = [new Uint8Array([1, 7])];

Deno.test("fuzz: a process that ends by itself is a crash, a case that never ends a hang, and the next has a new one", async () => {
  const children = new SpinningChildren();
  const cases = new CaseProcess("planted", () => children.start("cases"));
  const passed = { kind: "passed", behaviour: "ended" };
  assert.deepEqual(await cases.run(FINE, PATIENCE_MS), passed);
  const crash = cases.run(ENDLESS, PATIENCE_MS);
  children.kill();
  assert.deepEqual(await crash, {
    kind: "failed",
    failure: {
      oracle: "crash",
      message: "the process that ran the case ended: SIGKILL",
      signature: "planted crash",
    },
  });
  assert.deepEqual(await cases.run(FINE, PATIENCE_MS), passed);
  const hang = await cases.run(ENDLESS, 250);
  assert.deepEqual(hang, {
    kind: "failed",
    failure: { oracle: "hang", message: "a case did not end within 0.25 s", signature: "planted hang" },
  });
  assert.deepEqual(await cases.run(FINE, PATIENCE_MS), passed);
  await cases.stop();
  assert.equal(children.started, 3);
  children.assertGone();
});

Deno.test("fuzz: a target of the library is run with the few permissions that it needs", async () => {
  const cases = new CaseProcess("reference.ops");
  const outcome = await cases.run([new TextEncoder().encode('{"op":"unit.classify","hex":"80c8"}')], PATIENCE_MS);
  await cases.stop();
  assert.deepEqual(outcome, { kind: "passed", behaviour: "unit.classify ok" });
});

Deno.test("fuzz: a process that runs no case at all is no finding", async () => {
  const start = () => new LineProcess([Deno.execPath(), "eval", "console.log('{}')"], 1000);
  const cases = new CaseProcess("planted", start);
  await assert.rejects(cases.run(FINE, PATIENCE_MS), /the process that runs cases did not start: it said \{\}/);
});

Deno.test("fuzz: a child goes when its parent is killed, also from a loop without end", async () => {
  const parent = new URL("./testing/spinning_parent.ts", import.meta.url).href;
  const args = ["run", "-A", "--quiet", parent];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const stderr = new Response(child.stderr).text();
  const [first] = await Array.fromAsync(splitLines(child.stdout, 1000));
  await child.status;
  assert.deepEqual(first, { kind: "line", text: "it spins" });
  // The child has this stream from its parent: it ends when the last of both has gone.
  assert.equal(await stderr, "");
});
