/**
 * Time units. Wall-clock times are integer milliseconds since the Unix epoch; machines get `nowMs` (monotonic, may be
 * fractional) as an argument and never read a clock.
 */

/** Seconds from 1900-01-01 (NTP) to 1970-01-01 (Unix). */
const NTP_UNIX_OFFSET_S = 2_208_988_800;

/** Unix milliseconds to the 64-bit NTP timestamp of RFC 3550 §4, as two 32-bit halves. */
export function unixMsToNtp(unixMs: number): { seconds: number; fraction: number } {
  const wholeSeconds = Math.floor(unixMs / 1000);
  const seconds = (wholeSeconds + NTP_UNIX_OFFSET_S) % 0x1_0000_0000;
  const fraction = Math.floor(((unixMs - wholeSeconds * 1000) / 1000) * 0x1_0000_0000);
  return { seconds, fraction };
}

/** The NTP timestamp of RFC 3550 §4 to Unix milliseconds, read in the era that began in 1900. */
export function ntpToUnixMs(seconds: number, fraction: number): number {
  return (seconds - NTP_UNIX_OFFSET_S) * 1000 + (fraction * 1000) / 0x1_0000_0000;
}

/** The middle 32 bits of an NTP timestamp, 16.16 seconds: LSR and DLSR of RFC 3550 §6.4.1. */
export function compactNtp(ntp: { seconds: number; fraction: number }): number {
  return (((ntp.seconds & 0xffff) << 16) | (ntp.fraction >>> 16)) >>> 0;
}

/** Milliseconds to a 16.16 duration in seconds (RFC 3550 §6.4.1, DLSR), saturating at 2^32-1. */
export function msToCompact(ms: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round((ms * 65536) / 1000)));
}

export function compactToMs(compact: number): number {
  return (compact * 1000) / 65536;
}

/** Wall-clock milliseconds to the 24-bit absolute send time: NTP seconds, 6.18 fixed point, wrapping in 64 s. */
export function unixMsToAbsSendTime(unixMs: number): number {
  return Math.floor((((unixMs / 1000) % 64) + (NTP_UNIX_OFFSET_S % 64)) * 262_144) & 0xffffff;
}

/** Signed distance between two absolute send times in ms, in -32 s..32 s (the nearer way around). */
export function absSendTimeDeltaMs(from: number, to: number): number {
  const ticks = ((to - from) << 8) >> 8;
  return (ticks * 1000) / 262_144;
}
