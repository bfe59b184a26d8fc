import assert from "node:assert/strict";
import { ownedDirectory } from "../fuzz/testing/owned_directory.ts";
import { ArcrtcProcess } from "../peer/testing/arcrtc_process.ts";
import { runArgs } from "../testing/run_line.ts";

const ARCRTC = `${Deno.execPath()} run -A ${new URL("../main.ts", import.meta.url).pathname}`;
const BROKEN = `${Deno.execPath()} run -A ${new URL("../fuzz/testing/broken_testee.ts", import.meta.url).pathname}`;

const lines = (out: string) => out.trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("fuzz --list names every target; a name near to one is offered", async () => {
  const { exitCode, out } = await runArgs(["fuzz", "--list"]);
  assert.equal(exitCode, 0);
  for (const name of ["packet.arcrtp", "message.connect", "machine.session", "differential.crypto", "reference.rtcp"]) {
    assert.match(out, new RegExp(`^${name.replace(".", "\\.")} `, "m"));
  }
  const wrong = await runArgs(["fuzz", "packet.rtpc", "--count", "1"]);
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.err, /did you mean 'packet\.rtc?p'/);
  assert.equal((await runArgs(["fuzz", "nothing.*", "--count", "1"])).exitCode, 3, "an empty selection is no success");
});

const SEEDED = ["fuzz", "packet.rtcp", "message.ack", "--seed", "7", "--count", "2000", "--json"];

Deno.test("fuzz: the same seed and count find the same, case by case", async () => {
  const run = async (directory: string) => {
    const { exitCode, out, err } = await runArgs([...SEEDED, "--no-coverage", "--corpus", directory]);
    assert.equal(exitCode, 0, err);
    const summary = lines(out).at(-1);
    assert.equal(summary.seed, 7);
    assert.equal(summary.executions, 4000);
    return ["packet.rtcp", "message.ack"].map((name) => Deno.readTextFileSync(`${directory}/${name}.txt`));
  };
  using one = ownedDirectory();
  using other = ownedDirectory();
  assert.deepEqual(await run(one.path), await run(other.path));
});

Deno.test("fuzz: the code that cases reach is counted, unless somebody does without", async () => {
  const { exitCode, out, err } = await runArgs(SEEDED);
  assert.equal(exitCode, 0, err);
  const withCoverage = lines(out).at(-1).targets[0];
  assert.ok(withCoverage.covered > 10_000, "the library's own code was counted");
  const without = lines((await runArgs([...SEEDED, "--no-coverage"])).out).at(-1).targets[0];
  assert.equal(without.covered, 0);
});

Deno.test("fuzz: memory that is left behind beyond the bound is a finding", async () => {
  using directory = ownedDirectory();
  const args = ["fuzz", "packet.demux", "--count", "300", "--max-heap", "1", "--findings", directory.path, "--json"];
  const { exitCode, out } = await runArgs(args);
  assert.equal(exitCode, 5);
  const { oracle, path } = lines(out).find(({ kind }) => kind === "finding");
  assert.equal(oracle, "memory");
  const alone = await runArgs(["fuzz", "replay", path, "--times", "2"]);
  assert.equal(alone.exitCode, 0, alone.err);
  assert.equal(alone.out, "packet.demux: passed, 0 of 2 times\n");
});

Deno.test("fuzz replay: a target that is no longer there is told apart from a case that passes", async () => {
  using directory = ownedDirectory();
  const finding = { schema: "arcrtc.finding/1", target: "packet.dmux", case: "gA" };
  Deno.writeTextFileSync(`${directory.path}/finding.json`, JSON.stringify(finding));
  const { exitCode, err } = await runArgs(["fuzz", "replay", directory.path]);
  assert.equal(exitCode, 2);
  assert.match(err, /did you mean 'packet\.demux'/);
});

Deno.test("fuzz: the permissions that its table entry names are enough", async () => {
  const process = new ArcrtcProcess(["fuzz", "packet.demux", "differential.crypto", "--count", "20", "--json"]);
  const { code, stderr, summary } = await process.end();
  assert.equal(code, 0, stderr);
  assert.equal(summary.executions, 40);
});

