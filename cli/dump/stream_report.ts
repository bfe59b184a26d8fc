/** `--streams`: a row for each stream, as a table for people, CSV, or one JSON document. */
import type { StreamStats } from "../../lib/dissect/analysis/stream_stats.ts";
import type { StreamTable } from "../../lib/dissect/analysis/stream_table.ts";
import type { DialectVerdict } from "../../lib/dissect/model/dialect_evidence.ts";
import type { SessionRegistry, SsrcEntry } from "../../lib/dissect/model/session_registry.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { type Align, textTable } from "../ui/table.ts";

/** Rows that people look at; JSON and CSV have them all. */
const MAX_ROWS = 1000;

/** A stream with what signaling said of it, in the words of JSON. */
export interface StreamRow {
  readonly ssrc: number;
  readonly session: string | null;
  readonly stream: string | null;
  readonly role: string | null;
  readonly codec: string | null;
  readonly sender: string | null;
  readonly source: string;
  readonly destination: string;
  readonly payload_types: readonly number[];
  readonly first_packet: number;
  readonly last_packet: number;
  readonly first_s: number;
  readonly duration_s: number;
  readonly packets: number;
  readonly bytes: number;
  readonly bitrate_bps: number | null;
  readonly expected: number;
  readonly lost: number;
  readonly loss: number;
  readonly duplicates: number;
  readonly reordered: number;
  readonly strays: number;
  readonly jumps: number;
  readonly jitter_mean_ms: number | null;
  readonly jitter_max_ms: number | null;
  readonly delta_max_ms: number;
  readonly delta_max_packet: number;
  readonly quality: readonly number[];
  readonly quality_switches: number;
  readonly priority: readonly number[];
  readonly reduced: number;
  readonly key_phases: readonly number[];
  readonly key_phase_switches: number;
  readonly rollovers: number;
}

export function streamRow(stats: StreamStats, entry: SsrcEntry | undefined): StreamRow {
  const { sequence } = stats;
  return {
    ssrc: stats.ssrc,
    session: entry?.stream.session.id ?? null,
    stream: entry?.stream.id ?? null,
    role: entry?.role ?? null,
    codec: codecOf(entry),
    sender: entry?.stream.sender ?? null,
    source: stats.source.text,
    destination: stats.destination.text,
    payload_types: stats.payloadTypes,
    first_packet: stats.firstPacket,
    last_packet: stats.lastPacket,
    first_s: rounded(stats.firstS, 6),
    duration_s: rounded(stats.durationS, 6),
    packets: stats.packets,
    bytes: stats.bytes,
    bitrate_bps: stats.bitsPerSecond === undefined ? null : Math.round(stats.bitsPerSecond),
    expected: sequence.expected,
    lost: sequence.lost,
    loss: rounded(stats.lossFraction, 6),
    duplicates: sequence.duplicates,
    reordered: sequence.reordered,
    strays: sequence.strays,
    jumps: sequence.jumps,
    jitter_mean_ms: stats.meanJitterMs === undefined ? null : rounded(stats.meanJitterMs, 3),
    jitter_max_ms: stats.maxJitterMs === undefined ? null : rounded(stats.maxJitterMs, 3),
    delta_max_ms: rounded(stats.maxDeltaMs, 3),
    delta_max_packet: stats.maxDeltaPacket,
    quality: [...stats.quality],
    quality_switches: stats.qualitySwitches,
    priority: [...stats.priority],
    reduced: rounded(stats.reducedFraction, 4),
    key_phases: [...stats.keyPhases],
    key_phase_switches: stats.keyPhaseSwitches,
    rollovers: sequence.rollovers,
  };
}

function codecOf(entry: SsrcEntry | undefined): string | null {
  if (entry === undefined) return null;
  const { audio, video } = entry.stream.start.codec;
  if (entry.role === "audio") return audio?.name ?? null;
  return entry.role === "video" ? video?.name ?? null : null;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

export function streamRows(table: StreamTable, registry: SessionRegistry): StreamRow[] {
  return [...table.streams()].map((stats) => streamRow(stats, registry.ssrc(stats.ssrc))).sort((a, b) =>
    a.first_packet - b.first_packet
  );
}

export function streamsJson(rows: readonly StreamRow[], untracked: number, verdict: DialectVerdict): string {
  const dialect = { dialect: verdict.dialect ?? null, dialect_reasons: verdict.reasons };
  return jsonDocument(envelope("dump", { ...dialect, streams: rows, untracked_packets: untracked }));
}

export function streamsCsv(rows: readonly StreamRow[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const header = Object.keys(first).join(",");
  const lines = rows.map((row) =>
    Object.values(row).map((value) => value === null ? "" : Array.isArray(value) ? value.join(";") : String(value))
      .join(
        ",",
      )
  );
  return `${[header, ...lines].join("\n")}\n`;
}

/** Of the table for people, with {@link streamCells}. */
export const STREAM_HEADINGS = [
  "ssrc",
  "media",
  "from > to",
  "packets",
  "lost",
  "",
  "late",
  "dup",
  "jitter ms",
  "max",
  "delta ms",
  "kbit/s",
  "Q switches",
  "PR 0/1/2/3",
  "reduced",
  "K",
  "ROC",
];
export const STREAM_ALIGN: readonly Align[] = [
  "left",
  "left",
  "left",
  ...Array.from({ length: 9 }, () => "right" as const),
  "left",
  "left",
  "right",
  "left",
  "right",
];

export function streamsText(rows: readonly StreamRow[], untracked: number, verdict: DialectVerdict): string {
  const shown = rows.slice(0, MAX_ROWS);
  const notes: string[] = [];
  if (rows.length > shown.length) notes.push(`... and ${rows.length - shown.length} more; --json has them all`);
  if (untracked > 0) notes.push(`${untracked} packets of further streams were not told apart`);
  if (verdict.dialect !== undefined) notes.push(`dialect ${verdict.dialect}: ${verdict.reasons.join("; ")}`);
  const table = rows.length === 0
    ? "no media\n"
    : textTable([STREAM_HEADINGS, ...shown.map(streamCells)], STREAM_ALIGN);
  return table + notes.map((note) => `${note}\n`).join("");
}

export function streamCells(row: StreamRow): string[] {
  const ms = (value: number | null) => value === null ? "-" : value.toFixed(2);
  const rungs = row.quality.map((packets, q) => packets > 0 ? `Q${q}` : "").join("");
  return [
    row.ssrc.toString(16).padStart(8, "0"),
    [row.role ?? `pt ${row.payload_types.join(",")}`, row.codec ?? ""].join(" ").trim(),
    `${row.source} > ${row.destination}`,
    String(row.packets),
    String(row.lost),
    `${(100 * row.loss).toFixed(1)} %`,
    String(row.reordered),
    String(row.duplicates),
    ms(row.jitter_mean_ms),
    ms(row.jitter_max_ms),
    row.delta_max_ms.toFixed(1),
    row.bitrate_bps === null ? "-" : (row.bitrate_bps / 1000).toFixed(1),
    `${row.quality_switches} ${rungs}`,
    row.priority.join("/"),
    `${Math.round(100 * row.reduced)} %`,
    row.key_phases.map((packets, k) => packets > 0 ? String(k) : "").filter(Boolean).join(","),
    String(row.rollovers),
  ];
}
