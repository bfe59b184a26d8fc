/** The jitter buffer and the NACK scheduler, step by step: order, bounds and counts hold whatever comes when. */
import { HARD_MAX_DELAY_MS, JitterBuffer } from "../../jitter/buffer.ts";
import { NackScheduler } from "../../jitter/nack.ts";
import { argumentByte, argumentSeed, operationOf, randomSteps, step } from "../steps.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";

const CAPACITY = 32;
const OPERATIONS = 5;
const BYTES = new Uint8Array(300);

function run(units: FuzzCase): string {
  const buffer = new JitterBuffer({ capacity: CAPACITY, slotBytes: 256 });
  const nack = new NackScheduler(64);
  let nowMs = 1000;
  let next = 100;
  let given = 0;
  let lastPlayed = -1;
  const verdicts = new Set<string>();
  const play = () => {
    for (let out = buffer.poll(nowMs), n = 0; out !== undefined; out = buffer.poll(nowMs), n++) {
      demand(n < 100_000, "hang", "the jitter buffer plays for ever");
      const index = out.kind === "packet" ? out.index : out.firstIndex;
      demand(index > lastPlayed, "state", "playout goes backwards", "ARC-JITTER-order");
      lastPlayed = out.kind === "packet" ? index : index + out.count - 1;
      if (out.kind === "packet") {
        demand(
          nowMs - out.arrivalMs <= HARD_MAX_DELAY_MS + 300,
          "state",
          "a packet was held longer than the maximum and the step",
          "ARC-JITTER-maximum",
        );
      }
      verdicts.add(out.kind);
    }
  };
  const push = (index: number, ticks: number, bytes: number) => {
    const packet = {
      index,
      timestampTicks: ticks >>> 0,
      clockRateHz: 48_000,
      bytes: BYTES,
      start: 0,
      end: bytes,
      isRepaired: index % 7 === 0,
    };
    given++;
    verdicts.add(buffer.handle(packet, nowMs));
    nack.handle(index, nowMs);
  };
  for (const unit of units) {
    const argument = argumentByte(unit, 0);
    switch (operationOf(unit, OPERATIONS)) {
      case 0:
        push(next, 960 * next, 1 + argument);
        next++;
        break;
      case 1:
        push(Math.max(0, next + (argument - 128)), 960 * (next + argument - 128), 100 + argument);
        break;
      case 2:
        nowMs += argument;
        play();
        break;
      case 3:
        next += argument;
        push(next, argumentSeed(unit), 10);
        break;
      default:
        nack.poll(nowMs, argument, buffer);
        play();
    }
    const dueMs = buffer.nextTimeoutMs();
    demand(dueMs === undefined || !Number.isNaN(dueMs), "state", "the next timeout is no number");
  }
  for (let dueMs = buffer.nextTimeoutMs(); dueMs !== undefined; dueMs = buffer.nextTimeoutMs()) {
    nowMs = Math.max(nowMs, dueMs);
    play();
  }
  const { played, late, duplicate, full, too_large } = buffer.counters;
  demand(
    played + late + duplicate + full + too_large === given,
    "state",
    () => `of ${given} packets ${played + late + duplicate + full + too_large} are accounted for`,
  );
  return [...verdicts].sort().join(" ");
}

export const JITTER_TARGET: FuzzTarget = {
  name: "machine.jitter",
  area: "machine",
  summary: "the jitter buffer and NACK: packets in any order at any time",
  shape: "steps",
  maxUnits: 200,
  seeds: () => [
    Array.from({ length: 40 }, (_, i) => i % 4 === 3 ? step(2, 20) : step(0, 60)),
    [step(0, 1), step(3, 200, 0, 1, 2, 3), step(1, 100), step(2, 60), step(4, 30)],
  ],
  generate: (random) => randomSteps(random, OPERATIONS, 60),
  run,
};
