/** Relays that drain in a way of their own, or tell servers something else than what is. */
import type { Relay } from "../../lib/relay/relay.ts";
import { messageOf } from "../drive/line.ts";
import type { Mutant } from "./mutant.ts";
import { relayMutant } from "./relay_mutant.ts";

/** The relay as its metrics show it, with a figure that is always this one. */
function showing(name: "sessions" | "bound" | "isDraining", value: unknown): (relay: Relay) => void {
  return (relay) => Object.defineProperty(relay, name, { get: () => value });
}

export const RELAY_STATUS_MUTANTS: readonly Mutant[] = [
  relayMutant({
    id: "relay/drains-in-name-only",
    broken: "takes new sessions when it was told to drain",
    breaks: ["ARC-RELAY-draining"],
  }, { breaks: (relay) => relay.drain = () => {} }),
  relayMutant({
    id: "relay/drains-its-sessions",
    broken: "ends the sessions that it has when it is told to drain",
    breaks: ["ARC-RELAY-draining"],
  }, {
    breaks(relay) {
      const drain = relay.drain.bind(relay);
      relay.drain = () => {
        drain();
        for (const peer of [...relay.bindings.peers()]) relay.bindings.end(peer, "unbind");
      };
    },
  }),
  relayMutant({
    id: "relay/drains-late-peers",
    broken: "refuses the second peer of a session that it has, and one that moves, while it drains",
    breaks: ["ARC-RELAY-draining"],
  }, {
    breaks({ bindings }) {
      const judge = bindings.judge.bind(bindings);
      bindings.judge = (wish, nowMs) => bindings.isDraining ? "draining" : judge(wish, nowMs);
    },
  }),
  relayMutant({
    id: "relay/drains-and-is-well",
    broken: "answers the HEARTBEATs of strangers while it drains",
    breaks: ["ARC-RELAY-draining"],
  }, {
    breaks(relay) {
      const packets = relay.packets.bind(relay);
      relay.packets = (batch, nowMs) => {
        const { isDraining } = relay.bindings;
        if (batch.size > 0 && messageOf(batch.packet(0)).type === "HEARTBEAT") relay.bindings.isDraining = false;
        packets(batch, nowMs);
        relay.bindings.isDraining = isDraining;
      };
    },
  }),
  relayMutant({
    id: "relay/shows-no-sessions",
    broken: "shows no sessions and no load at its metrics endpoint, whoever is bound",
    breaks: ["ARC-RELAY-status", "ARC-RELAY-status-metrics"],
  }, { breaks: showing("sessions", 0) }),
  relayMutant({
    id: "relay/shows-many-bindings",
    broken: "shows as many bindings as it could have, not those that it has",
    breaks: ["ARC-RELAY-status", "ARC-RELAY-status-metrics"],
  }, { breaks: showing("bound", 1000) }),
  relayMutant({
    id: "relay/publishes-nothing",
    broken: "publishes no status on the bus",
    breaks: ["ARC-RELAY-status"],
  }, { publishes: () => undefined }),
  relayMutant({
    id: "relay/publishes-no-load",
    broken: "publishes on the bus that it is idle, whoever is bound",
    breaks: ["ARC-RELAY-status"],
  }, { publishes: (status) => ({ ...status, load: 0, sessions: 0 }) }),
  relayMutant({
    id: "relay/publishes-too-little",
    broken: "publishes a status without its endpoints",
    breaks: ["ARC-TRANSPORT-nats-status"],
  }, { publishes: ({ endpoints: _, ...status }) => status }),
  relayMutant({
    id: "relay/hides-that-it-drains",
    broken: "shows at its metrics endpoint that it takes new sessions while it drains",
    breaks: ["ARC-RELAY-status", "ARC-RELAY-status-metrics"],
  }, { breaks: showing("isDraining", false) }),
];
