/** Two programs held against each other: those that agree, and some that differ in one thing. */
import assert from "node:assert/strict";
import { arcrtcTestee, program } from "./testing/programs.ts";
import { startPair } from "./remote/program_pair.ts";
import { ownedDirectory } from "./testing/owned_directory.ts";
import { runArgs } from "../testing/run_line.ts";

const OWN = arcrtcTestee;
/** A busy machine is no finding. */
const LIMITS = ["--seed", "7", "--hang", "60s"];

/** The own testee against `other`; what is found, and what the run says. */
async function against(other: string, args: readonly string[]) {
  const directory = ownedDirectory();
  const programs = ["--command", OWN, "--against", other];
  const run = ["fuzz", ...programs, ...LIMITS, "--findings", directory.path, ...args];
  const { exitCode, out, err } = await runArgs([...run, "--json", "-q"]);
  const lines = out.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  return {
    exitCode,
    err,
    sides: lines.find(({ kind }) => kind === "sides"),
    findings: lines.filter(({ kind }) => kind === "finding"),
    summary: lines.at(-1),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

Deno.test("fuzz --against: two of ours agree, whatever they are asked", async () => {
  using run = await against(OWN, ["--count", "250"]);
  assert.deepEqual(run.findings, []);
  assert.equal(run.exitCode, 0, run.err);
  assert.equal(run.summary.executions, 11 * 250);
  assert.deepEqual([run.summary.only_a, run.summary.only_b], [0, 0]);
});

Deno.test("fuzz --against: wording, offsets and the order of members are no difference", async () => {
  using run = await against(program("differing_testee.ts", "in-other-words"), ["--count", "60"]);
  assert.deepEqual(run.findings, []);
  assert.equal(run.exitCode, 0, run.err);
});

Deno.test("fuzz --against: what only one supports is no difference, but told", async () => {
  using run = await against(program("differing_testee.ts", "lacks-some"), ["--count", "20"]);
  assert.deepEqual(run.findings, []);
  assert.equal(run.exitCode, 0, run.err);
  assert.deepEqual(run.sides.a.only_ops, ["rtp.strip"]);
  assert.deepEqual(run.sides.b.only_ops, []);
  assert.ok(!run.summary.targets.some(({ target }: { target: string }) => target === "against.strip"));
  assert.ok(run.summary.only_a >= 20, `${run.summary.only_a} questions that only A could answer`);
  assert.equal(run.summary.only_b, 0);
});

Deno.test("fuzz --against: who answers the same question in two ways is named", async () => {
  using run = await against(program("differing_testee.ts", "never-twice-the-same"), ["against.demux", "--count", "5"]);
  assert.equal(run.exitCode, 5, run.err);
  assert.match(run.findings[0].message, /^unit\.classify: B answers the same question differently/);
});

Deno.test("fuzz --against: a difference that comes now and then says how often", async () => {
  using run = await against(program("differing_testee.ts", "every-fifth"), ["against.demux", "--count", "40"]);
  assert.equal(run.exitCode, 5, run.err);
  for (const { oracle, reproduced } of run.findings) {
    assert.equal(oracle, "divergence");
    assert.ok(reproduced.failed < reproduced.tried, JSON.stringify(reproduced));
  }
});

/** Enough for a program to start in. */
const PATIENCE_MS = 8000;

/** Mutants of the conformance suite, the cases in which they must show, and what is said of them. */
const MUTANTS = [
  {
    id: "arcrtp/any-version",
    target: "arcrtp",
    budget: 300,
    says: /A refuses with bad_version, B answers a value: A is right/,
  },
  {
    id: "arcrtp/fields-from-the-right",
    target: "arcrtp",
    budget: 300,
    says: /the answers differ at \$\.arc\.\w+: A is right/,
  },
  {
    id: "rtcp/first-report-alone",
    target: "rtcp",
    budget: 300,
    says: /the answers differ at \$\.packets\S+: A is right/,
  },
  {
    id: "srtp/hmac-not-checked",
    target: "ops",
    budget: 1500,
    says: /^srtp\.receive: the answers differ at \$\.results/,
  },
] as const;

for (const { id, target, budget, says } of MUTANTS) {
  Deno.test(`fuzz --against finds ${id} within ${budget} cases`, async () => {
    using run = await against(program("mutant_testee.ts", id), [`against.${target}`, "--count", `${budget}`]);
    assert.equal(run.exitCode, 5, run.err);
    const found = run.findings.find(({ message }) => says.test(message));
    assert.ok(found !== undefined, JSON.stringify(run.findings.map(({ message }) => message)));
    assert.equal(found.oracle, "divergence");
    assert.deepEqual(found.reproduced, { failed: 5, tried: 5 });
    assert.match(found.dispute.clause, /^\d+\.\d+$/);
    assert.equal(found.dispute.difference !== undefined, /differ at/.test(found.message));
  });
}

Deno.test("fuzz --against: one that dies is named, and what the other says is shown", async () => {
  const dies = program("../../../conformance/mutants/fragile_testee.ts", "dies-of-missing-fields");
  using run = await against(dies, ["against.lines", "--count", "12"]);
  assert.equal(run.exitCode, 5, run.err);
  const [{ oracle, message, dispute }] = run.findings;
  assert.equal(oracle, "crash");
  assert.equal(message, "B: the program ended: exit code 72");
  assert.match(dispute.a, /^\{"error":/);
  assert.equal(dispute.b, "the program ended: exit code 72");
  assert.equal(dispute.right, undefined, "that one has died makes the other's answer no better");
});

Deno.test("fuzz --against: one that never answers is named", async () => {
  const hangs = program("../../../conformance/mutants/fragile_testee.ts", "hangs-at-single-bytes");
  const pair = await startPair(hangs, OWN, PATIENCE_MS);
  try {
    await assert.rejects(pair.ask({ op: "frame.read", chunks: ["00"] }, false), {
      oracle: "hang",
      message: `A: no answer within ${PATIENCE_MS / 1000} s`,
    });
  } finally {
    await pair.close();
  }
});

Deno.test("fuzz --against: a finding is replayed with both, or with others in their places, and promoted", async () => {
  using run = await against(program("mutant_testee.ts", "arcrtp/any-version"), ["against.arcrtp", "--count", "300"]);
  const { path, bytes } = run.findings.find(({ message }) => /B answers a value/.test(message));
  assert.ok(bytes <= 20, `${bytes} bytes`);
  const transcript = Deno.readTextFileSync(`${path}/transcript.txt`);
  assert.match(transcript, /^A is .*\n {2}says \{"fault":\{"reason":"bad_version".*\nB is .*\n {2}says \{"ok":/m);

  const again = await runArgs(["fuzz", "replay", path, "--times", "2"]);
  assert.equal(again.exitCode, 5, again.err);
  assert.match(again.out, /failed, 2 of 2 times\ndivergence: .*A is right\n {2}A says \{"fault".*\n {2}B says \{"ok"/);
  const mended = await runArgs(["fuzz", "replay", path, "--against", OWN, "--json"]);
  assert.equal(mended.exitCode, 0, mended.err);
  const { dispute } = JSON.parse(mended.out);
  assert.equal(dispute.a, dispute.b);
  const swapped = await runArgs([
    "fuzz",
    "replay",
    path,
    "--command",
    program("mutant_testee.ts", "arcrtp/any-version"),
  ]);
  assert.equal(swapped.exitCode, 0, "both are wrong alike");

  const promoted = await runArgs(["fuzz", "promote", path, "--name", "wrong-version", "--out", `${path}/kept`]);
  assert.equal(promoted.exitCode, 0, promoted.err);
  const vector = JSON.parse(Deno.readTextFileSync(`${path}/kept/vectors/wrong-version.json`));
  assert.deepEqual([vector.test.fault.reason, vector.test.requirements], ["bad_version", ["ARC-RTP-version"]]);
});

Deno.test("fuzz promote: what is not decided between two programs is not kept", async () => {
  using run = await against(program("differing_testee.ts", "never-twice-the-same"), ["against.demux", "--count", "5"]);
  const { path } = run.findings[0];
  const finding = JSON.parse(Deno.readTextFileSync(`${path}/finding.json`));
  Deno.writeTextFileSync(
    `${path}/finding.json`,
    JSON.stringify({ ...finding, dispute: { ...finding.dispute, right: "undecided" } }),
  );
  const { exitCode, err } = await runArgs(["fuzz", "promote", path, "--out", `${path}/kept`]);
  assert.equal(exitCode, 2);
  assert.match(err, /does not say which is right/);
});

Deno.test("fuzz --against: wrong flags say what to do", async () => {
  const alone = await runArgs(["fuzz", "--against", OWN]);
  assert.equal(alone.exitCode, 2);
  assert.match(alone.err, /--against needs --command[^]*--command 'A' --against 'B'/);
  const server = await runArgs(["fuzz", "--command", OWN, "--against", OWN, "--target", "ws://127.0.0.1:1"]);
  assert.equal(server.exitCode, 2);
  assert.match(server.err, /--against and --target exclude each other/);
  const nobody = await runArgs(["fuzz", "--command", OWN, "--against", "no-such-program-anywhere"]);
  assert.equal(nobody.exitCode, 4);
  assert.match(nobody.err, /'no-such-program-anywhere' does not answer hello/);
});
