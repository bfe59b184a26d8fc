/** The summary of a run, as text. */
import { UDP_HEARTBEAT_LIMITS } from "../../lib/net/udp_heartbeat.ts";
import type { DelaySummary } from "../../lib/probe/delay_statistics.ts";
import type { Finding } from "../../lib/probe/finding.ts";
import type { PeerClaims } from "../../lib/probe/peer_audit.ts";
import { formatDuration } from "../peer/duration.ts";
import { sloLine } from "../ui/slo_line.ts";
import type { painter } from "../ui/style.ts";
import { textTable } from "../ui/table.ts";
import { histogramLines } from "./histogram_text.ts";
import { formatClaim, formatDelay, formatSigned, plural } from "./ping_figures.ts";
import { type ComparisonReport, floorMs, type PingReport, type TargetReport } from "./ping_report.ts";

/** Share of answers that are missing without a trace, from where on a limit is likely. */
const LIMITED_SHARE = 0.1;

export interface SummaryStyle {
  readonly columns: number;
  readonly wantsHistogram: boolean;
  readonly paint: ReturnType<typeof painter>;
}

export function summaryText(report: PingReport, style: SummaryStyle): string {
  const parts = report.targets.map((target) => targetText(target, report.elapsedMs, style));
  parts.push(
    ...report.unreachable.map(({ name }) => style.paint("red", `--- ${name}: unreachable, see above ---`) + "\n"),
  );
  if (report.comparisons.length > 0) parts.push(comparisonText(report.comparisons, style));
  return parts.join("\n");
}

function targetText(report: TargetReport, elapsedMs: number, style: SummaryStyle): string {
  const { pinged, summary, slo, budget } = report;
  const { target, connection, run } = pinged;
  const lines = [
    style.paint("bold", `--- ${target.name}: ${connection.chosen.way.label} ---`),
    `${countsLine(report)}, ${formatDuration(elapsedMs)}`,
    ...lossLines(report),
    ...limitLines(report, elapsedMs),
    ...delayLines(report),
  ];
  if (style.wantsHistogram) lines.push(...histogramLines(run.fromSent.histogram, style.columns));
  if (summary.claims !== undefined) lines.push(...claimLines(summary.claims, style));
  lines.push(...slo.map((verdict) => sloLine(verdict, style.paint)));
  let text = `${lines.join("\n")}\n`;
  if (budget.length > 0) {
    const rows = budget.map((row) => [row.component, `${row.targetMs} ms`, `${row.maximumMs} ms`, row.words]);
    text += textTable([["budget", "target", "maximum", ""], ...rows], ["left", "right", "right"]);
  }
  return text;
}

function countsLine({ summary }: TargetReport): string {
  const { counters, lost, lossRatio } = summary;
  const share = lossRatio === undefined ? "" : ` (${(lossRatio * 100).toFixed(1)} %)`;
  return [
    `${counters.asked} sent`,
    `${counters.answered} answered`,
    `${lost} lost${share}`,
    `${counters.late} late`,
    plural(counters.duplicates, "duplicate"),
    `${counters.reordered} reordered`,
  ].join(", ");
}

/** What is known of where things went wrong: only as much as the peer's answers prove. */
function lossLines({ summary, skipped, reconnects }: TargetReport): string[] {
  const { lost, counters } = summary;
  const lines: string[] = [];
  const unplaced = lost - counters.unsent - counters.refused - counters.lostUp - counters.lostDown;
  const parts = [
    counters.unsent > 0 && `${counters.unsent} never left: no connection`,
    counters.refused > 0 && `${counters.refused} arrived and were refused`,
    counters.lostUp > 0 && `${counters.lostUp} on the way there`,
    counters.lostDown > 0 && `${counters.lostDown} on the way back`,
    unplaced > 0 && `${unplaced} on the way there or back: the answers do not tell which`,
  ].filter((part) => part !== false);
  if (parts.length > 0) lines.push(`lost: ${parts.join("; ")}`);
  const unknown = counters.reordered - counters.reorderedUp - counters.reorderedDown;
  if (counters.reordered > 0) {
    const known = `${counters.reorderedUp} on the way there, ${counters.reorderedDown} on the way back`;
    lines.push(`reordered: ${known}${unknown > 0 ? `, ${unknown} cannot be told` : ""}`);
  }
  if (counters.duplicatesUp > 0) lines.push(`duplicates: ${counters.duplicatesUp} were asked twice on the way there`);
  if (skipped > 0) lines.push(`${skipped} never sent: this machine was held up for too long`);
  if (reconnects > 0) lines.push(`the connection was opened anew ${plural(reconnects, "time")}`);
  return lines;
}

/** A limit of the peer looks like a bad way; whoever asks more often than such limits allow is told. */
function limitLines({ summary: { method, lost, counters } }: TargetReport, elapsedMs: number): string[] {
  const limit = UDP_HEARTBEAT_LIMITS.perAddress;
  const perSecond = counters.asked / Math.max(1e-3, elapsedMs / 1000);
  const unplaced = lost - counters.unsent - counters.refused - counters.lostUp - counters.lostDown;
  if (method !== "heartbeat" || perSecond <= limit || unplaced < LIMITED_SHARE * counters.asked) return [];
  return [
    `asked ${
      perSecond.toFixed(0)
    } times a second: arcrtc's servers and relays answer one address ${limit} HEARTBEATs a ` +
    `second, and these may not be lost but over such a limit; -i ${1000 / limit}ms stays below it`,
  ];
}

