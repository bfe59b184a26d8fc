/** Delays as people read them. */

/** `0.042`, `3.21`, `48.2`, `1203`: three digits that mean something. */
export function formatDelay(ms: number): string {
  const size = Math.abs(ms);
  return ms.toFixed(size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
}

/** As {@link formatDelay}, with what lies below the noise floor as no more than that. */
export function formatClaim(ms: number | undefined, floorMs: number): string {
  if (ms === undefined) return "-";
  return ms < floorMs ? `<${formatDelay(floorMs)}` : formatDelay(ms);
}

/** `+3.2`, `-0.05`. */
export function formatSigned(ms: number): string {
  return `${ms < 0 ? "" : "+"}${formatDelay(ms)}`;
}

/** `every 200 ms`, `every 1 s`. */
export function formatSpan(ms: number): string {
  return ms < 1000 ? `${Number(ms.toFixed(3))} ms` : `${Number((ms / 1000).toFixed(3))} s`;
}

/** `1 late`, `3 duplicates`: people notice `1 duplicates`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
