/** Bit rates as people write them: `500k`, `20M`, `1G`; a bare number is bits per second. */

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

/** Bits per second; undefined where the text is no bit rate. */
export function parseBitrate(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * UNITS[match[2]];
}
