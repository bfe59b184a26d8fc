/** `payload.packetize` and `payload.depacketize`: frames of a codec to RTP payloads and back. */
import { toHex } from "../../../lib/base/bytes.ts";
import { fault } from "../../../lib/base/parsed.ts";
import { nearest } from "../../../lib/base/serial.ts";
import { AUDIO_FRAME, DELTA_FRAME, type FrameClass, KEY_FRAME } from "../../../lib/media/frame.ts";
import { classifyFrame } from "../../../lib/media/payload/classify.ts";
import type { PayloadSink } from "../../../lib/media/payload/payload_format.ts";
import {
  makeDepacketizer,
  makePacketizer,
  payloadFormatOf,
  type PayloadParams,
} from "../../../lib/media/payload/payload_formats.ts";
import type { Fields } from "../request.ts";
import { type OpContext, opFault, opOk, type OpResult, type Ops, refusedEntry } from "../testee.ts";

export const payloadOps: Ops = {
  "payload.packetize": packetize,
  "payload.depacketize": depacketize,
};

/** A request cannot ask for more packets than this: its answer has to fit into a line. */
const MAX_PACKETS = 16_384;

const KINDS = ["audio", "video"] as const;

/** What formats need to know of the stream; every field has a default, see `PayloadParams`. */
function readParams(request: Fields): PayloadParams {
  return {
    clockRateHz: request.integerOrNone("clock_rate", 1, 0xffff_ffff),
    channels: request.integerOrNone("channels", 1, 255),
    ptimeMs: request.integerOrNone("ptime_ms", 1, 1000),
    unitTicks: request.integerOrNone("unit_ticks", 1, 0xffff),
    kind: request.has("kind") ? request.oneOf("kind", KINDS) : undefined,
    fromStart: request.flag("from_start", true),
  };
}

/** `mtu` is the largest payload in bytes, without headers and tags. */
function packetize(request: Fields): OpResult {
  const format = payloadFormatOf(request.text("codec"));
  const params = readParams(request);
  const mtu = request.integer("mtu", 1, 0xffff);
  const packetizer = makePacketizer(format, params);
  const packets: object[] = [];
  const sink: PayloadSink = {
    buffer: new Uint8Array(mtu),
    offsetBytes: 0,
    commit(lengthBytes, marker, timestamp, priority) {
      packets.push({ payload: toHex(this.buffer.subarray(0, lengthBytes)), marker, timestamp, priority });
    },
  };
  for (const [i, frame] of request.objects("frames").entries()) {
    const path = request.pathOf(`frames[${i}].data`);
    const data = frame.hex("data");
    if (packets.length + data.length / mtu > MAX_PACKETS) {
      return opFault(fault("too_large", `Cannot packetize: need at most ${MAX_PACKETS} packets`, { path }).fault);
    }
    const kind = format === "opaque" && params.kind === "audio" ? AUDIO_FRAME : classifyFrame(format, data);
    const timestamp = frame.integer("timestamp", 0, Number.MAX_SAFE_INTEGER);
    const durationTicks = frame.integerOr("duration", 0, 0xffff_ffff, 0);
    const worth = withKeyframe(kind, frame);
    const cut = packetizer.packetize(
      { data, timestampTicks: timestamp, durationTicks, ...worth, complete: true },
      mtu,
      sink,
    );
    if (!cut.ok) return opFault({ ...cut.fault, path });
  }
  return opOk({ packets });
}

/** What the request says of the frame, where it says anything, goes before what its bytes say. */
function withKeyframe(kind: FrameClass, frame: Fields): FrameClass {
  if (!frame.has("keyframe") || frame.flag("keyframe") === kind.keyframe) return kind;
  return kind.keyframe ? DELTA_FRAME : KEY_FRAME;
}

/**
 * Packets without `sequence_number` follow one another; with it, a gap is a loss. Payloads that were refused are listed
 * in `refused`, next to the frames that came out all the same.
 */
function depacketize(request: Fields, context: OpContext): OpResult {
  const depacketizer = makeDepacketizer(payloadFormatOf(request.text("codec")), readParams(request));
  const frames: object[] = [];
  const refused: object[] = [];
  let index = -1;
  for (const [i, packet] of request.objects("packets").entries()) {
    const seq16 = packet.integerOrNone("sequence_number", 0, 0xffff);
    index = seq16 === undefined ? index + 1 : index < 0 ? seq16 : nearest(seq16, index, 16);
    const timestamp = packet.integer("timestamp", 0, Number.MAX_SAFE_INTEGER);
    const fault = depacketizer.push(packet.hex("payload"), packet.flag("marker"), timestamp, index);
    if (fault !== undefined) refused.push({ packet: i, ...refusedEntry(fault, context) });
    for (let frame = depacketizer.poll(); frame !== undefined; frame = depacketizer.poll()) {
      frames.push({ data: toHex(frame.data), timestamp: frame.timestampTicks, keyframe: frame.keyframe });
    }
  }
  return opOk({ frames, ...(refused.length > 0 ? { refused } : {}) });
}
