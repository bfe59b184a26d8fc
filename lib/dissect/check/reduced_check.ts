/**
 * When a sender may reduce a header (SPEC §2.3). Only runs without a hole in their sequence numbers are judged: what the
 * capture misses may have been the full header that was due.
 */
import { UnitKind } from "../../packet/demux.ts";
import { distance16, distance32 } from "../../base/serial.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, flowOf, type SessionBeginnings, streamSubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_FLOWS = 4096;
const MAX_SSRCS = 16;
/** SPEC ARC-RTP-reduced-first-three. */
const FIRST_FULL = 3;
/** SPEC ARC-RTP-reduced-refresh; times with room for what the capture's clock and the network add. */
const REFRESH_PACKETS = 32;
const REFRESH_S = 0.120;
const CLOCK_ROOM_S = 0.030;
/** SPEC ARC-RTP-reduced-window. */
const MAX_SEQUENCE_DISTANCE = 64;
const MAX_TIMESTAMP_DISTANCE = 32_767;
/** SPEC ARC-RTP-reduced-epoch-pause. */
const EPOCH_PAUSE_S = 1;

interface Full {
  readonly sequence16: number;
  readonly timestamp: number;
}

class SsrcState {
  packets = 0;
  /** True when its first packet was seen as such. */
  readonly isFromStart: boolean;
  lastSequence16 = -1;
  /** Packets since the last full header with no hole between; undefined while a hole is behind. */
  sinceFull: number | undefined = undefined;
  lastFullS = -Infinity;
  /** When the frame under way began: its packets are made at once, whenever they get onto the wire. */
  frameTimestamp = -1;
  frameS = 0;
  /** The last two full packets, newest first, with no hole since. */
  fulls: readonly Full[] = [];
  /** Q of the packet before; -1 where that is not known. */
  quality = -1;
  keyPhase = -1;
  keyPhaseS = -Infinity;

  constructor(isFromStart: boolean) {
    this.isFromStart = isFromStart;
  }
}

export class ReducedCheck implements Check {
  readonly #findings: Findings;
  readonly #beginnings: SessionBeginnings;
  /** SSRCs that were seen on any path. */
  readonly #begun = new BoundedMap<number, true>(MAX_FLOWS * MAX_SSRCS);
  readonly #flows = new BoundedMap<number, BoundedMap<number, SsrcState>>(MAX_FLOWS);

  constructor(findings: Findings, beginnings: SessionBeginnings) {
    this.#findings = findings;
    this.#beginnings = beginnings;
  }

  unit(unit: UnitModel): void {
    const { rtp, arc, entry } = unit;
    const { kind } = unit.unit;
    if (kind === UnitKind.reduced && rtp === undefined) return this.#unknown(unit);
    if (kind === UnitKind.reduced) this.#findings.judged("ARC-RTP-reduced-context");
    if (rtp === undefined || arc === undefined || entry === undefined || entry.stream.contexts.length === 0) return;
    const state = this.#stateOf(unit, rtp.ssrc);
    const { sequenceNumber, timestamp } = rtp;
    const step = state.lastSequence16 < 0 ? 1 : distance16(state.lastSequence16, sequenceNumber);
    if (step <= 0) return;
    if (step > 1) {
      state.sinceFull = undefined;
      state.fulls = [];
      state.quality = -1;
    }
    if (state.isFromStart && state.packets < FIRST_FULL) this.#findings.judged("ARC-RTP-reduced-first-three");
    this.#quality(unit, state, arc.quality);
    state.lastSequence16 = sequenceNumber;
    state.packets += step;
    if (timestamp !== state.frameTimestamp) {
      state.frameTimestamp = timestamp;
      state.frameS = unit.timeS;
    }
    if (kind === UnitKind.reduced) this.#reduced(unit, state, sequenceNumber, timestamp);
    else this.#full(unit, state, sequenceNumber, timestamp, arc.keyPhase);
  }

