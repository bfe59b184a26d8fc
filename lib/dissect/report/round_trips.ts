/**
 * Round trips as they can be seen where the capture was made: from there to whoever answers, and back.
 *
 * ```
 * HEARTBEAT -------> passes here ------> peer           SR ---> passes here --------> peer
 *           <------- passes here <------ HEARTBEAT_ACK     <--- passes here <-------- report with LSR, DLSR
 *                    '-- round trip -'                          '- round trip + DLSR -'
 * ```
 *
 * Bounded: what waits for an answer longest makes room.
 */
import { compactNtp, compactToMs } from "../../base/time.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import type { Transport } from "../units/captured_unit.ts";
import { type GridColumn, TimeGrid, type TimeGridLimits } from "./time_grid.ts";

const MAX_WAITING = 4096;
const MAX_WAYS = 32;

/** Round trips to one endpoint for one session. */
export interface WayRoundTrips {
  readonly sessionId: string;
  /** Who answered: `address:port`. */
  readonly answerer: string;
  readonly transport: Transport;
  readonly grid: TimeGrid;
  /** Of HEARTBEAT and its answer, in milliseconds. */
  readonly heartbeatMs: GridColumn;
  /** Of sender reports and the reports that answer them; there is none while RTCP is encrypted. */
  readonly rtcpMs: GridColumn;
}

interface Waiting {
  readonly timeS: number;
  isAnswered: boolean;
}

export class RoundTrips {
  /** Round trips of ways beyond those that are kept. */
  further = 0;
  readonly #limits: TimeGridLimits | undefined;
  readonly #ways = new Map<string, WayRoundTrips>();
  readonly #heartbeats = new BoundedMap<string, Waiting>(MAX_WAITING);
  readonly #reports = new BoundedMap<string, Waiting>(MAX_WAITING);

  constructor(limits?: TimeGridLimits) {
    this.#limits = limits;
  }

  get ways(): Iterable<WayRoundTrips> {
    return this.#ways.values();
  }

  /** Takes the next unit, whatever it is. */
  handle(unit: UnitModel): void {
    const { message, rtcp, sessionId } = unit;
    if (sessionId === undefined) return;
    const { conversation, direction } = unit.unit;
    if (message?.type === "HEARTBEAT") {
      this.#heartbeats.set(`${sessionId} ${conversation} ${direction} ${message.sequence}`, waiting(unit));
    } else if (message?.type === "HEARTBEAT_ACK") {
      const asked = this.#heartbeats.get(`${sessionId} ${conversation} ${direction ^ 1} ${message.sequence}`);
      this.#answer(unit, sessionId, asked, 0, "heartbeatMs");
    } else if (rtcp?.kind === "plain" || rtcp?.kind === "opened") {
      for (const packet of rtcp.packets) {
        if (packet.kind !== "sr" && packet.kind !== "rr") continue;
        if (packet.kind === "sr") {
          const compact = compactNtp({ seconds: packet.ntpSeconds, fraction: packet.ntpFraction });
          this.#reports.set(`${conversation} ${direction} ${packet.ssrc} ${compact}`, waiting(unit));
        }
        for (const { ssrc, lastSrCompact, delaySinceLastSrCompact } of packet.reports) {
          const asked = this.#reports.get(`${conversation} ${direction ^ 1} ${ssrc} ${lastSrCompact}`);
          this.#answer(unit, sessionId, asked, compactToMs(delaySinceLastSrCompact), "rtcpMs");
        }
      }
    }
  }

  /** The first answer counts; one that the peer says to have held for longer than it took says nothing. */
  #answer(
    unit: UnitModel,
    sessionId: string,
    asked: Waiting | undefined,
    heldMs: number,
    column: "heartbeatMs" | "rtcpMs",
  ): void {
    if (asked === undefined || asked.isAnswered) return;
    asked.isAnswered = true;
    const tripMs = 1000 * (unit.timeS - asked.timeS) - heldMs;
    if (tripMs < 0) return;
    const way = this.#wayOf(unit, sessionId);
    way?.[column].add(way.grid.bucketAt(unit.timeS), tripMs);
  }

  #wayOf({ unit, timeS }: UnitModel, sessionId: string): WayRoundTrips | undefined {
    const answerer = unit.source.text;
    const key = `${sessionId} ${unit.transport} ${answerer}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    if (this.#ways.size >= MAX_WAYS) {
      this.further++;
      return undefined;
    }
    const grid = new TimeGrid(timeS, this.#limits);
    const { transport } = unit;
    const way = { sessionId, answerer, transport, grid, heartbeatMs: grid.column(), rtcpMs: grid.column() };
    this.#ways.set(key, way);
    return way;
  }
}

function waiting({ timeS }: UnitModel): Waiting {
  return { timeS, isAnswered: false };
}
