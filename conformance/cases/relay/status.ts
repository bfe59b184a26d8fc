/** SPEC clause 8.6: the load that a relay reports. */
import { parseStatus } from "../../../lib/signaling/parse_message.ts";
import type { Case } from "../../case.ts";
import { gaugeOf, readMetrics } from "../../drive/metrics_page.ts";
import type { MetricsPage } from "../../drive/prometheus_text.ts";
import { type StartedRelay, startRelay } from "../../drive/started_relay.ts";

const LOAD = "arcrtc_relay_load";
const DRAINING = "arcrtc_relay_draining";
const SESSIONS = "arcrtc_relay_sessions";
const BINDINGS = "arcrtc_relay_bindings";

const MINUTE_MS = 60_000;

/** Between two looks at a page. */
const PAUSE_MS = 100;

export const CASES: readonly Case[] = [
  {
    id: "relay/status-metrics",
    requirements: ["ARC-RELAY-status-metrics", "ARC-RELAY-status"],
    title: "The metrics endpoint answers in the Prometheus text format, with load and draining in their ranges",
    needs: "relay",
    run: async (world) => {
      const url = world.target.metrics ?? world.skip("needs --relay-metrics URL");
      const page = await readMetrics(world, url);
      const load = gaugeOf(page, LOAD);
      world.require(load >= 0 && load <= 1, `${LOAD} in 0..1`, `${load}`);
      const draining = gaugeOf(page, DRAINING);
      world.require(draining === 0, `${DRAINING} 0 of a relay that takes sessions`, `${draining}`);
    },
  },
  {
    id: "relay/status-bus",
    requirements: ["ARC-RELAY-status", "ARC-TRANSPORT-nats-status"],
    title: "The status subject tells load and state of the relay, with the peers that the suite has bound",
    needs: "relay",
    run: async (world) => {
      const caller = await world.stranger("caller");
      const { relay_id: id } = await world.bind(caller, world.callerId);
      const statuses = await world.onBus("status", `arcrtc.relay.${id}.status`);
      const isStatus = (unit: Uint8Array) => {
        const status = parseStatus(unit);
        if (!status.ok) return false;
        const { value } = status;
        const isNow = Math.abs(Number(value.timestamp) - world.timestamp) < MINUTE_MS;
        return value.type === "RELAY_STATUS" && value.relay_id === id && isNow && value.healthy &&
          value.sessions >= 1 && value.bindings >= 1 && value.load > 0;
      };
      await statuses.next("a healthy RELAY_STATUS, of now, with a session, a binding and some load", isStatus);
    },
  },
  {
    id: "relay/status-counts",
    requirements: ["ARC-RELAY-status-metrics", "ARC-RELAY-status"],
    title: "Sessions and bindings on the metrics endpoint are at least those that the suite has at the relay",
    needs: "relay",
    run: async (world) => {
      const url = world.target.metrics ?? world.skip("needs --relay-metrics URL");
      await world.pair();
      await world.bound("other session", world.callerId, undefined, { sessionId: world.otherId });
      const { clock, patienceMs } = world.desk;
      const deadlineMs = clock.nowMs() + patienceMs;
      for (;; await world.pass(PAUSE_MS)) {
        const page = await readMetrics(world, url);
        const [sessions, bindings, load] = [SESSIONS, BINDINGS, LOAD].map((name) => gaugeOf(page, name));
        if (sessions >= 2 && bindings >= 3 && load > 0) return;
        if (clock.nowMs() < deadlineMs) continue;
        world.breach("2 sessions, 3 bindings and some load", `${sessions}, ${bindings} and ${load}`);
      }
    },
  },
  {
    id: "relay/status-moves",
    requirements: ["ARC-RELAY-status", "ARC-RELAY-status-metrics"],
    title: "Load, sessions and bindings rise with each peer that binds, and fall when it unbinds",
    needs: "relay",
    run: async (world) => {
      const relay = await startRelay(world);
      const { world: own } = relay;
      await comesToShow(relay, { [SESSIONS]: 0, [BINDINGS]: 0, [LOAD]: 0 });
      const caller = await own.bound("caller", own.callerId);
      const one = await comesToShow(relay, { [SESSIONS]: 1, [BINDINGS]: 1 });
      await own.bound("other session", own.callerId, undefined, { sessionId: own.otherId });
      const two = await comesToShow(relay, { [SESSIONS]: 2, [BINDINGS]: 2 });
      const [before, after] = [one, two].map((page) => gaugeOf(page, LOAD));
      own.require(before > 0 && after > before, `${LOAD} above 0, and more with two sessions`, `${before}, ${after}`);
      await own.bound("callee", own.calleeId);
      await comesToShow(relay, { [SESSIONS]: 2, [BINDINGS]: 3 });
      await caller.say(await own.provenRequest(caller, own.callerId, { type: "RELAY_UNBIND" }));
      await caller.nextMessage("ACK");
      await comesToShow(relay, { [SESSIONS]: 2, [BINDINGS]: 2 });
    },
  },
  {
    id: "relay/status-draining",
    requirements: ["ARC-RELAY-status", "ARC-RELAY-status-metrics"],
    title: "A relay that drains says so on its metrics endpoint",
    needs: "relay",
    run: async (world) => {
      const relay = await startRelay(world);
      await relay.world.pair();
      await comesToShow(relay, { [DRAINING]: 0 });
      await relay.drain();
      await comesToShow(relay, { [DRAINING]: 1 });
    },
  },
];

/** The page once it shows these figures: a relay may take its time to put new ones there. */
async function comesToShow(relay: StartedRelay, due: Readonly<Record<string, number>>): Promise<MetricsPage> {
  const { world } = relay;
  const { clock, patienceMs } = world.desk;
  const deadlineMs = clock.nowMs() + patienceMs;
  for (;;) {
    const page = await relay.metrics();
    const shown = Object.keys(due).map((name) => `${name} ${gaugeOf(page, name)}`).join(", ");
    const wanted = Object.entries(due).map(([name, value]) => `${name} ${value}`).join(", ");
    if (shown === wanted) return page;
    if (clock.nowMs() > deadlineMs) world.breach(wanted, `${shown} still after ${patienceMs} ms`);
    await world.pass(PAUSE_MS);
  }
}
