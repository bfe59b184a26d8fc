/** What one stream did over time: the figures behind a report's plots. */
import { ElementCursor, EXT_SEND_TIME, SEND_TIME_BYTES } from "../../packet/extensions.ts";
import { readU24 } from "../../base/bytes.ts";
import { distance32 } from "../../base/serial.ts";
import { absSendTimeDeltaMs, unixMsToAbsSendTime } from "../../base/time.ts";
import type { StreamStats } from "../analysis/stream_stats.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type GridColumn, TimeGrid, type TimeGridLimits } from "./time_grid.ts";

/** How the delay was told. */
export type DelaySource = "send time" | "RTP timestamp";

const PRIORITY_CLASSES = 4;

export class StreamSeries {
  readonly stats: StreamStats;
  readonly grid: TimeGrid;
  /** Bytes of the units. */
  readonly bytes: GridColumn;
  /** Packets missing in front of a packet; one that comes late after all is taken off the last gap again. */
  readonly missing: GridColumn;
  /** The running interarrival jitter. */
  readonly jitterMs: GridColumn;
  /** Rungs of the packets. */
  readonly rung: GridColumn;
  /** Packets of each priority class. */
  readonly priority: readonly GridColumn[];

  readonly #bySendTime: RelativeDelay;
  readonly #byTimestamp: RelativeDelay;
  readonly #cursor = new ElementCursor();
  #reordered = 0;
  #gapS = 0;

  constructor(stats: StreamStats, originS: number, limits?: TimeGridLimits) {
    this.stats = stats;
    this.grid = new TimeGrid(originS, limits);
    this.bytes = this.grid.column();
    this.missing = this.grid.column();
    this.jitterMs = this.grid.column();
    this.rung = this.grid.column();
    this.priority = Array.from({ length: PRIORITY_CLASSES }, () => this.grid.column());
    this.#bySendTime = new RelativeDelay(this.grid.column());
    this.#byTimestamp = new RelativeDelay(this.grid.column());
  }

  /** Takes a packet of the stream that its statistics have taken before. */
  handle(unit: UnitModel, clockHz: number | undefined): void {
    const { rtp, arc, timeS } = unit;
    if (rtp === undefined) return;
    const bucket = this.grid.bucketAt(timeS);
    const { sequence, jitterMs } = this.stats;
    this.bytes.add(bucket, unit.unit.length);
    if (sequence.gap > 0) this.#gapS = timeS;
    this.missing.add(bucket, sequence.gap);
    if (sequence.reordered > this.#reordered) this.missing.correct(this.grid.bucketAt(this.#gapS), -1);
    this.#reordered = sequence.reordered;
    if (jitterMs !== undefined) this.jitterMs.add(bucket, jitterMs);
    if (arc !== undefined) {
      this.rung.add(bucket, arc.quality);
      this.priority[arc.priority].add(bucket, 1);
    }
    if (clockHz !== undefined) this.#byTimestamp.timestamp(bucket, rtp.timestamp, timeS, clockHz);
    if (rtp.extensionStart < rtp.extensionEnd) this.#takeSendTime(unit, bucket);
  }

  /** Share of the packets of a bucket that are missing, 0..1; undefined where none was expected. */
  lossFraction(bucket: number): number | undefined {
    const missing = Math.max(0, this.missing.sum(bucket));
    const expected = this.missing.count(bucket) + missing;
    return expected === 0 ? undefined : missing / expected;
  }

  bitsPerSecond(bucket: number): number {
    return (8 * this.bytes.sum(bucket)) / this.grid.widthS;
  }

  /** By the senders' stamps where at least half of the packets have them; undefined where nothing tells. */
  get delaySource(): DelaySource | undefined {
    if (2 * this.#bySendTime.count >= this.stats.packets) return "send time";
    if (this.#byTimestamp.count > 0) return "RTP timestamp";
    return this.#bySendTime.count > 0 ? "send time" : undefined;
  }

  /** Delay above the stream's least, greatest of a bucket: how far clocks are apart cannot be known at one place. */
  delayMs(bucket: number): number | undefined {
    const delay = this.delaySource === "send time" ? this.#bySendTime : this.#byTimestamp;
    return delay.aboveLeast(bucket);
  }

  #takeSendTime({ rtp, unit }: UnitModel, bucket: number): void {
    const cursor = this.#cursor;
    if (rtp === undefined) return;
    cursor.open(rtp);
    while (cursor.next()) {
      if (cursor.id !== EXT_SEND_TIME || cursor.valueEnd - cursor.valueStart !== SEND_TIME_BYTES) continue;
      const sent = readU24(cursor.bytes, cursor.valueStart);
      return this.#bySendTime.sendTime(bucket, sent, unit.timeS * 1000 + unit.timeNs / 1e6);
    }
  }
}

/** Arrival less sending on two clocks that nobody has compared: only its changes mean something. */
class RelativeDelay {
  count = 0;
  readonly #column: GridColumn;
  #leastMs = Infinity;
  /** Of the packet before: where the next one is unwrapped from. */
  #lastMs = 0;
  #lastTicks = 0;
  #lastS = 0;

  constructor(column: GridColumn) {
    this.#column = column;
  }

  /** `sent24` is 6.18 fixed-point seconds and wraps after 64 s, so does what it is taken from. */
  sendTime(bucket: number, sent24: number, arrivalUnixMs: number): void {
    const apartMs = absSendTimeDeltaMs(sent24, unixMsToAbsSendTime(arrivalUnixMs));
    const first = this.count === 0 ? apartMs : this.#lastMs;
    // Half of the wrap to either side of the packet before.
    const steps = Math.round((apartMs - first) / WRAP_MS);
    this.#add(bucket, apartMs - steps * WRAP_MS);
  }

  timestamp(bucket: number, ticks: number, arrivalS: number, clockHz: number): void {
    const sentMs = (1000 * distance32(this.#lastTicks, ticks)) / clockHz;
    const apartMs = this.count === 0 ? 0 : this.#lastMs + 1000 * (arrivalS - this.#lastS) - sentMs;
    this.#lastTicks = ticks;
    this.#lastS = arrivalS;
    this.#add(bucket, apartMs);
  }

  aboveLeast(bucket: number): number | undefined {
    const most = this.#column.max(bucket);
    return most === undefined ? undefined : most - this.#leastMs;
  }

  #add(bucket: number, apartMs: number): void {
    this.count++;
    this.#lastMs = apartMs;
    this.#leastMs = Math.min(this.#leastMs, apartMs);
    this.#column.add(bucket, apartMs);
  }
}

/** After which an absolute send time is the same again. */
const WRAP_MS = 64_000;
