/**
 * Calls through whatever a seed makes of the world, on virtual time: NATs of every pair, relays that die, UDP that is held
 * up, links that are cut, addresses that change. `ARCRTC_PATH_RUNS=20000` runs more of them, `ARCRTC_PATH_SEED=7` begins
 * at another seed; a failure names its own.
 */
import assert from "node:assert/strict";
import { makeScenario, type Scenario } from "./testing/path_scenario.ts";
import { PathWorld } from "./testing/path_world.ts";

/** Meet every pair of NATs, and 94 of the 100 combinations of a pair with a kind of event. */
const RUNS = Number(Deno.env.get("ARCRTC_PATH_RUNS") ?? 200);
const FIRST_SEED = Number(Deno.env.get("ARCRTC_PATH_SEED") ?? 1);

/** SPEC ARC-PATH-failover with ARC-PATH-down: silence is noticed after a second, on the longest of these paths later. */
const FAILOVER_MS = 2500;
/** SPEC ARC-PATH-retry-better: what was lost is tried again every 10 s, and a relay wants two round trips more. */
const RECOVERY_MS = 12_000;
/** Where no path must be there, the peers may look for one a while. */
const HOPELESS_MS = 3000;

/** Times until media came again, in ms. */
interface Times {
  readonly failovers: number[];
  readonly recoveries: number[];
}

function runScenario(scenario: Scenario, times: Times): string[] {
  const world = new PathWorld(scenario);
  const awaitMedia = (after: string, hasStandby: boolean) => {
    if (!world.hasPath) return world.pair.run(HOPELESS_MS);
    const boundMs = hasStandby ? FAILOVER_MS : RECOVERY_MS;
    const ms = world.untilHeard(boundMs);
    if (ms === undefined) world.broken.push(`no media within ${boundMs} ms after ${after}, though there is a path`);
    else (hasStandby ? times.failovers : times.recoveries).push(ms);
  };
  world.begin();
  awaitMedia("the start", false);
  for (const event of scenario.events) {
    world.happen(event);
    awaitMedia(JSON.stringify(event), event.kind !== "cut" && world.hasStandby);
  }
  world.check();
  return world.broken;
}

Deno.test("ARC-PATH-failover ARC-PATH-validated-only ARC-PATH-new-address ARC-PATH-tcp-at-once: media comes again wherever a path is left, with its keys and numbers, and to validated addresses alone", () => {
  assert.ok(RUNS > 0, "ARCRTC_PATH_RUNS is a number of runs");
  const times: Times = { failovers: [], recoveries: [] };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const scenario = makeScenario(seed);
    const broken = runScenario(scenario, times);
    const replay = `ARCRTC_PATH_SEED=${seed} ARCRTC_PATH_RUNS=1`;
    assert.deepEqual(broken.slice(0, 5), [], `${replay} shows it again: ${JSON.stringify(scenario)}`);
  }
  const longest = (values: number[]) => `${values.length}, the longest in ${Math.max(0, ...values)} ms`;
  console.log(
    `${RUNS} scenarios: failovers ${longest(times.failovers)}; other recoveries ${longest(times.recoveries)}`,
  );
  // Otherwise nothing was looked at.
  if (RUNS >= 100) assert.ok(times.failovers.length > RUNS / 10 && times.recoveries.length > RUNS);
});
