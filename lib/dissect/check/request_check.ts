/** Requests and their answers, heartbeats and theirs, and the counters of sealed messages. */
import { readU32, readU48 } from "../../base/bytes.ts";
import { NIL_UUID } from "../../base/uuid.ts";
import { SEAL_OVERHEAD_BYTES } from "../../crypto/seal.ts";
import { ERROR_CODE_NAMES } from "../../signaling/error_codes.ts";
import type { Heartbeat, HeartbeatAck } from "../../signaling/messages/heartbeat.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, flowOf, reverseFlow, sessionSubject, waySubject } from "./check.ts";
import type { Findings } from "./findings.ts";

const MAX_REQUESTS = 16_384;
const MAX_FLOWS = 2048;
/** Heartbeats of a flow that wait for their answer. */
const MAX_HEARTBEATS = 64;
/** Requests of one session and type that an answer without timestamp may be to. */
const MAX_OPEN = 16;

/** SPEC ARC-SIG-repeat-first-interval, with room for what a scheduler and the network take away. */
const FIRST_INTERVAL_S = { datagram: 0.2, other: 2 } as const;
const INTERVAL_ROOM = 0.8;
/** SPEC ARC-SIG-repeat-doubling. */
const MAX_SENDINGS = 6;
/** After this all six sendings have failed on a stream transport: 2 + 4 + 8 + 16 + 32 + 64 s would be the rule's end. */
const ANSWER_WITHIN_S = 10;

/** SPEC ARC-SIG-ack-requests, and the other requests that a peer answers. */
const REQUESTS: ReadonlySet<Message["type"]> = new Set<Message["type"]>([
  "CONNECT",
  "KEY_ROTATE",
  "STREAM_START",
  "STREAM_STOP",
  "QUALITY_ADAPT",
  "DISCONNECT",
]);

interface Request {
  readonly type: Message["type"];
  readonly sessionId: string;
  readonly subject: string;
  readonly packet: number;
  readonly flow: number;
  readonly text: string;
  readonly timestamp: number;
  readonly firstS: number;
  lastS: number;
  /** Time between the last two sendings. */
  intervalS: number;
  sendings: number;
  isAnswered: boolean;
}

type Echoed = Pick<Heartbeat, "session_id" | "challenge" | "timestamp">;

interface SealedUnit {
  readonly counter: number;
  readonly tag: number;
  readonly packet: number;
}

/** Sealed units that a counter is compared with. */
const RECENT_SEALS = 4;
/** Counters that a new epoch may just have begun with. */
const FIRST_COUNTERS = 1;

