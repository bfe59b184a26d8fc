/** `--calls`: each session as a ladder, with its streams, SSRCs and packets below; or as one JSON document. */
import type { Call, LadderStep } from "../../lib/dissect/analysis/call_ladder.ts";
import type { SessionRegistry, StreamEntry } from "../../lib/dissect/model/session_registry.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { visible } from "../../lib/base/hex_text.ts";
import { type Columns, columnsOf, ID_CHARACTERS } from "./call_columns.ts";
import { type StreamRow, streamRow } from "./stream_report.ts";

const COLUMN_WIDTH = 26;

export function callsJson(calls: readonly Call[], registry: SessionRegistry): string {
  return jsonDocument(envelope("dump", { calls: calls.map((call) => callJson(call, registry)) }));
}

function callJson(call: Call, registry: SessionRegistry): object {
  const { session, steps, furtherSteps, endpoints } = call;
  const rows = call.media.map((stats) => streamRow(stats, registry.ssrc(stats.ssrc)));
  return {
    session: call.sessionId,
    caller: session?.caller ?? null,
    callee: session?.callee ?? null,
    suite: session?.suite ?? null,
    authentication: session?.authentication ?? null,
    endpoints: Object.fromEntries(endpoints),
    steps: steps.map((step) => ({
      time_s: Number(step.timeS.toFixed(6)),
      last_s: Number(step.lastS.toFixed(6)),
      packet: step.packet,
      last_packet: step.lastPacket,
      source: step.source,
      destination: step.destination,
      transport: step.transport,
      kind: step.kind,
      what: step.what,
      about: step.about,
      count: step.count,
    })),
    further_steps: furtherSteps,
    streams: [...session?.streams.values() ?? []].map((stream) => ({
      stream: stream.id,
      type: stream.start.stream_type,
      sender: stream.sender ?? null,
      packet: stream.packet,
      ssrcs: stream.ssrcs.map(({ ssrc, role }) => ({ ssrc, role, flows: rows.filter((row) => row.ssrc === ssrc) })),
    })),
    other_media: rows.filter((row) => row.stream === null),
  };
}

export function callsText(calls: readonly Call[], registry: SessionRegistry): string {
  return calls.map((call) => callText(call, registry)).join("\n");
}

function callText(call: Call, registry: SessionRegistry): string {
  const columns = columnsOf(call);
  const lines = [
    titleOf(call),
    `${"".padStart(22)}${columns.labels.map((label) => label.padEnd(COLUMN_WIDTH)).join("")}`.trimEnd(),
    ...call.steps.map((step) => ladderLine(step, columns)),
    ...(call.furtherSteps > 0 ? [`... and ${call.furtherSteps} more steps`] : []),
    ...mediaLines(call, registry),
  ];
  return lines.map((line) => `${visible(line)}\n`).join("");
}

export function titleOf({ sessionId, session }: Call): string {
  const parts = [`session ${sessionId}`];
  if (session?.caller !== undefined) parts.push(`caller ${session.caller}`);
  if (session?.callee !== undefined) parts.push(`callee ${session.callee}`);
  if (session?.suite !== undefined) parts.push(`${session.suite} ${session.authentication}`);
  return parts.join("  ");
}

function ladderLine(step: LadderStep, { labels, indexOf }: Columns): string {
  const from = indexOf(step.source);
  const to = indexOf(step.destination);
  const rails: string[] = Array.from(
    { length: (labels.length - 1) * COLUMN_WIDTH + 1 },
    (_, i) => i % COLUMN_WIDTH === 0 ? "|" : " ",
  );
  const label = ` ${step.what}${step.count > 1 ? ` x${step.count}` : ""} `;
  const [left, right] = [Math.min(from, to) * COLUMN_WIDTH, Math.max(from, to) * COLUMN_WIDTH];
  if (left < right) {
    const shaft = step.kind === "media" ? "=" : "-";
    rails.fill(shaft, left + 1, right);
    if (from < to) rails[right - 1] = ">";
    else rails[left + 1] = "<";
    const start = left + 1 + Math.max(1, Math.floor((right - left - 1 - label.length) / 2));
    for (let i = 0; i < label.length && start + i < right - 1; i++) rails[start + i] = label[i];
  }
  const time = step.timeS.toFixed(6).padStart(12);
  const packet = String(step.packet).padStart(7);
  const beside = left === right ? `${label.trim()} at ${labels[from]} ` : "";
  return `${time} ${packet}  ${rails.join("")}  ${beside}${step.about}`.trimEnd();
}

function mediaLines({ session, media }: Call, registry: SessionRegistry): string[] {
  const lines: string[] = [];
  const listed = new Set<number>();
  for (const stream of session?.streams.values() ?? []) {
    lines.push(streamLine(stream));
    for (const { ssrc, role } of stream.ssrcs) {
      listed.add(ssrc);
      const flows = media.filter((stats) => stats.ssrc === ssrc);
      const name = `${role.padEnd(5)} ${ssrc.toString(16).padStart(8, "0")}`;
      if (flows.length === 0) lines.push(`    ${name}  no packets`);
      for (const stats of flows) lines.push(`    ${name}  ${flowText(streamRow(stats, registry.ssrc(ssrc)))}`);
    }
  }
  const others = media.filter(({ ssrc }) => !listed.has(ssrc));
  if (others.length > 0) lines.push("  not announced");
  for (const stats of others) {
    lines.push(`    ${stats.ssrc.toString(16).padStart(8, "0")}  ${flowText(streamRow(stats, undefined))}`);
  }
  return lines;
}

function streamLine({ id, start, sender, packet }: StreamEntry): string {
  const { audio, video } = start.codec;
  const codecs = [audio?.name, video?.name].filter((name) => name !== undefined).join("+");
  const by = sender === undefined ? "" : ` of ${sender.slice(0, ID_CHARACTERS)}`;
  const where = packet === 0 ? "" : `, announced in packet ${packet}`;
  return `  stream ${id}  ${start.stream_type} ${codecs}${by}${where}`;
}

function flowText(row: StreamRow): string {
  const jitter = row.jitter_mean_ms === null ? "" : `, jitter ${row.jitter_mean_ms.toFixed(2)} ms`;
  const rate = row.bitrate_bps === null ? "" : `, ${(row.bitrate_bps / 1000).toFixed(1)} kbit/s`;
  const lost = `${row.lost} lost (${(100 * row.loss).toFixed(1)} %)`;
  return `${row.source} > ${row.destination}  packets ${row.first_packet}..${row.last_packet}: ${row.packets}, ${lost}${jitter}${rate}`;
}
