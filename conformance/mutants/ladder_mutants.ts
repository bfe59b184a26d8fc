/** Testees that move on their ladder too far, too soon, or where nobody asked. */
import type { Json } from "../testee/answer.ts";
import type { Fields, JsonObject } from "../testee/request.ts";
import type { Op } from "../testee/testee.ts";
import { answered, asking, eachOf, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";
import { acknowledging } from "./signaling_mutant.ts";

const LAST_RUNG = 3;
const LEVELS = ["ultra", "high", "medium", "low", "very_low"];

/** A controller that hears other samples than those that were taken. */
function sampling(head: MutantHead, change: (sample: JsonObject) => JsonObject): Mutant {
  return opsMutant(
    head,
    "quality.run",
    (op) => (request, context) => op(asking(request, { samples: samplesOf(request).map(change) }), context),
  );
}

/** A controller that comes to another rung; `before` is the rung of the sample before. */
function stepping(head: MutantHead, change: (rung: number, before: number | undefined) => number): Mutant {
  return opsMutant(head, "quality.run", (op) => (request, context) => {
    let before: number | undefined;
    return eachOf(op(request, context), "rungs", (one) => {
      const rung = Number(one.rung);
      const changed = change(rung, before);
      before = rung;
      return [{ ...one, rung: changed }];
    });
  });
}

/** A controller on another clock. */
function retimed(timeOf: (atMs: number, i: number) => number): (op: Op) => Op {
  return (op) => (request, context) => {
    const samples = samplesOf(request);
    const moved = samples.map((sample, i) => ({ ...sample, at_ms: timeOf(Number(sample.at_ms), i) }));
    return answered(op(asking(request, { samples: moved }), context), ({ rungs }) => ({
      rungs: (rungs as readonly Json[]).map(({ rung }, i) => ({ at_ms: samples[i].at_ms, rung })),
    }));
  };
}

export const LADDER_MUTANTS: readonly Mutant[] = [
  stepping(
    {
      id: "quality/below-the-ladder",
      broken: "steps down from the last rung too",
      breaks: ["ARC-QUALITY-one-rung"],
    },
    (rung, before) => rung === LAST_RUNG && before === LAST_RUNG ? LAST_RUNG + 1 : rung,
  ),
  stepping(
    {
      id: "quality/two-rungs-at-once",
      broken: "moves two rungs where one is due",
      breaks: ["ARC-QUALITY-one-rung", "ARC-QUALITY-hold-up"],
    },
    (rung) => Math.min(LAST_RUNG, 2 * rung),
  ),
  opsMutant(
    {
      id: "quality/up-after-a-second",
      broken: "moves up after one second on a rung, not five",
      breaks: ["ARC-QUALITY-hold-up"],
    },
    "quality.run",
    retimed((atMs) => 5 * atMs),
  ),
  opsMutant(
    {
      id: "quality/decides-at-each-sample",
      broken: "decides with each sample, not once a second",
      breaks: ["ARC-QUALITY-window"],
    },
    "quality.run",
    retimed((_atMs, i) => 1000 * i),
  ),
  sampling(
    {
      id: "quality/up-without-headroom",
      broken: "moves up where the estimate just covers the next rung",
      breaks: ["ARC-QUALITY-bandwidth-up"],
    },
    (sample) => "bandwidth_bps" in sample ? { ...sample, bandwidth_bps: 1.2 * Number(sample.bandwidth_bps) } : sample,
  ),
  sampling(
    {
      id: "quality/bit-rate-alone",
      broken: "looks at the bit rate of a cap, not at its picture",
      breaks: ["ARC-QUALITY-levels", "ARC-QUALITY-adapt-cap"],
    },
    (sample) => {
      const { bitrate } = sample.quality_adapt as JsonObject ?? {};
      return bitrate === undefined ? sample : { ...sample, quality_adapt: { bitrate } };
    },
  ),
  opsMutant(
    {
      id: "quality/video-rates-for-audio",
      broken: "takes the bit rates of video for those of audio",
      breaks: ["ARC-QUALITY-levels"],
    },
    "quality.run",
    (op) => (request, context) => op(asking(request, { media: "video" }), context),
  ),
  opsMutant(
    {
      id: "quality/stops-all-video",
      broken: "stops the video of a stream that has no audio to go on with",
      breaks: ["ARC-QUALITY-below-ladder"],
    },
    "quality.run",
    (op) => (request, context) => op(request.has("media") ? asking(request, { media: "both" }) : request, context),
  ),
  opsMutant(
    {
      id: "quality/sorts-ladders",
      broken: "takes a ladder in any order",
      breaks: ["ARC-SIG-stream-start-ladder", "ARC-QUALITY-levels"],
    },
    "quality.run",
    (op) => (request, context) => {
      if (!request.has("ladder")) return op(request, context);
      const given = [...new Set(request.texts("ladder"))];
      const ladder = given.toSorted((a, b) => LEVELS.indexOf(a) - LEVELS.indexOf(b));
      return op(asking(request, { ladder }), context);
    },
  ),
  acknowledging(
    {
      id: "quality/obeys-the-sender",
      broken: "takes a QUALITY_ADAPT of the stream's own sender",
      breaks: ["ARC-QUALITY-adapt-direction"],
    },
    "bad_state",
    "QUALITY_ADAPT",
  ),
];

function samplesOf(request: Fields): readonly JsonObject[] {
  return request.objects("samples").map(({ raw }) => raw);
}
