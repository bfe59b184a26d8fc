import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { findFault, type Schema } from "../vectors/reference/json_schema.ts";
import type { Value } from "../vectors/reference/strict_json.ts";
import { generateDocumentSchemas } from "../generate_document_schemas.ts";
import { verdictsOf } from "../run/testing.ts";
import { badgeReport } from "./badge.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import { tapReport } from "./tap.ts";
import { reportRun, STYLE } from "./testing.ts";
import { textReport } from "./text.ts";
import { wrap } from "./wrap.ts";

const RUN = await reportRun();

Deno.test("reports: the run that they are made of has every verdict", () => {
  assert.deepEqual(verdictsOf(RUN), {
    "a/pass": "pass",
    "a/fail-accepted": "fail",
    "a/fail-field": "fail",
    "a/fail-bytes": "fail",
    "a/fail-hostile": "fail",
    "a/weak": "weak",
    "a/unsupported": "unsupported",
    "b/known": "fail",
    "b/skipped": "skipped",
    "b/measured": "info",
    "b/error": "error",
  });
  assert.deepEqual(RUN.tables.map(({ dialect }) => dialect), ["arcrtc-1.0", "armoricore"]);
});

Deno.test("report json: is as its published schema says, hostile texts and all", () => {
  const schema: Schema = JSON.parse(generateDocumentSchemas().get("conformance-report.schema.json") ?? "");
  for (const verbose of [false, true]) {
    const document: Value = JSON.parse(jsonReport(RUN, { ...STYLE, verbose }));
    assert.equal(findFault(schema, document), undefined);
  }
  const { seed: _left, ...without }: Record<string, Value> = JSON.parse(jsonReport(RUN, STYLE));
  assert.equal(findFault(schema, without)?.path, "$.seed");
});

Deno.test("report junit: testsuites for areas and dialects whose counts are those of their cases", () => {
  const xml = junitReport(RUN, STYLE);
  const { root } = parseXml(xml);
  assert.equal(root.name, "testsuites");
  const suites = root.children.filter(({ name }) => name === "testsuite");
  assert.deepEqual(suites.map(({ attributes }) => attributes.name), [
    "arcrtc-1.0.a",
    "arcrtc-1.0.b",
    "armoricore.a",
    "known failures",
  ]);
  for (const { children, attributes } of suites) {
    const cases = children.filter(({ name }) => name === "testcase");
    const having = (name: string) => cases.filter((one) => one.children.some((child) => child.name === name)).length;
    assert.deepEqual(
      [attributes.tests, attributes.failures, attributes.errors, attributes.skipped].map(Number),
      [cases.length, having("failure"), having("error"), having("skipped")],
      attributes.name,
    );
  }
  const sum = (name: string) => suites.reduce((total, { attributes }) => total + Number(attributes[name]), 0);
  for (const name of ["tests", "failures", "errors", "skipped"]) assert.equal(Number(root.attributes[name]), sum(name));
  const [first] = suites;
  const properties = first.children.find(({ name }) => name === "properties")?.children ?? [];
  assert.ok(properties.some(({ attributes }) => attributes.name === "seed" && attributes.value === "7"));
  const accepted = first.children.find(({ attributes }) => attributes.name?.startsWith("a/fail-accepted"));
  const failure = accepted?.children[0];
  assert.equal(failure?.attributes.message, 'expected a fault; the answer is {"ok":{}}');
  assert.match(failure?.text ?? "", /^MUST, clause 2\.1\nARC-RTP-padding-count: With P=1 /);
  assert.match(failure?.text ?? "", /^again: arcrtc conformance a\/fail-accepted --seed 7$/m);
  const known = suites[1].children.find(({ attributes }) => attributes.name?.startsWith("b/known"));
  assert.equal(known?.children[0].name, "skipped");
});