export class RequestCheck implements Check {
  readonly #findings: Findings;
  /** By flow and what tells requests apart (SPEC ARC-SIG-repeat-same-answer). */
  readonly #requests = new BoundedMap<string, Request>(MAX_REQUESTS);
  /** When a session was last spoken for, by flow and session. */
  readonly #heard = new BoundedMap<string, number>(MAX_REQUESTS);
  /** The last requests, newest first, by session and type. */
  readonly #open = new BoundedMap<string, readonly Request[]>(MAX_REQUESTS);
  /** What a HEARTBEAT_ACK has to echo, by flow and sequence. */
  readonly #heartbeats = new BoundedMap<number, BoundedMap<number, Echoed>>(MAX_FLOWS);
  /** The last sealed units of each flow, newest first. */
  readonly #seals = new BoundedMap<number, readonly SealedUnit[]>(MAX_FLOWS);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { message } = unit;
    if (message === undefined) return;
    // A server answers the heartbeats of a peer that is alone.
    const isHeard = message.type !== "HEARTBEAT_ACK" && unit.sessionId !== undefined;
    if (isHeard) this.#heard.set(`${flowOf(unit)} ${unit.sessionId}`, unit.timeS);
    if (REQUESTS.has(message.type)) this.#request(unit, message);
    switch (message.type) {
      case "HEARTBEAT":
        this.#heartbeat(unit, message);
        break;
      case "HEARTBEAT_ACK":
        this.#heartbeatAck(unit, message);
        break;
      case "ACK":
        this.#answered(message.session_id, message.in_reply_to.type, message.in_reply_to.timestamp);
        break;
      case "CONNECT_ACK":
        this.#answered(message.session_id, "CONNECT", undefined);
        break;
      case "KEY_ROTATE_ACK":
        this.#answered(message.session_id, "KEY_ROTATE", undefined);
        break;
      case "ERROR":
        this.#error(unit, message);
        break;
      default:
        break;
    }
    if (unit.isSealed) this.#seal(unit);
  }

  end(lastS: number): void {
    for (const request of this.#requests.values()) {
      // Whoever was not there, or of whom the capture has nothing more, owes no answer.
      const heardS = this.#heard.get(`${reverseFlow(request.flow)} ${request.sessionId}`) ?? -Infinity;
      if (!request.isAnswered && heardS <= request.firstS) continue;
      if (request.isAnswered) this.#findings.judged("ARC-SIG-ack-requests");
      if (request.isAnswered || lastS - request.firstS < ANSWER_WITHIN_S) continue;
      const text = `${request.type} of packet ${request.packet} has no answer in ${
        Math.round(lastS - request.firstS)
      } s`;
      this.#findings.add("ARC-SIG-ack-requests", `${request.subject}: ${text}`, request.packet, text);
    }
  }

  #request(unit: UnitModel, message: Message): void {
    if (!("session_id" in message) || message.session_id === undefined) return;
    const { type, session_id: sessionId, timestamp } = message as Extract<
      Message,
      { session_id: string; timestamp: number }
    >;
    const stream = "stream_id" in message ? message.stream_id : "";
    const flow = flowOf(unit);
    const key = `${flow} ${sessionId} ${type} ${timestamp} ${stream}`;
    const text = JSON.stringify(message);
    const known = this.#requests.get(key);
    this.#findings.judged("ARC-SIG-repeat-timestamps-grow");
    const nowS = unit.timeS;
    const { packet, transport } = unit.unit;
    if (known === undefined) {
      const subject = sessionSubject(sessionId);
      const request: Request = {
        ...{ type, sessionId, subject, packet, flow, text, timestamp },
        firstS: nowS,
        lastS: nowS,
        intervalS: 0,
        sendings: 1,
        isAnswered: false,
      };
      this.#requests.set(key, request);
      const kind = `${sessionId} ${type}`;
      this.#open.set(kind, [request, ...this.#open.get(kind) ?? []].slice(0, MAX_OPEN));
      return;
    }
    if (known.text !== text) {
      const what = `${type} with the timestamp ${timestamp} of packet ${known.packet}, but other content`;
      this.#findings.add("ARC-SIG-repeat-timestamps-grow", `${known.subject}: ${type}`, packet, what);
      return;
    }
    this.#repetition(known, unit, transport === "udp");
  }

  #repetition(request: Request, unit: UnitModel, isDatagram: boolean): void {
    const { packet } = unit.unit;
    const intervalS = unit.timeS - request.lastS;
    const leastS = request.sendings === 1
      ? isDatagram ? FIRST_INTERVAL_S.datagram : FIRST_INTERVAL_S.other
      : 2 * request.intervalS;
    const subject = `${request.subject}: ${request.type} of packet ${request.packet}`;
    this.#findings.judged(request.sendings === 1 ? "ARC-SIG-repeat-first-interval" : "ARC-SIG-repeat-doubling");
    if (intervalS < INTERVAL_ROOM * leastS) {
      const rule = request.sendings === 1 ? "ARC-SIG-repeat-first-interval" : "ARC-SIG-repeat-doubling";
      const text = `${request.type} sent again after ${ms(intervalS)} ms, the rule has ${ms(leastS)} ms`;
      this.#findings.add(rule, subject, packet, text);
    }
    request.sendings++;
    request.intervalS = Math.max(intervalS, leastS);
    request.lastS = unit.timeS;
    if (request.sendings > MAX_SENDINGS) {
      this.#findings.add(
        "ARC-SIG-repeat-doubling",
        `${subject} count`,
        packet,
        `${request.type} sent ${request.sendings} times`,
      );
    }
  }

  #answered(sessionId: string, type: string, timestamp: number | undefined): void {
    for (const request of this.#open.get(`${sessionId} ${type}`) ?? []) {
      request.isAnswered ||= timestamp === undefined || request.timestamp === timestamp;
    }
  }

  #error(unit: UnitModel, message: Extract<Message, { type: "ERROR" }>): void {
    const { in_reply_to: request, session_id: sessionId, code } = message;
    const { packet } = unit.unit;
    this.#findings.judged("ARC-SIG-error-codes");
    this.#findings.judged("ARC-SIG-error-not-for-error");
    if (!(ERROR_CODE_NAMES as readonly string[]).includes(code)) {
      this.#findings.add("ARC-SIG-error-codes", waySubject(unit), packet, `ERROR has the code ${JSON.stringify(code)}`);
    }
    if (request?.type === "ERROR") {
      this.#findings.add("ARC-SIG-error-not-for-error", waySubject(unit), packet, "an ERROR answers an ERROR");
    }
    if (sessionId !== undefined && request?.type !== undefined) {
      this.#answered(sessionId, request.type, request.timestamp);
    }
  }

  #heartbeat(unit: UnitModel, heartbeat: Heartbeat): void {
    const flow = flowOf(unit);
    const waiting = this.#heartbeats.obtain(flow, () => new BoundedMap(MAX_HEARTBEATS));
    const { sequence, session_id, challenge, timestamp } = heartbeat;
    waiting.set(sequence, { session_id, challenge, timestamp });
    this.#findings.judged("ARC-SIG-heartbeat-sender-fields");
    const isOfSession = heartbeat.session_id !== NIL_UUID;
    const missing = heartbeat.challenge === undefined
      ? "challenge"
      : isOfSession && heartbeat.peer_id === undefined
      ? "peer_id"
      : undefined;
    if (missing === undefined) return;
    const text = `HEARTBEAT without ${missing}`;
    this.#findings.add("ARC-SIG-heartbeat-sender-fields", waySubject(unit), unit.unit.packet, text);
  }

  #heartbeatAck(unit: UnitModel, ack: HeartbeatAck): void {
    const { packet } = unit.unit;
    this.#findings.judged("ARC-SIG-heartbeat-latency");
    const differenceMs = ack.response_timestamp - ack.original_timestamp;
    if (ack.latency_ms !== differenceMs) {
      const text = `latency_ms is ${ack.latency_ms}, the timestamps make it ${differenceMs}`;
      this.#findings.add("ARC-SIG-heartbeat-latency", waySubject(unit), packet, text);
    }
    const asked = this.#heartbeats.get(reverseFlow(flowOf(unit)))?.get(ack.sequence);
    if (asked === undefined || asked.session_id !== ack.session_id) return;
    this.#findings.judged("ARC-SIG-heartbeat-answer");
    const wrong = asked.challenge !== ack.challenge
      ? "challenge"
      : asked.timestamp !== ack.original_timestamp
      ? "timestamp"
      : undefined;
    if (wrong === undefined) return;
    const text = `HEARTBEAT_ACK #${ack.sequence} does not echo the ${wrong} of its HEARTBEAT`;
    this.#findings.add("ARC-SIG-heartbeat-answer", waySubject(unit), packet, text);
  }

  /**
   * SPEC ARC-SEAL-counter: it grows with every unit of a sender. A new epoch begins at 0 and lives beside the old one for a
   * while, so only units close to one another are compared.
   */
  #seal(unit: UnitModel): void {
    const { bytes, end, packet } = unit.unit;
    const counter = readU48(bytes, end - SEAL_OVERHEAD_BYTES + 1);
    const tag = readU32(bytes, end - 4);
    const flow = flowOf(unit);
    const recent = this.#seals.get(flow) ?? [];
    // The same bytes again are a repetition by the network.
    if (recent.length > 0) this.#findings.judged("ARC-SEAL-counter");
    const same = recent.find((each) => each.counter === counter);
    if (same !== undefined && same.tag !== tag && counter > FIRST_COUNTERS) {
      const text = `counter ${counter} seals two different units, the first in packet ${same.packet}`;
      this.#findings.add("ARC-SEAL-counter", waySubject(unit), packet, text);
    }
    this.#seals.set(flow, [{ counter, tag, packet }, ...recent.slice(0, RECENT_SEALS - 1)]);
  }
}

function ms(seconds: number): number {
  return Math.round(seconds * 1000);
}
