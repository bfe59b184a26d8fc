/** `--check`: what was found, as text, JSON or SARIF, each with its rule and the packets that show it. */
import registry from "../../conformance/requirements.json" with { type: "json" };
import type { Finding } from "../../lib/dissect/check/findings.ts";
import { CAPTURE_RULES, isCaptureRule, type RuleVerdict, type Verdict } from "../../lib/dissect/check/rules.ts";
import type { DialectVerdict } from "../../lib/dissect/model/dialect_evidence.ts";
import { visible } from "../../lib/base/hex_text.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { VERSION } from "../version.ts";
import type { CheckFormat } from "./check_format.ts";

export interface Rule {
  readonly id: string;
  readonly level: string;
  readonly text: string;
}

const RULES: ReadonlyMap<string, Rule> = new Map(
  registry.requirements.map(({ id, level, text }) => [id, { id, level, text }]),
);

export interface CheckResult {
  /** The capture's name, for SARIF. */
  readonly source: string;
  readonly findings: readonly Finding[];
  /** Breaches beyond those that are told apart. */
  readonly further: number;
  /** On every rule that a capture can show. */
  readonly verdicts: readonly RuleVerdict[];
  readonly dialect: DialectVerdict;
  readonly units: number;
  readonly packets: number;
}

/** `isVerbose`: the text names the rules that were kept and those that nothing showed. */
export function checkReport(result: CheckResult, format: CheckFormat, isVerbose = false): string {
  switch (format) {
    case "text":
      return checkText(result, isVerbose);
    case "json":
      return checkJson(result);
    case "sarif":
      return checkSarif(result);
  }
}

function checkText(result: CheckResult, isVerbose: boolean): string {
  const { findings, further, units, packets } = result;
  const lines = findings.flatMap(({ rule, subject, message, packets: shown, count }) => {
    const times = count === 1 ? "" : ` (${count} times)`;
    const head = findingText(subject, message);
    return [
      `${levelOf(rule)} ${rule}  ${head}${times}`,
      `    ${shown.length === 1 ? "packet" : "packets"} ${shown.join(", ")}${
        count > shown.length && shown.length > 1 ? ", ..." : ""
      }`,
    ];
  });
  const broken = new Set(findings.map(({ rule }) => rule)).size;
  if (further > 0) lines.push(`... and ${further} breaches more`);
  const what = findings.length === 0
    ? "no breach of a rule"
    : `${counted(findings.length, "finding")} against ${counted(broken, "rule")}`;
  lines.push(`${what} in ${units} units of ${packets} packets`);
  if (result.dialect.dialect !== undefined) {
    lines.push(`dialect ${result.dialect.dialect}: ${result.dialect.reasons.join("; ")}`);
  }
  lines.push(...isVerbose ? verdictLines(result.verdicts) : [coverageLine(result.verdicts)]);
  if (findings.length > 0) lines.push("arcrtc explain <rule> quotes the clause");
  return lines.map((line) => `${visible(line)}\n`).join("");
}

function coverageLine(verdicts: readonly RuleVerdict[]): string {
  const of = (verdict: Verdict) => verdicts.filter((each) => each.verdict === verdict).length;
  const rest = `${of("skipped")} not shown by this capture (--verbose lists them)`;
  return `rules: ${of("pass")} kept, ${of("fail")} broken, ${rest}`;
}

function verdictLines(verdicts: readonly RuleVerdict[]): string[] {
  return verdicts.map(({ rule, verdict, occasions, breaches }) => {
    const known = isCaptureRule(rule) ? CAPTURE_RULES[rule] : undefined;
    const needsKeys = known !== undefined && "needsKeys" in known;
    const what = known === undefined ? "" : `: ${known.occasion}`;
    const seen = verdict === "skipped"
      ? `no occasion${what}${needsKeys ? ", needs keys" : ""}`
      : `${occasions} x${what}`;
    return `${verdict.padEnd(7)} ${rule.padEnd(42)} ${seen}${breaches > 0 ? `, ${breaches} broken` : ""}`;
  });
}

/** What is wrong with what, in one line. */
export function findingText(subject: string, message: string): string {
  return subject.includes(message) ? subject : `${subject}: ${message}`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** A rule as SPEC.md has it; undefined for one that it lacks. */
export function specRule(rule: string): Rule | undefined {
  return RULES.get(rule);
}

function levelOf(rule: string): string {
  return (specRule(rule)?.level ?? "MUST").padEnd(6);
}

function checkJson({ source, findings, further, units, packets, verdicts, dialect }: CheckResult): string {
  const body = {
    source,
    packets,
    units,
    findings: findings.map((finding) => ({
      rule: finding.rule,
      level: RULES.get(finding.rule)?.level ?? null,
      text: RULES.get(finding.rule)?.text ?? null,
      subject: finding.subject,
      message: finding.message,
      packets: finding.packets,
      count: finding.count,
    })),
    further,
    dialect: dialect.dialect ?? null,
    dialect_reasons: dialect.reasons,
    rules: verdicts.map(({ rule, verdict, occasions, breaches }) => ({
      rule,
      verdict,
      occasions,
      breaches,
      needs_keys: isCaptureRule(rule) && "needsKeys" in CAPTURE_RULES[rule],
    })),
  };
  return jsonDocument(envelope("dump", body));
}

/** SARIF 2.1.0, which code hosts and editors show. Packets are logical locations in the capture. */
function checkSarif({ source, findings }: CheckResult): string {
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort();
  return jsonDocument({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{
      tool: {
        driver: {
          name: "arcrtc dump --check",
          semanticVersion: VERSION,
          rules: rules.map((id) => ({
            id,
            shortDescription: { text: RULES.get(id)?.text ?? id },
            defaultConfiguration: { level: sarifLevel(id) },
          })),
        },
      },
      results: findings.map(({ rule, subject, message, packets, count }) => ({
        ruleId: rule,
        ruleIndex: rules.indexOf(rule),
        level: sarifLevel(rule),
        message: { text: findingText(subject, message) },
        occurrenceCount: count,
        locations: packets.map((packet) => ({
          physicalLocation: { artifactLocation: { uri: encodeURI(source) } },
          logicalLocations: [{ name: `packet ${packet}`, kind: "packet" }],
        })),
      })),
    }],
  });
}

function sarifLevel(rule: string): "error" | "warning" {
  return RULES.get(rule)?.level === "SHOULD" ? "warning" : "error";
}
