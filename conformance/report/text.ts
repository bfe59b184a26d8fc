/** The report for people: what is wrong first, each with its clause, bytes sent and got, and what was due; then figures. */
import { visible } from "../../lib/base/hex_text.ts";
import { brief } from "../expect.ts";
import { RULES } from "../registry.ts";
import type { BreachRecord, CaseResult, DialectTable, SuiteResult } from "../results.ts";
import type { TranscriptEntry } from "../transcript.ts";
import { countsAgainst, type Verdict, VERDICTS } from "../verdict.ts";
import { measureLines } from "./measure_lines.ts";
import type { ReportStyle } from "./report.ts";
import { markedText } from "./specimen/marked_text.ts";
import { askedOf, specimensOf } from "./specimen/specimen.ts";
import { against, byArea, counted, hasStory, isAgainst } from "./tally.ts";
import { wrap } from "./wrap.ts";

const COLOURS: Readonly<Record<Verdict, "red" | "green" | "yellow" | "cyan">> = {
  pass: "green",
  fail: "red",
  weak: "yellow",
  info: "cyan",
  unsupported: "yellow",
  skipped: "cyan",
  error: "red",
};

/** Breaches that are shown of one case, and entries of a dialogue. */
const MAX_BREACHES = 3;
const MAX_ENTRIES = 12;

