/** Two signaling servers that share sessions, and whoever is on their bus besides. */
import { utf8 } from "../../base/bytes.ts";
import { type HubOutput, SignalingHub } from "../../signaling/hub.ts";
import { sessionSubject } from "../../signaling/hub_bus.ts";
import { writeJson } from "../../signaling/json_value.ts";
import { parseMessage, parseMessageWithJson } from "../../signaling/parse_message.ts";
import { SeededCaseRandom } from "../case_random.ts";
import { strayMessage } from "../message_mutation.ts";
import { argumentByte, argumentSeed, operationOf, randomSteps, step, stepWith } from "../steps.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";

const OPERATIONS = 8;
const HUBS = 2;
const CHANNELS = 6;
const LIMITS = { maxSessions: 3, messagesPerSecond: 20, idleMs: 90_000 };
const UNIX_OFFSET_MS = 1_700_000_000_000;
/** What one input may make of a hub: announcements of some sessions, a few messages. */
const MAX_OUTPUTS = 100;

const sessionOf = (n: number) => `5e550000-0000-4000-8000-${(n % 2).toString(16).padStart(12, "0")}`;
const peerOf = (n: number) => `9ee50000-0000-4000-8000-${(n % 4).toString(16).padStart(12, "0")}`;

interface OnBus {
  readonly from: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

class SharedHubsRun {
  readonly #hubs = Array.from({ length: HUBS }, () => new SignalingHub(UNIX_OFFSET_MS, LIMITS, () => [], true));
  readonly #subjects = this.#hubs.map(() => new Set<string>());
  /** Open channels, of either hub by turns, and what they have joined. */
  readonly #open = new Map<number, { session: string; peer: string }>();
  /** Published and not yet delivered; a step may lose it. */
  readonly #wire: OnBus[] = [];
  readonly #seen = new Set<string>();
  #nowMs = 1000;

