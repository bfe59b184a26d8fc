/**
 * Three clocks meet in a stream: the sender's wall clock, its RTP clock, and ours. Sender reports tie the first two
 * (RFC 3550 §6.4.1), the path's clock offset ties ours to the first.
 */
import { distance32 } from "../base/serial.ts";
import { compactNtp, compactToMs, msToCompact, ntpToUnixMs, unixMsToNtp } from "../base/time.ts";

/** Frames are looked back on for so long, and for as long again. */
const WINDOW_MS = 1000;

/**
 * The sending side: which RTP timestamp an instant has. A frame that is handed over late, by a timer or an encoder, was
 * still captured on the beat: so the least lag of the last one or two seconds counts, not the last frame's.
 */
export class CaptureClock {
  readonly #clockRateHz: number;
  #firstTimestamp = 0;
  #lastTimestamp = 0;
  /** Media time of the last frame since the first. */
  #mediaMs = NaN;
  #windowEndMs = -Infinity;
  #leastLagMs = Infinity;
  #leastLagBeforeMs = Infinity;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  /** A frame with this RTP timestamp was captured, or handed over, at `nowMs`. */
  note(timestamp32: number, nowMs: number): void {
    if (Number.isNaN(this.#mediaMs)) {
      this.#firstTimestamp = timestamp32;
      this.#mediaMs = 0;
    } else this.#mediaMs += (distance32(this.#lastTimestamp, timestamp32) * 1000) / this.#clockRateHz;
    this.#lastTimestamp = timestamp32;
    if (nowMs >= this.#windowEndMs) {
      this.#leastLagBeforeMs = nowMs < this.#windowEndMs + WINDOW_MS ? this.#leastLagMs : Infinity;
      this.#leastLagMs = Infinity;
      this.#windowEndMs = nowMs + WINDOW_MS;
    }
    this.#leastLagMs = Math.min(this.#leastLagMs, nowMs - this.#mediaMs);
  }

  /** The RTP timestamp of the instant `nowMs`; undefined before the first frame. */
  timestampAt(nowMs: number): number | undefined {
    if (Number.isNaN(this.#mediaMs)) return undefined;
    const mediaMs = nowMs - Math.min(this.#leastLagMs, this.#leastLagBeforeMs);
    return (this.#firstTimestamp + Math.round((mediaMs * this.#clockRateHz) / 1000)) >>> 0;
  }
}

/** What a sender report says of time. */
export interface ReportedTime {
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestampTicks: number;
}

/** The receiving side, of one remote SSRC: when the frame with an RTP timestamp was captured. */
export class RemoteClock {
  readonly #clockRateHz: number;
  #reportUnixMs = NaN;
  #reportTimestamp = 0;
  #reportCompact = 0;
  #arrivalMs = 0;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  handleReport(report: ReportedTime, nowMs: number): void {
    const { ntpSeconds, ntpFraction } = report;
    this.#reportUnixMs = ntpToUnixMs(ntpSeconds, ntpFraction);
    this.#reportTimestamp = report.rtpTimestampTicks;
    this.#reportCompact = compactNtp({ seconds: ntpSeconds, fraction: ntpFraction });
    this.#arrivalMs = nowMs;
  }

  /** Unix ms on the sender's clock; undefined before the first report. */
  captureUnixMs(timestamp32: number): number | undefined {
    if (Number.isNaN(this.#reportUnixMs)) return undefined;
    return this.#reportUnixMs + (distance32(this.#reportTimestamp, timestamp32) * 1000) / this.#clockRateHz;
  }

  /** LSR of a report block; 0 before the first report. */
  get lastSrCompact(): number {
    return this.#reportCompact;
  }

  /** DLSR of a report block; 0 before the first report. */
  delaySinceLastSrCompact(nowMs: number): number {
    return Number.isNaN(this.#reportUnixMs) ? 0 : msToCompact(nowMs - this.#arrivalMs);
  }
}

/** Half of what LSR and DLSR can span: a difference beyond it is a negative one. */
const NEGATIVE_COMPACT = 0x8000_0000;

/**
 * Round-trip time in ms by a report block on our own report (RFC 3550 §6.4.1), at our Unix time `unixMs`; undefined where
 * the other side has had no report yet. Rounding that would make it negative makes it 0.
 */
export function roundTripMs(
  block: { readonly lastSrCompact: number; readonly delaySinceLastSrCompact: number },
  unixMs: number,
): number | undefined {
  if (block.lastSrCompact === 0) return undefined;
  const now = compactNtp(unixMsToNtp(unixMs));
  const elapsed = (now - block.lastSrCompact - block.delaySinceLastSrCompact) >>> 0;
  return elapsed >= NEGATIVE_COMPACT ? 0 : compactToMs(elapsed);
}
