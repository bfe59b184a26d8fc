/** SPEC ARC-BUDGET-routing and ARC-BUDGET-answer: a signaling server. */
import type { Case } from "../../case.ts";
import { BUDGETS, delays } from "../../measure.ts";
import { connect, connectAck } from "../messages.ts";
import { answerTimes } from "./answer_times.ts";

const EXCHANGES = 30;

export const CASES: readonly Case[] = [
  {
    id: "budget/server-forwarding",
    requirements: ["ARC-BUDGET-routing"],
    title: "A server passes CONNECT and CONNECT_ACK on within the budget of routing",
    needs: "server",
    isAlone: true,
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const { clock } = world.desk;
      const tookMs: number[] = [];
      const exchangeMs: number[] = [];
      for (let i = 0; i < EXCHANGES; i++) {
        const startMs = clock.nowMs();
        await caller.say(connect(world.caller, world.freshTimestamp()));
        await callee.nextMessage("CONNECT");
        const askedMs = clock.nowMs();
        await callee.say(connectAck(world.callee, world.freshTimestamp()));
        await caller.nextMessage("CONNECT_ACK");
        const endMs = clock.nowMs();
        tookMs.push(askedMs - startMs, endMs - askedMs);
        exchangeMs.push(endMs - startMs);
      }
      // Both ways; a callee that answers at once is part of it.
      const { target, maximum } = BUDGETS.routing;
      const twice = { target: 2 * target, maximum: 2 * maximum };
      world.measure(
        ...delays("forwarding", tookMs, BUDGETS.routing),
        ...delays("CONNECT to CONNECT_ACK", exchangeMs, twice),
      );
    },
  },
  {
    id: "budget/server-answer",
    requirements: ["ARC-BUDGET-answer"],
    title: "A server answers HEARTBEATs to itself within the budget of routing",
    needs: "server",
    isAlone: true,
    run: async (world) => {
      const line = await world.connect("stranger");
      world.measure(...await answerTimes(world, (i) => world.nilHeartbeat(line, i)));
    },
  },
];
