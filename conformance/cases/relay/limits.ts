/**
 * SPEC clause 8.5: what waits behind a relay's bandwidth limit, and what a relay bounds.
 *
 * Nobody is told the limit of a relay. So a case sends one session much more at once than a call needs, over TCP, where
 * nothing is lost on the way to the relay; where everything then comes out in the order in which it went in, no limit was
 * met and the case is skipped.
 */
import { readU16, readU32 } from "../../../lib/base/bytes.ts";
import type { Case } from "../../case.ts";
import { Pace } from "../../drive/pace.ts";
import type { RelayWorld } from "../../drive/relay_world.ts";
import { fullUnit, reducedUnit, rtcpUnit, sealedUnit } from "../opaque_units.ts";

/** Of the lowest class, to fill whatever queue there is; half a megabyte. */
const BULK = 450;
const BULK_BYTES = 1200;
const URGENT = 20;
/** When so long nothing has come, nothing more will. */
const QUIET_MS = 400;
const TRIES = 3;

export const CASES: readonly Case[] = [
  ...Object.entries(
    {
      "full": (i: number) => fullUnit(i, { ssrc: 7, priority: 0 }),
      "reduced": (i: number) => reducedUnit(i, { priority: 0 }),
    } satisfies Record<string, (i: number) => Uint8Array>,
  ).map(([words, urgent]): Case => ({
    id: `relay/priority-${words}`,
    requirements: ["ARC-RELAY-priority"],
    title: `Under a limit packets of PR 0 with a ${words} header overtake those of PR 3, and none of them is lost`,
    needs: "relay",
    run: (world) => overtakes(world, urgent),
  })),
  {
    id: "relay/priority-control-rtcp",
    requirements: ["ARC-RELAY-priority-control"],
    title: "RTCP overtakes packets of PR 3",
    needs: "relay",
    run: (world) => overtakes(world, (i) => rtcpUnit(i, 64)),
  },
  {
    id: "relay/priority-control-sealed",
    requirements: ["ARC-RELAY-priority-control"],
    title: "Sealed JSON overtakes packets of PR 3",
    needs: "relay",
    run: (world) => overtakes(world, (i) => sealedUnit({ type: "HEARTBEAT", sequence: i })),
  },
  {
    id: "relay/priority-strict",
    requirements: ["ARC-RELAY-priority"],
    title: "PR 1 overtakes PR 3 and is overtaken by PR 0",
    needs: "relay",
    run: async (world) => {
      const waiting = [
        ...bulk(3),
        ...Array.from({ length: URGENT }, (_, i) => fullUnit(i, { ssrc: 11, priority: 1 })),
        ...Array.from({ length: URGENT }, (_, i) => fullUnit(i, { ssrc: 10, priority: 0 })),
      ];
      const came = await throughLimit(world, waiting);
      const at = (ssrc: number) => came.flatMap((unit, i) => readU32(unit, 8) === ssrc ? [i] : []);
      const [first, second, last] = [at(10), at(11), at(BULK_SSRC + 3)];
      world.require(first.length === URGENT, `all ${URGENT} of PR 0`, `${first.length}`);
      world.require(second.length === URGENT, `all ${URGENT} of PR 1`, `${second.length}`);
      world.require(last[last.length - 1] > second[second.length - 1], "PR 3 behind PR 1", "PR 1 last");
    },
  },
  {
    id: "relay/priority-drop",
    requirements: ["ARC-RELAY-priority-drop"],
    title: "A full queue loses packets of PR 3, not of PR 2 that came later, and the oldest of those that wait",
    needs: "relay",
    run: async (world) => {
      const came = await throughLimit(world, [
        ...bulk(3),
        ...Array.from({ length: URGENT }, (_, i) => fullUnit(i, { ssrc: 12, priority: 2 })),
      ]);
      const low = came.filter((unit) => readU32(unit, 8) === BULK_SSRC + 3).map((unit) => readU16(unit, 2));
      const medium = came.filter((unit) => readU32(unit, 8) === 12);
      world.require(medium.length === URGENT, `all ${URGENT} of PR 2`, `${medium.length}`);
      if (low.length === BULK) world.skip("its queue holds all that the case sends");
      world.require(low.includes(BULK - 1), "the newest of PR 3 among what was kept", `the last is ${low.at(-1)}`);
    },
  },
  {
    id: "relay/priority-order",
    requirements: ["ARC-RELAY-priority-order"],
    title: "Packets of one SSRC and class keep their order under a limit",
    needs: "relay",
    run: async (world) => {
      const came = await throughLimit(world, [...bulk(3), ...bulk(2).slice(0, BULK / 2), ...bulk(1).slice(0, URGENT)]);
      for (const priority of [1, 2, 3]) {
        const sequence = came.filter((unit) => readU32(unit, 8) === BULK_SSRC + priority).map((unit) =>
          readU16(unit, 2)
        );
        const isRising = sequence.every((value, i) => i === 0 || value > sequence[i - 1]);
        world.require(isRising, `PR ${priority} in the order of sending`, sequence.join(" "));
      }
    },
  },
  {
    id: "relay/limit-bindings",
    requirements: ["ARC-RELAY-limits"],
    title: "A binding beyond what one address may have is refused with `busy`, and the others last",
    needs: "relay",
    run: async (world) => {
      // As fast as one address may speak, and no faster.
      const pace = new Pace(45, 80);
      const first = await world.bound("first", world.callerId, "udp");
      for (let i = 0; i < MOST_BINDINGS; i++) {
        const line = await world.stranger(`binding ${i}`, "udp", { flood: true });
        await pace.turn(world.desk.clock);
        const sessionId = sessionOf(world, i);
        const request = await world.provenRequest(line, world.calleeId, { sessionId });
        await pace.turn(world.desk.clock);
        await line.say(request);
        const answer = await line.next("RELAY_BOUND, or `busy`", (unit) => /RELAY_BOUND|"busy"/.test(textOf(unit)));
        if (!textOf(answer).includes('"busy"')) continue;
        await world.fence(first);
        return;
      }
      world.skip(`one address may have more than ${MOST_BINDINGS} bindings`);
    },
  },
];

