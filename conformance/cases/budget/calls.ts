/** SPEC ARC-BUDGET-start and ARC-BUDGET-answer: a peer in a call. */
import type { Case } from "../../case.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import { BUDGETS } from "../../measure.ts";
import { answerTimes } from "./answer_times.ts";

export const CASES: readonly Case[] = [
  ...(["caller", "callee"] as const).map((role): Case => ({
    id: `budget/first-media-${role}`,
    requirements: ["ARC-BUDGET-start"],
    title: `A ${role}'s first media packet leaves within the budget of the whole way once its stream is accepted`,
    needs: "peer",
    isAlone: true,
    run: async (world) => {
      const far = await world.call(role);
      const agreedMs = world.desk.clock.nowMs();
      await far.validate();
      const { ssrc } = await far.hears("the first media packet", 0);
      const first = (isIt: (heard: Heard) => boolean) =>
        far.log.find("what came before the first media packet", 0, (heard) => isIt(heard) ? heard.atMs : undefined);
      const startedMs = await first((heard) =>
        (heard.kind === "signal" || heard.kind === "sealed") && heard.message.ssrc === ssrc
      );
      // Without a valid path nothing may leave, however early the stream was accepted.
      const probedMs = await first((heard) => heard.kind === "sealed" && heard.message.type === "HEARTBEAT");
      const mediaMs = await first((heard) => heard.kind === "media" && heard.packet.ssrc === ssrc);
      world.measure(
        {
          name: "STREAM_START to media",
          value: mediaMs - Math.max(startedMs, probedMs),
          unit: "ms",
          most: BUDGETS.total.maximum,
        },
        { name: "agreement on keys to media", value: Math.max(0, mediaMs - agreedMs), unit: "ms" },
      );
    },
  })),
  {
    id: "budget/peer-answer",
    requirements: ["ARC-BUDGET-answer"],
    title: "A peer answers sealed HEARTBEATs on its path within the budget of routing",
    needs: "peer",
    isAlone: true,
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      world.measure(...await answerTimes(world, () => far.fence()));
    },
  },
];
