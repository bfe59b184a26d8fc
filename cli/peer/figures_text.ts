/** Figures as people read them. */

/** `950 bit/s`, `48.2 kbit/s`, `1.2 Mbit/s`. */
export function formatBitrate(bps: number): string {
  if (bps < 1000) return `${Math.round(bps)} bit/s`;
  if (bps < 1_000_000) return `${(bps / 1000).toFixed(bps < 100_000 ? 1 : 0)} kbit/s`;
  return `${(bps / 1_000_000).toFixed(1)} Mbit/s`;
}

/** `812 B`, `54.3 kB`, `1.2 MB`: powers of ten. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `1.3`, `12.1`, or a dash where nothing was measured. */
export function formatMs(ms: number | undefined): string {
  return ms === undefined ? "-" : ms.toFixed(1);
}

/** `0.0 %`. */
export function formatShare(share: number | undefined): string {
  return share === undefined ? "-" : `${(share * 100).toFixed(1)} %`;
}
