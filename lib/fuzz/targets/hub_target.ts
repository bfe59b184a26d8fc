/** The core of a signaling server with a few channels, sessions and peers, all of which may lie. */
import { errorReply } from "../../signaling/error_reply.ts";
import { SignalingHub } from "../../signaling/hub.ts";
import { writeJson } from "../../signaling/json_value.ts";
import type { ErrorMessage } from "../../signaling/messages/outcome.ts";
import { parseMessage, parseMessageWithJson, writeMessage } from "../../signaling/parse_message.ts";
import { SeededCaseRandom } from "../case_random.ts";
import { strayMessage } from "../message_mutation.ts";
import { claimedType, judgeAnswer } from "../response_rules.ts";
import { argumentByte, argumentSeed, operationOf, randomSteps, step } from "../steps.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";

const OPERATIONS = 8;
const CHANNELS = 6;
const LIMITS = { maxSessions: 3, messagesPerSecond: 20, idleMs: 90_000 };
const UNIX_OFFSET_MS = 1_700_000_000_000;

const RELAYS = [{ id: "relay-1", address: "relay.example.com", port: 3478, priority: 1 }];

const sessionOf = (n: number) => `5e550000-0000-4000-8000-${(n % 4).toString(16).padStart(12, "0")}`;
const peerOf = (n: number) => `9ee50000-0000-4000-8000-${(n % 4).toString(16).padStart(12, "0")}`;

class HubRun {
  readonly #hub = new SignalingHub(UNIX_OFFSET_MS, LIMITS, () => RELAYS);
  readonly #open = new Map<number, { session: string | undefined; peer: string }>();
  #nowMs = 1000;
  readonly #seen = new Set<string>();

  run(units: FuzzCase): string {
    for (const unit of units) {
      this.#step(unit);
      this.#carryOut();
      const { sessions, channels } = this.#hub.stats;
      demand(sessions <= LIMITS.maxSessions, "state", () => `${sessions} sessions`, "ARC-TRANSPORT-server-bounds");
      demand(channels === this.#open.size, "state", () => `the hub counts ${channels} channels of ${this.#open.size}`);
    }
    for (const id of [...this.#open.keys()]) this.#close(id);
    demand(this.#hub.stats.sessions === 0, "memory", "a session is left without a channel");
    return [...this.#seen].sort().join(" ");
  }

  #step(unit: Uint8Array): void {
    const id = argumentByte(unit, 0) % CHANNELS;
    const which = argumentByte(unit, 1);
    switch (operationOf(unit, OPERATIONS)) {
      case 0:
        if (!this.#open.has(id)) {
          this.#hub.open(id, this.#nowMs);
          this.#open.set(id, { session: undefined, peer: "" });
        }
        return;
      case 1:
        return this.#join(id, sessionOf(which), peerOf(which >>> 2));
      case 2:
        return this.#close(id);
      case 3:
        this.#nowMs += 50 * which;
        return this.#hub.timeout(this.#nowMs);
      case 4:
        return this.#message(id, argumentSeed(unit));
      case 5: {
        const raw = unit.subarray(1);
        return this.#text(id, raw);
      }
      case 6:
        if (which === 77) this.#hub.drain();
        return this.#hub.heard(id, this.#nowMs);
      default:
        for (let i = 0; i < which % 64; i++) this.#message(id, argumentSeed(unit) + i);
    }
  }

  #join(id: number, session: string, peer: string): void {
    const channel = this.#open.get(id);
    if (channel === undefined) return;
    const refusal = this.#hub.join(id, session, peer, this.#nowMs);
    if (refusal === undefined) Object.assign(channel, { session, peer });
    this.#refused("{}", refusal);
    demand(refusal !== undefined || this.#hub.isJoined(id), "state", "a join that was taken has not joined");
  }

  #close(id: number): void {
    this.#hub.closed(id);
    this.#open.delete(id);
  }

  #message(id: number, seed: number): void {
    const channel = this.#open.get(id);
    const random = new SeededCaseRandom(seed);
    const sessionId = channel?.session ?? sessionOf(seed);
    const peerId = channel?.peer || peerOf(seed);
    this.#text(id, strayMessage({ sessionId, peerId, unixMs: UNIX_OFFSET_MS + this.#nowMs }, random));
  }

  #text(id: number, text: Uint8Array): void {
    const parsed = parseMessageWithJson(text);
    if (parsed.ok) return this.#refused(text, this.#hub.message(id, parsed.value, this.#nowMs));
    const reply = errorReply(parsed.json, parsed.fault, UNIX_OFFSET_MS + this.#nowMs);
    const context = reply?.in_reply_to === undefined ? {} : { in_reply_to: reply.in_reply_to };
    const isError = claimedType(text) === "ERROR";
    if (!isError) this.#refused(text, this.#hub.fault(id, parsed.fault, context, this.#nowMs));
  }

  #refused(question: Uint8Array | string, refusal: ErrorMessage | undefined): void {
    if (refusal === undefined) return;
    this.#seen.add(refusal.code);
    judgeAnswer(question, writeMessage(refusal));
  }

  #carryOut(): void {
    let count = 0;
    for (let out = this.#hub.poll(); out !== undefined; out = this.#hub.poll()) {
      demand(++count < 2000, "response", "one step makes thousands of outputs");
      this.#seen.add(out.kind);
      if (out.kind === "send") {
        demand(this.#open.has(out.to), "state", "a message goes to a channel that is closed");
        const sent = parseMessage(writeJson(out.json));
        demand(sent.ok, "response", "what is forwarded is malformed");
        demand(
          sent.value.type === "CONNECT" ? !("token" in out.json) : true,
          "response",
          "a token is forwarded to the other peer",
          "ARC-TRANSPORT-server-unchanged",
        );
      } else if (out.kind === "close") this.#close(out.to);
    }
  }
}

export const HUB_TARGET: FuzzTarget = {
  name: "machine.hub",
  area: "machine",
  summary: "the core of a signaling server: joins, forwarding, limits, peers that lie",
  shape: "steps",
  maxUnits: 60,
  batchCases: 64,
  seeds: () => [
    [step(0, 0), step(0, 1), step(1, 0, 0), step(1, 1, 4), step(4, 0, 0, 1, 2, 3), step(4, 1, 0, 9, 2, 3), step(2, 0)],
    [step(0, 0), step(1, 0, 0), step(4, 0, 0, 1, 2, 3), step(0, 1), step(1, 1, 4), step(3, 0, 255), step(7, 1, 63)],
    [step(0, 0), step(0, 1), step(0, 2), step(0, 3), step(1, 0, 0), step(1, 1, 1), step(1, 2, 2), step(1, 3, 3)],
  ],
  generate: (random) => [step(0, 0), step(0, 1), step(1, 0, 0), step(1, 1, 4), ...randomSteps(random, OPERATIONS, 30)],
  run: (units) => new HubRun().run(units),
};