Deno.test("report junit: what a testee says cannot leave its element, and is XML 1.0", () => {
  const xml = junitReport(RUN, STYLE);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(xml, /[\x00-\x08\x0b-\x1f\ud800-\udfff]/);
  assert.doesNotMatch(xml, /<script/);
  assert.ok(Buffer.from(xml, "utf8").toString("utf8") === xml);
  const { root } = parseXml(xml);
  const hostile = root.children[0].children.find(({ attributes }) => attributes.name?.startsWith("a/fail-hostile"));
  assert.match(hostile?.children[0].text ?? "", /"><script>document\.title=1<\/script>\]\]>/);
});

Deno.test("reports: figures stand in every one, those over their bounds too, and count for nothing", () => {
  const text = textReport(RUN, STYLE);
  assert.match(
    text,
    /^b\/measured\n {2}delay p50 +0\.457 ms \(at most 1 ms\)\n {2}delay p99 +7\.25 ms \(at most 5 ms: over\)$/m,
  );
  assert.doesNotMatch(text, /^INFO/m);
  const { dialects: [{ cases }] } = JSON.parse(jsonReport(RUN, STYLE));
  const { measures, verdict, transcript } = cases.find(({ id }: { readonly id: string }) => id === "b/measured");
  assert.deepEqual([verdict, transcript], ["info", undefined]);
  assert.deepEqual(measures.slice(0, 2), [
    { name: "delay p50", value: 0.4567, unit: "ms", most: 1 },
    { name: "delay p99", value: 7.25, unit: "ms", most: 5 },
  ]);
  const { root } = parseXml(junitReport(RUN, STYLE));
  const measured = root.children[1].children.find(({ attributes }) => attributes.name?.startsWith("b/measured"));
  const [properties, story] = measured?.children ?? [];
  assert.deepEqual(properties.children.slice(0, 2).map(({ attributes }) => attributes), [
    { name: "measure.delay p50", value: "0.457 ms (at most 1 ms)" },
    { name: "measure.delay p99", value: "7.25 ms (at most 5 ms: over)" },
  ]);
  assert.equal(story.name, "system-out");
  assert.match(
    tapReport(RUN),
    /^ok \d+ - arcrtc-1\.0 b\/measured: .*\n {2}---\n {2}verdict: info\n(?: {2}.*\n)* {2}measures:\n {4}- name: "delay p50"\n {6}value: 0\.4567\n {6}unit: "ms"\n {6}most: 1\n/m,
  );
});

Deno.test("report tap: the plan is the number of lines, numbered; skips and known failures have their directives", () => {
  const tap = tapReport(RUN);
  const lines = tap.trimEnd().split("\n");
  assert.equal(lines[0], "TAP version 14");
  const points = lines.filter((line) => /^(not )?ok /.test(line));
  assert.equal(lines[1], `1..${points.length}`);
  points.forEach((line, i) => assert.match(line, new RegExp(`^(not )?ok ${i + 1} - `)));
  assert.match(tap, /^not ok \d+ - arcrtc-1\.0 b\/known: t of b\/known # TODO on the list of known failures$/m);
  assert.match(tap, /^ok \d+ - arcrtc-1\.0 b\/skipped: t # SKIP needs a signaling server/m);
  // A directive can only be the suite's own.
  const directives = points.filter((line) => /(?<!\\)# (SKIP|TODO)/.test(line));
  assert.equal(directives.length, 3);
  const block = tap.slice(tap.indexOf("a/fail-accepted"));
  assert.match(
    block,
    /^ {2}---\n {2}verdict: fail\n {2}level: MUST\n {2}clause: "2\.1"\n {2}rule: "ARC-RTP-padding-count: /m,
  );
  assert.match(block, /^ {6}expected: "a fault"\n {6}got: "the answer is \{\\"ok\\":\{\}\}"$/m);
});

Deno.test("report badge: shields' endpoint, red, yellow and green", () => {
  assert.deepEqual(JSON.parse(badgeReport(RUN)), {
    schemaVersion: 1,
    label: "ArcRTC",
    message: "4/9",
    color: "red",
  });
  const [table] = RUN.tables;
  const only = (...ids: readonly string[]) =>
    badgeReport({
      ...RUN,
      stale: [],
      tables: [{ ...table, results: table.results.filter(({ id }) => ids.includes(id)) }],
    });
  assert.match(only("a/pass", "a/weak"), /"message":"2\/2","color":"brightgreen"/);
  assert.match(only("a/pass", "b/known"), /"message":"1\/2","color":"yellow"/);
  assert.match(only("b/skipped"), /"message":"nothing judged","color":"lightgrey"/);
});

Deno.test("report text: marks the offending bytes and names their field; no line but bytes is longer than asked", () => {
  const text = textReport(RUN, STYLE);
  const part = (id: string) => text.slice(text.indexOf(`FAIL  ${id} `)).split("\n\n")[0];
  const row = " {12}0000 {2}80 6f 03 e8 00 00 bb 80 12 34 56 78 00";
  assert.match(part("a/fail-bytes"), new RegExp(`^${row} 80 00 00 .*\n {57}\\^\\^$`, "m"));
  assert.match(part("a/fail-bytes"), /^ {12}byte 13, Reserved flags \(arcrtp\.flags\.reserved\): 00 is due$/m);
  assert.match(part("a/fail-field"), /^ {12}bytes 4 to 7, Timestamp \(arcrtp\.timestamp\): is 48000, not 48001$/m);
  assert.match(part("a/fail-accepted"), /^ {12}byte 18, .*: bad_padding: /m);
  assert.ok(!text.includes("\x1b") && !text.includes("\u202e"));
  const long = text.split("\n").filter((line) => line.length > STYLE.columns);
  assert.ok(long.every((line) => !/^ {2}(sent|got|expected|because|MUST)/.test(line)), long.join("\n"));
});

Deno.test("wrap: loses nothing, breaks behind spaces and commas, and anywhere where there is none", () => {
  assert.deepEqual(wrap("one two three four", 9, 9), ["one two", "three", "four"]);
  assert.deepEqual(wrap('{"a":1,"b":2,"c":3}', 10, 12), ['{"a":1,', '"b":2,"c":3}']);
  assert.deepEqual(wrap("x".repeat(25), 10, 8), ["x".repeat(10), "x".repeat(8), "x".repeat(7)]);
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** As much of XML as the report uses; throws where it is not well-formed. */
function parseXml(xml: string): { readonly root: Element } {
  const open: Element[] = [{ name: "", attributes: {}, children: [], text: "" }];
  let at = 0;
  const token = /<\?xml [^?]*\?>|<(\/?)([a-z-]+)((?: [a-z.]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  for (let match = token.exec(xml); match !== null; match = token.exec(xml)) {
    at = token.lastIndex;
    const [, isEnd, name, attributes, isEmpty, text] = match;
    const here = open[open.length - 1];
    if (text !== undefined) here.text += entities(text);
    else if (isEnd === "/") assert.equal(open.pop()?.name, name);
    else if (name !== undefined) {
      const pairs = [...attributes.matchAll(/ ([a-z.]+)="([^"]*)"/g)].map(([, key, value]) => [key, entities(value)]);
      const element = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
      here.children.push(element);
      if (isEmpty !== "/") open.push(element);
    }
  }
  assert.equal(at, xml.length, `not well-formed at ${at}: ${xml.slice(at, at + 80)}`);
  assert.equal(open.length, 1);
  return { root: open[0].children[0] };
}

function entities(text: string): string {
  assert.doesNotMatch(text, /&(?!(amp|lt|gt|quot|#10|#9);)/);
  const names: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#10": "\n", "#9": "\t" };
  return text.replace(/&([a-z#0-9]+);/g, (_all, name) => names[name]);
}
