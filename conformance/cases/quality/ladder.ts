/** SPEC clause 9.2: levels, and the ladders made of them. */
import type { Case, Check } from "../../case.ts";
import { answers, answersWith, refuses } from "../../expect.ts";
import { isJson } from "../../testee/answer.ts";

const LEVELS = [
  { level: "ultra", bps: 5_000_000, height: "1080p", fps: 60, audioBps: 192_000 },
  { level: "high", bps: 3_000_000, height: "1080p", fps: 30, audioBps: 128_000 },
  { level: "medium", bps: 1_500_000, height: "720p", fps: 30, audioBps: 96_000 },
  { level: "low", bps: 800_000, height: "480p", fps: 30, audioBps: 64_000 },
  { level: "very_low", bps: 400_000, height: "360p", fps: 24, audioBps: 48_000 },
];
const LAST_FOUR = LEVELS.slice(1);

export const CASES: readonly Case[] = [
  {
    id: "quality/levels-bit-rates",
    requirements: ["ARC-QUALITY-levels"],
    title: "A cap of exactly a level's bit rate allows it, one bit per second less does not",
    needs: "ops",
    checks: () =>
      LAST_FOUR.slice(0, 3).flatMap(({ level, bps, audioBps }, rung) => [
        capped(`${level}: its bit rate`, { bitrate: bps }, rung),
        capped(`${level}: one less`, { bitrate: bps - 1 }, rung + 1),
        capped(`${level}: its audio bit rate`, { bitrate: audioBps }, rung, "audio"),
        capped(`${level}: one less of audio`, { bitrate: audioBps - 1 }, rung + 1, "audio"),
      ]),
  },
  {
    id: "quality/levels-pictures",
    requirements: ["ARC-QUALITY-levels"],
    title: "A cap of exactly a level's height or frame rate allows it, one less does not",
    needs: "ops",
    checks: () => [
      ...LAST_FOUR.slice(0, 3).flatMap(({ level, height }, rung) => [
        capped(`${level}: its height`, { bitrate: 9_000_000, resolution: height }, rung),
        capped(`${level}: a line less`, { bitrate: 9_000_000, resolution: `${parseInt(height) - 1}p` }, rung + 1),
      ]),
      capped("30 fps", { bitrate: 9_000_000, fps: 30 }, 0),
      capped("29 fps", { bitrate: 9_000_000, fps: 29 }, 3),
    ],
  },
  {
    id: "quality/default-ladder",
    requirements: ["ARC-QUALITY-default-ladder"],
    title: "Without a ladder the rungs are ultra, high, medium and low",
    needs: "ops",
    checks: () =>
      [5_000_000, 3_000_000, 1_500_000, 800_000, 400_000].map((bitrate, i) => ({
        name: `a cap of ${bitrate}`,
        request: { op: "quality.run", samples: [{ at_ms: 1, quality_adapt: { bitrate } }] },
        ...answers({ rungs: [{ at_ms: 1, rung: Math.min(i, 3) }] }),
      })),
  },
  {
    id: "quality/below-ladder",
    requirements: ["ARC-QUALITY-below-ladder"],
    title: "Video stops on the last rung alone, while it gets worse, and where there is audio to go on with",
    needs: "ops",
    checks: () => {
      const seconds = (from: number, to: number, packet_loss: number) =>
        Array.from({ length: to - from }, (_, i) => ({ at_ms: 1000 * (from + i), packet_loss, rtt: 20, cpu: 0.1 }));
      const worse = seconds(0, 7, 0.2);
      const better = seconds(7, 25, 0);
      return [
        stopping("audio and video, worse and then better", { media: "both", samples: [...worse, ...better] }, true),
        stopping("video alone", { media: "video", samples: worse }, false),
        stopping("audio alone", { media: "audio", samples: worse }, false),
        stopping("neither worse nor better", { media: "both", start_rung: 3, samples: seconds(0, 7, 0.02) }, false),
      ];
    },
  },
  {
    id: "quality/ladder-form",
    requirements: ["ARC-SIG-stream-start-ladder", "ARC-QUALITY-levels"],
    title: "A ladder is one to four different levels, best first",
    needs: "ops",
    checks: () =>
      [[], ["low", "high"], ["high", "high"], ["best"], LEVELS.map(({ level }) => level)].map((ladder) => ({
        name: `[${ladder}]`,
        request: { op: "quality.run", ladder, samples: [] },
        ...refuses(),
      })),
  },
];

function capped(name: string, quality_adapt: object, rung: number, media = "video"): Check {
  const ladder = LAST_FOUR.map(({ level }) => level);
  return {
    name,
    request: { op: "quality.run", ladder, media, samples: [{ at_ms: 1, quality_adapt }] },
    ...answers({ rungs: [{ at_ms: 1, rung }] }),
  };
}

/**
 * With `isDue` video stops, on the last rung and not as it is reached, and goes on when all has been well for long;
 * without, it never does.
 */
function stopping(name: string, fields: object, isDue: boolean): Check {
  return {
    name,
    request: { op: "quality.run", ...fields },
    ...answersWith(isDue ? "video stops on the last rung and goes on later" : "video goes on", ({ rungs }) => {
      const all = Array.isArray(rungs) ? rungs.filter(isJson) : [];
      const first = all.findIndex(({ video_stopped }) => video_stopped === true);
      if (!isDue) return first < 0 ? undefined : `it stops at ${all[first].at_ms} ms`;
      if (first < 0) return "it goes on";
      const isEarly = [first - 1, first].some((i) => all[i]?.rung !== 3);
      if (isEarly) return `it stops at ${all[first].at_ms} ms, on rung ${all[first].rung}`;
      return all.at(-1)?.video_stopped === true ? "it is stopped in the end" : undefined;
    }),
  };
}
