/**
 * Sender and receiver reports, each second (SPEC ARC-RTCP-reports), and sooner when something begins: at 0, 200, 500 and
 * 1000 ms, because frames have no capture time and the path no round trip before the first ones are across.
 *
 * ```
 * sender SSRC is a media SSRC    SR(own, blocks)  SR(other) ...
 * sender SSRC is another one     RR(own, blocks)  SR(media) ...
 * nothing was sent lately        RR(own, blocks)
 * ```
 */
import { EMPTY_BYTES } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import { unixMsToNtp } from "../base/time.ts";
import { MAX_COUNT } from "../packet/rtcp/header.ts";
import type { RtcpPacket } from "../packet/rtcp/compound.ts";
import type { ReportBlock } from "../packet/rtcp/report_block.ts";
import type { SenderReport } from "../packet/rtcp/sender_report.ts";
import type { LossReport } from "../quality/reception.ts";
import type { ReceiveTrack } from "./receive_track.ts";
import type { SendTrack } from "./send_track.ts";

const INTERVAL_MS = 1000;
const BEGINNING_MS = [0, 200, 500, 1000];
/** What was silent for longer is reported no more. */
const ACTIVE_MS = 2 * INTERVAL_MS;

export class RtcpReporter {
  readonly #unixOffsetMs: number;
  /** Told of each interval of loss that is reported. */
  readonly #onLoss: (track: ReceiveTrack, report: LossReport) => void;
  #randomSsrc: number;
  #announcedSsrc: number | undefined;
  #beganMs = -Infinity;
  #step = 0;
  #dueMs = Infinity;

  constructor(rng: Rng, unixOffsetMs: number, onLoss: (track: ReceiveTrack, report: LossReport) => void) {
    this.#randomSsrc = rng.u32();
    this.#unixOffsetMs = unixOffsetMs;
    this.#onLoss = onLoss;
  }

  /** An SSRC for RTCP that no stream uses, to be announced or not. */
  get randomSsrc(): number {
    return this.#randomSsrc;
  }

  /** A stream of either peer uses these SSRCs: ours of chance must be another (SPEC ARC-RTCP-sender-ssrc). */
  avoid(ssrcs: readonly number[], rng: Rng): void {
    while (ssrcs.includes(this.#randomSsrc)) this.#randomSsrc = rng.u32();
  }

  /** `rtcp_ssrc` of our STREAM_START. */
  announce(ssrc: number): void {
    this.#announcedSsrc = ssrc;
  }

  /** SPEC ARC-RTCP-sender-ssrc. */
  senderSsrc(sending: readonly SendTrack[]): number {
    if (sending.length === 0) return this.#randomSsrc;
    return this.#announcedSsrc ?? sending[0].media.ssrc;
  }

  /** Something begins, be it the first frame of a track or the first packet of one: reports follow sooner for a while. */
  begin(nowMs: number): void {
    this.#beganMs = nowMs;
    this.#step = 0;
    this.#dueMs = nowMs;
  }

  /** True while there is nothing to report on; then {@link begin} is called with the next packet. */
  get isAsleep(): boolean {
    return this.#dueMs === Infinity;
  }

  nextTimeoutMs(): number {
    return this.#dueMs;
  }

  /** The reports that are due, to be sent as one compound; an empty list before their time. */
  poll(sending: readonly SendTrack[], receiving: readonly ReceiveTrack[], nowMs: number): readonly RtcpPacket[] {
    if (nowMs < this.#dueMs) return [];
    this.#step++;
    const early = this.#beganMs + (BEGINNING_MS[this.#step] ?? Infinity);
    const late = this.#dueMs + INTERVAL_MS;
    this.#dueMs = early !== Infinity ? Math.max(early, nowMs) : late > nowMs ? late : nowMs + INTERVAL_MS;

    const blocks = this.#blocks(receiving, nowMs);
    const senders = sending
      .filter(({ media }) => nowMs - media.lastLeftMs <= ACTIVE_MS || media.queue.size > 0)
      .map((track) => this.#senderReport(track, nowMs))
      .filter((report) => report !== undefined);
    if (blocks.length === 0 && senders.length === 0) {
      this.#dueMs = Infinity;
      return [];
    }
    return this.#compound(this.senderSsrc(sending), senders, blocks);
  }

  #compound(ssrc: number, senders: readonly SenderReport[], blocks: readonly ReportBlock[]): RtcpPacket[] {
    const own = senders.find((report) => report.ssrc === ssrc);
    const first: RtcpPacket = own === undefined
      ? { kind: "rr", ssrc, reports: blocks.slice(0, MAX_COUNT), extension: EMPTY_BYTES }
      : { ...own, reports: blocks.slice(0, MAX_COUNT) };
    const packets: RtcpPacket[] = [first, ...senders.filter((report) => report !== own)];
    for (let from = MAX_COUNT; from < blocks.length; from += MAX_COUNT) {
      packets.push({ kind: "rr", ssrc, reports: blocks.slice(from, from + MAX_COUNT), extension: EMPTY_BYTES });
    }
    return packets;
  }

  #senderReport({ clock, media }: SendTrack, nowMs: number): SenderReport | undefined {
    const rtpTimestampTicks = clock.timestampAt(nowMs);
    if (rtpTimestampTicks === undefined) return undefined;
    const ntp = unixMsToNtp(nowMs + this.#unixOffsetMs);
    return {
      kind: "sr",
      ssrc: media.ssrc,
      ntpSeconds: ntp.seconds,
      ntpFraction: ntp.fraction,
      rtpTimestampTicks,
      packetCount: media.packets % 0x1_0000_0000,
      octetCount: media.payloadBytes % 0x1_0000_0000,
      reports: [],
      extension: EMPTY_BYTES,
    };
  }

  #blocks(receiving: readonly ReceiveTrack[], nowMs: number): ReportBlock[] {
    const blocks: ReportBlock[] = [];
    for (const track of receiving) {
      if (nowMs - track.lastPacketMs > ACTIVE_MS) continue;
      const report = track.reception.takeReport();
      if (report === undefined) continue;
      this.#onLoss(track, report);
      blocks.push({
        ssrc: track.format.ssrc,
        fractionLost256: report.fractionLost256,
        cumulativeLost: report.cumulativeLost,
        extendedHighestSequence32: report.extendedHighestSequence32,
        jitterTicks: track.interarrival.jitterTicks,
        lastSrCompact: track.clock.lastSrCompact,
        delaySinceLastSrCompact: track.clock.delaySinceLastSrCompact(nowMs),
      });
    }
    return blocks;
  }
}
