/** Figures for people: a table for each area. */
import { textTable } from "../ui/table.ts";
import { BENCH_AREAS, type BenchArea, type BenchGap, type BenchRow } from "./bench_row.ts";
import type { Machine } from "./machine.ts";

const TITLES: Readonly<Record<BenchArea, string>> = {
  parse: "parse",
  protect: "protect",
  unprotect: "unprotect",
  relay: "relay on loopback, the generator included",
  timer: "timers, how late",
  startup: "start-up",
};

/** What a figure's name says of its unit. */
const UNITS: Readonly<Record<string, { readonly head: string; readonly text: (value: number) => string }>> = {
  nsPerPacket: { head: "us a packet", text: (ns) => (ns / 1000).toFixed(3) },
  packetsPerS: { head: "packets/s", text: (rate) => rate.toFixed(0) },
  delayMsP50: { head: "ms p50", text: (ms) => ms.toFixed(3) },
  delayMsP99: { head: "p99", text: (ms) => ms.toFixed(3) },
  lateMsP50: { head: "ms p50", text: (ms) => ms.toFixed(3) },
  lateMsP99: { head: "p99", text: (ms) => ms.toFixed(3) },
  lost: { head: "lost", text: String },
  ms: { head: "ms", text: (ms) => ms.toFixed(0) },
};

export function benchText(machine: Machine, rows: readonly BenchRow[], gaps: readonly BenchGap[]): string {
  const parts = [machineText(machine)];
  for (const area of BENCH_AREAS) {
    const own = rows.filter((row) => row.area === area);
    const absent = gaps.filter((gap) => gap.area === area);
    if (own.length === 0 && absent.length === 0) continue;
    const names = Object.keys(UNITS).filter((name) => own.some(({ figures }) => name in figures));
    const lines = own.map(({ subject, payloadBytes, count, figures }) => [
      `  ${subject}`,
      payloadBytes === undefined ? "" : String(payloadBytes),
      ...names.map((name) => name in figures ? UNITS[name].text(figures[name]) : "-"),
      String(count),
    ]);
    const hasPackets = own.some(({ payloadBytes }) => payloadBytes !== undefined);
    const head = [TITLES[area], hasPackets ? "payload bytes" : "", ...names.map((name) => UNITS[name].head), "of"];
    const table = own.length === 0
      ? `${TITLES[area]}\n`
      : textTable([head, ...lines], ["left", ...head.slice(1).map(() => "right" as const)]);
    parts.push(table + absent.map(({ subject, why }) => `  ${subject}: not measured: ${why}\n`).join(""));
  }
  return parts.join("\n");
}

function machineText({ cpu, cores, arch, kernel, deno, loadAverage, busyShare, crypto, io }: Machine): string {
  return textTable([
    ["machine", `${cores} x ${cpu}, ${arch}, ${kernel}, Deno ${deno}`],
    ["load", `${loadAverage.toFixed(2)} in the last minute; ${(busyShare * 100).toFixed(0)} % busy before we began`],
    ["crypto", `${crypto.backend} (${crypto.why})`],
    ["io", `${io.backend} (${io.why})`],
  ]);
}
