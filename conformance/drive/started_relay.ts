/** A relay that was started for one case, and the world of it. */
import { uuidV4 } from "../../lib/base/uuid.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { messageOf } from "./line.ts";
import { readMetrics } from "./metrics_page.ts";
import { Breach } from "./outcome.ts";
import type { MetricsPage } from "./prometheus_text.ts";
import type { RunningRelay } from "./relay_source.ts";
import { RelayWorld } from "./relay_world.ts";

/** Between two looks whether something has come about. */
const PAUSE_MS = 50;

export class StartedRelay {
  /** Peers of it: nobody else has any. */
  readonly world: RelayWorld;
  readonly #running: RunningRelay;

  constructor(world: RelayWorld, running: RunningRelay) {
    this.world = world;
    this.#running = running;
  }

  /** Tells it to take no new sessions, and waits until it refuses one with `busy`. */
  async drain(): Promise<void> {
    const { world } = this;
    const drain = this.#running.drain ?? world.skip("needs --relay-drain 'CMD', which tells the relay to drain");
    world.note("the relay is told to drain");
    try {
      await drain();
    } catch (error) {
      throw new Breach("a relay that is told to drain", error instanceof Error ? error.message : String(error));
    }
    const { clock, patienceMs } = world.desk;
    for (const deadlineMs = clock.nowMs() + patienceMs; clock.nowMs() < deadlineMs; await world.pass(PAUSE_MS)) {
      if (await refusesNewcomer(world)) return;
    }
    world.breach("`busy` for a new session once the relay drains", `RELAY_BOUND still after ${patienceMs} ms`);
  }

  /** What its metrics endpoint shows now. */
  metrics(): Promise<MetricsPage> {
    const { metrics } = this.#running;
    if (metrics === undefined) return this.world.skip("needs a --relay-command with {metrics}, a port for HTTP");
    return readMetrics(this.world, metrics);
  }
}

/** Starts a relay that ends with the case, and waits until it answers. */
export async function startRelay(world: RelayWorld): Promise<StartedRelay> {
  const source = world.target.source ?? world.skip("needs --relay-command 'CMD': a relay that is this case's alone");
  let running: RunningRelay;
  try {
    running = await source.start();
  } catch (error) {
    throw new Breach("a relay that starts", error instanceof Error ? error.message : String(error));
  }
  world.afterwards(() => running.stop());
  const { udp, secret } = running;
  const own = new RelayWorld(world.desk, { udp, secret, trust: {} });
  world.afterwards(() => own.close());
  const waitMs = world.starts.nextMs(world.desk.patienceMs);
  const why = await answers(own, running, waitMs);
  world.starts.ended(why === undefined);
  if (why !== undefined) own.breach("an answer to a HEARTBEAT from the relay that was started", why);
  return new StartedRelay(own, running);
}

/** Undefined as soon as the relay answers; else why it will not. */
async function answers(own: RelayWorld, { ended }: RunningRelay, waitMs: number): Promise<string | undefined> {
  const state: { how?: string } = {};
  ended.then((how) => state.how = how);
  const { clock } = own.desk;
  const line = await own.stranger("whoever waits for the relay");
  for (const deadlineMs = clock.nowMs() + waitMs; clock.nowMs() < deadlineMs;) {
    if (state.how !== undefined) return `the end of the relay: ${state.how}`;
    await line.say(own.nilHeartbeat());
    if ((await line.settled(PAUSE_MS)).length > 0) return undefined;
  }
  return `nothing within ${waitMs} ms`;
}

/** Somebody binds to a session that is new to the relay, and leaves again where that is granted. */
async function refusesNewcomer(world: RelayWorld): Promise<boolean> {
  const sessionId = uuidV4(new SystemRng());
  const line = await world.stranger("newcomer");
  await line.say(await world.provenRequest(line, world.callerId, { sessionId }));
  const answer = messageOf(
    await line.next("RELAY_BOUND, or `busy`", (unit) => {
      const { type, code } = messageOf(unit);
      return type === "RELAY_BOUND" || (type === "ERROR" && code === "busy");
    }),
  );
  if (answer.type === "ERROR") return true;
  await line.say(await world.provenRequest(line, world.callerId, { sessionId, type: "RELAY_UNBIND" }));
  await line.nextMessage("ACK");
  return false;
}
