/** Quality levels and the ladders made of them: Q in the header counts the rungs, 0 the best (SPEC §9.2). */
import { fault, ok, type Parsed } from "../base/parsed.ts";

export interface QualityLevel {
  readonly name: "ultra" | "high" | "medium" | "low" | "very_low";
  readonly video: {
    readonly widthPx: number;
    readonly heightPx: number;
    readonly fps: number;
    readonly bitrateBps: number;
  };
  /** Opus. */
  readonly audio: { readonly bitrateBps: number };
}

export type QualityLevelName = QualityLevel["name"];

function level(
  name: QualityLevelName,
  widthPx: number,
  heightPx: number,
  fps: number,
  kbps: number,
  audioKbps: number,
) {
  return {
    name,
    video: { widthPx, heightPx, fps, bitrateBps: kbps * 1000 },
    audio: { bitrateBps: audioKbps * 1000 },
  } satisfies QualityLevel;
}

/** The seed's five levels, best first. SPEC ARC-QUALITY-levels. */
export const QUALITY_LEVELS: readonly QualityLevel[] = [
  level("ultra", 1920, 1080, 60, 5000, 192),
  level("high", 1920, 1080, 30, 3000, 128),
  level("medium", 1280, 720, 30, 1500, 96),
  level("low", 854, 480, 30, 800, 64),
  level("very_low", 640, 360, 24, 400, 48),
];

/** Two bits of Q index four rungs. */
export const MAX_RUNGS = 4;

/** One to four levels, best first; the index is Q. */
export type QualityLadder = readonly [QualityLevel, ...QualityLevel[]];

/** What a STREAM_START without `quality_ladder` means. SPEC ARC-QUALITY-default-ladder. */
export const DEFAULT_LADDER: QualityLadder = [
  QUALITY_LEVELS[0],
  QUALITY_LEVELS[1],
  QUALITY_LEVELS[2],
  QUALITY_LEVELS[3],
];

/** A ladder from level names; `bad_value` unless they are one to four different ones, best first. */
export function parseLadder(names: readonly string[]): Parsed<QualityLadder> {
  const positions = names.map((name) => QUALITY_LEVELS.findIndex((known) => known.name === name));
  const isOrdered = positions.every((position, i) => position > (i === 0 ? -1 : positions[i - 1]));
  if (positions.length === 0 || positions.length > MAX_RUNGS || !isOrdered) {
    return fault(
      "bad_value",
      `Cannot read quality ladder: expected 1 to 4 levels, best first, got [${names.join(", ")}]`,
    );
  }
  const [first, ...rest] = positions.map((position) => QUALITY_LEVELS[position]);
  return ok([first, ...rest]);
}

/** The level that a packet's Q names; a Q beyond the ladder means its last rung. SPEC ARC-QUALITY-index-range. */
export function levelOfQ(ladder: QualityLadder, q: number): QualityLevel {
  return ladder[Math.min(q, ladder.length - 1)];
}

/** What a stream carries decides which of a level's bit rates counts: the video's, unless there is only audio. */
export type StreamMedia = "audio" | "video" | "both";

export function levelBitrateBps(level: QualityLevel, media: StreamMedia): number {
  return media === "audio" ? level.audio.bitrateBps : level.video.bitrateBps;
}

/** What a receiver asks for in QUALITY_ADAPT: the most that it wants. */
export interface QualityRequest {
  readonly bitrateBps: number;
  /** Lines of the picture. */
  readonly heightPx?: number;
  readonly fps?: number;
}

/** The height in `720p`; undefined where the text has another form. */
export function heightOfResolution(resolution: string): number | undefined {
  return /^[1-9][0-9]{0,4}p$/.test(resolution) ? parseInt(resolution, 10) : undefined;
}

/**
 * The best rung whose bit rate, height and frame rate are within the request, or the last one where none is. For audio
 * only the bit rate counts. SPEC ARC-QUALITY-adapt-cap.
 */
export function rungWithin(ladder: QualityLadder, media: StreamMedia, request: QualityRequest): number {
  const rung = ladder.findIndex((candidate) => {
    if (levelBitrateBps(candidate, media) > request.bitrateBps) return false;
    if (media === "audio") return true;
    return candidate.video.heightPx <= (request.heightPx ?? Infinity) &&
      candidate.video.fps <= (request.fps ?? Infinity);
  });
  return rung < 0 ? ladder.length - 1 : rung;
}
