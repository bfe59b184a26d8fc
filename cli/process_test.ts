/** What only a process shows: exit codes, standard input, a reader that leaves, completions. */
import assert from "node:assert/strict";

const MAIN = new URL("./main.ts", import.meta.url).pathname;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function arcrtc(args: readonly string[], input = ""): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("process: standard input is decoded line by line, and a malformed unit makes it exit with 1", async () => {
  const { code, out, err } = await arcrtc(["decode", "--json"], "80c9000100000003\n80c90001\n");
  assert.equal(err, "");
  assert.equal(code, 1);
  assert.deepEqual(out.trimEnd().split("\n").map((line) => JSON.parse(line).valid), [true, false]);
});

Deno.test("process: testee answers each line, in order, and ends with its input", async () => {
  const requests = Array.from({ length: 50 }, (_, id) => JSON.stringify({ id, op: id % 2 ? "stats" : "no.such" }));
  const { code, out, err } = await arcrtc(["testee"], requests.join("\n"));
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.deepEqual(out.trimEnd().split("\n").map((line) => JSON.parse(line).id), requests.map((_, id) => id));
});

Deno.test("process: a usage error exits with 2 and writes nothing to standard output", async () => {
  const { code, out, err } = await arcrtc(["explain"]);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(err, /^error: missing required argument 'word'\nhint: /);
});

Deno.test("process: a reader that leaves ends the program quietly", async () => {
  const unit = "80c9000100000003\n".repeat(20_000);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "decode"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = (async () => {
    const writer = child.stdin.getWriter();
    // The program may be gone before it has read everything.
    await writer.write(new TextEncoder().encode(unit)).then(() => writer.close()).catch(() => {});
  })();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text(), feeding]);
  assert.equal(err, "");
  assert.equal(code, 0);
});

Deno.test("process: complete prints a script, and completes commands and flags", async () => {
  const [script, commands, flags] = await Promise.all([
    arcrtc(["complete", "bash"]),
    arcrtc(["complete", "--", "de"]),
    arcrtc(["complete", "--", "decode", "--dia"]),
  ]);
  assert.match(script.out, /bash completion for arcrtc/);
  assert.match(commands.out, /^decode\t/m);
  assert.match(flags.out, /^--dialect\t/m);
  for (const { code, err } of [script, commands, flags]) assert.deepEqual({ code, err }, { code: 0, err: "" });
});

Deno.test("process: complete names fields where dump takes them, behind what has been typed", async () => {
  const completed = async (...words: string[]) => {
    const { out, code } = await arcrtc(["complete", "--", "dump", "x.pcap", ...words]);
    assert.equal(code, 0);
    const [directive, ...lines] = out.trimEnd().split("\n").reverse();
    // No space behind, no files beside.
    assert.equal(directive, ":6");
    return lines.reverse().map((line) => line.split("\t")[0]);
  };
  assert.deepEqual(await completed("--filter", "arcrtp.se"), ["arcrtp.seq"]);
  assert.deepEqual(await completed("--fields", "packet,time,arcrtp.pri"), ["packet,time,arcrtp.priority"]);
  assert.deepEqual(await completed("-Y", "kind == json && typ"), ["kind == json && type"]);
  assert.ok((await completed("--filter", "")).length > 100);
  assert.deepEqual(await completed("--filter", "nothing.like.it"), []);
});
