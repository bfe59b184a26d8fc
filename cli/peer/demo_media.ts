/** What the demo sends: this project's own media fixtures, cut at the demo's length. */
import { fileURLToPath } from "node:url";
import type { MediaFrame } from "../../lib/media/frame.ts";
import { CliError } from "../ui/cli_error.ts";
import { type MediaSource, openSource } from "./media_source.ts";
import { RenditionSet } from "./rendition_set.ts";

const MEDIA = new URL("../../fixtures/media/", import.meta.url);

/** `default` is a call as people have it; `all` is every codec at once. */
export const DEMO_MEDIA = {
  default: ["vp9_320x180.ivf", "opus_48k_stereo.opus"],
  all: [
    "vp9_320x180.ivf",
    "h264_160x90.h264",
    "av1_160x90.ivf",
    "h265_160x90.h265",
    "opus_48k_stereo.opus",
    "aac_48k_mono.aac",
    "g722_16k_mono.g722",
    "pcm_16k_mono.wav",
  ],
} as const;

export type DemoMedia = keyof typeof DEMO_MEDIA;

/** A stream for each file; shorter files begin anew until `durationMs` is over. @throws CliError */
export function openDemoMedia(media: DemoMedia, durationMs: number): RenditionSet[] {
  if (MEDIA.protocol !== "file:") {
    throw new CliError("usage", "the demo needs its media files, and this program runs from the network");
  }
  return DEMO_MEDIA[media].map((file) => {
    const source = openSource(fileURLToPath(new URL(file, MEDIA)), { loop: true, seed: 1 });
    return new RenditionSet([limited(source, durationMs)]);
  });
}

/** The frames whose time comes before `durationMs`. */
function limited(source: MediaSource, durationMs: number): MediaSource {
  const { name, stream, bitrateBps } = source;
  const endTicks = (durationMs * stream.clockRateHz) / 1000;
  let isOver = false;
  return {
    name,
    stream,
    bitrateBps,
    get complaint() {
      return source.complaint;
    },
    next(): MediaFrame | undefined {
      const frame = isOver ? undefined : source.next();
      isOver ||= frame === undefined || frame.timestampTicks >= endTicks;
      return isOver ? undefined : frame;
    },
    requestKeyframe: () => source.requestKeyframe(),
    close: () => source.close(),
  };
}
