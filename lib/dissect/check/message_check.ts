/** What a message shows by itself or beside others of its sender: ids, error paths, tokens, heartbeats and metrics in their time. */
import type { Metrics } from "../../signaling/messages/metrics.ts";
import type { Heartbeat } from "../../signaling/messages/heartbeat.ts";
import type { ErrorMessage } from "../../signaling/messages/outcome.ts";
import { ERROR_CODE_NAMES } from "../../signaling/error_codes.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, flowOf, sessionSubject, waySubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_FLOWS = 2048;
const MAX_ANSWERS = 16_384;
/** Challenges of a flow that a new one is looked for among. */
const MAX_CHALLENGES = 64;
/** SPEC ARC-METRICS-interval: every 5 s, with room for a busy machine. */
const METRICS_LEAST_S = 3;
const METRICS_MOST_S = 11;
/** RFC 9562: the version's digit and the variant's. */
const UUID_V4 = /^.{14}4.{4}[89ab]/;

/** What has been said on a flow. */
class FlowState {
  readonly challenges = new BoundedMap<string, { readonly sequence: number; readonly packet: number }>(MAX_CHALLENGES);
  heartbeatText = "";
  metricsText = "";
  metricsS = -Infinity;
}

export class MessageCheck implements Check {
  readonly #findings: Findings;
  readonly #flows = new BoundedMap<number, FlowState>(MAX_FLOWS);
  /** First answers, by flow and what they answer. */
  readonly #answers = new BoundedMap<string, { readonly text: string; readonly packet: number }>(MAX_ANSWERS);
  /** Where METRICS were seen first, by what tells them apart. */
  readonly #metrics = new BoundedMap<string, { readonly conversation: number; readonly packet: number }>(MAX_ANSWERS);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { message } = unit;
    switch (message?.type) {
      case "CONNECT": {
        const { session_id: id } = message;
        return this.#judge(
          "ARC-SIG-connect-session-uuid",
          unit,
          !UUID_V4.test(id),
          `session_id ${id} is of no version 4`,
        );
      }
      case "CONNECT_ACK":
        if (message.accepted) return;
        return this.#code(unit, message.reason, "a refusal");
      case "HEARTBEAT":
        return this.#heartbeat(unit, message);
      case "METRICS":
        return this.#metricsOf(unit, message);
      case "ACK":
        return this.#answer(unit, message.session_id, message.in_reply_to, "ACK");
      case "ERROR":
        return this.#error(unit, message);
      default:
        return;
    }
  }

  #heartbeat(unit: UnitModel, heartbeat: Heartbeat): void {
    const flow = this.#flowOf(unit);
    const { sequence, challenge, token } = heartbeat;
    const hasChannel = unit.unit.envelope?.kind === "phoenix";
    this.#judge(
      "ARC-SIG-heartbeat-token",
      unit,
      token !== undefined && (hasChannel || unit.unit.transport === "udp"),
      "a HEARTBEAT that joins nothing carries a token",
    );
    if (challenge !== undefined) {
      const first = flow.challenges.get(challenge);
      if (first === undefined) flow.challenges.set(challenge, { sequence, packet: unit.unit.packet });
      else if (first.sequence !== sequence) {
        const text = `the challenge of packet ${first.packet} again; each HEARTBEAT needs a new one`;
        this.#add("ARC-SIG-heartbeat-sender-fields", unit, text);
      }
    }
    // A network may repeat datagrams, a stream repeats nothing.
    if (unit.unit.transport === "udp") return;
    const text = JSON.stringify(heartbeat);
    this.#judge("ARC-SIG-repeat-never", unit, text === flow.heartbeatText, `HEARTBEAT #${sequence} sent again`);
    flow.heartbeatText = text;
  }

  #metricsOf(unit: UnitModel, metrics: Metrics): void {
    const { conversation, packet, transport } = unit.unit;
    const key = `${metrics.session_id} ${metrics.peer_id} ${metrics.timestamp}`;
    const first = this.#metrics.get(key);
    if (first === undefined) this.#metrics.set(key, { conversation, packet });
    this.#judge(
      "ARC-METRICS-not-forwarded",
      unit,
      first !== undefined && first.conversation !== conversation,
      `the METRICS of packet ${first?.packet} on a second connection`,
    );
    if (transport === "udp") return;
    const flow = this.#flowOf(unit);
    const text = JSON.stringify(metrics);
    const isRepeated = text === flow.metricsText;
    this.#judge("ARC-SIG-repeat-never", unit, isRepeated, "METRICS sent again");
    flow.metricsText = text;
    const sinceS = unit.timeS - flow.metricsS;
    flow.metricsS = unit.timeS;
    if (!Number.isFinite(sinceS) || isRepeated) return;
    const isWrong = sinceS < METRICS_LEAST_S || sinceS > METRICS_MOST_S;
    this.#judge(
      "ARC-METRICS-interval",
      unit,
      isWrong,
      `METRICS ${sinceS.toFixed(1)} s behind the last, the rule has 5 s`,
    );
  }

  #error(unit: UnitModel, error: ErrorMessage): void {
    if (error.code === "bad_message") {
      this.#judge("ARC-SIG-error-path", unit, !error.message.includes("$"), "bad_message without the path of a field");
    }
    const { in_reply_to: request, session_id } = error;
    if (session_id !== undefined && request?.type !== undefined && request.timestamp !== undefined) {
      const { type, timestamp, stream_id } = request;
      this.#answer(unit, session_id, { type, timestamp, stream_id }, `ERROR ${error.code}`);
    }
  }

  /** SPEC ARC-SIG-repeat-same-answer. */
  #answer(
    unit: UnitModel,
    sessionId: string,
    request: { readonly type: string; readonly timestamp: number; readonly stream_id?: string | undefined },
    text: string,
  ): void {
    const { type, timestamp, stream_id = "" } = request;
    const key = `${flowOf(unit)} ${sessionId} ${type} ${timestamp} ${stream_id}`;
    const first = this.#answers.get(key);
    if (first === undefined) return void this.#answers.set(key, { text, packet: unit.unit.packet });
    const what = `${type} is answered with ${text}, in packet ${first.packet} it was ${first.text}`;
    this.#judge("ARC-SIG-repeat-same-answer", unit, first.text !== text, what);
  }

  #code(unit: UnitModel, code: string, what: string): void {
    const isKnown = (ERROR_CODE_NAMES as readonly string[]).includes(code);
    this.#judge("ARC-SIG-error-codes", unit, !isKnown, `${what} has the code ${JSON.stringify(code)}`);
  }

  #flowOf(unit: UnitModel): FlowState {
    return this.#flows.obtain(flowOf(unit), () => new FlowState());
  }

  #judge(rule: RuleId, unit: UnitModel, isBroken: boolean, message: string): void {
    this.#findings.judged(rule);
    if (isBroken) this.#add(rule, unit, message);
  }

  #add(rule: RuleId, unit: UnitModel, message: string): void {
    const { sessionId } = unit;
    const subject = sessionId === undefined ? waySubject(unit) : sessionSubject(sessionId);
    this.#findings.add(rule, `${subject} ${waySubject(unit)}`, unit.unit.packet, message);
  }
}
