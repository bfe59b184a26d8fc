/** `quality.decide` and `quality.run`: the seed's rule, and the ladder that it moves on. */
import { type AdaptationMetrics, adaptQuality } from "../../../lib/quality/adapt.ts";
import { QualityController, type QualitySample } from "../../../lib/quality/controller.ts";
import { heightOfResolution, parseLadder, type QualityRequest } from "../../../lib/quality/ladder.ts";
import { type Fields, RequestError } from "../request.ts";
import { opFault, opOk, type OpResult, type Ops } from "../testee.ts";

const MEDIA = ["audio", "video", "both"] as const;

export const qualityOps: Ops = {
  "quality.decide": (request) => opOk({ level: adaptQuality(readMetrics(request)) }),
  "quality.run": run,
};

function readMetrics(fields: Fields): AdaptationMetrics {
  return { packetLoss: fields.number("packet_loss"), rttMs: fields.number("rtt"), cpu: fields.number("cpu") };
}

/**
 * One entry of `rungs` for each sample: the rung after it, with `video_stopped` where the stream goes on with its audio
 * alone. The stream begins at `start_ms` (0) on rung `start_rung` (0).
 * A sample may be a `quality_adapt {bitrate, resolution?, fps?}` of the receiver instead of metrics.
 */
function run(request: Fields): OpResult {
  const ladder = request.has("ladder") ? parseLadder(request.texts("ladder")) : undefined;
  if (ladder?.ok === false) return opFault({ ...ladder.fault, path: request.pathOf("ladder") });
  let nowMs = request.numberOr("start_ms", 0);
  const controller = new QualityController(nowMs, {
    ladder: ladder?.value,
    media: request.oneOf("media", MEDIA, "video"),
    rung: request.integerOr("start_rung", 0, 3, 0),
  });
  const rungs = request.objects("samples").map((sample) => {
    const atMs = sample.number("at_ms");
    if (atMs < nowMs) throw new RequestError(`${sample.pathOf("at_ms")} must not go back`);
    nowMs = atMs;
    // Decisions that were due between the samples; without a sample in the window there are none, so this ends.
    while (controller.nextTimeoutMs() < nowMs && controller.poll(controller.nextTimeoutMs()) !== undefined);
    if (sample.has("quality_adapt")) controller.handleRequest(readAdapt(sample.object("quality_adapt")), nowMs);
    else controller.handle(readSample(sample), nowMs);
    return { at_ms: nowMs, rung: controller.rung, ...(controller.isVideoStopped && { video_stopped: true }) };
  });
  return opOk({ rungs });
}

function readSample(sample: Fields): QualitySample {
  const metrics = readMetrics(sample);
  return sample.has("bandwidth_bps") ? { ...metrics, bandwidthBps: sample.number("bandwidth_bps") } : metrics;
}

function readAdapt(adapt: Fields): QualityRequest {
  return {
    bitrateBps: adapt.integer("bitrate", 1, 0xffff_ffff),
    heightPx: adapt.has("resolution") ? heightOfResolution(adapt.text("resolution")) : undefined,
    fps: adapt.integerOrNone("fps", 1, 1000),
  };
}
