/** SPEC clause 10.5: to whom a server gives METRICS: not to the other peer, but to whoever collects them. */
import type { Case } from "../../case.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import { said, streamStop } from "../messages.ts";
import { type MetricsPage, readPrometheus } from "../../drive/prometheus_text.ts";

/** Of no other report: binary fractions, so that sums of them are exact. */
const RTT_MS = 333.25;
const LOSS = 0.1875;
/** Sums grow by it however large they are. */
const TOLERANCE = 1e-6;

export const CASES: readonly Case[] = [
  {
    id: "transport/metrics-not-forwarded",
    requirements: ["ARC-METRICS-not-forwarded"],
    title: "METRICS of a peer do not come to the other one",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const figures = { latency: {}, quality: {}, performance: {}, network: {} };
      await caller.say(said("METRICS", world.caller, 1, figures));
      await caller.say(streamStop(world.caller, 2));
      await callee.nextMessage("STREAM_STOP", { timestamp: 2 });
    },
  },
  {
    id: "transport/metrics-exported",
    requirements: ["ARC-METRICS-exporters"],
    title: "A server shows the round trip and the loss that a peer reports at /metrics, as Prometheus reads it",
    needs: "server",
    run: async (world) => {
      const line = await world.joined("caller", world.caller);
      const before = await exported(world);
      const figures = { latency: {}, quality: { loss: LOSS }, performance: {}, network: { rtt: RTT_MS } };
      await line.say(said("METRICS", world.caller, world.timestamp, figures));
      await world.nilHeartbeat(line, 2);
      const after = await exported(world);
      const shows = (...values: readonly number[]) =>
        [...after].some(([name, value]) => values.some((due) => isShown(due, value, before.get(name))));
      world.require(shows(RTT_MS, RTT_MS / 1000), `a figure of ${RTT_MS} ms, or one that has grown by it`, "none");
      world.require(shows(LOSS, 100 * LOSS), `a figure of ${100 * LOSS} %, or one that has grown by it`, "none");
    },
  },
];

/** A gauge is the value, a sum has grown by it. */
function isShown(due: number, value: number, before = 0): boolean {
  return [value, value - before].some((shown) => Math.abs(shown - due) < TOLERANCE);
}

async function exported(world: ServerWorld): Promise<MetricsPage["samples"]> {
  const page = await world.page("/metrics") ?? world.breach("a page at /metrics", "none");
  const read = readPrometheus(page);
  return typeof read === "string" ? world.breach("a page that Prometheus reads", read) : read.samples;
}