  run(units: FuzzCase): string {
    for (const hub of this.#hubs) hub.busChanged(true);
    for (const unit of units) {
      this.#step(unit);
      this.#carryOut(undefined);
    }
    for (const id of [...this.#open.keys()]) this.#close(id);
    this.#carryOut(undefined);
    for (const [n, hub] of this.#hubs.entries()) {
      demand(hub.stats.sessions === 0 && hub.stats.peers === 0, "memory", "a session is left without a channel");
      demand(this.#subjects[n].size === 0, "memory", "a session that is over is still listened for");
    }
    return [...this.#seen].sort().join(" ");
  }

  #step(unit: Uint8Array): void {
    const id = argumentByte(unit, 0) % CHANNELS;
    const which = argumentByte(unit, 1);
    switch (operationOf(unit, OPERATIONS)) {
      case 0:
        return this.#join(id, sessionOf(which), peerOf(which >>> 1));
      case 1:
        return this.#close(id);
      case 2:
        this.#nowMs += 100 * which;
        for (const hub of this.#hubs) hub.timeout(this.#nowMs);
        return;
      case 3:
        return this.#say(id, argumentSeed(unit));
      case 4:
        return this.#deliver(which);
      case 5:
        return this.#publish(id, which, unit.subarray(3));
      case 6:
        return this.#publish(id, which, this.#stray(which, argumentSeed(unit)));
      default:
        for (const hub of this.#hubs) hub.busChanged((which & 1) === 0);
    }
  }

  #hubOf(id: number): SignalingHub {
    return this.#hubs[id % HUBS];
  }

  #join(id: number, session: string, peer: string): void {
    const hub = this.#hubOf(id);
    if (!this.#open.has(id)) {
      hub.open(id, this.#nowMs);
      this.#open.set(id, { session: "", peer: "" });
    }
    if (hub.join(id, session, peer, this.#nowMs) === undefined) this.#open.set(id, { session, peer });
  }

  #close(id: number): void {
    this.#hubOf(id).closed(id);
    this.#open.delete(id);
  }

  #say(id: number, seed: number): void {
    const { session = "", peer = "" } = this.#open.get(id) ?? {};
    const names = {
      sessionId: session || sessionOf(0),
      peerId: peer || peerOf(0),
      unixMs: UNIX_OFFSET_MS + this.#nowMs,
    };
    const parsed = parseMessageWithJson(strayMessage(names, new SeededCaseRandom(seed)));
    if (parsed.ok) this.#hubOf(id).message(id, parsed.value, this.#nowMs);
  }

  /** The oldest on the bus reaches the other hub, or is lost. */
  #deliver(which: number): void {
    const sent = this.#wire.shift();
    if (sent === undefined || (which & 3) === 0) return;
    this.#hear(1 - sent.from, sent.subject, sent.bytes);
  }

  /** Somebody else on the bus publishes this. */
  #publish(id: number, which: number, bytes: Uint8Array): void {
    const session = sessionOf(which);
    const subject = (which & 6) === 0 ? sessionSubject(session) : sessionSubject(session, peerOf(which >>> 3));
    this.#hear(id % HUBS, subject, bytes);
  }

  #stray(which: number, seed: number): Uint8Array {
    const random = new SeededCaseRandom(seed);
    const sessionId = sessionOf(which);
    if (!random.oneIn(2)) return strayMessage({ sessionId, peerId: peerOf(seed), unixMs: UNIX_OFFSET_MS }, random);
    const timestamp = UNIX_OFFSET_MS + random.below(10_000);
    const presence = { type: "HEARTBEAT", session_id: sessionId, sequence: random.below(3), peer_id: peerOf(seed) };
    return utf8(writeJson({ ...presence, timestamp }));
  }

  #hear(hub: number, subject: string, bytes: Uint8Array): void {
    this.#carryOut(undefined);
    this.#hubs[hub].heardOnBus(subject, bytes, this.#nowMs);
    this.#carryOut(bytes);
  }

  /** `heard` is what a hub has just taken from the bus. */
  #carryOut(heard: Uint8Array | undefined): void {
    for (const [n, hub] of this.#hubs.entries()) {
      let count = 0;
      for (let out = hub.poll(); out !== undefined; out = hub.poll()) {
        demand(++count < MAX_OUTPUTS, "response", `one step makes ${MAX_OUTPUTS} outputs`);
        this.#seen.add(out.kind);
        this.#take(n, out, heard);
      }
      demand(hub.stats.sessions <= LIMITS.maxSessions, "state", "too many sessions", "ARC-TRANSPORT-server-bounds");
      const { sessions } = hub.stats;
      demand(this.#subjects[n].size === sessions, "state", `${this.#subjects[n].size} subjects, ${sessions} sessions`);
    }
  }

  #take(n: number, out: HubOutput, heard: Uint8Array | undefined): void {
    if (out.kind === "subscribe") this.#subjects[n].add(out.subject);
    else if (out.kind === "unsubscribe") this.#subjects[n].delete(out.subject);
    else if (out.kind === "close") this.#close(out.to);
    else if (out.kind === "publish") this.#published(n, out.subject, out.bytes, heard);
    else if (out.kind === "send") {
      demand(this.#open.has(out.to), "state", "a message goes to a channel that is closed");
      this.#judge(writeJson(out.json), out.json.type === "CONNECT" && "token" in out.json);
    }
  }

  #published(from: number, subject: string, bytes: Uint8Array, heard: Uint8Array | undefined): void {
    const json: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes));
    this.#judge(bytes, json.type === "CONNECT" && "token" in json);
    // What is published on hearing something: who is here, and a CONNECT that has waited for whoever has come.
    demand(
      heard === undefined || json.type === "CONNECT" || (json.type === "HEARTBEAT" && subject.endsWith(".all")),
      "response",
      "what came from the bus goes back to it",
      "ARC-TRANSPORT-nats-no-return",
    );
    this.#wire.push({ from, subject, bytes });
  }

  #judge(text: Uint8Array | string, hasToken: boolean): void {
    demand(parseMessage(text).ok, "response", "what goes out is malformed");
    demand(!hasToken, "response", "a token goes out", "ARC-TRANSPORT-nats-forward");
  }
}

export const SHARED_HUBS_TARGET: FuzzTarget = {
  name: "machine.shared_hubs",
  area: "machine",
  summary: "two signaling servers that share sessions over a bus that loses, and strangers on it",
  shape: "steps",
  maxUnits: 60,
  batchCases: 64,
  seeds: () => [
    [step(0, 0, 0), step(0, 1, 2), step(4, 0, 1), step(4, 0, 1), step(3, 0, 0, 1, 2, 3), step(4, 0, 1), step(1, 0)],
    [step(0, 0, 0), step(0, 1, 2), step(0, 3, 4), step(4, 0, 1), step(4, 0, 1), step(4, 0, 1), step(2, 0, 60)],
    [step(0, 0, 0), stepWith(5, new Uint8Array([0, 0, 0x7b])), step(6, 0, 0, 1, 2, 3), step(7, 0, 1), step(7, 0, 0)],
  ],
  generate: (
    random,
  ) => [step(0, 0, 0), step(0, 1, 2), step(4, 0, 1), step(4, 0, 1), ...randomSteps(random, OPERATIONS, 40)],
  run: (units) => new SharedHubsRun().run(units),
};
