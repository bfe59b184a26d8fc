/** Two signaling endpoints and whoever speaks in between: a state is reached, then things go wrong. */
import { writeMessage } from "../../signaling/parse_message.ts";
import { ANNA, BEN, EndpointPair, SESSION, type Side } from "../../signaling/testing/endpoint_pair.ts";
import { SeededCaseRandom } from "../case_random.ts";
import { strayMessage, strayVersion } from "../message_mutation.ts";
import { claimedType, judgeAnswer } from "../response_rules.ts";
import { argumentByte, argumentSeed, operationOf, randomSteps, step, stepWith } from "../steps.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";

const OPERATIONS = 10;
/** What one message may set off at once: an answer, and what follows from a new state. */
const MAX_SENDINGS_PER_MESSAGE = 4;
const UNIX_OFFSET_MS = 1_700_000_000_000;

const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;

class EndpointRun {
  readonly #pair = new EndpointPair();
  #streams = 0;

  run(units: FuzzCase): string {
    for (const unit of units) this.#step(unit);
    this.#pair.run(60_000);
    const { anna, ben, sent } = this.#pair;
    for (const { message } of sent) writeMessage(message);
    const seen = new Set([...this.#pair.kinds("anna"), ...this.#pair.kinds("ben")]);
    return `${anna.state} ${ben.state} ${[...seen].sort().join(" ")}`;
  }

  #step(unit: Uint8Array): void {
    const pair = this.#pair;
    const side: Side = argumentByte(unit, 0) % 2 === 0 ? "anna" : "ben";
    switch (operationOf(unit, OPERATIONS)) {
      case 0:
        return pair.connect();
      case 1:
        return pair.up(side);
      case 2:
        return pair.act(side, (endpoint) => endpoint.down());
      case 3:
        return pair.run(40 * argumentByte(unit, 1));
      case 4:
        return this.#want(side, argumentByte(unit, 1));
      case 5:
        return this.#inject(side, this.#message(side, argumentSeed(unit)));
      case 6: {
        const random = new SeededCaseRandom(argumentSeed(unit));
        const { sent } = pair;
        if (sent.length === 0) return;
        return this.#inject(side, strayVersion(writeMessage(random.pick(sent).message), random));
      }
      case 7:
        return this.#inject(side, unit.subarray(1));
      case 8: {
        const loses = argumentByte(unit, 1) % 2 === 0;
        pair.isLost = () => loses;
        return;
      }
      default:
        return pair.act(side, (endpoint, nowMs) => endpoint.authenticated(argumentByte(unit, 1) % 4, nowMs));
    }
  }

  #message(to: Side, seed: number): Uint8Array {
    const random = new SeededCaseRandom(seed);
    const peerId = to === "anna" ? BEN : ANNA;
    return strayMessage({ sessionId: SESSION, peerId, unixMs: UNIX_OFFSET_MS + this.#pair.nowMs }, random);
  }

  /** What the application may want at any time, as far as it may. */
  #want(side: Side, which: number): void {
    this.#pair.act(side, (endpoint, nowMs) => {
      switch (which % 5) {
        case 0: {
          if (endpoint.agreement === undefined || endpoint.state === "closed") return;
          const id = ++this.#streams;
          endpoint.startStream({
            stream_id: uuid(id),
            stream_type: "audio",
            codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
            ssrc: 1000 + id,
          }, nowMs);
          return;
        }
        case 1:
          return endpoint.rotate("manual", nowMs);
        case 2:
          if (endpoint.agreement === undefined) return;
          return endpoint.stopStream(uuid(Math.max(1, this.#streams)), "user_request", nowMs);
        case 3:
          return endpoint.heartbeat(nowMs);
        default:
          return endpoint.disconnect("user_request", nowMs);
      }
    });
  }

  #inject(to: Side, message: Uint8Array): void {
    const pair = this.#pair;
    const before = pair.sent.length;
    pair.inject(to, new TextDecoder().decode(message));
    const answers = pair.sent.slice(before).filter(({ side }) => side === to);
    demand(
      answers.length <= MAX_SENDINGS_PER_MESSAGE,
      "response",
      () => `${answers.length} messages in answer to one of type ${claimedType(message)}`,
    );
    for (const { message: answer } of answers) judgeAnswer(message, writeMessage(answer));
  }
}

export const ENDPOINT_TARGET: FuzzTarget = {
  name: "machine.endpoint",
  area: "machine",
  summary: "two signaling endpoints: connect, rotate, resume, streams, with stray messages and losses between",
  shape: "steps",
  maxUnits: 24,
  batchCases: 16,
  seeds: () => [
    [step(0), step(4, 0, 0), step(3, 0, 20), step(4, 1, 0), step(3, 0, 20), step(4, 0, 1), step(3, 0, 50)],
    [step(0), step(4, 0, 1), step(6, 1, 1, 2, 3, 4), step(3, 0, 20), step(2, 0), step(1, 0), step(3, 0, 100)],
    [step(1, 0), step(1, 1), step(5, 0, 9, 9, 9, 9), step(3, 0, 20), step(4, 0, 4), step(3, 0, 100)],
    [step(0), stepWith(7, new Uint8Array([0x7b, 0x7d])), step(8, 0, 0), step(4, 1, 1), step(3, 0, 255)],
  ],
  generate: (random) => [step(0), ...randomSteps(random, OPERATIONS, 10)],
  run: (units) => new EndpointRun().run(units),
};
