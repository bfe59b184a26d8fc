/**
 * RTCP from one side of a bridge in the other side's SSRCs and sequence numbers. SPEC ARC-BRIDGE-rtcp.
 *
 * Who reports loss or asks for a packet names numbers that only his side has; whoever sent the packets knows his own.
 * Losses, jitter and the times of reports pass, so that both ends measure the whole way.
 */
import { EMPTY_BYTES } from "../base/bytes.ts";
import { unreachable } from "../base/unreachable.ts";
import type { RtcpKind, RtcpPacket } from "../packet/rtcp/compound.ts";
import { type Nack, packNackItems, unpackNackItems } from "../packet/rtcp/nack.ts";
import type { ReceiverReport } from "../packet/rtcp/receiver_report.ts";
import type { ReportBlock } from "../packet/rtcp/report_block.ts";
import type { SenderReport } from "../packet/rtcp/sender_report.ts";
import type { SdesChunk } from "../packet/rtcp/sdes.ts";
import { NO_SEQUENCE } from "./sequence_map.ts";
import { type BridgedStream, otherSide, type Side, type StreamTable } from "./stream_table.ts";

export interface TranslatedRtcp {
  /** What goes on to the other side; empty where nothing of it does. */
  readonly packets: readonly RtcpPacket[];
  /** What ends here: about one side alone, or about streams that do not pass. */
  readonly dropped: readonly RtcpKind[];
}

/**
 * Translates one compound packet that came from side `from`. `ownSsrc` is what the bridge calls itself on the other side
 * where the sender of a packet has no stream there.
 *
 * Transport-wide feedback and types that the library does not read end here: they are about one side's path.
 */
export function translateRtcp(
  packets: readonly RtcpPacket[],
  from: Side,
  streams: StreamTable,
  ownSsrc: number,
): TranslatedRtcp {
  const translator = new Translation(from, streams, ownSsrc);
  const passed: RtcpPacket[] = [];
  const dropped: RtcpKind[] = [];
  for (const packet of packets) {
    const translated = translator.translate(packet);
    if (translated === undefined) dropped.push(packet.kind);
    else passed.push(translated);
  }
  return { packets: passed, dropped };
}

class Translation {
  readonly #from: Side;
  readonly #to: Side;
  readonly #streams: StreamTable;
  readonly #ownSsrc: number;

  constructor(from: Side, streams: StreamTable, ownSsrc: number) {
    this.#from = from;
    this.#to = otherSide(from);
    this.#streams = streams;
    this.#ownSsrc = ownSsrc;
  }

  translate(packet: RtcpPacket): RtcpPacket | undefined {
    switch (packet.kind) {
      case "nack":
        return this.#nack(packet);
      case "pli": {
        const stream = this.#received(packet.mediaSsrc);
        return stream &&
          { kind: "pli", senderSsrc: this.#sender(packet.senderSsrc), mediaSsrc: stream.ssrcOn(this.#to) };
      }
      case "sr":
        return this.#senderReport(packet);
      case "rr":
        return this.#receiverReport(packet.ssrc, packet.reports);
      case "sdes": {
        const chunks = packet.chunks.flatMap((chunk) => this.#chunk(chunk));
        return chunks.length === 0 ? undefined : { kind: "sdes", chunks };
      }
      case "bye": {
        const ssrcs = packet.ssrcs.flatMap((ssrc) => this.#sent(ssrc)?.ssrcOn(this.#to) ?? []);
        return ssrcs.length === 0 ? undefined : { ...packet, ssrcs };
      }
      case "transport_feedback":
      case "unknown":
        return undefined;
      default:
        return unreachable(packet);
    }
  }

  #nack({ senderSsrc, mediaSsrc, items }: Nack): Nack | undefined {
    const stream = this.#received(mediaSsrc);
    if (stream === undefined) return undefined;
    const lost = new Set(unpackNackItems(items).map((sequence16) => stream.sequence.back(sequence16)));
    lost.delete(NO_SEQUENCE);
    if (lost.size === 0) return undefined;
    return {
      kind: "nack",
      senderSsrc: this.#sender(senderSsrc),
      mediaSsrc: stream.ssrcOn(this.#to),
      items: packNackItems([...lost]),
    };
  }

  /** Its packets and octets are those that went on. Of a stream that does not pass only the blocks are left. */
  #senderReport(packet: SenderReport): RtcpPacket | undefined {
    const stream = this.#sent(packet.ssrc);
    if (stream === undefined) {
      return packet.reports.length === 0 ? undefined : this.#receiverReport(packet.ssrc, packet.reports);
    }
    return {
      ...packet,
      ssrc: stream.ssrcOn(this.#to),
      rtpTimestampTicks: stream.timestampFrom(this.#from, packet.rtpTimestampTicks),
      packetCount: (packet.packetCount - stream.sequence.withheldCount) >>> 0,
      octetCount: (packet.octetCount - stream.withheldOctets) >>> 0,
      reports: this.#reports(packet.reports),
      extension: EMPTY_BYTES,
    };
  }

  /** One without blocks says that its sender is there, and passes; one whose blocks are all about one side does not. */
  #receiverReport(ssrc: number, blocks: readonly ReportBlock[]): ReceiverReport | undefined {
    const reports = this.#reports(blocks);
    if (reports.length === 0 && blocks.length > 0) return undefined;
    return { kind: "rr", ssrc: this.#sender(ssrc), reports, extension: EMPTY_BYTES };
  }

  #reports(blocks: readonly ReportBlock[]): readonly ReportBlock[] {
    return blocks.flatMap((block) => {
      const stream = this.#received(block.ssrc);
      if (stream === undefined) return [];
      const extendedHighestSequence32 = stream.sequence.backExtended(block.extendedHighestSequence32);
      return [{ ...block, ssrc: stream.ssrcOn(this.#to), extendedHighestSequence32 }];
    });
  }

  #chunk(chunk: SdesChunk): readonly SdesChunk[] {
    const stream = this.#sent(chunk.ssrc);
    return stream === undefined ? [] : [{ ...chunk, ssrc: stream.ssrcOn(this.#to) }];
  }

  /** A stream that comes from this side, by its SSRC here. */
  #sent(ssrc: number): BridgedStream | undefined {
    const stream = this.#streams.find(this.#from, ssrc);
    return stream?.pair.from === this.#from ? stream : undefined;
  }

  /** A stream that this side receives. */
  #received(ssrc: number): BridgedStream | undefined {
    const stream = this.#streams.find(this.#from, ssrc);
    return stream?.pair.from === this.#to ? stream : undefined;
  }

  /** Who speaks, as the other side knows him. */
  #sender(ssrc: number): number {
    return this.#sent(ssrc)?.ssrcOn(this.#to) ?? this.#ownSsrc;
  }
}
