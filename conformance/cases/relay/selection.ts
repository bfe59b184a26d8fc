/**
 * SPEC ARC-RELAY-selection: the server is set to hand out relays that the suite plays (`--play-relay`). Each case about one
 * that cannot be used has a relay of its own, so that several run at once; two are always well, so that there is a choice.
 */
import { formatHostPort } from "../../../lib/base/address_table.ts";
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import type { Case } from "../../case.ts";
import type { PlayedSite } from "../../drive/played_sites.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { connect, connectAck, relaysOf } from "../messages.ts";

/** Sessions that are enough to tell chance from choice. */
const SESSIONS = 24;
/** A server asks its relays now and then: so many waits may pass until it knows. */
const WAITS = 3;
const PAUSE_MS = 100;
/** What a relay may have against being handed out. */
const REASONS: readonly {
  readonly words: string;
  readonly title: string;
  readonly befall: (site: PlayedSite) => void;
  /** How a server comes to know. */
  readonly by: keyof PlayedSite["asked"];
}[] = [
  {
    words: "silent",
    title: "A relay that does not answer HEARTBEATs any more is handed out to no new session",
    befall: (site) => site.isAnswering = false,
    by: "heartbeats",
  },
  {
    words: "busy",
    title: "A relay that is nearly full is handed out to no new session while others have room",
    befall: (site) => site.load = 0.95,
    by: "metrics",
  },
  {
    words: "draining",
    title: "A relay whose metrics say that it drains is handed out to no new session",
    befall: (site) => site.isDraining = true,
    by: "metrics",
  },
];

const ALWAYS_WELL = 2;
/** A relay that another case makes unusable, and lets recover, may change under one session each time. */
const MOST_CHANGES = 2 * REASONS.length;

export const CASES: readonly Case[] = [
  {
    id: "relay/selection-both",
    requirements: ["ARC-RELAY-selection"],
    title: "Both peers of a session get the same relays, whenever they ask, and not all sessions get the same",
    needs: "server",
    run: async (world) => {
      sitesOf(world);
      const choices = new Set<string>();
      let differences = 0;
      for (let i = 0; i < SESSIONS; i++) {
        const sessionId = newId();
        const [toCallee, toCaller] = await meet(world, sessionId);
        const [again] = await meet(world, sessionId);
        if (toCallee !== toCaller || toCallee !== again) differences++;
        choices.add(toCallee);
      }
      world.require(differences <= MOST_CHANGES, "the same relays for both peers, and again", `${differences} others`);
      world.require(choices.size > 1, "more than one choice", `${[...choices]} for ${SESSIONS} sessions`);
    },
  },
  ...REASONS.map(({ words, title, befall, by }, i): Case => ({
    id: `relay/selection-${words}`,
    requirements: ["ARC-RELAY-selection"],
    title,
    needs: "server",
    run: async (world) => {
      const site = sitesOf(world)[i];
      world.afterwards(() => Promise.resolve(site.recover()));
      const relay = `the relay at port ${site.place.port}`;
      const isWell = await within(world, () => isHandedOut(world, site));
      world.require(isWell, `${relay} for some of many sessions while it is well`, "others alone");
      const before = site.asked[by];
      befall(site);
      if (await within(world, async () => !await isHandedOut(world, site))) return;
      if (site.asked[by] === before) world.skip(`the server asks no relay for ${by}`);
      world.breach(`no session with ${relay} any more`, "sessions with it");
    },
  })),
];

/** The relays that the server hands out; enough for each reason, and those that are always well. */
function sitesOf(world: ServerWorld): readonly PlayedSite[] {
  const { sites = [] } = world.target;
  const least = REASONS.length + ALWAYS_WELL;
  if (sites.length < least) {
    world.skip(`needs --play-relay udp://HOST:PORT, ${least} times, of a server that hands them out`);
  }
  return sites;
}

/** Whether one of many new sessions gets the relay. */
async function isHandedOut(world: ServerWorld, { place }: PlayedSite): Promise<boolean> {
  for (let i = 0; i < SESSIONS; i++) {
    const [choice] = await meet(world, newId());
    if (choice.includes(formatHostPort(place))) return true;
  }
  return false;
}

/** Whether it comes true while a server may still be finding out. */
async function within(world: ServerWorld, isTrue: () => Promise<boolean>): Promise<boolean> {
  const { clock, patienceMs } = world.desk;
  for (const deadlineMs = clock.nowMs() + WAITS * patienceMs; !await isTrue(); await world.pass(PAUSE_MS)) {
    if (clock.nowMs() > deadlineMs) return false;
  }
  return true;
}

/** Two peers of a session meet; the relays that callee and caller are told of, best first. */
async function meet(world: ServerWorld, sessionId: string): Promise<readonly [string, string]> {
  const [ann, ben] = [{ sessionId, peerId: world.callerId }, { sessionId, peerId: world.calleeId }];
  const caller = await world.joined("caller", ann);
  const callee = await world.connect("callee");
  await callee.say(world.heartbeat(ben.peerId, 1, sessionId));
  await caller.nextMessage("HEARTBEAT", { peer_id: ben.peerId });
  await caller.say(connect(ann, world.freshTimestamp()));
  const toCallee = choiceIn(world, await callee.nextMessage("CONNECT"));
  await callee.say(connectAck(ben, world.freshTimestamp()));
  const toCaller = choiceIn(world, await caller.nextMessage("CONNECT_ACK"));
  caller.close();
  callee.close();
  return [toCallee, toCaller];
}

function choiceIn(world: ServerWorld, message: Json): string {
  const relays = relaysOf(message).filter(({ transport }) => transport === "udp");
  world.require(relays.length > 0, `relays in ${message.type}`, brief(message.network_info));
  return relays.map(({ address, port }) => formatHostPort({ host: String(address), port: Number(port) })).join(" ");
}

function newId(): string {
  return uuidV4(new SystemRng());
}
