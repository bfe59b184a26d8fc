/** A relay with two bound peers and strangers around it. */
import { equalBytes, utf8 } from "../../base/bytes.ts";
import { MAX_UNIT_BYTES } from "../../packet/demux.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import {
  CALLEE,
  CALLER,
  media,
  nilHeartbeat,
  reducedMedia,
  RelayWorld,
  rtcp,
  sealed,
  type Sent,
  SESSION,
  START_UNIX_MS,
} from "../../relay/testing/relay_world.ts";
import { SeededCaseRandom } from "../case_random.ts";
import { generateArcRtp } from "../generate_packet.ts";
import { strayMessage } from "../message_mutation.ts";
import { mutateBytes } from "../mutate_bytes.ts";
import { claimedFields, judgeAmplification, judgeAnswer } from "../response_rules.ts";
import { argumentByte, argumentSeed, operationOf, randomSteps, step, stepWith } from "../steps.ts";
import { type CaseRandom, demand, type FuzzCase, type FuzzTarget } from "../target.ts";

const OPERATIONS = 11;
const STRANGERS = 3;
/** A small relay is as good as a large one and sooner there, and its limits are sooner reached. */
const LIMITS = { maxSessions: 16, queuePackets: 64, sessionPps: 100, sessionBps: 200_000 };
/** Units of ours that may still wait in the relay. */
const MAX_RECENT = 160;

class RelayRun {
  readonly #world = new RelayWorld(LIMITS, 7);
  readonly #peers: readonly number[];
  readonly #strangers: readonly number[];
  /** Strangers that have shown that they receive what is sent to them. */
  readonly #proven = new Set<number>();
  readonly #seen = new Set<string>();
  readonly #recent: Uint8Array[] = [];

  constructor() {
    // Keys are taken over TLS only, and go to and fro between transports.
    const caller = this.#world.addresses.add("192.0.2.1", 5000, "tls");
    const callee = this.#world.addresses.add("198.51.100.1", 6000, "udp");
    this.#world.bind(caller, { peerId: CALLER });
    this.#world.bind(callee, { peerId: CALLEE });
    this.#peers = [caller, callee];
    this.#strangers = Array.from({ length: STRANGERS }, (_, i) => this.#world.addresses.add("203.0.113.9", 7000 + i));
  }

  run(units: FuzzCase): string {
    for (const unit of units) this.#step(unit);
    this.#world.advance(120_000);
    const pinned = [...this.#world.addresses.pinned.values()].reduce((sum, count) => sum + count, 0);
    demand(pinned <= STRANGERS + 2, "memory", () => `${pinned} addresses stay pinned`);
    return [...this.#seen].sort().join(" ");
  }

  #step(unit: Uint8Array): void {
    const world = this.#world;
    const which = argumentByte(unit, 0);
    const stranger = this.#strangers[which % STRANGERS];
    const random = new SeededCaseRandom(argumentSeed(unit));
    switch (operationOf(unit, OPERATIONS)) {
      case 0:
        return this.#send(stranger, unit.subarray(1));
      case 1:
        return this.#send(this.#peers[which % 2], unit.subarray(1));
      case 2:
        return this.#send(this.#peers[which % 2], usualUnit(which >>> 1, argumentByte(unit, 1)));
      case 3: {
        const usual = usualUnit(which >>> 1, argumentByte(unit, 1));
        return this.#send(this.#peers[which % 2], mutateBytes(usual, usual, random, MAX_UNIT_BYTES));
      }
      case 4: {
        const setting = { sessionId: SESSION, peerId: which % 2 === 0 ? CALLER : CALLEE, unixMs: START_UNIX_MS };
        const message = strayMessage(setting, random);
        return this.#send(which % 3 === 0 ? this.#peers[which % 2] : stranger, message.subarray(0, MAX_UNIT_BYTES));
      }
      case 5:
        return this.#bind(stranger, random.bool() ? CALLER : CALLEE, which);
      case 6:
        for (const sent of [world.advance(20 * which)]) this.#judge(-1, new Uint8Array(0), sent);
        return;
      case 7:
        return this.#send(this.#peers[which % 2], generateArcRtp(random).subarray(0, MAX_UNIT_BYTES));
      case 8:
        return this.#keys(which, random);
      case 9:
        for (let i = 0; i < which; i++) this.#send(this.#peers[which % 2], usualUnit(i % 4, i));
        return;
      default:
        world.relay.closed(stranger, world.nowMs);
    }
  }

  /** A stranger binds with the session's own token, or something near to it. */
  #bind(stranger: number, peerId: string, which: number): void {
    const world = this.#world;
    const first = world.bindMessage({ peerId });
    const answers = world.send(stranger, first);
    this.#judge(stranger, utf8(writeMessage(first)), answers);
    const nonce = answers.map(({ unit }) => JSON.parse(new TextDecoder().decode(unit)).nonce).find(Boolean);
    if (nonce === undefined) return;
    this.#proven.add(stranger);
    const proof = which % 4 === 0 ? "AAAAAAAAAAAAAAAAAAAAAA" : undefined;
    const second = world.bindMessage({ peerId, nonce, ...(proof === undefined ? {} : { proof }) });
    this.#judge(stranger, utf8(writeMessage(second)), world.send(stranger, second));
  }

