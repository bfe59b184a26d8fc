/** Phoenix channels: frames around messages, joins, and the replies that a server owes (SPEC §6.1). */
import { isUuid } from "../../base/uuid.ts";
import { parsePhoenixFrame, readJoin, TOPIC_PREFIX } from "../../signaling/phoenix_frame.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import type { PhoenixEnvelope } from "../units/envelope.ts";
import { type Check, flowOf, reverseFlow, waySubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_PUSHES = 16_384;
/** A server that has not replied by then will not. */
const REPLY_WITHIN_S = 5;

interface Push {
  isReplied: boolean;
  readonly flow: number;
  readonly packet: number;
  readonly event: string;
  readonly subject: string;
  readonly atS: number;
  readonly rule: "ARC-TRANSPORT-phoenix-reply" | "ARC-TRANSPORT-phoenix-heartbeat";
}

export class PhoenixCheck implements Check {
  readonly #findings: Findings;
  /** When something last came, by flow. */
  readonly #heard = new BoundedMap<number, number>(MAX_PUSHES);
  /** By flow and reference. */
  readonly #pushes = new BoundedMap<string, Push>(MAX_PUSHES);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { envelope } = unit.unit;
    if (envelope?.kind !== "phoenix") return;
    const { event, ref } = envelope;
    this.#heard.set(flowOf(unit), unit.timeS);
    if (event === "phx_reply") return this.#reply(unit, envelope);
    if (event === "phx_join") this.#join(unit, envelope);
    if (unit.message !== undefined) {
      const isOdd = event !== unit.message.type;
      this.#judge("ARC-TRANSPORT-phoenix-frame", unit, isOdd, `the event ${event} carries a ${unit.message.type}`);
    }
    // Without a reference it is the server's own push, which nobody replies to.
    if (ref === null) return;
    const isHeartbeat = event === "heartbeat" && envelope.topic === "phoenix";
    this.#pushes.set(`${flowOf(unit)} ${ref}`, {
      isReplied: false,
      flow: flowOf(unit),
      packet: unit.unit.packet,
      event,
      subject: waySubject(unit),
      atS: unit.timeS,
      rule: isHeartbeat ? "ARC-TRANSPORT-phoenix-heartbeat" : "ARC-TRANSPORT-phoenix-reply",
    });
  }

  end(lastS: number): void {
    for (const { isReplied, packet, event, subject, atS, rule, flow } of this.#pushes.values()) {
      // Where the capture has nothing more of the server, its reply may be there too.
      const heardS = this.#heard.get(reverseFlow(flow)) ?? -Infinity;
      if (isReplied || lastS - atS < REPLY_WITHIN_S || heardS <= atS) continue;
      this.#findings.add(rule, `${subject}: packet ${packet}`, packet, `the push ${event} has no phx_reply`);
    }
  }

  #reply(unit: UnitModel, { ref, status }: PhoenixEnvelope): void {
    const push = this.#pushes.get(`${reverseFlow(flowOf(unit))} ${ref}`);
    if (push === undefined || push.isReplied) return;
    push.isReplied = true;
    const isWrong = status !== "ok" && (status !== "error" || push.rule === "ARC-TRANSPORT-phoenix-heartbeat");
    this.#judge(push.rule, unit, isWrong, `${push.event} is replied to with status ${JSON.stringify(status ?? null)}`);
  }

  #join(unit: UnitModel, { topic }: PhoenixEnvelope): void {
    const frame = parsePhoenixFrame(unit.unit.view());
    const hasPeer = frame.ok && readJoin(frame.value).ok;
    const hasSession = topic.startsWith(TOPIC_PREFIX) && isUuid(topic.slice(TOPIC_PREFIX.length));
    const text = hasPeer ? `a join of topic ${JSON.stringify(topic)}` : "a join without peer_id";
    this.#judge("ARC-TRANSPORT-phoenix-join", unit, !hasPeer || !hasSession, text);
  }

  #judge(rule: RuleId, unit: UnitModel, isBroken: boolean, message: string): void {
    this.#findings.judge(rule, isBroken, waySubject(unit), unit.unit.packet, () => message);
  }
}
