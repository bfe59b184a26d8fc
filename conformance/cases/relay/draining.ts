/** SPEC ARC-RELAY-draining: with a relay that is the case's alone, and that can be told to take no new sessions. */
import type { Case } from "../../case.ts";
import { startRelay } from "../../drive/started_relay.ts";
import { delivers } from "./binding.ts";

export const CASES: readonly Case[] = [
  {
    id: "relay/draining-serves",
    requirements: ["ARC-RELAY-draining"],
    title: "A relay that drains refuses new sessions with `busy` and goes on forwarding for those that it has",
    needs: "relay",
    run: async (world) => {
      const relay = await startRelay(world);
      const { caller, callee } = await relay.world.pair();
      await relay.drain();
      await delivers(caller, callee);
      await delivers(callee, caller);
    },
  },
  {
    id: "relay/draining-binds-its-own",
    requirements: ["ARC-RELAY-draining", "ARC-RELAY-rebind"],
    title: "While it drains, the second peer of a session that it has may bind, and a peer may move",
    needs: "relay",
    run: async (world) => {
      const relay = await startRelay(world);
      const caller = await relay.world.bound("caller", relay.world.callerId);
      await relay.drain();
      const callee = await relay.world.bound("callee", relay.world.calleeId);
      await delivers(caller, callee);
      const moved = await relay.world.bound("caller, moved", relay.world.callerId);
      await delivers(callee, moved);
    },
  },
  {
    id: "relay/draining-heartbeats",
    requirements: ["ARC-RELAY-draining"],
    title: "A relay that drains answers the HEARTBEAT of a bound address, and of no other",
    needs: "relay",
    run: async (world) => {
      const relay = await startRelay(world);
      const { caller } = await relay.world.pair();
      const stranger = await relay.world.stranger("stranger");
      await relay.world.fence(stranger);
      await relay.drain();
      await relay.world.fence(caller);
      await stranger.say(relay.world.nilHeartbeat());
      // The challenge is the very next thing that comes: the HEARTBEAT before it was not answered.
      await relay.world.nonce(stranger);
    },
  },
];
