/** What the demo found, as a verdict, a table and JSON. */
import { textTable } from "../ui/table.ts";
import { messageOf, percentiles, round, wireFigures } from "./call_summary.ts";
import type { DemoResult } from "./demo_run.ts";
import { formatDuration } from "./duration.ts";
import { formatBytes, formatMs, formatShare } from "./figures_text.ts";
import { isWhole } from "./frame_ledger.ts";

/** The seed's budget from capture to playout. */
export const LATENCY_BUDGET_MS = 50;

const DIRECTIONS = ["caller to callee", "callee to caller"] as const;

/** What is wrong, a sentence each; empty where every frame came as it was and the keys were changed. */
export function demoFailures({ streams, ends, epochs }: DemoResult): string[] {
  const failures: string[] = [];
  for (const { direction, stream, ledger } of streams) {
    if (isWhole(ledger.balance)) continue;
    const { sent, missing, different } = ledger.balance;
    failures.push(
      `${stream.kind} ${stream.codec}, ${DIRECTIONS[direction]}: ` +
        (sent === 0 ? "nothing was sent" : `of ${sent} frames ${missing} are missing, ${different} differ`),
    );
  }
  if (epochs.some((epoch) => epoch < 1)) failures.push("the keys were not changed on both sides");
  for (const end of ends) {
    if (end.kind === "failed") failures.push(messageOf(end.error));
    else if (end.why !== "user_request") failures.push(`the session ended with ${end.why}: ${end.message}`);
  }
  return failures;
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
    latency_budget_ms: LATENCY_BUDGET_MS,
    /** From handing a frame to one session to getting it from the other, both on one clock. */
    latency_ms: percentiles(all),
    within_budget: all.count === 0 ? null : (all.percentileMs(99) ?? Infinity) < LATENCY_BUDGET_MS,
    rtt_ms: result.rttMs === undefined ? null : round(result.rttMs),
    streams: result.streams.map(({ direction, stream, ledger, claimed, received }) => ({
      direction: DIRECTIONS[direction],
      kind: stream.kind,
      codec: stream.codec,
      ...ledger.balance,
      packets: received?.packets ?? 0,
      packets_lost: received?.lostPackets ?? 0,
      jitter_ms: received === undefined ? null : round(received.jitterMs),
      jitter_buffer_ms: received === undefined ? null : round(received.playoutDelayMs),
      latency_ms: percentiles(ledger.latency),
      /** As the receiving session measures it, by sender reports and the path's clock offset. */
      e2e_ms: percentiles(claimed),
    })),
    wire: result.wire.map(wireFigures),
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
    `the budget is ${LATENCY_BUDGET_MS} ms: ${(p99Ms ?? Infinity) < LATENCY_BUDGET_MS ? "kept" : "MISSED"}\n`,
    ...(floors.length === 0 || p99Ms === undefined ? [] : [
      `          of it the jitter buffer holds ${formatMs(Math.max(...floors))} ms, which the protocol wants; ` +
      `all the rest is ${formatMs(p99Ms - Math.max(...floors))} ms\n`,
      `          RTT ${formatMs(result.rttMs)} ms, the event loop of this one process included\n`,
    ]),
    `keys      ${result.epochs.every((epoch) => epoch >= 1) ? "changed in the middle" : "NOT changed"}; ` +
    `${result.suite ?? "-"}, ${result.authentication ?? "-"}\n`,
    `traffic   ${formatBytes(bytes)} in ${formatDuration(result.elapsedMs)}, both ways\n`,
    failures.length === 0
      ? "result    every frame arrived, byte for byte\n"
      : failures.map((failure) => `FAILED    ${failure}\n`).join(""),
  ].join("");
}
