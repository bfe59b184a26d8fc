/**
 * `receive.run`: one medium on its way from authentic, plain packets to frames, with what comes by RTX and FEC.
 *
 * ```
 * start    a STREAM_START of one medium, as it would be sent: its SSRCs, codec, rtx and fec
 * packets  [{at_ms, hex}]: full packets of those SSRCs, unprotected
 * ok       {frames: [{at_ms, sequence_number, data}], dropped: [{packet, reason}]}
 * ```
 *
 * A frame has the sequence number of its last packet, and the time at which it is played. `dropped` names packets by their
 * place in the list.
 */
import { toHex } from "../../../lib/base/bytes.ts";
import { estimateIndex, packetIndex, seq16Of } from "../../../lib/crypto/packet_index.ts";
import { ArcRtpView } from "../../../lib/packet/arcrtp.ts";
import { type MediaIndexes, ReceiveTrack } from "../../../lib/session/receive_track.ts";
import { ladderOf, type TrackFormat, trackFormats } from "../../../lib/session/track_format.ts";
import type { StreamStart } from "../../../lib/signaling/messages/stream_start.ts";
import { parseMessage } from "../../../lib/signaling/parse_message.ts";
import { type Fields, RequestError } from "../request.ts";
import { opFault, opOk, type OpResult, type Ops } from "../testee.ts";

export const receiveOps: Ops = {
  "receive.run": run,
};

/** A ROC that leaves room for packets from before the first one. */
const FIRST_ROC = 1;

function run(request: Fields): OpResult {
  const start = parseMessage(JSON.stringify(request.value("start")));
  if (!start.ok) return opFault({ ...start.fault, path: request.pathOf("start") });
  if (start.value.type !== "STREAM_START") throw new RequestError(`${request.pathOf("start")} must be a STREAM_START`);
  const track = makeTrack(start.value, request.pathOf("start"));
  const indexes = new Indexes();
  const frames: object[] = [];
  const dropped: object[] = [];
  const playUntil = (untilMs: number) => {
    for (let dueMs = track.jitter.nextTimeoutMs(); dueMs !== undefined && dueMs <= untilMs;) {
      for (let out = track.poll(dueMs); out !== undefined; out = track.poll(dueMs)) {
        frames.push({ at_ms: dueMs, sequence_number: seq16Of(out.index), data: toHex(out.frame.data) });
      }
      dueMs = track.jitter.nextTimeoutMs();
    }
  };
  let nowMs = -Infinity;
  const view = new ArcRtpView();
  for (const [i, packet] of request.objects("packets").entries()) {
    const atMs = packet.number("at_ms");
    if (atMs < nowMs) throw new RequestError(`${packet.pathOf("at_ms")} must not go back`);
    nowMs = atMs;
    playUntil(nowMs);
    const bytes = packet.hex("hex");
    if (!view.parse(bytes)) return opFault({ ...view.fault(), path: packet.pathOf("hex") });
    const reason = take(track, view, bytes.length, indexes, nowMs);
    if (reason !== undefined) dropped.push({ packet: i, reason });
  }
  playUntil(Infinity);
  return opOk({ frames, dropped });
}

function makeTrack(start: StreamStart, path: string): ReceiveTrack {
  const formats = trackFormats(start, { rtx: true, fec: true });
  if (formats.length !== 1) throw new RequestError(`${path} must have one medium`);
  return new ReceiveTrack({ format: formats[0], rungs: ladderOf(start).length });
}

/** Hands a packet to the part of the track that its SSRC names; why it was of no use, if it was not. */
function take(
  track: ReceiveTrack,
  packet: ArcRtpView,
  end: number,
  indexes: Indexes,
  nowMs: number,
): string | undefined {
  switch (roleOf(track.format, packet.ssrc)) {
    case "media":
      return track.handleMedia(packet, indexes.received(packet.sequenceNumber), end, nowMs);
    case "rtx":
      return track.handleRtx(packet, end, indexes, nowMs);
    case "fec":
      return track.handleRepair(packet, end, indexes, nowMs);
    case undefined:
      return "unknown_ssrc";
  }
}

function roleOf({ ssrc, rtx, fec }: TrackFormat, of: number): "media" | "rtx" | "fec" | undefined {
  if (of === ssrc) return "media";
  if (of === rtx?.ssrc) return "rtx";
  return of === fec?.ssrc ? "fec" : undefined;
}

/** The places of the media SSRC's packets, as unprotection would have told them. */
class Indexes implements MediaIndexes {
  #highest: number | undefined;

  indexOf(sequence16: number): number {
    return this.#highest === undefined ? packetIndex(FIRST_ROC, sequence16) : estimateIndex(sequence16, this.#highest);
  }

  get nearIndex(): number {
    return this.#highest ?? packetIndex(FIRST_ROC, 0x8000);
  }

  received(sequence16: number): number {
    const index = this.indexOf(sequence16);
    this.#highest = Math.max(this.#highest ?? index, index);
    return index;
  }
}
