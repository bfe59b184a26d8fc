/** SPEC ARC-BUDGET-routing, ARC-BUDGET-rate, ARC-BUDGET-answer: a relay, as fast as the suite's own sockets are to tell. */
import { readU16 } from "../../../lib/base/bytes.ts";
import type { Case } from "../../case.ts";
import { BUDGETS, delays } from "../../measure.ts";
import { fullUnit } from "../opaque_units.ts";
import { answerTimes } from "./answer_times.ts";

const PER_SECOND = 1000;
const UNITS = 1000;
const UNIT_BYTES = 400;
/** What has not come when so long nothing has is lost. */
const QUIET_MS = 200;

export const CASES: readonly Case[] = [
  {
    id: "budget/relay-forwarding",
    requirements: ["ARC-BUDGET-routing", "ARC-BUDGET-rate"],
    title:
      `A relay forwards ${PER_SECOND} units per second of one session within the budget of routing, and loses none`,
    needs: "relay",
    isAlone: true,
    run: async (world) => {
      const { caller, callee } = await world.pair("udp");
      const { clock, transcript } = world.desk;
      const sentMs: number[] = [];
      const tookMs: number[] = [];
      let lastMs = clock.nowMs();
      callee.divert((unit) => {
        lastMs = clock.nowMs();
        if (unit.length === UNIT_BYTES) tookMs.push(lastMs - sentMs[readU16(unit, 2)]);
      });
      transcript.mute();
      const startMs = clock.nowMs();
      while (sentMs.length < UNITS) {
        // A timer comes late: what is due by then goes out together, so that the rate is right.
        const due = Math.min(UNITS, 1 + Math.floor((clock.nowMs() - startMs) * PER_SECOND / 1000));
        while (sentMs.length < due) {
          const unit = fullUnit(sentMs.length, { bytes: UNIT_BYTES });
          sentMs.push(clock.nowMs());
          await caller.send(unit);
        }
        await world.pass(1);
      }
      const rate = 1000 * UNITS / (clock.nowMs() - startMs);
      while (tookMs.length < UNITS && clock.nowMs() - lastMs < QUIET_MS) await world.pass(QUIET_MS / 10);
      world.measure(
        ...delays("forwarding", tookMs, BUDGETS.routing),
        { name: "lost", value: UNITS - tookMs.length, unit: "units", most: 0 },
        { name: "sent", value: rate, unit: "1/s" },
      );
    },
  },
  {
    id: "budget/relay-answer",
    requirements: ["ARC-BUDGET-answer"],
    title: "A relay answers HEARTBEATs to itself within the budget of routing",
    needs: "relay",
    isAlone: true,
    run: async (world) => {
      const line = await world.stranger("stranger");
      world.measure(...await answerTimes(world, () => world.fence(line)));
    },
  },
];
