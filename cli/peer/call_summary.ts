/** What a call came to: one object, printed as a table or as JSON. */
import { writeFingerprint } from "../../lib/crypto/certificate.ts";
import { type IdentityPolicy, identityStanding, isIdentityVerified } from "../../lib/crypto/identity.ts";
import type { LatencyHistogram } from "../../lib/quality/latency_histogram.ts";
import type { MediaSink } from "./media_sink.ts";
import { textTable } from "../ui/table.ts";
import type { CountedTransport } from "./counted_transport.ts";
import type { CallTally, ReceivedTally } from "./call_tally.ts";
import { formatDuration } from "./duration.ts";
import { formatBitrate, formatBytes, formatMs, formatShare } from "./figures_text.ts";
import type { CallEnd, PeerCall } from "./peer_call.ts";

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export function percentiles(histogram: LatencyHistogram): Percentiles | null {
  if (histogram.count === 0) return null;
  const at = (percent: number) => round(histogram.percentileMs(percent) ?? 0);
  return { count: histogram.count, p50: at(50), p95: at(95), p99: at(99), max: round(histogram.maxMs ?? 0) };
}

/** Microseconds are as fine as anything here is. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export interface CallFacts {
  readonly call: PeerCall;
  readonly end: CallEnd;
  readonly tally: CallTally;
  readonly sessionId: string;
  readonly peerId: string;
  readonly ownFingerprint: string | undefined;
  readonly policy: IdentityPolicy["kind"];
  readonly sinkOf: (tally: ReceivedTally) => MediaSink | undefined;
  readonly endedMs: number;
}

/** The `summary` event of `arcrtc peer --json`, without its envelope. */
export type CallSummary = ReturnType<typeof summarise>;

export function summarise(facts: CallFacts) {
  const { call, end, tally } = facts;
  const { agreement } = call.session;
  const { stats } = call;
  const remote = agreement?.remote.certificate ?? null;
  const standing = identityStanding(remote, facts.policy);
  return {
    event: "summary" as const,
    session_id: facts.sessionId,
    peer_id: facts.peerId,
    role: agreement?.role ?? null,
    remote_peer_id: agreement?.remote.peerId ?? null,
    duration_ms: call.connectedMs === undefined ? 0 : round(facts.endedMs - call.connectedMs),
    closed: end.kind === "closed"
      ? { why: end.why, by_peer: end.byPeer, message: end.message }
      : { why: "failed", by_peer: false, message: messageOf(end.error) },
    cipher: agreement?.negotiated.suite ?? null,
    authentication: agreement?.negotiated.authentication ?? null,
    identity: standing,
    identity_verified: isIdentityVerified(standing),
    own_certificate_sha256: facts.ownFingerprint ?? null,
    remote_certificate_sha256: remote === null ? null : writeFingerprint(remote.fingerprint),
    rotations: tally.rotations,
    signaling_reconnects: tally.reconnects,
    path: call.lastPath ?? null,
    nat_type: call.session.finder.natType,
    rtt_ms: call.session.rttMs === undefined ? null : round(call.session.rttMs),
    wire: wireFigures(call.wire),
    tcp: tcpFigures(call.streamCounters),
    sent: sentStreams(facts),
    received: tally.received.map((stream) => receivedStream(facts, stream)),
    e2e_ms: percentiles(tally.e2e),
    /** Packets that were dropped, by reason, here or before they reached a stream. */
    drops: { ...stats?.drops, ...call.session.drops.snapshot() },
  };
}

/** Datagrams and their bytes, UDP and IP headers left out. */
export function wireFigures({ counters, bytesSent, bytesReceived }: CountedTransport) {
  return {
    sent_packets: counters.sent,
    sent_bytes: bytesSent,
    send_errors: counters.sendErrors,
    received_packets: counters.received,
    received_bytes: bytesReceived,
  };
}

/** Units over TCP and TLS and their bytes, lengths in front of them left out. */
export function tcpFigures({ sent, sentBytes, dropped, received, receivedBytes }: PeerCall["streamCounters"]) {
  return {
    sent_units: sent,
    sent_bytes: sentBytes,
    dropped_units: dropped,
    received_units: received,
    received_bytes: receivedBytes,
  };
}