  /** RELAY_KEYS of the peer on TLS for an SSRC of {@link usualUnit}, whose packets then fail the relay's check. */
  #keys(which: number, random: CaseRandom): void {
    const setting = { sessionId: SESSION, peerId: CALLER, unixMs: START_UNIX_MS };
    const stray = strayMessage(setting, random, "RELAY_KEYS");
    const fields = claimedFields(stray);
    const keys = fields === undefined ? stray : utf8(JSON.stringify({ ...fields, ssrc: 0x1000 + which % 4 }));
    this.#send(this.#peers[which < 200 ? 0 : 1], keys.subarray(0, MAX_UNIT_BYTES));
  }

  #send(from: number, unit: Uint8Array): void {
    if (unit.length > MAX_UNIT_BYTES) return;
    this.#recent.push(unit);
    if (this.#recent.length > MAX_RECENT) this.#recent.shift();
    this.#judge(from, unit, this.#world.send(from, unit));
  }

  #judge(from: number, unit: Uint8Array, sent: readonly Sent[]): void {
    let back = 0;
    for (const { to, unit: out } of sent) {
      demand(out.length <= MAX_UNIT_BYTES, "state", () => `a unit of ${out.length} bytes leaves the relay`);
      if (to === from) {
        back += out.length;
        judgeAnswer(unit, out);
        this.#seen.add("answer");
      } else {
        demand(
          // What had to wait for a limit comes out with another unit.
          equalBytes(out, unit) || from < 0 || this.#recent.some((waited) => equalBytes(out, waited)),
          "response",
          "a forwarded unit was changed",
          "ARC-RELAY-forward",
        );
        this.#seen.add("forward");
      }
    }
    const isStranger = this.#strangers.includes(from) && !this.#proven.has(from);
    if (isStranger) {
      judgeAmplification(unit.length, back, "ARC-RELAY-challenge-size");
      demand(
        sent.every(({ to, unit: out }) => to === from || !equalBytes(out, unit)),
        "response",
        "a stranger's unit was forwarded",
        "ARC-RELAY-unbound-dropped",
      );
    }
  }
}

function usualUnit(kind: number, n: number): Uint8Array {
  switch (kind % 5) {
    case 0:
      return media(n % 4, n, 60 + n);
    case 1:
      return rtcp(0x1000, 60);
    case 2:
      return sealed();
    case 3:
      return reducedMedia(n % 4, n % 8, 60);
    default:
      return utf8(writeMessage(nilHeartbeat(n)));
  }
}

export const RELAY_TARGET: FuzzTarget = {
  name: "machine.relay",
  area: "machine",
  summary: "a relay with two peers and strangers: bindings, forwarding, no answer larger than its question",
  shape: "steps",
  maxUnits: 40,
  batchCases: 32,
  seeds: () => [
    [step(2, 0, 1), step(2, 1, 2), step(2, 2, 3), step(2, 4, 4), step(2, 6, 5), step(2, 8, 6), step(6, 50)],
    [step(8, 0, 1, 1, 2, 3), step(2, 0, 0), step(2, 0, 1), step(9, 120), step(6, 9), step(9, 61), step(6, 20)],
    [step(5, 0, 0, 0), step(5, 1, 1, 0), step(4, 0, 0, 1, 2, 3), step(4, 1, 0, 5, 2, 3), step(6, 255)],
    [stepWith(0, utf8(`{"type":"RELAY_BIND"}`)), stepWith(0, utf8(writeMessage(nilHeartbeat(200)))), step(8, 0)],
  ],
  generate: (random) => randomSteps(random, OPERATIONS, 20),
  run: (units) => new RelayRun().run(units),
};
