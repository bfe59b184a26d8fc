/** `--check`: what was found, as text, JSON or SARIF, each with its rule and the packets that show it. */
import registry from "../../conformance/requirements.json" with { type: "json" };
import type { Fault } from "../../lib/base/parsed.ts";
import type { Finding } from "../../lib/dissect/check/findings.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { UNIT_KIND_NAMES } from "../../lib/packet/demux.ts";
import { visible } from "../decode/hex_text.ts";
import type { UnitReading } from "../decode/reading.ts";
import { ruleOf } from "../decode/rules.ts";
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

/** The rule that a fault of a unit breaks. */
export function ruleOfFault(unit: UnitModel, fault: Fault): string | undefined {
  // Padding shows only once a packet is opened, and then a reduced header is full again.
  if (fault.reason === "bad_padding" && unit.opening !== undefined) return "ARC-RTP-padding-count";
  const kind = UNIT_KIND_NAMES[unit.unit.kind];
  const reading: UnitReading = kind === "arcrtp" || kind === "json"
    ? { kind, dialect: unit.dialect ?? "arcrtc-1.0", why: "" }
    : { kind, why: "" };
  return ruleOf(reading, fault, unit.message?.type);
}

export interface CheckResult {
  /** The capture's name, for SARIF. */
  readonly source: string;
  readonly findings: readonly Finding[];
  /** Breaches beyond those that are told apart. */
  readonly further: number;
  readonly units: number;
  readonly packets: number;
}

export function checkReport(result: CheckResult, format: CheckFormat): string {
  switch (format) {
    case "text":
      return checkText(result);
    case "json":
      return checkJson(result);
    case "sarif":
      return checkSarif(result);
  }
}

function checkText({ findings, further, units, packets }: CheckResult): string {
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
  if (findings.length > 0) lines.push("arcrtc explain <rule> quotes the clause");
  return lines.map((line) => `${visible(line)}\n`).join("");
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

function checkJson({ source, findings, further, units, packets }: CheckResult): string {
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
