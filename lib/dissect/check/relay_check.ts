/** Binding at a relay, and that nobody is answered with more than came (SPEC §8). */
import { NIL_UUID } from "../../base/uuid.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, flowOf, reverseFlow, waySubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_FLOWS = 4096;
/** Heartbeats of a flow that wait for an answer. */
const MAX_HEARTBEATS = 64;

type Binding = Extract<Message, { type: "RELAY_BIND" | "RELAY_UNBIND" }>;

class FlowState {
  /** The last that asked for a binding, or its end. */
  asked: { readonly message: Binding; readonly bytes: number; readonly packet: number } | undefined = undefined;
  /** Sizes of HEARTBEATs with the nil session_id, by their sequence. */
  readonly heartbeatBytes = new BoundedMap<number, number>(MAX_HEARTBEATS);
}

export class RelayCheck implements Check {
  readonly #findings: Findings;
  readonly #flows = new BoundedMap<number, FlowState>(MAX_FLOWS);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { message } = unit;
    if (message === undefined || unit.isSealed) return;
    const { length, packet } = unit.unit;
    switch (message.type) {
      case "RELAY_BIND":
      case "RELAY_UNBIND":
        this.#flowOf(flowOf(unit)).asked = { message, bytes: length, packet };
        return;
      case "RELAY_CHALLENGE":
        return this.#challenge(unit);
      case "RELAY_BOUND":
        return this.#bound(unit, message);
      case "HEARTBEAT":
        if (message.session_id === NIL_UUID) this.#flowOf(flowOf(unit)).heartbeatBytes.set(message.sequence, length);
        return;
      case "HEARTBEAT_ACK":
        return this.#heartbeatAck(unit, message.session_id, message.sequence);
      default:
        return;
    }
  }

  #challenge(unit: UnitModel): void {
    const asked = this.#askedBefore(unit);
    if (asked === undefined) return;
    const { length } = unit.unit;
    const text = `RELAY_CHALLENGE of ${length} bytes answers ${asked.bytes} bytes in packet ${asked.packet}`;
    this.#judge("ARC-RELAY-challenge-size", unit, length > asked.bytes, text);
    if (asked.message.proof === undefined) this.#judge("ARC-RELAY-challenge", unit, false, "");
  }

  #bound(unit: UnitModel, bound: Extract<Message, { type: "RELAY_BOUND" }>): void {
    const asked = this.#askedBefore(unit);
    if (asked === undefined) return;
    const { message, packet } = asked;
    if (message.proof === undefined) {
      return this.#judge("ARC-RELAY-challenge", unit, true, `packet ${packet} has no proof, and is bound all the same`);
    }
    const isOther = bound.session_id !== message.session_id || bound.peer_id !== message.peer_id;
    this.#judge("ARC-RELAY-bound", unit, isOther, `RELAY_BOUND names another session or peer than packet ${packet}`);
  }

  #heartbeatAck(unit: UnitModel, sessionId: string, sequence: number): void {
    if (sessionId !== NIL_UUID || unit.unit.transport !== "udp") return;
    const asked = this.#flows.get(reverseFlow(flowOf(unit)))?.heartbeatBytes.get(sequence);
    if (asked === undefined) return;
    const { length } = unit.unit;
    this.#judge("ARC-RELAY-nil-heartbeat-size", unit, length > asked, `${length} bytes answer a HEARTBEAT of ${asked}`);
  }

  #askedBefore(unit: UnitModel): FlowState["asked"] {
    return this.#flows.get(reverseFlow(flowOf(unit)))?.asked;
  }

  #flowOf(key: number): FlowState {
    return this.#flows.obtain(key, () => new FlowState());
  }

  #judge(rule: RuleId, unit: UnitModel, isBroken: boolean, message: string): void {
    this.#findings.judge(rule, isBroken, waySubject(unit), unit.unit.packet, () => message);
  }
}
