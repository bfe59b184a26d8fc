/** What a server does to the messages that it forwards, where both of its connections are in the capture. */
import type { Message } from "../../signaling/messages/registry.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, sessionSubject } from "./check.ts";
import type { Findings } from "./findings.ts";

const MAX_MESSAGES = 16_384;
const RULE = "ARC-TRANSPORT-server-unchanged";

interface Seen {
  readonly conversation: number;
  readonly packet: number;
  readonly text: string;
}

export class ServerCheck implements Check {
  readonly #findings: Findings;
  readonly #seen = new BoundedMap<string, Seen>(MAX_MESSAGES);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { message, isSealed } = unit;
    const { transport, conversation, packet } = unit.unit;
    if (message === undefined || isSealed || transport === "udp") return;
    if (!("session_id" in message) || message.session_id === undefined || !("timestamp" in message)) return;
    const stream = "stream_id" in message ? message.stream_id : "";
    // One peer may answer several requests within a millisecond.
    const request = "in_reply_to" in message ? JSON.stringify(message.in_reply_to) : "";
    const from = "peer_id" in message ? message.peer_id : "";
    const key = `${message.session_id} ${message.type} ${message.timestamp} ${stream} ${request} ${from}`;
    const text = comparable(message);
    const first = this.#seen.get(key);
    if (first === undefined) return void this.#seen.set(key, { conversation, packet, text });
    if (first.conversation === conversation) return;
    this.#findings.judged(RULE);
    const hasToken = "token" in message && message.token !== undefined;
    if (first.text === text && !hasToken) return;
    const what = hasToken ? "still carries the token of its sender" : "is not what it was before the server";
    const told = `${message.type} ${what}: packet ${first.packet} and packet ${packet}`;
    this.#findings.add(RULE, sessionSubject(message.session_id), packet, told);
  }
}

/** The message without what a server puts in and takes out. */
function comparable(message: Message): string {
  return JSON.stringify(message, (name, value) => name === "token" || name === "relay_servers" ? undefined : value);
}
