/** Where an axis has its marks: at 1, 2 or 5 times a power of ten, from 0 on. */
export interface Ticks {
  /** End of the axis: the last mark. */
  readonly max: number;
  readonly values: readonly number[];
  text(value: number): string;
}

/** About `count` marks from 0 to `most` or the next mark above it. */
export function ticksTo(most: number, count = 3): Ticks {
  const span = most > 0 && Number.isFinite(most) ? most : 1;
  const step = niceStep(span / count);
  const marks = Math.max(1, Math.ceil(span / step - 1e-9));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    max: marks * step,
    values: Array.from({ length: marks + 1 }, (_, i) => i * step),
    text: (value) => value.toFixed(digits),
  };
}

const MINUTE_STEPS_S = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];

/** Marks within a stretch of time that ends where it ends: seconds, then minutes, then hours. */
export function timeTicks(fromS: number, toS: number, count = 4): Ticks {
  const rough = (toS - fromS) / count;
  const step = rough < 20 ? niceStep(rough) : MINUTE_STEPS_S.find((each) => each >= rough) ?? niceStep(rough);
  const first = Math.ceil(fromS / step - 1e-9);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    max: toS,
    values: Array.from(
      { length: Math.max(0, Math.floor(toS / step + 1e-9) - first + 1) },
      (_, i) => (first + i) * step,
    ),
    text: (value) => step < 60 ? `${value.toFixed(digits)} s` : clockText(value),
  };
}

function clockText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours} h ${String(minutes).padStart(2, "0")}` : `${minutes} min`;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const times = [1, 2, 5, 10].find((each) => each * power >= rough * (1 - 1e-9)) ?? 10;
  return times * power;
}