const BULK_SSRC = 100;
const MOST_BINDINGS = 128;

function bulk(priority: number): Uint8Array[] {
  return Array.from(
    { length: BULK },
    (_, i) => fullUnit(i, { ssrc: BULK_SSRC + priority, priority, bytes: BULK_BYTES }),
  );
}

/** Urgent units that are sent behind much of PR 3: all come, and some of PR 3 after them. */
async function overtakes(world: RelayWorld, urgent: (i: number) => Uint8Array): Promise<void> {
  const units = Array.from({ length: URGENT }, (_, i) => urgent(i));
  const came = (await throughLimit(world, [...bulk(3), ...units])).map(keyOf);
  const places = units.map((unit) => came.indexOf(keyOf(unit)));
  const missing = places.filter((at) => at < 0).length;
  world.require(missing === 0, `all ${URGENT} urgent units`, `${missing} of them missing`);
  const last = Math.max(...places);
  world.require(last < came.length - 1, "packets of PR 3 that waited behind the urgent units", "none came later");
}

/**
 * What comes out at the other peer; skips where no limit shows. The last unit is an urgent one. Where nothing that waited
 * comes out behind it, a busy host may have brought all of them so slowly that nothing had to wait: it is tried again.
 */
async function throughLimit(world: RelayWorld, units: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  let came: readonly Uint8Array[] = [];
  for (let tries = 1; tries <= TRIES; tries++) {
    const { caller, callee } = await world.pair("tcp");
    for (const unit of units) await caller.send(unit);
    // By then the relay has taken all of it in; what it sends on at all comes soon after.
    await world.fence(caller);
    came = await callee.settled(QUIET_MS);
    const last = came.at(-1);
    if (last === undefined || keyOf(last) !== keyOf(units[units.length - 1])) break;
  }
  const isUntouched = came.length === units.length && came.every((unit, i) => keyOf(unit) === keyOf(units[i]));
  if (isUntouched) world.skip(`no limit was met by ${units.length} units at once`);
  return came;
}

function keyOf(unit: Uint8Array): string {
  return `${unit.length} ${unit.subarray(0, 40).join(" ")}`;
}

function textOf(unit: Uint8Array): string {
  return new TextDecoder().decode(unit);
}

function sessionOf({ otherId }: RelayWorld, i: number): string {
  return otherId.slice(0, -4) + i.toString(16).padStart(4, "0");
}
