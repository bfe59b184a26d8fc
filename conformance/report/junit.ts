/** JUnit XML as GitHub, GitLab and Jenkins read it: a testsuite for each area of each dialect. */
import { boundText, figure, type Measure } from "../measure.ts";
import { RULES } from "../registry.ts";
import type { BreachRecord, CaseResult, SuiteResult } from "../results.ts";
import type { ReportStyle } from "./report.ts";
import { byArea, isAgainst } from "./tally.ts";

export function junitReport(result: SuiteResult, { version }: ReportStyle): string {
  const { tables, strict, stale, elapsedMs } = result;
  const suites = tables.flatMap((table) =>
    [...byArea(table)].map(([area, results]) => suiteXml(`${table.dialect}.${area}`, results, result, version))
  );
  if (stale.length > 0) suites.push(staleXml(stale));
  const all = tables.flatMap(({ results }) => results);
  const head = attributes({
    name: "arcrtc conformance",
    tests: all.length + stale.length,
    failures: failures(all, strict) + stale.length,
    errors: errors(all),
    skipped: all.filter(isSkipped).length,
    time: seconds(elapsedMs),
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head}>\n${suites.join("")}</testsuites>\n`;
}

function suiteXml(name: string, results: readonly CaseResult[], result: SuiteResult, version: string): string {
  const { strict, subjects, implementation, seed } = result;
  const properties = {
    ...Object.fromEntries(Object.entries(subjects).map(([facet, subject]) => [`subject.${facet}`, subject])),
    ...(implementation === undefined
      ? {}
      : { "testee.name": implementation.name, "testee.version": implementation.version }),
    seed,
    strict,
    "suite.version": version,
  };
  const head = attributes({
    name,
    tests: results.length,
    failures: failures(results, strict),
    errors: errors(results),
    skipped: results.filter(isSkipped).length,
    time: seconds(results.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0)),
  });
  return `  <testsuite${head}>\n    <properties>\n${
    Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>\n`).join("")
  }    </properties>\n${results.map((one) => caseXml(name, one, strict)).join("")}  </testsuite>\n`;
}

function caseXml(suite: string, result: CaseResult, strict: boolean): string {
  const { id, title, elapsedMs, verdict, why, breaches, measures } = result;
  const head = `    <testcase${attributes({ classname: suite, name: `${id}: ${title}`, time: seconds(elapsedMs) })}`;
  if (isSkipped(result)) {
    return `${head}>\n      <skipped${attributes({ message: skipReason(result) })}/>\n    </testcase>\n`;
  }
  if (verdict === "error") {
    return `${head}>\n      <error${attributes({ message: why ?? "", type: "error" })}/>\n    </testcase>\n`;
  }
  const story = storyOf(result);
  if (isAgainst(result, strict)) {
    const message = breaches[0] === undefined ? verdict : `expected ${breaches[0].expected}; ${breaches[0].got}`;
    const failure = `<failure${attributes({ message, type: verdict })}>${text(story)}</failure>`;
    return `${head}>\n      ${failure}\n    </testcase>\n`;
  }
  // A SHOULD or MAY that is not kept passes, and is told.
  const told = breaches.length === 0 ? "" : `      <system-out>${text(story)}</system-out>\n`;
  const figures = measures.length === 0
    ? ""
    : `      <properties>\n${measures.map(measureXml).join("")}      </properties>\n`;
  return figures + told === "" ? `${head}/>\n` : `${head}>\n${figures}${told}    </testcase>\n`;
}

function measureXml(measure: Measure): string {
  const value = `${figure(measure.value)} ${measure.unit}${boundText(measure)}`;
  return `        <property${attributes({ name: `measure.${measure.name}`, value })}/>\n`;
}

function storyOf({ level, clause, requirements, breaches, seed, id }: CaseResult): string {
  const rules = requirements.map((rule) => `${rule}: ${RULES.get(rule)?.text ?? ""}`);
  return [
    `${level}, clause ${clause}`,
    ...rules,
    ...breaches.flatMap(breachLines),
    `again: arcrtc conformance ${id} --seed ${seed}`,
  ].join("\n");
}

function breachLines({ at, expected, got }: BreachRecord): string[] {
  return ["", ...(at === undefined ? [] : [`at        ${at}`]), `expected  ${expected}`, `got       ${got}`];
}

function staleXml(stale: SuiteResult["stale"]): string {
  const head = attributes({
    name: "known failures",
    tests: stale.length,
    failures: stale.length,
    errors: 0,
    skipped: 0,
  });
  const cases = stale.map(({ id, why }) =>
    `    <testcase${attributes({ classname: "known failures", name: id })}>\n      <failure${
      attributes({ message: why, type: "stale" })
    }/>\n    </testcase>\n`
  );
  return `  <testsuite${head}>\n${cases.join("")}  </testsuite>\n`;
}

/** Known failures count as skipped: readers of JUnit know no other word for them. */
function isSkipped({ verdict, known }: CaseResult): boolean {
  return verdict === "skipped" || verdict === "unsupported" || (known && verdict !== "pass" && verdict !== "error");
}

function skipReason({ verdict, known, why }: CaseResult): string {
  return known ? `${verdict}, as known` : `${verdict}: ${why ?? ""}`;
}

function failures(results: readonly CaseResult[], strict: boolean): number {
  return results.filter((one) => one.verdict !== "error" && !isSkipped(one) && isAgainst(one, strict)).length;
}

function errors(results: readonly CaseResult[]): number {
  return results.filter(({ verdict }) => verdict === "error").length;
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  const one = (value: string) =>
    text(value).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
  return Object.entries(values).map(([name, value]) => ` ${name}="${one(String(value))}"`).join("");
}

/** XML 1.0 has no place for most control characters, nor for half of a surrogate pair, not even escaped. */
function text(value: string): string {
  return value.toWellFormed()
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
