/** The rows of a comparison added up, for each stream and for each direction. */
import { type CaptureDiff, type DiffRow, groupKey } from "./capture_diff.ts";
import type { DiffDirection } from "./flow_directions.ts";
import type { UnitGroup, UnitTape } from "./unit_tape.ts";

/** Packets that are listed of one kind of damage; further ones are counted. */
const MAX_LISTED = 100;

export interface DelayFigures {
  readonly minS: number;
  readonly p50S: number;
  readonly p95S: number;
  readonly maxS: number;
}

/** Packet numbers of the capture at which they can be looked at: the sender's for what is lost, else the receiver's. */
export interface ListedPackets {
  count: number;
  readonly packets: number[];
}

export class StreamDiff {
  readonly direction: DiffDirection;
  readonly group: UnitGroup;
  sent = 0;
  came = 0;
  /** Units that came more often than they were sent, by how much. */
  extraCopies = 0;
  outside = 0;
  readonly lost: ListedPackets = { count: 0, packets: [] };
  readonly appeared: ListedPackets = { count: 0, packets: [] };
  readonly altered: ListedPackets = { count: 0, packets: [] };
  readonly reordered: ListedPackets = { count: 0, packets: [] };
  readonly #delaysS: number[] = [];

  constructor(direction: DiffDirection, group: UnitGroup) {
    this.direction = direction;
    this.group = group;
  }

  take(row: DiffRow, a: UnitTape, b: UnitTape): void {
    const [sender, receiver] = this.direction === "a>b"
      ? [packetOf(a, row.a), packetOf(b, row.b)]
      : [packetOf(b, row.b), packetOf(a, row.a)];
    if (row.verdict === "outside") {
      this.outside++;
      return;
    }
    if (row.verdict === "new") return note(this.appeared, receiver);
    this.sent++;
    if (row.verdict === "lost") return note(this.lost, sender);
    this.came++;
    this.extraCopies += Math.max(0, row.extraCopies);
    for (let missing = -row.extraCopies; missing > 0; missing--) {
      this.sent++;
      note(this.lost, sender);
    }
    if (row.isAltered) note(this.altered, receiver);
    if (row.isReordered) note(this.reordered, receiver);
    if (row.delayS !== undefined) this.#delaysS.push(row.delayS);
  }

  /** Undefined where none came. */
  get delay(): DelayFigures | undefined {
    if (this.#delaysS.length === 0) return undefined;
    const sorted = Float64Array.from(this.#delaysS).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return { minS: sorted[0], p50S: at(0.5), p95S: at(0.95), maxS: sorted[sorted.length - 1] };
  }
}

/** Streams in the order in which they appear, A to B first. */
export function summarize(diff: CaptureDiff, a: UnitTape, b: UnitTape): StreamDiff[] {
  const streams = new Map<string, StreamDiff>();
  for (const row of diff.rows()) {
    const key = groupKey(row.direction, row.group);
    let stream = streams.get(key);
    if (stream === undefined) streams.set(key, stream = new StreamDiff(row.direction, row.group));
    stream.take(row, a, b);
  }
  return [...streams.values()];
}

function note(list: ListedPackets, packet: number): void {
  list.count++;
  if (list.packets.length < MAX_LISTED) list.packets.push(packet);
}

function packetOf(tape: UnitTape, at: number | undefined): number {
  return at === undefined ? 0 : tape.packets[at];
}