Deno.test("fuzz --corpus keeps what was found new", async () => {
  using directory = ownedDirectory();
  const { exitCode } = await runArgs([
    "fuzz",
    "packet.rtcp",
    "--seed",
    "1",
    "--count",
    "3000",
    "--corpus",
    directory.path,
    "-q",
  ]);
  assert.equal(exitCode, 0);
  const kept = Deno.readTextFileSync(`${directory.path}/packet.rtcp.txt`).trimEnd().split("\n");
  assert.ok(kept.length > 3);
  const small = await runArgs([
    "fuzz",
    "minimise-corpus",
    "packet.rtcp",
    "--corpus",
    directory.path,
    "--out",
    `${directory.path}/small`,
    "--json",
  ]);
  assert.equal(small.exitCode, 0, small.err);
  const [{ before, after }] = JSON.parse(small.out).targets;
  assert.ok(after > 0 && after < before, `${after} of ${before}`);
});

Deno.test("fuzz --command: a finding's life: found, made small, replayed, promoted", async () => {
  using directory = ownedDirectory();
  const findings = `${directory.path}/findings`;
  const run = await runArgs([
    "fuzz",
    "command.arcrtp",
    "command.rtcp",
    "--command",
    BROKEN,
    "--seed",
    "7",
    "--count",
    "150",
    "--findings",
    findings,
    "--json",
  ]);
  assert.equal(run.exitCode, 5, run.err);
  const found = lines(run.out).filter(({ kind }) => kind === "finding");
  const crash = found.find(({ oracle }) => oracle === "crash");
  const lie = found.find(({ oracle }) => oracle === "divergence");
  assert.equal(crash.target, "command.arcrtp");
  assert.equal(crash.bytes, 1, "the first byte's low half is all that matters");
  assert.equal(lie.target, "command.rtcp");
  assert.match(lie.message, /answered a value, due is bad_padding/);
  assert.deepEqual(lie.reproduced, { failed: 5, tried: 5 });
  for (const name of ["finding.json", "case.txt", "original.txt", "transcript.txt", "case.pcapng"]) {
    assert.ok(Deno.statSync(`${lie.path}/${name}`).size > 0, name);
  }
  const dumped = await runArgs(["dump", `${lie.path}/case.pcapng`]);
  assert.equal(dumped.exitCode, 0, dumped.err);

  const again = await runArgs(["fuzz", "replay", lie.path, "--times", "2"]);
  assert.equal(again.exitCode, 5);
  assert.match(again.out, /command\.rtcp: failed, 2 of 2 times/);
  const elsewhere = await runArgs(["fuzz", "replay", lie.path, "--command", `${ARCRTC} testee`]);
  assert.equal(elsewhere.exitCode, 0, elsewhere.out);

  const promoted = await runArgs([
    "fuzz",
    "promote",
    lie.path,
    "--rule",
    "ARC-RTCP-bad-length",
    "--name",
    "bad-padding",
    "--out",
    `${directory.path}/promoted`,
  ]);
  assert.equal(promoted.exitCode, 0, promoted.err);
  const vector = JSON.parse(Deno.readTextFileSync(`${directory.path}/promoted/vectors/bad-padding.json`));
  assert.equal(vector.test.result, "invalid");
  assert.equal(vector.test.fault.reason, "bad_padding");
  const text = Deno.readTextFileSync(`${directory.path}/promoted/cases/rtcp/bad-padding.ts`);
  assert.match(text, /id: "rtcp\/bad-padding"/);
  assert.match(text, /\.\.\.refuses\("bad_padding"\)/);
});

Deno.test("fuzz: our own program behind the testee interface gives no finding", async () => {
  using directory = ownedDirectory();
  const command = `${ARCRTC} testee`;
  const { exitCode, out, err } = await runArgs([
    "fuzz",
    "--command",
    command,
    "--count",
    "25",
    "--findings",
    directory.path,
    "-q",
  ]);
  assert.equal(exitCode, 0, out + err);
});

Deno.test("fuzz: what is not there is unreachable, and wrong flags say what to do", async () => {
  assert.equal((await runArgs(["fuzz", "--command", "no-such-program-anywhere"])).exitCode, 4);
  assert.equal((await runArgs(["fuzz", "--target", "ws://127.0.0.1:1", "--count", "1"])).exitCode, 4);
  assert.equal((await runArgs(["fuzz", "--target", "nonsense"])).exitCode, 2);
  assert.equal((await runArgs(["fuzz", "--relay", "nonsense"])).exitCode, 2);
  assert.equal((await runArgs(["fuzz", "replay", "no-such-directory"])).exitCode, 2);
  assert.equal((await runArgs(["fuzz", "--session", "11111111-1111-4111-8111-111111111111"])).exitCode, 2);
});
