import assert from "node:assert/strict";
import registry from "../../conformance/requirements.json" with { type: "json" };
import { CAPTURE_RULE_IDS } from "../../lib/dissect/check/rules.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";
import { checkReport } from "./check_report.ts";

const CAPTURES = "fixtures/captures/";
const MALFORMED = `${CAPTURES}broken/malformed-units.pcap`;

const dump = (...args: string[]) => runArgs(["dump", ...args]);

Deno.test("dump --check: calls of this implementation break no rule", async () => {
  const calls = [...Deno.readDirSync(CAPTURES)].map(({ name }) => name).filter((name) =>
    /^call-.*\.pcap(ng)?$/.test(name)
  );
  assert.ok(calls.length >= 7);
  for (const name of calls) {
    const keys = `${CAPTURES}${name.split(".")[0]}.keys`;
    // What a caller wrote itself has its keys inside.
    const keyFlags = name === "call-rotation.pcapng" ? [] : ["--keylog", keys];
    const { out, exitCode } = await dump(`${CAPTURES}${name}`, "--check", ...keyFlags);
    assert.match(
      out,
      /^no breach of a rule in \d+ units of \d+ packets\ndialect arcrtc-1\.0: .*\nrules: \d+ kept, 0 broken, \d+ not shown/,
      name,
    );
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
    /^10 findings against 10 rules in 12 units of 12 packets\ndialect armoricore: .*\nrules: \d+ kept, 10 broken, \d+ not shown .*\narcrtc explain <rule> quotes the clause\n$/m,
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
  assert.equal(document.dialect, "armoricore");
  assert.ok(document.dialect_reasons.length > 0);
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

/** What the schema of SARIF 2.1.0 requires of the parts that are written here. */
function assertSarif(log: Record<string, unknown>): void {
  assert.equal(log.version, "2.1.0");
  assert.match(String(log.$schema), /sarif-2\.1\.0/);
  assert.deepEqual(Object.keys(log).sort(), ["$schema", "runs", "version"]);
  const runs = log.runs as Record<string, unknown>[];
  assert.ok(Array.isArray(runs) && runs.length === 1);
  const [{ tool, results, ...others }] = runs as [{ tool: { driver: Driver }; results: Result[] }];
  assert.deepEqual(others, {});
  const { name, semanticVersion, rules } = tool.driver;
  assert.ok(name.length > 0);
  assert.match(semanticVersion, /^\d+\.\d+\.\d+/);
  assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length, "ids of rules are unique");
  const levels = ["none", "note", "warning", "error"];
  for (const rule of rules) {
    assert.ok(rule.shortDescription.text.length > 0 && levels.includes(rule.defaultConfiguration.level));
  }
  for (const { ruleId, ruleIndex, level, message, occurrenceCount, locations } of results) {
    assert.equal(rules[ruleIndex].id, ruleId);
    assert.ok(levels.includes(level) && message.text.length > 0);
    assert.ok(Number.isInteger(occurrenceCount) && occurrenceCount >= 1 && locations.length <= occurrenceCount);
    for (const { physicalLocation, logicalLocations } of locations) {
      // A uri-reference: no character that RFC 3986 does not have.
      assert.match(physicalLocation.artifactLocation.uri, /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/);
      assert.ok(logicalLocations.every((each) => each.name.length > 0));
    }
  }
}

interface Driver {
  readonly name: string;
  readonly semanticVersion: string;
  readonly rules: readonly {
    readonly id: string;
    readonly shortDescription: { readonly text: string };
    readonly defaultConfiguration: { readonly level: string };
  }[];
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly occurrenceCount: number;
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
    readonly logicalLocations: readonly { readonly name: string }[];
  }[];
}

Deno.test("dump --check --format sarif: the structure that SARIF 2.1.0 requires, whatever the file is called", async () => {
  assertSarif(JSON.parse((await dump(MALFORMED, "--check", "--format", "sarif")).out));
  assertSarif(JSON.parse((await dump(`${CAPTURES}call-tcp.pcap`, "--check", "--format", "sarif")).out));
  const findings = [{ rule: "ARC-RTP-version", subject: "a", message: "b", packets: [1, 2], count: 5 }];
  const empty = { further: 0, verdicts: [], dialect: { dialect: undefined, reasons: [] }, units: 9, packets: 10 };
  assertSarif(JSON.parse(checkReport({ ...empty, source: "my captures/ä <1>.pcap", findings }, "sarif")));
});

Deno.test("dump --check: what the public engine writes is judged by its own dialect's rules", async () => {
  const { out, exitCode } = await dump(`${CAPTURES}made/armoricore-engine.pcap`, "--check", "--verbose", "--quiet");
  assert.equal(exitCode, EXIT.finding, out);
  // The one packet that the engine writes and does not parse: an empty payload without a loss byte.
  assert.match(out, /^1 finding against 1 rule/m);
  assert.match(out, /^MUST {3}ARC-DIALECT-armoricore-arc-block .*need 17 bytes, got 16\n {4}packet 71$/m);
  assert.match(out, /^dialect armoricore: 25 messages valid only in armoricore/m);
  assert.match(out, /^fail {4}ARC-DIALECT-armoricore-arc-block +57 x: packet of armoricore, 1 broken$/m);
  assert.match(out, /^pass {4}ARC-DIALECT-armoricore-messages +25 x/m);
  assert.match(out, /^skipped ARC-RTP-version/m);
});

Deno.test("dump --check: every rule that a capture can show is one of the specification", () => {
  const ids = new Set(registry.requirements.map(({ id }) => id));
  assert.deepEqual(CAPTURE_RULE_IDS.filter((id) => !ids.has(id)), []);
  assert.ok(CAPTURE_RULE_IDS.length > 100);
});

Deno.test("dump --check --verbose, --json: a verdict on every rule, and what keys add to it", async () => {
  const call = [`${CAPTURES}call-phoenix.pcapng`, "--check"];
  const opened = [...call, "--keylog", `${CAPTURES}call-phoenix.keys`];
  const verdicts = async (args: string[]) =>
    new Map<string, { verdict: string; occasions: number; needs_keys: boolean }>(
      JSON.parse((await dump(...args, "--json")).out).rules.map((rule: { rule: string }) => [rule.rule, rule]),
    );
  const closed = await verdicts(call);
  const open = await verdicts(opened);
  assert.deepEqual([...closed.keys()], [...CAPTURE_RULE_IDS]);
  assert.deepEqual([closed.get("ARC-SRTP-hmac-tag")?.verdict, closed.get("ARC-SRTP-hmac-tag")?.needs_keys], [
    "skipped",
    true,
  ]);
  assert.equal(open.get("ARC-SRTP-hmac-tag")?.verdict, "pass");
  assert.ok([...closed.values()].filter(({ verdict }) => verdict === "pass").length > 60);
  const { out } = await dump(...opened, "--verbose");
  assert.match(out, /^pass {4}ARC-SRTP-hmac-tag +\d+ x: opened packet with an HMAC tag$/m);
  assert.match(out, /^skipped ARC-METRICS-interval +no occasion: METRICS behind another$/m);
  assert.match((await dump(...call, "--verbose")).out, /^skipped ARC-SEAL-tag .*, needs keys$/m);
});

Deno.test("dump --check: how often, not all packets; what a peer wrote does not steer the terminal", () => {
  const finding = {
    rule: "ARC-TEST",
    subject: "session \x1b[2J",
    message: "wrong",
    packets: [1, 2],
    count: 7,
  };
  const rest = { verdicts: [], dialect: { dialect: undefined, reasons: [] }, units: 9, packets: 10 };
  const text = checkReport({ ...rest, source: "x", findings: [finding], further: 3 }, "text");
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
