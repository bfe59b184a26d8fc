/** Finds the writer for a stream: one container per codec, the one that players open. */
import { ok, type Parsed } from "../../base/parsed.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { CodecName } from "../codec.ts";
import { makeAdtsWriter } from "./adts.ts";
import { makeAnnexBWriter } from "./annexb.ts";
import { makeG722Writer } from "./g722.ts";
import { makeIvfWriter } from "./ivf.ts";
import type { MediaWriter } from "./media_writer.ts";
import { makeOggWriter } from "./ogg.ts";
import type { StreamInfo } from "./stream_info.ts";
import { makeWavWriter } from "./wav.ts";

/** The usual file name ending of each codec's container, with its dot. */
export const FILE_EXTENSIONS: Readonly<Record<CodecName, string>> = {
  opus: ".opus",
  aac: ".aac",
  g722: ".g722",
  pcm: ".wav",
  vp9: ".ivf",
  av1: ".ivf",
  h264: ".h264",
  h265: ".h265",
};

/** A fault where the container has no way to describe the stream (an AAC object type without ADTS header, say). */
export function writerFor(stream: StreamInfo): Parsed<MediaWriter> {
  switch (stream.codec) {
    case "opus":
      return ok(makeOggWriter(stream));
    case "aac":
      return makeAdtsWriter(stream);
    case "g722":
      return ok(makeG722Writer());
    case "pcm":
      return ok(makeWavWriter(stream));
    case "vp9":
      return ok(makeIvfWriter({ ...stream, codec: "vp9" }));
    case "av1":
      return ok(makeIvfWriter({ ...stream, codec: "av1" }));
    case "h264":
    case "h265":
      return ok(makeAnnexBWriter());
    default:
      return unreachable(stream);
  }
}