  #full(unit: UnitModel, state: SsrcState, sequence16: number, timestamp: number, keyPhase: number): void {
    state.sinceFull = 0;
    state.lastFullS = unit.timeS;
    state.fulls = [{ sequence16, timestamp }, ...state.fulls.slice(0, 1)];
    if (state.keyPhase >= 0 && keyPhase !== state.keyPhase) state.keyPhaseS = unit.timeS;
    if (unit.timeS - state.keyPhaseS < EPOCH_PAUSE_S) this.#findings.judged("ARC-RTP-reduced-epoch-pause");
    state.keyPhase = keyPhase;
  }

  #reduced(unit: UnitModel, state: SsrcState, sequence16: number, timestamp: number): void {
    if (state.isFromStart && state.packets <= FIRST_FULL) {
      this.#add("ARC-RTP-reduced-first-three", unit, `packet ${state.packets} of the SSRC has a reduced header`);
    }
    if (state.sinceFull !== undefined) {
      this.#findings.judged("ARC-RTP-reduced-refresh");
      state.sinceFull++;
      const silentS = state.frameS - state.lastFullS;
      if (state.sinceFull >= REFRESH_PACKETS) {
        this.#add("ARC-RTP-reduced-refresh", unit, `${state.sinceFull} packets in a row with reduced headers`);
      } else if (silentS > REFRESH_S + CLOCK_ROOM_S) {
        this.#add(
          "ARC-RTP-reduced-refresh",
          unit,
          `reduced ${Math.round(silentS * 1000)} ms after the last full header`,
        );
      }
    }
    if (state.fulls.length > 0) this.#findings.judged("ARC-RTP-reduced-window");
    for (const full of state.fulls) {
      const packets = Math.abs(distance16(full.sequence16, sequence16));
      const ticks = Math.abs(distance32(full.timestamp, timestamp));
      if (packets > MAX_SEQUENCE_DISTANCE || ticks > MAX_TIMESTAMP_DISTANCE) {
        const text = `reduced ${packets} packets and ${ticks} ticks from full packet ${full.sequence16}`;
        this.#add("ARC-RTP-reduced-window", unit, text);
      }
    }
    const pauseS = unit.timeS - state.keyPhaseS;
    if (pauseS < EPOCH_PAUSE_S) this.#findings.judged("ARC-RTP-reduced-epoch-pause");
    if (pauseS < EPOCH_PAUSE_S - CLOCK_ROOM_S) {
      this.#add("ARC-RTP-reduced-epoch-pause", unit, `reduced ${Math.round(pauseS * 1000)} ms after the epoch changed`);
    }
  }

  /** SPEC ARC-RTP-quality-switch: the packet that carries another Q has a full header. */
  #quality(unit: UnitModel, state: SsrcState, quality: number): void {
    const before = state.quality;
    state.quality = quality;
    if (before < 0 || before === quality) return;
    this.#findings.judged("ARC-RTP-quality-switch");
    if (unit.unit.kind === UnitKind.arcrtp) return;
    this.#add("ARC-RTP-quality-switch", unit, `Q changes from ${before} to ${quality} on a reduced header`);
  }

  /** A context that nobody announced, in a session whose announcements are all in the capture. */
  #unknown(unit: UnitModel): void {
    const { session } = unit;
    if (session === undefined || !this.#beginnings.has(session.id)) return;
    const contextId = unit.unit.bytes[unit.unit.start] & 7;
    const isAnnounced = [...session.streams.values()].some((stream) =>
      stream.contexts.some((context) => context.contextId === contextId)
    );
    if (isAnnounced) return;
    this.#add(
      "ARC-RTP-reduced-context",
      unit,
      `reduced header with context ${contextId}, which no STREAM_START defines`,
    );
  }

  #stateOf(unit: UnitModel, ssrc: number): SsrcState {
    const flow = flowOf(unit);
    const ssrcs = this.#flows.obtain(flow, () => new BoundedMap(MAX_SSRCS));
    const known = ssrcs.get(ssrc);
    if (known !== undefined) return known;
    const { entry } = unit;
    // On a second path the SSRC has begun elsewhere.
    const hasBegun = this.#begun.get(ssrc) === true;
    this.#begun.set(ssrc, true);
    const isFromStart = entry !== undefined && entry.stream.packet > 0 &&
      this.#beginnings.has(entry.stream.session.id) && !hasBegun;
    const state = new SsrcState(isFromStart);
    ssrcs.set(ssrc, state);
    return state;
  }

  #add(rule: RuleId, unit: UnitModel, message: string): void {
    this.#findings.add(rule, streamSubject(unit), unit.unit.packet, message);
  }
}
