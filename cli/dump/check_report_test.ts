import assert from "node:assert/strict";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";
import { checkReport } from "./check_report.ts";

const CAPTURES = "fixtures/captures/";
const MALFORMED = `${CAPTURES}broken/malformed-units.pcap`;

const dump = (...args: string[]) => runArgs(["dump", ...args]);

Deno.test("dump --check: calls of this implementation break no rule", async () => {
  for (const name of ["call-phoenix.pcapng", "call-tcp.pcap", "call-tls.pcap", "call-rotation.pcapng"]) {
    const { out, exitCode } = await dump(`${CAPTURES}${name}`, "--check");
    assert.match(out, /^no breach of a rule in \d+ units of \d+ packets\n$/, name);
    assert.equal(exitCode, EXIT.ok);
  }
});

Deno.test("dump --check: each breach with its rule and packets, and exit code 1", async () => {
  const { out, err, exitCode } = await dump(MALFORMED, "--check", "--quiet");
  assert.deepEqual([exitCode, err], [EXIT.finding, ""]);
  assert.match(
    out,
    /^MUST {3}ARC-RTP-minimum-length {2}10\.0\.0\.1:5000 > 10\.0\.0\.2:6000: malformed arcrtp .*need 16 bytes, got 14\n {4}packet 2$/m,
  );
  assert.match(out, /^MUST {3}ARC-SIG-json-duplicate-key .*\n {4}packet 7$/m);
  assert.match(
    out,
    /^10 findings against 10 rules in 12 units of 12 packets\narcrtc explain <rule> quotes the clause\n$/m,
  );
});

Deno.test("dump --check --format json: the same findings with the text of their rules", async () => {
  const { out, exitCode } = await dump(MALFORMED, "--check", "--format", "json");
  assert.equal(exitCode, EXIT.finding);
  const document = JSON.parse(out);
  assert.equal(document.schema, "arcrtc.dump/1");
  assert.equal(document.findings.length, 10);
  const [first] = document.findings;
  assert.deepEqual([first.rule, first.level, first.packets, first.count], ["ARC-RTP-minimum-length", "MUST", [2], 1]);
  assert.ok(first.text.length > 20);
  assert.equal((await dump(MALFORMED, "--check", "--json")).out, out);
});

Deno.test("dump --check --format sarif: results point to their rules and packets", async () => {
  const { out, exitCode } = await dump(MALFORMED, "--check", "--format", "sarif");
  assert.equal(exitCode, EXIT.finding);
  const [run] = JSON.parse(out).runs;
  assert.equal(JSON.parse(out).version, "2.1.0");
  assert.equal(run.results.length, 10);
  for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
    assert.equal(run.tool.driver.rules[ruleIndex].id, ruleId);
    assert.equal(level, "error");
    assert.match(message.text, /^\S.*: \S/);
    assert.equal(locations[0].physicalLocation.artifactLocation.uri, MALFORMED);
    assert.match(locations[0].logicalLocations[0].name, /^packet \d+$/);
  }
  const clean = await dump(`${CAPTURES}call-tcp.pcap`, "--check", "--format", "sarif");
  assert.deepEqual([clean.exitCode, JSON.parse(clean.out).runs[0].results], [EXIT.ok, []]);
});

Deno.test("dump --check: how often, not all packets; what a peer wrote does not steer the terminal", () => {
  const finding = {
    rule: "ARC-TEST",
    subject: "session \x1b[2J",
    message: "wrong",
    packets: [1, 2],
    count: 7,
  };
  const text = checkReport({ source: "x", findings: [finding], further: 3, units: 9, packets: 10 }, "text");
  assert.match(
    text,
    /wrong \(7 times\)\n {4}packets 1, 2, \.\.\.\n\.\.\. and 3 breaches more\n1 finding against 1 rule in/,
  );
  assert.ok(!text.includes("\x1b"));
});

Deno.test("dump --check: needs all of the capture, and does not go with other reports", async () => {
  for (const flags of [["--filter", "ssrc"], ["--count", "1"], ["--from", "1s"], ["--streams"], ["--detail"]]) {
    const { exitCode, err } = await dump(MALFORMED, "--check", ...flags);
    assert.equal(exitCode, EXIT.usage, flags.join(" "));
    assert.match(err, /cannot be used with/);
  }
  const { exitCode, err } = await dump(MALFORMED, "--format", "sarif");
  assert.equal(exitCode, EXIT.usage);
  assert.match(err, /--format says how --check reports\nhint: add --check/);
  assert.equal((await dump(MALFORMED, "--check", "--format", "xml")).exitCode, EXIT.usage);
});

Deno.test("dump --check: a damaged capture is a finding, whatever its readable part shows", async () => {
  const { exitCode, out, err } = await dump(`${CAPTURES}broken/damaged-block.pcapng`, "--check");
  assert.equal(exitCode, EXIT.finding);
  assert.match(out, /no breach of a rule in 2 units/);
  assert.match(err, /Cannot read capture on/);
});
