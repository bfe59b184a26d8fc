/** The comparison as one JSON document. */
import type { CaptureDiff, GroupCount } from "../../../lib/dissect/diff/capture_diff.ts";
import type { ListedPackets, StreamDiff } from "../../../lib/dissect/diff/diff_summary.ts";
import type { UnitGroup } from "../../../lib/dissect/diff/unit_tape.ts";
import { envelope, jsonDocument } from "../../ui/envelope.ts";
import type { ReadSide } from "./run_diff.ts";

export function diffJson(diff: CaptureDiff, streams: readonly StreamDiff[], a: ReadSide, b: ReadSide): string {
  const { clock, directions, matched, onlyA, onlyB } = diff;
  return jsonDocument(envelope("dump", {
    a: sideJson(a),
    b: sideJson(b),
    clock: {
      offset_s: rounded(clock.offsetS, 9),
      offset_error_s: clock.offsetS === undefined ? null : rounded(clock.offsetErrorS, 9),
      skew_ppm: clock.isSkewFitted ? rounded(1e6 * clock.skew, 3) : null,
      skew_bounds_ppm: clock.skewBounds?.map((bound) => rounded(1e6 * bound, 3)) ?? null,
      contradictory: clock.isContradictory,
      directions_assumed: directions.isAssumed,
    },
    matched_units: matched,
    streams: streams.map(streamJson),
    only_a: onlyA.map(onlyJson),
    only_b: onlyB.map(onlyJson),
  }));
}

function sideJson({ name, tape, packets }: ReadSide): object {
  return {
    source: name,
    packets,
    units: tape.count,
    untracked_units: tape.untracked,
    duration_s: rounded(tape.lastS, 6),
  };
}

function streamJson(
  { direction, group, sent, came, lost, extraCopies, reordered, altered, appeared, outside, delay }: StreamDiff,
) {
  return {
    direction,
    ...groupJson(group),
    sent,
    came,
    lost: lost.count,
    loss: sent === 0 ? null : rounded(lost.count / sent, 6),
    lost_packets: lost.packets,
    duplicated: extraCopies,
    ...listed("reordered", reordered),
    ...listed("altered", altered),
    ...listed("new", appeared),
    outside,
    delay_ms: delay === undefined ? null : {
      min: rounded(1000 * delay.minS, 3),
      p50: rounded(1000 * delay.p50S, 3),
      p95: rounded(1000 * delay.p95S, 3),
      max: rounded(1000 * delay.maxS, 3),
    },
  };
}

function listed(name: string, { count, packets }: ListedPackets): object {
  return { [name]: count, [`${name}_packets`]: packets };
}

function onlyJson({ group, units }: GroupCount): object {
  return { ...groupJson(group), units };
}

function groupJson({ kind, what, ssrc, source, destination, transport }: UnitGroup): object {
  return { kind, what, ssrc: ssrc ?? null, source, destination, transport };
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}
