/** The paths of a session: none becomes valid but by the answer to a challenge that went to that very address. */
import { SeededRng } from "../../base/rng.ts";
import { PathSet } from "../../session/paths.ts";
import { argumentByte, operationOf, randomSteps, step } from "../steps.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";

const KINDS = ["direct", "relay", "tcp", "tcp_relay"] as const;
const OPERATIONS = 8;
const ADDRESSES = 40;
const SESSION = "11111111-1111-4111-8111-111111111111";
const PEER = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const UNIX_OFFSET_MS = 1_700_000_000_000;

class PathsRun {
  readonly #paths = new PathSet(SESSION, PEER, new SeededRng(3), UNIX_OFFSET_MS);
  /** Challenges that went to each address. */
  readonly #challenges = new Map<number, string[]>();
  readonly #answered = new Set<number>();
  readonly #seen = new Set<string>();
  #nowMs = 1000;
  #sequence = 0;

  run(units: FuzzCase): string {
    for (const unit of units) {
      this.#step(unit);
      this.#carryOut();
    }
    return [...this.#seen].sort().join(" ");
  }

  #step(unit: Uint8Array): void {
    const address = argumentByte(unit, 0) % ADDRESSES;
    const which = argumentByte(unit, 1);
    const candidate = { kind: KINDS[which % KINDS.length], priority: which, address };
    const paths = this.#paths;
    switch (operationOf(unit, OPERATIONS)) {
      case 0:
        return paths.offer(candidate, this.#nowMs);
      case 1:
        return paths.onHeartbeat(candidate, this.#heartbeat(which), this.#nowMs);
      case 2:
        return this.#answer(address, this.#challenges.get(address)?.at(-1 - (which % 3)));
      case 3:
        return this.#answer(address, this.#challenges.get((address + which) % ADDRESSES)?.at(-1) ?? "0000000000000000");
      case 4:
        for (let i = 0; i < which % 16; i++) {
          this.#nowMs = Math.max(this.#nowMs, Math.min(this.#nowMs + 500, paths.nextTimeoutMs() ?? Infinity));
          paths.timeout(this.#nowMs);
          this.#carryOut();
        }
        return;
      case 5:
        return paths.received(address, this.#nowMs);
      case 6:
        if (which % 2 === 0) return paths.told(candidate, this.#nowMs);
        this.#answered.delete(address);
        return paths.remove(address, this.#nowMs);
      default:
        this.#nowMs += 10 * which;
        return paths.probeAll(this.#nowMs);
    }
  }

  #heartbeat(which: number) {
    return {
      type: "HEARTBEAT",
      session_id: SESSION,
      sequence: this.#sequence++,
      ...(which % 3 === 0 ? {} : { challenge: "0123456789abcdef" }),
      timestamp: UNIX_OFFSET_MS + this.#nowMs - which,
    } as const;
  }

  #answer(address: number, challenge: string | undefined): void {
    const isDue = challenge !== undefined && (this.#challenges.get(address) ?? []).includes(challenge);
    if (isDue) this.#answered.add(address);
    this.#paths.onHeartbeatAck(address, {
      type: "HEARTBEAT_ACK",
      session_id: SESSION,
      sequence: 0,
      ...(challenge === undefined ? {} : { challenge }),
      original_timestamp: UNIX_OFFSET_MS + this.#nowMs,
      response_timestamp: UNIX_OFFSET_MS + this.#nowMs,
      latency_ms: 0,
    }, this.#nowMs);
  }

  #carryOut(): void {
    let sent = 0;
    for (let out = this.#paths.poll(); out !== undefined; out = this.#paths.poll()) {
      if (out.kind === "event") {
        this.#seen.add(out.event.kind);
        continue;
      }
      if (out.kind === "forgotten") {
        this.#answered.delete(out.address);
        continue;
      }
      demand(++sent <= 64, "response", "one step sends more than 64 heartbeats");
      if (out.message.type === "HEARTBEAT" && out.message.challenge !== undefined) {
        this.#challenges.set(out.address, [...(this.#challenges.get(out.address) ?? []), out.message.challenge]);
      }
    }
    for (let address = 0; address < ADDRESSES; address++) {
      demand(
        !this.#paths.isValid(address) || this.#answered.has(address),
        "state",
        "a path is valid whose challenge nobody has answered",
        "ARC-PATH-validated-only",
      );
    }
    const { best } = this.#paths;
    demand(best === undefined || this.#paths.isValid(best.address), "state", "the path in use is not valid");
  }
}

export const PATHS_TARGET: FuzzTarget = {
  name: "machine.paths",
  area: "machine",
  summary: "the paths of a session: offers, heartbeats and answers from anywhere, at any time",
  shape: "steps",
  maxUnits: 80,
  seeds: () => [
    [step(0, 1, 0), step(0, 2, 1), step(4, 0, 3), step(2, 1, 0), step(2, 2, 0), step(4, 0, 15), step(7, 0, 50)],
    [step(1, 5, 0), step(1, 6, 1), step(1, 7, 0), step(1, 8, 0), step(1, 9, 0), step(4, 0, 4), step(3, 5, 1)],
  ],
  generate: (random) => randomSteps(random, OPERATIONS, 30),
  run: (units) => new PathsRun().run(units),
};