function delayLines(report: TargetReport): string[] {
  const { fromSent, fromPlanned, oneWay, jitterMs, method } = report.summary;
  if (fromSent === undefined) return [];
  const floor = floorMs(report.pinged);
  const rows = [
    ["ms", "min", "mean", "median", "max", "stddev", ...fromSent.percentiles.map(({ percent }) => `p${percent}`)],
    ["since sent", ...delayCells(fromSent, floor)],
    // In a flood nothing is planned: a probe is due when the one before is answered.
    ...(fromPlanned === undefined || report.isFlood ? [] : [["since due", ...delayCells(fromPlanned, floor)]]),
    // The floor is that of a round trip.
    ...(oneWay === undefined ? [] : [["one way", ...delayCells(oneWay, 0)]]),
  ];
  const table = textTable(rows, ["left", ...rows[0].slice(1).map(() => "right" as const)]);
  const missing = fromSent.percentiles.filter(({ ms }) => ms === undefined);
  const lines = table.trimEnd().split("\n");
  if (missing.length > 0) {
    lines.push(`answers needed: ${missing.map(({ percent, needs }) => `p${percent} ${needs}`).join(", ")}`);
  }
  const both = method === "heartbeat" ? " (RFC 3550, both ways together)" : " (RFC 3550)";
  if (jitterMs !== undefined) lines.push(`jitter ${formatClaim(jitterMs, 0)} ms${both}`);
  return lines;
}

function delayCells(delays: DelaySummary, floor: number): string[] {
  const { minMs, meanMs, medianMs, maxMs, stddevMs, percentiles } = delays;
  return [
    ...[minMs, meanMs, medianMs, maxMs].map((ms) => formatClaim(ms, floor)),
    stddevMs === undefined ? "-" : formatDelay(stddevMs),
    ...percentiles.map(({ ms }) => formatClaim(ms, floor)),
  ];
}

function claimLines({ checked, findings, clock, observed, timestampUnit }: PeerClaims, style: SummaryStyle): string[] {
  const lines: string[] = [];
  if (clock !== undefined) {
    const offset = `${formatSigned(clock.offsetMs)} ± ${formatDelay(clock.uncertaintyMs)} ms`;
    const drift = clock.driftPpm === undefined || clock.driftUncertaintyPpm === undefined
      ? "drift not to be told yet"
      : `drift ${clock.driftPpm.toFixed(1)} ± ${clock.driftUncertaintyPpm.toFixed(1)} ppm`;
    lines.push(`peer's clock ${offset} against ours, ${drift}`);
  } else if (timestampUnit !== undefined) {
    lines.push("peer's clock: its time stamps fit no steady clock");
  }
  if (observed !== undefined) lines.push(`seen as ${observed}`);
  if (findings.length === 0) {
    if (checked > 0) lines.push(`peer's claims: ${plural(checked, "answer")} checked, nothing wrong`);
  } else {
    lines.push(...findings.map((finding) => style.paint("yellow", findingLine(finding))));
  }
  return lines;
}

const VERDICT_WORDS: Readonly<Record<ComparisonReport["verdict"], string>> = {
  slower: "slower",
  faster: "faster",
  "no-difference": "no difference shown",
  "within-noise": "less than our own noise: not claimed",
  "too-few-pairs": "too few pairs to tell",
};

function comparisonText(comparisons: readonly ComparisonReport[], style: SummaryStyle): string {
  const rows = comparisons.map(({ name, difference, verdict, noiseMs }) => {
    if (difference === undefined) return [name, "-", "-", "0 pairs", "nothing was answered in pairs"];
    const { medianMs, lowMs, highMs, pairs } = difference;
    const bounds = lowMs === undefined || highMs === undefined
      ? "-"
      : `[${formatSigned(lowMs)}, ${formatSigned(highMs)}]`;
    const noise = verdict === "within-noise" ? ` (${formatDelay(noiseMs)} ms)` : "";
    const colour = verdict === "slower" ? "red" : verdict === "faster" ? "green" : "gray";
    const words = style.paint(colour, VERDICT_WORDS[verdict]);
    return [name, `${formatSigned(medianMs)} ms`, bounds, `${pairs} pairs`, `${words}${noise}`];
  });
  const head = style.paint("bold", `--- compared with ${comparisons[0].reference}, in pairs ---`);
  const table = textTable([["", "median", "95 % bounds", "", ""], ...rows], ["left", "right", "right", "right"]);
  return `${head}\n${table}`;
}

/** `clock-step in seq 12: the clock jumped ...`. */
export function findingLine({ id, requirement, count, firstSequence, detail }: Finding): string {
  const where = firstSequence === undefined ? "" : ` in seq ${firstSequence}`;
  const times = count > 1 ? ` (${plural(count, "time")})` : "";
  const rule = requirement === undefined ? "" : `  [${requirement}]`;
  return `finding ${id}${where}${times}: ${detail}${rule}`;
}