export function textReport(result: SuiteResult, style: ReportStyle): string {
  const { tables, subjects, implementation, seed, stale } = result;
  const lines = [
    ...Object.entries(subjects).map(([facet, subject]) => `${facet.padEnd(8)} ${visible(subject)}`),
    ...(implementation === undefined
      ? []
      : [`testee   ${visible(`${implementation.name} ${implementation.version}`).trimEnd()}`]),
    `seed     ${seed}`,
    ...tables.flatMap((table) => ["", ...tableLines(table, result.strict, style)]),
    ...stale.map(({ id, why }) =>
      `${style.paint("red", "stale")}    ${visible(id)} is on the list of known failures: ${visible(why)}`
    ),
    ...(result.interrupted ? ["", "ended early: what had been judged by then is above"] : []),
    "",
    summaryOf(result, style),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function tableLines(table: DialectTable, strict: boolean, style: ReportStyle): string[] {
  const { dialect, from, results } = table;
  const { paint, verbose } = style;
  const isShown = (result: CaseResult) => {
    const isAdvice = result.verdict === "weak" || result.verdict === "info";
    return verbose || isAgainst(result, strict) || (isAdvice && hasStory(result));
  };
  const shown = results.filter((result) => isShown(result) && result.verdict !== "skipped");
  const known = results.filter(({ verdict, known }) => known && countsAgainst(verdict, strict));
  return [
    paint("bold", `dialect ${dialect} (${from})`),
    "",
    ...shown.flatMap((result) => [...caseLines(result, dialect, style), ""]),
    ...areaLines(table, style),
    ...measureLines(results, style),
    ...reasons(results, "unsupported", style),
    ...reasons(results, "skipped", style),
    ...(known.length === 0 ? [] : [`${known.length} fail as known: ${known.map(({ id }) => id).join(", ")}`]),
  ];
}

function caseLines(result: CaseResult, dialect: string, style: ReportStyle): string[] {
  const { paint, verbose } = style;
  const { id, title, level, clause, requirements, verdict, breaches, transcript, why, needs, checks } = result;
  const head = `${paint(COLOURS[verdict], verdict.toUpperCase())}  ${paint("bold", id)}  ${title}`;
  if (verdict === "pass" && !verbose) return [head];
  const rules = requirements.flatMap((rule, i) =>
    told(i === 0 ? `${level} ${rule}, clause ${clause}:` : `also ${rule}:`, RULES.get(rule)?.text ?? "", style)
  );
  const further = breaches.length > MAX_BREACHES
    ? [`  ... and ${breaches.length - MAX_BREACHES} more of ${checks}`]
    : [];
  return [
    head,
    ...rules,
    ...(needs === "ops" ? [] : transcript.slice(verbose ? 0 : -MAX_ENTRIES).map((entry) => entryLine(entry, style))),
    ...breaches.slice(0, MAX_BREACHES).flatMap((breach) => breachLines(result, breach, dialect, style)),
    ...further,
    ...(why === undefined ? [] : why.split("\n").flatMap((line) => told("", line, style))),
  ];
}

function breachLines(result: CaseResult, breach: BreachRecord, dialect: string, style: ReportStyle): string[] {
  const { at, expected, got } = breach;
  const asked = askedOf(result, breach);
  const line = (name: string, text: string) => told(name.padEnd(9), text, style);
  return [
    ...(at === undefined ? [] : line("at", at)),
    ...(asked === undefined ? [] : [
      ...line("sent", brief(asked.request)),
      ...line("got", asked.answer === undefined ? "nothing" : brief(asked.answer)),
    ]),
    ...line("expected", expected),
    ...line("because", got),
    ...specimensOf(result, breach, dialect).flatMap((specimen) =>
      markedText(specimen, style.paint).flatMap((marked, i) =>
        wrapped(`  ${(i === 0 ? "bytes" : "").padEnd(9)} ${marked}`, style)
      )
    ),
  ];
}

/** A name and a text, whoever said it; what does not fit on the line goes on below. */
function told(name: string, text: string, style: ReportStyle): string[] {
  return wrapped(`  ${name}${name === "" ? "" : " "}${visible(text)}`, style);
}

function wrapped(line: string, { columns }: ReportStyle): string[] {
  const [head, ...rest] = wrap(line, columns, columns - INDENT.length);
  return [head, ...rest.map((more) => INDENT + more)];
}

const INDENT = " ".repeat(12);

/** One line, cut where it is too long: other reports have it all. */
function entryLine(entry: TranscriptEntry, { columns }: ReportStyle): string {
  const line = `  ${entry.atMs.toFixed(1).padStart(8)} ms  ${visible(entryWords(entry))}`;
  return line.length <= columns ? line : `${line.slice(0, columns - 3)}...`;
}

function entryWords(entry: TranscriptEntry): string {
  switch (entry.kind) {
    case "asked":
      return `${entry.check}  ${entry.problem ?? "as expected"}`;
    case "sent":
    case "received":
      return `${entry.line} ${entry.kind === "sent" ? "->" : "<-"} ${entry.text ?? entry.hex}`;
    default:
      return `${entry.line ?? ""} ${entry.kind}: ${entry.text}`.trimStart();
  }
}

/** One row for each area, one column for each verdict that occurs. */
function areaLines(table: DialectTable, { paint }: ReportStyle): string[] {
  const { results } = table;
  const columns = VERDICTS.filter((verdict) => results.some((result) => result.verdict === verdict));
  const areas = byArea(table);
  const widest = Math.max(4, ...[...areas.keys()].map((area) => area.length));
  const row = (name: string, own: readonly CaseResult[]) =>
    [
      name.padEnd(widest),
      String(own.length).padStart(5),
      ...columns.map((verdict) => {
        const count = own.filter((result) => result.verdict === verdict).length;
        return String(count === 0 ? "-" : count).padStart(verdict.length);
      }),
    ].join("  ");
  return [
    paint("dim", ["area".padEnd(widest), "cases", ...columns].join("  ")),
    ...[...areas].map(([area, own]) => row(area, own)),
    ...(areas.size > 1 ? [row("all", results)] : []),
  ];
}

/** The cases of a verdict by their reasons: a facet that is missing is told once. */
function reasons(results: readonly CaseResult[], verdict: Verdict, { verbose }: ReportStyle): string[] {
  const byReason = new Map<string, string[]>();
  for (const { id, why = "no reason", verdict: own } of results) {
    if (own === verdict) byReason.set(why, [...byReason.get(why) ?? [], id]);
  }
  return [...byReason].map(([why, ids]) => {
    const names = ids.length <= 3 || verbose
      ? ids.join(", ")
      : `${ids.slice(0, 2).join(", ")} and ${ids.length - 2} more`;
    return `${verdict} (${ids.length}): ${visible(why)}: ${names}`;
  });
}

function summaryOf(result: SuiteResult, { paint }: ReportStyle): string {
  const { tables, stale, elapsedMs } = result;
  const all = tables.flatMap(({ results }) => results);
  const broken = against(result).length + stale.length;
  const judged = all.filter(({ verdict }) => verdict !== "skipped");
  const checks = all.reduce((sum, result) => sum + result.checks, 0);
  const what = `${counted(judged.length, "case")}, ${counted(checks, "check")}, ${(elapsedMs / 1000).toFixed(1)} s`;
  return broken === 0 ? `${paint("green", "conforms")}: ${what}` : `${paint("red", `${broken} against it`)}: ${what}`;
}
