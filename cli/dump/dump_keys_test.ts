import assert from "node:assert/strict";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const CAPTURES = "fixtures/captures/";
const CALL = `${CAPTURES}call-phoenix.pcapng`;
const KEYS = `${CAPTURES}call-phoenix.keys`;
const ROTATION = `${CAPTURES}call-rotation.pcapng`;

const dump = (...args: string[]) => runArgs(["dump", ...args]);

async function units(...args: string[]) {
  const { out } = await dump(...args, "--json");
  return out.trimEnd().split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** A key log of some lines, for the time of a test. */
async function withLog(text: string, test: (path: string) => Promise<void>): Promise<void> {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, text);
    await test(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("dump --keylog: everything that is protected opens: media, reduced headers, RTCP, seals", async () => {
  const calls = [
    "call-phoenix.pcapng",
    "call-ws.pcap",
    "call-wss.pcap",
    "call-tcp.pcap",
    "call-tls.pcap",
    "call-relay.pcap",
  ];
  for (const name of calls) {
    const log = `${CAPTURES}${name.split(".")[0]}.keys`;
    const all = await units(`${CAPTURES}${name}`, "--keylog", log, "--quiet");
    const closed = all.filter((unit) => unit.opened === undefined);
    assert.deepEqual(
      closed.filter(({ kind, seal_counter }) => kind !== "phoenix" && (kind !== "json" || seal_counter !== undefined)),
      [],
      name,
    );
    const epochs = new Set(all.flatMap(({ opened }) => opened === undefined ? [] : [opened.epoch]));
    assert.deepEqual([...epochs].sort(), name === "call-ws.pcap" ? [0, 1, 2, 3] : [0]);
    const kinds = new Set(all.filter(({ opened }) => opened !== undefined).map(({ kind }) => kind));
    assert.ok(["arcrtp", "rtcp", "json"].every((kind) => kinds.has(kind)));
    const reports = all.filter(({ kind }) => kind === "rtcp");
    assert.ok(reports.every(({ rtcp, srtcp }) => rtcp.length > 0 && srtcp.index >= 0));
  }
});

Deno.test("dump: keys inside of a pcapng open it without a flag, five epochs of them, with no signaling beside", async () => {
  const all = await units(ROTATION);
  const media = all.filter(({ media }) => media !== undefined);
  assert.deepEqual([...new Set(media.map(({ opened }) => opened.epoch))], [0, 1, 2, 3, 4]);
  assert.ok(media.every(({ opened, media }) => opened.epoch % 4 === media.key_phase));
  assert.ok(all.every(({ opened }) => opened.failed === undefined));
  const { out } = await dump(
    ROTATION,
    "--filter",
    "epoch == 4 && role == audio && index > 0",
    "--count",
    "1",
    "--detail",
  );
  assert.match(out, /note {3}SSRC \d+ is audio of stream [-0-9a-f]+ of peer [-0-9a-f]+, known from the key log/);
  assert.match(out, /note {3}opened with aes-\S+ hmac-sha256-80, epoch 4, ROC 0, index \d+: all tags are right/);
  assert.match(out, /Payload +\d+ bytes/);
});

Deno.test("dump --keylog: fields, bytes and notes of what was opened", async () => {
  const report = ["--keylog", KEYS, "--filter", "rtcp.pt == 200 && opened", "--count", "1"];
  assert.match((await dump(CALL, ...report)).out, /SRTCP #0 {2}SR \+ SR {2}audio/);
  const [unit] = await units(CALL, ...report, "--hex");
  assert.equal(unit.hex.slice(0, 16), unit.plain_hex.slice(0, 16));
  assert.equal(unit.hex.length - unit.plain_hex.length, 60);
  assert.deepEqual(unit.opened, { epoch: 0, index: 0 });
  assert.equal(unit.rtcp[0].ntp_seconds, parseInt(unit.plain_hex.slice(16, 24), 16));
  assert.match((await dump(CALL, ...report, "--hex")).out, / {6}opened\n {6}0000 {2}80 c8 00 06/);
  const seal = await dump(CALL, "--keylog", KEYS, "--filter", "sealed", "--count", "1", "--detail");
  assert.match(seal.out, /note {3}sealed: the tag is right with the key of epoch 0/);
  const { out } = await dump(
    CALL,
    "--keylog",
    KEYS,
    "--fields",
    "opened,epoch,index,rtcp.report.jitter",
    "--filter",
    "rtcp.report.jitter > 0",
  );
  assert.match(out, /\ntrue,0,\d+,\d+/);
});

Deno.test("dump --keylog: every backend opens the same", async () => {
  const [noble, node] = await Promise.all(
    ["noble", "node"].map((name) => dump(CALL, "--keylog", KEYS, "--json", "--crypto", name)),
  );
  assert.equal(noble.out, node.out);
  assert.match(noble.out, /"opened":\{"epoch":0,"roc":0,"index":\d+\}/);
});

Deno.test("dump --keylog: a key that does not fit is said, and is a finding of --check", async () => {
  const wrong = Deno.readTextFileSync(KEYS).replace(/(ARCRTC_MASTER \S+ 0 )../, "$100");
  await withLog(wrong, async (path) => {
    const { out, exitCode } = await dump(CALL, "--keylog", path);
    assert.equal(exitCode, EXIT.ok);
    assert.match(out, / 119 B {2}audio {2}not opened: auth$/m);
    assert.match(out, /SRTCP #0 {2}SR first {2}audio {2}86 B {2}not opened: auth$/m);
    assert.doesNotMatch(out, /SR \+ SR/);
    assert.deepEqual((await units(CALL, "--keylog", path, "--filter", "opened")).length, 0);
    const check = await dump(CALL, "--keylog", path, "--check");
    assert.equal(check.exitCode, EXIT.finding);
    for (const rule of ["ARC-SRTP-hmac-tag", "ARC-SRTP-srtcp-hmac", "ARC-SEAL-tag"]) {
      assert.ok(check.out.includes(rule));
    }
  });
  for (const args of [[CALL, "--keylog", KEYS], [ROTATION]]) {
    const check = await dump(...args, "--check");
    assert.deepEqual([check.exitCode, check.out.split(" ")[0]], [EXIT.ok, "no"], check.out);
  }
});

Deno.test("dump --keylog: faulty lines are told without what they say, a file without keys is refused", async () => {
  const secret = "5ec2e7".repeat(10);
  const lines = Array.from({ length: 9 }, () => `ARCRTC_MASTER ${secret} 0 ${secret}\n`).join("");
  await withLog(lines + Deno.readTextFileSync(KEYS), async (path) => {
    const { err, out } = await dump(CALL, "--keylog", path, "--count", "1");
    assert.match(err, /^note: \S+, line 1: Cannot read key log: ARCRTC_MASTER needs a session's UUID behind it$/m);
    assert.match(err, /line 5: /);
    assert.match(err, /4 lines more cannot be read/);
    assert.ok(!err.includes(secret) && out.length > 0);
    assert.equal((await dump(CALL, "--keylog", path, "--count", "1", "--quiet")).err, "");
  });
  for (
    const [path, message] of [["README.md", /has no line ARCRTC_MASTER\nhint: /], [
      "no/such",
      /cannot read no\/such/,
    ]] as const
  ) {
    const { exitCode, err, out } = await dump(CALL, "--keylog", path);
    assert.deepEqual([exitCode, out], [EXIT.usage, ""]);
    assert.match(err, message);
  }
});
