import assert from "node:assert/strict";
import { REPORTS } from "../../conformance/report/formats.ts";
import { FORMATS } from "../conformance/conformance_options.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const DENO = Deno.execPath();
const MAIN = new URL("../main.ts", import.meta.url).pathname;
const BAD_TESTEE = new URL("../../conformance/testee/bad_testee.ts", import.meta.url).pathname;
const CAPTURES = new URL("../../fixtures/captures/", import.meta.url).pathname;

const run = (...args: string[]) => runArgs(["conformance", ...args]);

Deno.test("conformance --peer-transport takes the transports that there are", async () => {
  const { exitCode, err } = await run("--peer-call", "true", "--peer-transport", "tcp", "--peer-transport", "quic");
  assert.equal(exitCode, EXIT.usage);
  assert.match(err, /It takes one of tcp, phoenix, plain\./);
});

Deno.test("conformance: without a target it says that it tests this program's own library", async () => {
  const { exitCode, out, err } = await run("--seed", "1", "--area", "arcrtp");
  assert.equal(exitCode, EXIT.ok, out);
  assert.equal(err, "");
  assert.match(out, /^ops {6}this program's own library, in this process\ntestee {3}arcrtc .*\nseed {5}1\n/);
  assert.match(out, /^arcrtp +\d+ +\d+$/m);
  assert.match(out, /^conforms: \d+ cases, \d+ checks, /m);
});

Deno.test("conformance --command: our own testee in a process of its own gives the same verdicts", async () => {
  const command = `'${DENO}' run --allow-read --allow-env '${MAIN}' testee`;
  const verdicts = async (...args: string[]) => {
    const { exitCode, out } = await run("unit/*", "arcrtp/*", "--seed", "3", "--json", ...args);
    assert.equal(exitCode, EXIT.ok, out);
    const { dialects, subjects } = JSON.parse(out);
    return { subjects, cases: dialects[0].cases.map((one: { id: string; verdict: string }) => [one.id, one.verdict]) };
  };
  const own = await verdicts();
  const other = await verdicts("--command", command, "--jobs", "2", "--timeout", "30s");
  assert.deepEqual(other.cases, own.cases);
  assert.deepEqual(other.subjects, { ops: `command '${command}'` });
});

Deno.test("conformance: a failing case shows the clause, what was sent, got and due; exit code 1", async () => {
  const command = `'${DENO}' run --no-config --no-lock '${BAD_TESTEE}' two-forms`;
  const { exitCode, out, err } = await run("arcrtp/minimum-length", "--command", command, "--timeout", "30s");
  assert.equal(exitCode, EXIT.finding);
  assert.match(err, /^1\/1 fail arcrtp\/minimum-length\n$/);
  assert.match(out, /^FAIL {2}arcrtp\/minimum-length {2}A packet of 15 bytes is malformed/m);
  assert.match(
    out,
    /^ {2}MUST ARC-RTP-minimum-length, clause 2\.1: A full packet shorter than 16 bytes is malformed;/m,
  );
  assert.match(out, /^ {2}at {8}arcrtp\/minimum$/m);
  assert.match(out, /^ {2}sent {6}\{"op":"rtp\.parse","hex":"806f03e80000bb801234567800000000"\}$/m);
  assert.match(out, /^ {2}expected {2}ok \{"header"/m);
  assert.match(out, /^ {2}because {3}rubbish: the answer has ok and fault/m);
  assert.match(out, /^1 against it: 1 case, 1 check, /m);
});

Deno.test("conformance: a testee that declines everything does not pass; nothing was judged", async () => {
  const command = `'${DENO}' run --no-config --no-lock '${BAD_TESTEE}' declines`;
  const { exitCode, out } = await run("arcrtp/version", "--command", command, "--timeout", "30s");
  assert.equal(exitCode, EXIT.nothingSelected);
  assert.match(out, /^unsupported \(1\): rtp\.parse: everything: arcrtp\/version$/m);
});

Deno.test("conformance: known failures, stale ones, and what is selected by nobody", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "arcrtp/version # not yet\n");
    const stale = await run("arcrtp/*", "--known-failing", file);
    assert.equal(stale.exitCode, EXIT.finding);
    assert.match(
      stale.out,
      /^stale {4}arcrtp\/version is on the list of known failures: it does not fail any more: pass$/m,
    );
    assert.equal((await run("unit/first-byte", "--known-failing", file)).exitCode, EXIT.ok);
  } finally {
    await Deno.remove(file);
  }
  const nothing = await run("arcrtp/versoin");
  assert.equal(nothing.exitCode, EXIT.nothingSelected);
  assert.match(nothing.err, /^error: none of the \d+ cases is selected\nhint: did you mean 'arcrtp\/version'\?\n$/);
  const skipped = await run("unit/frame-close");
  assert.equal(skipped.exitCode, EXIT.nothingSelected);
  assert.match(skipped.out, /^skipped \(1\): needs a signaling server: --target URL: unit\/frame-close$/m);
});

