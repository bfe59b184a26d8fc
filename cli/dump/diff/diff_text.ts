/** The comparison for people: what the clocks say, a row for each stream, and where to look. */
import type { CaptureDiff, GroupCount } from "../../../lib/dissect/diff/capture_diff.ts";
import type { ListedPackets, StreamDiff } from "../../../lib/dissect/diff/diff_summary.ts";
import { hex32 } from "../../../lib/base/bytes.ts";
import type { UnitGroup } from "../../../lib/dissect/diff/unit_tape.ts";
import { visible } from "../../../lib/base/hex_text.ts";
import { type Align, textTable } from "../../ui/table.ts";
import type { ReadSide } from "./run_diff.ts";

const SHOWN_PACKETS = 16;
const SHOWN_GROUPS = 12;

const HEADINGS = [
  "way",
  "what",
  "sent",
  "came",
  "lost",
  "",
  "dup",
  "late",
  "altered",
  "new",
  "ms min",
  "p50",
  "p95",
  "max",
];
const ALIGN: readonly Align[] = ["left", "left", ...Array.from({ length: 12 }, () => "right" as const)];

export function diffText(diff: CaptureDiff, streams: readonly StreamDiff[], a: ReadSide, b: ReadSide): string {
  const lines = [
    sideText("A", a),
    sideText("B", b),
    ...clockText(diff),
    "",
    ...textTable([HEADINGS, ...streams.map(cells)], ALIGN).trimEnd().split("\n"),
    ...(diff.clock.offsetS === undefined
      ? ["delays are above the least of their way: the clocks' offset is not known"]
      : []),
    "",
    ...streams.flatMap(damageText),
    ...onlyText("A", diff.onlyA),
    ...onlyText("B", diff.onlyB),
  ];
  return lines.map((line) => `${visible(line)}\n`).join("");
}

function sideText(letter: string, { name, tape, packets }: ReadSide): string {
  return `${letter}  ${name}: ${tape.count} units of ${packets} packets, ${tape.lastS.toFixed(3)} s`;
}

export function clockText({ clock, directions }: CaptureDiff): string[] {
  const { offsetS, offsetErrorS, skew, skewBounds, isSkewFitted } = clock;
  if (offsetS === undefined) {
    const why = directions.isAssumed
      ? "traffic went one way alone, so which way it went is taken from the clocks, as if they agreed"
      : "traffic went one way alone";
    return [`clocks  how far they are apart cannot be known: ${why}`];
  }
  if (clock.isContradictory) {
    return [
      "clocks  contradict one another: packets arrive before they were sent, whatever the offset; a clock was set meanwhile",
    ];
  }
  const ahead = offsetS >= 0 ? "ahead of" : "behind";
  const lines = [
    `clocks  B is ${secondsText(Math.abs(offsetS))} ${ahead} A, give or take ${
      msText(offsetErrorS)
    } ms: half of the least ` +
    "round trip, whose share of each way cannot be known",
  ];
  if (!isSkewFitted) return [...lines, "        taken for equally fast: the captures are too short to tell"];
  const [least, most] = skewBounds ?? [0, 0];
  return [
    ...lines,
    `        B is ${ppmText(skew)} faster (anything from ${ppmText(least)} to ${ppmText(most)} is possible)`,
  ];
}

function cells(
  { direction, group, sent, came, lost, extraCopies, reordered, altered, appeared, delay }: StreamDiff,
): string[] {
  const share = sent === 0 ? "-" : `${((100 * lost.count) / sent).toFixed(1)} %`;
  const delays = delay === undefined
    ? ["-", "-", "-", "-"]
    : [delay.minS, delay.p50S, delay.p95S, delay.maxS].map(msText);
  return [
    wayText(direction),
    groupText(group),
    ...[sent, came, lost.count].map(String),
    share,
    ...[extraCopies, reordered.count, altered.count, appeared.count].map(String),
    ...delays,
  ];
}

export function wayText(direction: "a>b" | "b>a"): string {
  return direction === "a>b" ? "A > B" : "B > A";
}

export function groupText({ what, ssrc }: UnitGroup): string {
  return ssrc === undefined ? what : `${what} ${hex32(ssrc)}`;
}

function damageText({ direction, group, lost, altered, reordered, appeared }: StreamDiff): string[] {
  const [sender, receiver] = direction === "a>b" ? ["A", "B"] : ["B", "A"];
  const list = (what: string, side: string, { count, packets }: ListedPackets) =>
    count === 0 ? [] : [
      `${what} ${wayText(direction)}, ${groupText(group)}: packet${count === 1 ? "" : "s"} ` +
      `${packets.slice(0, SHOWN_PACKETS).join(", ")}${count > SHOWN_PACKETS ? ", ..." : ""} of ${side}`,
    ];
  return [
    ...list("lost", sender, lost),
    ...list("altered", receiver, altered),
    ...list("late", receiver, reordered),
    ...list("new", receiver, appeared),
  ];
}

function onlyText(side: string, groups: readonly GroupCount[]): string[] {
  if (groups.length === 0) return [];
  const units = groups.reduce((sum, each) => sum + each.units, 0);
  const parts = groups.slice(0, SHOWN_GROUPS).map(({ group, units }) => `${groupText(group)} ${units}`);
  const more = groups.length > SHOWN_GROUPS ? `, and ${groups.length - SHOWN_GROUPS} more kinds` : "";
  return [`only at ${side}, for or from someone there: ${units} units (${parts.join(", ")}${more})`];
}

function secondsText(seconds: number): string {
  return seconds < 1 ? `${msText(seconds)} ms` : `${seconds.toFixed(6)} s`;
}

function msText(seconds: number): string {
  return (1000 * seconds).toFixed(2);
}

function ppmText(skew: number): string {
  return `${(1e6 * skew).toFixed(1)} ppm`;
}
