/**
 * Thousands of calls on virtual time, each made from a seed: peers behind NATs of all kinds, relays that can or cannot be
 * reached, and what befalls them in the middle of a call. `ARCRTC_SCENARIOS=5000 deno test -A` with this file runs more of
 * them than everybody's run does, `ARCRTC_SCENARIO=1234` the one of that seed.
 */
import assert from "node:assert/strict";
import { makeScenario, type Scenario } from "./testing/path_scenario.ts";
import { PathWorld } from "./testing/path_world.ts";

const USUAL_RUNS = 300;
/** From the first look for a path to media, TCP included (SPEC 7). */
const BEGIN_MS = 8000;
/** Where a path is there that was valid before: the other one takes over in less than 2 s (SPEC ARC-PATH-failover). */
const FAILOVER_MS = 2000;
/** Where it must be looked for: better ones are tried again every 10 s, TCP from 1 s on. */
const AGAIN_MS = 25_000;

interface Tally {
  calls: number;
  found: number;
  without: number;
}

function setting(name: string): number | undefined {
  const text = Deno.env.get(name);
  return text === undefined ? undefined : Number(text);
}

function play(scenario: Scenario, tally: Tally): void {
  const world = new PathWorld(scenario);
  world.begin();
  await_(world, BEGIN_MS, "at the beginning");
  for (const event of scenario.events) {
    const hadStandby = world.hasStandby;
    world.happen(event);
    const boundMs = hadStandby && world.hasStandby ? FAILOVER_MS : AGAIN_MS;
    await_(world, boundMs, `after ${JSON.stringify(event)}`);
  }
  world.check();
  assert.deepEqual(world.broken, []);

  function await_(world: PathWorld, boundMs: number, when: string): void {
    tally.calls++;
    if (!world.hasPath) {
      tally.without++;
      world.untilHeard(0);
      return;
    }
    const tookMs = world.untilHeard(boundMs);
    assert.notEqual(tookMs, undefined, `no media within ${boundMs} ms ${when}`);
    tally.found++;
  }
}

Deno.test("ARC-PATH-failover ARC-PATH-reconnect ARC-PATH-no-media-without-path: calls of many seeds find a path wherever there is one, keep keys, SSRC and numbers, and send to no other", () => {
  const only = setting("ARCRTC_SCENARIO");
  const count = setting("ARCRTC_SCENARIOS") ?? USUAL_RUNS;
  const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [only];
  const tally: Tally = { calls: 0, found: 0, without: 0 };
  for (const seed of seeds) {
    const scenario = makeScenario(seed);
    try {
      play(scenario, tally);
    } catch (error) {
      const again = `ARCRTC_SCENARIO=${seed} deno test -A lib/session/path_scenarios_test.ts`;
      throw new Error(`seed ${seed}: ${JSON.stringify(scenario)}\nagain: ${again}`, { cause: error });
    }
  }
  assert.ok(tally.found > tally.calls / 2 || only !== undefined, JSON.stringify(tally));
  console.log(
    `    ${seeds.length} calls: ${tally.found} times a path was found, ${tally.without} times there was none`,
  );
});
