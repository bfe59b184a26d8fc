/** What the demo found, as a verdict, a table and JSON. */
import { textTable } from "../ui/table.ts";
import { percentiles, round, wireFigures } from "./call_summary.ts";
import type { DemoResult } from "./demo_run.ts";
import { classBalances, criticalBalance, DIRECTIONS } from "./demo_verdict.ts";
import { formatDuration } from "./duration.ts";
import { formatBytes, formatMs, formatShare } from "./figures_text.ts";

/** The seed's budget from capture to playout. */
export const LATENCY_BUDGET_MS = 50;

/** The network's own delay, where one was asked for, comes on top. */
function budgetMs({ impair }: DemoResult): number {
  return LATENCY_BUDGET_MS + (impair === undefined ? 0 : impair.impairment.delayMs + impair.impairment.jitterMs);
}

export function demoJson(result: DemoResult, failures: readonly string[]) {
  const all = result.latency;
  return {
    ok: failures.length === 0,
    failures,
    elapsed_ms: Math.round(result.elapsedMs),
    cipher: result.suite ?? null,
    authentication: result.authentication ?? null,
    rotated: result.epochs.every((epoch) => epoch >= 1),
    latency_budget_ms: budgetMs(result),
    /** From handing a frame to one session to getting it from the other, both on one clock. */
    latency_ms: percentiles(all),
    within_budget: all.count === 0 ? null : (all.percentileMs(99) ?? Infinity) < budgetMs(result),
    paths: result.paths.map((path) => path ?? null),
    relayed_units: result.relayedUnits ?? null,
    impairment: impairmentJson(result),
    rtt_ms: result.rttMs === undefined ? null : round(result.rttMs),
    streams: result.streams.map(({ direction, stream, ledger, claimed, received }) => ({
      direction: DIRECTIONS[direction],
      kind: stream.kind,
      codec: stream.codec,
      ...ledger.balance,
      packets: received?.packets ?? 0,
      packets_lost: received?.lostPackets ?? 0,
      restored_by_fec: received?.fecRestored ?? 0,
      restored_by_rtx: received?.rtxRestored ?? 0,
      jitter_ms: received === undefined ? null : round(received.jitterMs),
      jitter_buffer_ms: received === undefined ? null : round(received.playoutDelayMs),
      latency_ms: percentiles(ledger.latency),
      /** As the receiving session measures it, by sender reports and the path's clock offset. */
      e2e_ms: percentiles(claimed),
    })),
    wire: result.wire.map(wireFigures),
  };
}

function impairmentJson(result: DemoResult) {
  const { impair } = result;
  const critical = criticalBalance(result);
  if (impair === undefined || critical === undefined) return null;
  const { text, seed, injected } = impair;
  return {
    asked_for: text,
    seed,
    /** Units of both directions, media and all others. */
    units: injected,
    frames_by_pr: classBalances(result),
    /** Of PR 0 and 1. */
    critical_frames: critical,
  };
}

export function demoText(result: DemoResult, failures: readonly string[]): string {
  const rows = result.streams.map(({ direction, stream, ledger, received }) => {
    const { sent, identical, missing, different } = ledger.balance;
    const { latency } = ledger;
    const expected = received === undefined ? 0 : received.packets + received.lostPackets;
    return [
      DIRECTIONS[direction],
      `${stream.kind} ${stream.codec}`,
      String(sent),
      String(identical),
      String(missing),
      String(different),
      received === undefined || expected === 0 ? "-" : formatShare(received.lostPackets / expected),
      formatMs(received?.jitterMs),
      ...[50, 95, 99].map((percent) => formatMs(latency.percentileMs(percent))),
      formatMs(received?.playoutDelayMs),
    ];
  });
  const head = [
    "",
    "stream",
    "sent",
    "identical",
    "missing",
    "differ",
    "packet loss",
    "jitter ms",
    "e2e ms p50",
    "p95",
    "p99",
  ];
  const all = result.latency;
  const p99Ms = all.percentileMs(99);
  const floors = result.streams.map(({ received }) => received?.playoutDelayMs).filter((ms) => ms !== undefined);
  const bytes = result.wire.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  return [
    textTable(
      [[...head, "buffer ms"], ...rows],
      ["left", "left", ...Array<"right">(10).fill("right")],
    ),
    "\n",
    `latency   p99 ${formatMs(p99Ms)} ms over ${all.count} frames, hand-over to playout on one clock; ` +
    `the budget is ${budgetText(result)}: ${(p99Ms ?? Infinity) < budgetMs(result) ? "kept" : "MISSED"}\n`,
    ...(floors.length === 0 || p99Ms === undefined ? [] : [
      `          of it the jitter buffer holds ${formatMs(Math.max(...floors))} ms, which the protocol wants; ` +
      `all the rest is ${formatMs(p99Ms - Math.max(...floors))} ms\n`,
      `          RTT ${formatMs(result.rttMs)} ms, the event loop of this one process included\n`,
    ]),
    `keys      ${result.epochs.every((epoch) => epoch >= 1) ? "changed in the middle" : "NOT changed"}; ` +
    `${result.suite ?? "-"}, ${result.authentication ?? "-"}\n`,
    `traffic   ${formatBytes(bytes)} in ${formatDuration(result.elapsedMs)}, both ways\n`,
    ...networkLines(result),
    failures.length === 0
      ? `result    ${successText(result)}\n`
      : failures.map((failure) => `FAILED    ${failure}\n`).join(""),
  ].join("");
}

function budgetText(result: DemoResult): string {
  const more = budgetMs(result) - LATENCY_BUDGET_MS;
  return more === 0 ? `${LATENCY_BUDGET_MS} ms` : `${LATENCY_BUDGET_MS} ms and the network's own ${more} ms`;
}

/** What lies between the peers; nothing to tell of plain loopback. */
function networkLines(result: DemoResult): string[] {
  const { paths, relayedUnits, impair } = result;
  if (relayedUnits === undefined && impair === undefined) return [];
  const places = [...new Set(paths.map((path) => path?.place ?? "no path"))].join(" and ");
  const through = relayedUnits === undefined ? "" : `; ${relayedUnits} units went through the relay`;
  return [`path      ${places}${through}\n`, ...(impair === undefined ? [] : impairmentLines(result, impair))];
}

function impairmentLines(result: DemoResult, impair: NonNullable<DemoResult["impair"]>): string[] {
  const { lost, reordered, duplicated, passed, rebinds } = impair.injected;
  const sum = (of: "fecRestored" | "rtxRestored") =>
    result.streams.reduce((total, { received }) => total + (received?.[of] ?? 0), 0);
  const classes = classBalances(result).flatMap(({ sent, identical }, priority) =>
    sent === 0 ? [] : [`PR ${priority} ${identical} of ${sent} (${(100 * identical / sent).toFixed(2)} %)`]
  );
  return [
    `impaired  ${impair.text}, seed ${impair.seed}: of ${passed + lost} units ${lost} lost, ` +
    `${reordered} held back, ${duplicated} sent twice${rebinds === 0 ? "" : `; ${rebinds} addresses lost`}\n`,
    `repaired  packets of media: ${sum("fecRestored")} by FEC, ${sum("rtxRestored")} sent again\n`,
    `frames    that came: ${classes.join(", ")}\n`,
  ];
}

function successText(result: DemoResult): string {
  const critical = criticalBalance(result);
  if (critical === undefined) return "every frame arrived, byte for byte";
  const { sent, missing, allowed } = critical;
  return `of ${sent} frames of PR 0 and 1 ${missing} are missing, the impairment explains ${allowed}; ` +
    "what came is right, byte for byte";
}
