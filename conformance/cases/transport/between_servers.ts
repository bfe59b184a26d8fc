/** SPEC clause 6.3: a server by itself, and peers that hear of statuses. */
import { STATUS_EXAMPLES } from "../../../lib/signaling/examples.ts";
import type { Case } from "../../case.ts";
import { refuses } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";
import { streamStop } from "../messages.ts";
import { ANNA, at, callee, sent, stateIs } from "../signaling/script.ts";

export const CASES: readonly Case[] = [
  vectorCase("transport/nats-status", "ARC-TRANSPORT-nats-status", "signaling.parse", "To a peer a status is unknown"),
  {
    id: "transport/nats-status-peers",
    requirements: ["ARC-TRANSPORT-nats-status", "ARC-SIG-json-unknown-type"],
    title: "RELAY_STATUS and SERVER_STATUS are of an unknown type to a peer, however good they are",
    needs: "ops",
    checks: () =>
      Object.values(STATUS_EXAMPLES).flatMap(({ full }) => [
        { name: full.type, request: { op: "signaling.parse", json: JSON.stringify(full) }, ...refuses("unknown_type") },
        callee(
          `${full.type} in a session`,
          [at(100, { ...full, session_id: ANNA.sessionId })],
          sent("ERROR", { code: "unknown_type" }),
          stateIs("connected"),
        ),
      ]),
  },
  {
    id: "transport/nats-status-served",
    requirements: ["ARC-TRANSPORT-nats-status"],
    title: "A server takes no status from a peer and forwards none",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      for (const { full } of Object.values(STATUS_EXAMPLES)) {
        await caller.say(full);
        await caller.nextMessage("ERROR", { code: "unknown_type" });
      }
      await caller.say(streamStop(world.caller, 5));
      await callee.nextMessage("STREAM_STOP", { timestamp: 5 });
    },
  },
  {
    id: "transport/nats-optional",
    requirements: ["ARC-TRANSPORT-nats-optional"],
    title: "A single server brings two peers together by itself",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      await callee.say(streamStop(world.callee, 6));
      await caller.nextMessage("STREAM_STOP", { timestamp: 6 });
    },
  },
];
