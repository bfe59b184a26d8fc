/** When peers rotate keys, and when they begin to use them (SPEC §3.7). */
import type { KeyRotate, KeyRotateAck } from "../../signaling/messages/key_rotate.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, sessionSubject, streamSubject } from "./check.ts";
import type { Findings } from "./findings.ts";

const MAX_SESSIONS = 4096;
/** SPEC ARC-KEY-rotation-rate. */
const LEAST_BETWEEN_S = 60;
/** What was on its way, and the way of the answer itself, that the capture may have seen before its receiver. */
const INITIATOR_WITHIN_S = 0.5;
/** SPEC ARC-KEY-rotation-responder-switch: 1 s, and as much for the way. */
const RESPONDER_WITHIN_S = 1.5;

/** The rotation under way or made last. */
interface Rotation {
  readonly epoch: number;
  readonly initiator: string;
  readonly packet: number;
  /** Both peers ask for it: which request counts is not this check's to say. */
  hasCrossed: boolean;
  answeredS: number;
  responder: string | undefined;
}

class SessionState {
  rotation: Rotation | undefined = undefined;
  /** When each peer last began one on its own account, with the request's timestamp. */
  readonly own = new Map<string, { readonly atS: number; readonly timestamp: number; readonly packet: number }>();
}

export class RotationCheck implements Check {
  readonly #findings: Findings;
  readonly #sessions = new BoundedMap<string, SessionState>(MAX_SESSIONS);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { message } = unit;
    if (message?.type === "KEY_ROTATE") this.#request(unit, message);
    else if (message?.type === "KEY_ROTATE_ACK") this.#answer(unit, message);
    else if (unit.arc !== undefined && unit.entry !== undefined) this.#packet(unit);
  }

  #request(unit: UnitModel, { session_id, peer_id, epoch, reason, timestamp }: KeyRotate): void {
    const session = this.#stateOf(session_id);
    const { packet } = unit.unit;
    const { rotation } = session;
    if (rotation?.epoch !== epoch) {
      const fresh = { epoch, initiator: peer_id, packet, hasCrossed: false, answeredS: Infinity, responder: undefined };
      session.rotation = fresh;
    } else if (rotation.initiator !== peer_id) rotation.hasCrossed = true;
    if (reason === "manual") return;
    const last = session.own.get(peer_id);
    if (last?.timestamp === timestamp) return;
    if (session.own.size < 2 || last !== undefined) session.own.set(peer_id, { atS: unit.timeS, timestamp, packet });
    const sinceS = unit.timeS - (last?.atS ?? -Infinity);
    this.#findings.judge(
      "ARC-KEY-rotation-rate",
      sinceS < LEAST_BETWEEN_S,
      sessionSubject(session_id),
      packet,
      () => `KEY_ROTATE (${reason}) ${sinceS.toFixed(1)} s behind that of packet ${last?.packet} of the same peer`,
    );
  }

  #answer(unit: UnitModel, { session_id, peer_id, epoch }: KeyRotateAck): void {
    const { rotation } = this.#stateOf(session_id);
    if (rotation?.epoch !== epoch || rotation.initiator === peer_id) return;
    // Through a server it is seen twice: the later sighting is nearer to its receiver.
    rotation.answeredS = unit.timeS;
    rotation.responder = peer_id;
  }

  #packet(unit: UnitModel): void {
    const { arc, entry } = unit;
    const sender = entry?.stream.sender;
    const rotation = entry === undefined ? undefined : this.#sessions.get(entry.stream.session.id)?.rotation;
    if (arc === undefined || sender === undefined || rotation === undefined || rotation.hasCrossed) return;
    const isInitiator = sender === rotation.initiator;
    if (!isInitiator && sender !== rotation.responder) return;
    const sinceS = unit.timeS - rotation.answeredS;
    if (sinceS < (isInitiator ? INITIATOR_WITHIN_S : RESPONDER_WITHIN_S)) return;
    this.#findings.judge(
      isInitiator ? "ARC-KEY-rotation-initiator-switch" : "ARC-KEY-rotation-responder-switch",
      arc.keyPhase !== rotation.epoch % 4,
      streamSubject(unit),
      unit.unit.packet,
      () =>
        `K ${arc.keyPhase} ${sinceS.toFixed(1)} s behind the KEY_ROTATE_ACK of epoch ${rotation.epoch}, ` +
        `asked for in packet ${rotation.packet}`,
    );
  }

  #stateOf(sessionId: string): SessionState {
    return this.#sessions.obtain(sessionId, () => new SessionState());
  }
}