Deno.test("conformance --report: several at once, one of them on standard output; a format is a file of its own", async () => {
  assert.deepEqual([...FORMATS], Object.keys(REPORTS));
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/out.json`;
    const { exitCode, out } = await run("arcrtp/version", "--report", `json=${file}`, "--report", "text");
    assert.equal(exitCode, EXIT.ok);
    assert.match(out, /^conforms: 1 case,/m);
    assert.equal(JSON.parse(await Deno.readTextFile(file)).dialects[0].counts.pass, 1);
    assert.equal((await run("arcrtp/version", "--report", "text", "--json")).exitCode, EXIT.usage);
    assert.equal((await run("arcrtp/version", "--report", "morse")).exitCode, EXIT.usage);
    assert.equal((await run("arcrtp/version", "--report", `json=${dir}/no/such.json`)).exitCode, EXIT.usage);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("conformance --report: all formats at once, each into its file", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const wishes = FORMATS.flatMap((format) => ["--report", `${format}=${dir}/${format}`]);
    const { exitCode, out } = await run("arcrtp/version", ...wishes);
    assert.deepEqual([exitCode, out], [EXIT.ok, ""]);
    const begins = {
      text: "ops ",
      json: "{\n",
      junit: "<?xml",
      tap: "TAP version 14\n",
      html: "<!doctype",
      badge: '{"sch',
    };
    for (const format of FORMATS) {
      const text = await Deno.readTextFile(`${dir}/${format}`);
      assert.ok(text.startsWith(begins[format]), `${format}: ${text.slice(0, 80)}`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("conformance --capsules, replay: a failing case is run again: same, fixed elsewhere, another subject is named", async () => {
  const dir = await Deno.makeTempDir();
  const bad = `'${DENO}' run --no-config --no-lock '${BAD_TESTEE}' two-forms`;
  const other = `'${DENO}' run --no-config --no-lock '${BAD_TESTEE}' hangs`;
  const own = `'${DENO}' run --allow-read --allow-env '${MAIN}' testee`;
  try {
    const long = ["--timeout", "30s"];
    const first = await run("arcrtp/version", "--command", bad, "--capsules", `${dir}/failing`, "--seed", "5", ...long);
    assert.equal(first.exitCode, EXIT.finding);
    assert.match(first.err, /^1 capsule in .*failing: arcrtc conformance replay FILE$/m);
    const file = `${dir}/failing/arcrtc-1.0.arcrtp.version.json`;
    const capsule = JSON.parse(await Deno.readTextFile(file));
    assert.deepEqual([capsule.schema, capsule.seed, capsule.verdict], ["arcrtc.capsule/1", 5, "fail"]);
    assert.deepEqual(capsule.subject, `command '${bad}'`);
    const same = await run("replay", file, "--command", bad);
    assert.equal(same.exitCode, EXIT.finding);
    assert.match(same.out, /^ {2}same: it fails as it did\n {2}then {2}.*rubbish: the answer has ok and fault/m);
    const fixed = await run("replay", file, "--command", own, "--json", ...long);
    assert.equal(fixed.exitCode, EXIT.ok, fixed.out + fixed.err);
    const line = JSON.parse(fixed.out);
    assert.deepEqual([line.schema, line.outcome, line.now.verdict], ["arcrtc.conformance.replay/1", "fixed", "pass"]);
    const different = await run("replay", file, "--command", other, "--timeout", "1s");
    assert.equal(different.exitCode, EXIT.finding);
    assert.match(different.out, /^ {2}different: it fails in another way\n {2}then .*\n {2}now {3}.*hung: no answer/m);
    const unnamed = await run("replay", file);
    assert.equal(unnamed.exitCode, EXIT.usage);
    assert.match(unnamed.err, /^error: what is to be tested with .*\nhint: --command: it was made against command '/);
    const elsewhere = await run("replay", file, "--capture", `${CAPTURES}call-phoenix.pcapng`);
    assert.equal(elsewhere.exitCode, EXIT.nothingSelected);
    assert.match(elsewhere.out, /^ {2}not run: skipped, needs a testee of ops: --command 'CMD'$/m);
    await Deno.writeTextFile(`${dir}/none.json`, "{}");
    const none = await run("replay", `${dir}/none.json`, "--command", bad);
    assert.equal(none.exitCode, EXIT.usage);
    assert.match(none.err, /none\.json is no capsule: schema: expected "schema", got undefined/);
    capsule.case.id = "arcrtp/gone";
    await Deno.writeTextFile(`${dir}/gone.json`, JSON.stringify(capsule));
    assert.match((await run("replay", `${dir}/gone.json`, "--command", bad)).err, /there is no case arcrtp\/gone/);
    const quiet = await run("arcrtp/version", "--capsules", `${dir}/none-fails`);
    assert.match(quiet.err, /^no case fails: no capsule is written$/m);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("conformance: nobody there, and a command that is none, are told before the first case", async () => {
  const target = await run("--target", "tcp://127.0.0.1:9", "--timeout", "2s");
  assert.equal(target.exitCode, EXIT.unreachable);
  assert.match(target.err, /^error: cannot reach tcp:\/\/127\.0\.0\.1:9/);
  const command = await run("--command", "no-such-program-anywhere");
  assert.equal(command.exitCode, EXIT.unreachable);
  assert.match(command.err, /^error: the testee does not answer hello: cannot start no-such-program-anywhere/);
});

Deno.test("conformance: targets that are none, and flags out of their bounds, are usage", async () => {
  for (
    const [args, why] of [
      [["--target", "http://x"], /--target: 'http:\/\/x' is no server\nhint: it takes ws:/],
      [["--relay", "ws://x:1"], /--relay: 'ws:\/\/x:1' is no relay\nhint: it takes udp:/],
      [
        ["--play-relay", "tcp://x:1", "--target", "ws://x:1"],
        /--play-relay: 'tcp:\/\/x:1' is no place for one\nhint: it takes udp:/,
      ],
      [["--relay-metrics", "x:1", "--relay", "udp://x:1"], /--relay-metrics: 'x:1' is no page\nhint: it takes http:/],
      [["--relay-drain", "true", "--relay", "udp://x:1"], /--relay-drain is given and no --relay-command/],
      [["--level", "COULD"], /It takes one of MUST, SHOULD, MAY/],
      [["--jobs", "0"], /whole number from 1 to 64/],
      [["--seed", "-1"], /whole number/],
      [["--capture", "/nowhere.pcap"], /cannot read \/nowhere\.pcap/],
    ] as const
  ) {
    const { exitCode, err } = await run(...args);
    assert.equal(exitCode, EXIT.usage, args.join(" "));
    assert.match(err, why);
  }
});

Deno.test("conformance --capture: a sound call passes, a capture of malformed units fails with its packets", async () => {
  const sound = await run("--capture", `${CAPTURES}call-phoenix.pcapng`, "--area", "capture");
  assert.equal(sound.exitCode, EXIT.ok, sound.out);
  assert.match(sound.out, /^dialect arcrtc-1\.0 \(capture\)$/m);
  const broken = await run("--capture", `${CAPTURES}broken/malformed-units.pcap`, "--area", "capture");
  assert.equal(broken.exitCode, EXIT.finding);
  assert.match(broken.out, /^FAIL {2}capture\/rtp-/m);
  assert.match(broken.out, /^ {2}because .*packets \d/m);
});

const PEER_FLAGS = "--signal {signal} --session {session} --peer-id {peer}";

Deno.test("conformance --peer-call, --peer-listen: our own peer passes every dialogue that it is started for", async () => {
  const peer = (role: string) => `'${DENO}' run -A '${MAIN}' peer ${role} ${PEER_FLAGS}`;
  const { exitCode, out } = await run(
    ...["--json", "--timeout", "30s", "unit/stream-framing-*", "unit/frame-close-peer"],
    ...["--peer-call", `${peer("call")} --send test:tone`, "--peer-listen", peer("listen")],
  );
  assert.equal(exitCode, EXIT.ok, out);
  const { cases } = JSON.parse(out).dialects[0];
  const passed = cases.filter(({ verdict }: { verdict: string }) => verdict === "pass").map(({ id }: { id: string }) =>
    id
  );
  assert.deepEqual(passed, ["unit/stream-framing-caller", "unit/stream-framing-callee", "unit/frame-close-peer"]);
});

Deno.test("conformance --peer-call: a peer that does not come, or cannot be started, fails; the other role is skipped", async () => {
  const verdicts = async (command: string) => {
    const { exitCode, out } = await run("--json", "unit/stream-framing-call*", "--peer-call", command);
    assert.equal(exitCode, EXIT.finding);
    return JSON.parse(out).dialects[0].cases;
  };
  const [caller, callee] = await verdicts(`'${DENO}' --version`);
  assert.deepEqual([caller.verdict, caller.breaches[0].got], ["fail", "the end of the peer: exit code 0"]);
  assert.deepEqual([callee.verdict, callee.why], ["skipped", "needs --peer-listen 'CMD'"]);
  const [gone] = await verdicts("no-such-program-anywhere");
  assert.equal(gone.breaches[0].expected, "a peer that starts");
});

Deno.test("conformance --relay-command, --relay-drain: a relay of a case's own is started, told to drain, and watched", async () => {
  const relay = `'${DENO}' run -A '${MAIN}' relay --secret {secret} --udp-port {port} --no-tcp`;
  const drained = async (id: string, ...flags: string[]) => {
    const { exitCode, out } = await run("--json", id, "--timeout", "30s", ...flags);
    const [{ verdict, why, breaches }] = JSON.parse(out).dialects[0].cases;
    return { exitCode, verdict, why, breaches };
  };
  const drain = ["--relay-drain", "sh -c 'kill -TERM {pid}'"];
  const good = await drained("relay/draining-serves", "--relay-command", relay, ...drain);
  assert.deepEqual(good, { exitCode: EXIT.ok, verdict: "pass", why: null, breaches: [] });
  const untold = await drained("relay/draining-serves", "--relay-command", relay);
  assert.deepEqual([untold.verdict, untold.why], [
    "skipped",
    "needs --relay-drain 'CMD', which tells the relay to drain",
  ]);
  const failing = await drained("relay/draining-serves", "--relay-command", relay, "--relay-drain", "sh -c 'exit 3'");
  assert.equal(failing.breaches[0].got, "sh ended with exit code 3: ");
  const gone = await drained("relay/draining-serves", "--relay-command", "false", ...drain);
  assert.equal(gone.breaches[0].got, "the end of the relay: exit code 1");
  const blind = await drained("relay/status-moves", "--relay-command", relay);
  assert.deepEqual([blind.verdict, blind.why], ["skipped", "needs a --relay-command with {metrics}, a port for HTTP"]);
});

Deno.test("conformance --list, --dry-run and explain run nothing and say what there is", async () => {
  const list = await run("--list", "--requirement", "ARC-RTP-ext-send-time");
  assert.match(list.out, /^arcrtp\/ext-send-time +MUST +2\.2 +ops +Element 1 is the absolute send time$/m);
  const { cases } = JSON.parse((await run("--list", "--json", "--area", "unit")).out);
  assert.ok(cases.every(({ area }: { area: string }) => area === "unit"));
  const dry = await run("--dry-run", "unit/first-byte-alone", "--seed", "1");
  assert.match(
    dry.out,
    /^ {2}7b[0-9a-f]{8}: \{"op":"unit\.classify","hex":"7b[0-9a-f]{8}"\}\n {4}-> ok \{"kind":"json"\}$/m,
  );
  const random = ["unit/frame-split-anywhere", "--seed", "9", "--json"];
  const [planned] = JSON.parse((await run("--dry-run", ...random)).out).cases;
  const [ran] = JSON.parse((await run("--verbose", ...random)).out).dialects[0].cases;
  const requests = (entries: readonly { request: object }[]) => entries.map(({ request }) => request);
  assert.deepEqual(requests(planned.checks), requests(ran.transcript));
  const explained = await run("explain", "arcrtp/minimum-length");
  assert.match(explained.out, /^ARC-RTP-minimum-length {2}MUST {2}clause 2\.1 Full header$/m);
  assert.match(explained.out, /sent|rtp\.parse/);
  const unknown = await run("explain", "arcrtp/minimum-lenght");
  assert.equal(unknown.exitCode, EXIT.usage);
  assert.match(unknown.err, /did you mean 'arcrtp\/minimum-length'\?/);
});