function sentStreams({ call, tally }: CallFacts) {
  return [...call.ownStreams].map(([streamId, { set, rejected }]) => {
    const counted = tally.sent.get(streamId);
    const stats = call.sendStats.get(streamId)?.tracks[0];
    return {
      stream_id: streamId,
      kind: set.stream.kind,
      codec: set.stream.codec,
      sources: set.sources.map(({ name }) => name),
      frames: counted?.frames ?? 0,
      frames_rejected: rejected,
      bytes: counted?.bytes ?? 0,
      rung: set.rung,
      packets: stats?.packets ?? 0,
      rtx_packets: stats?.rtxPackets ?? 0,
      fec_packets: stats?.fecPackets ?? 0,
      /** As the receiver reported it last. */
      loss: stats?.loss ?? null,
    };
  });
}

function receivedStream({ call, sinkOf }: CallFacts, tally: ReceivedTally) {
  const { streamId, stream } = tally;
  const stats = call.receiveStats.get(streamId)?.tracks.find(({ kind }) => kind === stream.kind);
  const sink = sinkOf(tally);
  const expected = stats === undefined ? 0 : stats.packets + stats.lostPackets;
  return {
    stream_id: streamId,
    kind: stream.kind,
    codec: stream.codec,
    file: sink?.path ?? null,
    frames: tally.frames,
    frames_written: sink?.frames ?? 0,
    frames_incomplete: stats?.framesIncomplete ?? 0,
    bytes: tally.bytes,
    packets: stats?.packets ?? 0,
    packets_lost: stats?.lostPackets ?? 0,
    packets_restored: (stats?.rtxRestored ?? 0) + (stats?.fecRestored ?? 0),
    packets_late: stats?.latePackets ?? 0,
    packets_duplicate: stats?.duplicatePackets ?? 0,
    loss: stats === undefined || expected === 0 ? null : stats.lostPackets / expected,
    jitter_ms: stats === undefined ? null : round(stats.jitterMs),
    playout_delay_ms: stats === undefined ? null : round(stats.playoutDelayMs),
    e2e_ms: percentiles(tally.e2e),
  };
}

export function summaryText(summary: CallSummary): string {
  const { sent, received, duration_ms } = summary;
  const seconds = duration_ms / 1000;
  const rate = (bytes: number) => seconds > 0 ? formatBitrate((bytes * 8) / seconds) : "-";
  const rows = [
    ["", "media", "frames", "bytes", "bit rate", "packets", "lost", "restored", "jitter ms", "e2e ms p50/p95/p99"],
    ...sent.map((stream) => [
      "sent",
      `${stream.kind} ${stream.codec}`,
      String(stream.frames),
      formatBytes(stream.bytes),
      rate(stream.bytes),
      String(stream.packets),
      formatShare(stream.loss ?? undefined),
      `${stream.rtx_packets} rtx, ${stream.fec_packets} fec`,
      "",
      "",
    ]),
    ...received.map((stream) => [
      "received",
      `${stream.kind} ${stream.codec}`,
      String(stream.frames),
      formatBytes(stream.bytes),
      rate(stream.bytes),
      String(stream.packets),
      formatShare(stream.loss ?? undefined),
      String(stream.packets_restored),
      formatMs(stream.jitter_ms ?? undefined),
      formatPercentiles(stream.e2e_ms),
    ]),
  ];
  const facts = [
    `${formatDuration(duration_ms)} connected`,
    ...(summary.rotations > 0 ? [`${summary.rotations} key rotation${summary.rotations > 1 ? "s" : ""}`] : []),
    ...(summary.signaling_reconnects > 0 ? [`signaling came back ${summary.signaling_reconnects} times`] : []),
    ...(summary.rtt_ms === null ? [] : [`RTT ${formatMs(summary.rtt_ms)} ms`]),
    ...Object.entries(summary.drops).map(([reason, count]) => `${count} dropped: ${reason}`),
  ];
  return [
    `\nsession ${summary.session_id}: ${facts.join(", ")}\n`,
    rows.length > 1
      ? textTable(rows, ["left", "left", "right", "right", "right", "right", "right", "right", "right"])
      : "",
    ...received.filter(({ file }) => file !== null).map(({ file, frames_written }) =>
      `wrote ${file}: ${frames_written} frames\n`
    ),
  ].join("");
}

export function formatPercentiles(figures: Percentiles | null): string {
  return figures === null ? "-" : [figures.p50, figures.p95, figures.p99].map(formatMs).join("/");
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
