/** SPEC clause 7.1 where UDP does not pass: paths over TCP and TLS, straight and through relays. */
import { utf8 } from "../../../lib/base/bytes.ts";
import type { Case } from "../../case.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import { withTurnedBit } from "../../drive/far/far_stream.ts";
import type { PlayedRelay } from "../../drive/far/played_relay.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { describe, isMediaOn, isProbe, mediaOn, relayedOverTls, SETTLED_MS } from "./watching.ts";

/** SPEC ARC-PATH-tcp-after says 1000 ms; a busy host brings the first HEARTBEAT late, or the connection. */
const TCP_AFTER_MS = { least: 500, most: 3000 };
/** Waiting another second, as at the start, is too long. */
const AT_ONCE_MS = 700;
/** SPEC ARC-PATH-tcp-head-start says 300 ms. */
const HEAD_START_MS = { least: 150, most: 2000 };
/** The same says 250 ms. */
const STAGGER_MS = { least: 100, most: 2000 };

export const CASES: readonly Case[] = [
  {
    id: "path/tcp-after",
    requirements: ["ARC-PATH-tcp-after"],
    title: "A caller whose HEARTBEATs over UDP stay unanswered tries TCP a second after the first of them",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { tcp: true, pathsAreSilent: true });
      const first = await far.log.find("a HEARTBEAT over UDP", 0, (one) => isProbe(one, far.path) ? one : undefined);
      const { atMs } = await far.stage.arrival([far.stage.direct]);
      within(world, atMs - first.atMs, TCP_AFTER_MS, "a TCP connection 1000 ms after the first HEARTBEAT");
    },
  },
  {
    id: "path/tcp-at-once",
    requirements: ["ARC-PATH-tcp-at-once", "ARC-PATH-failover"],
    title: "When the only path over UDP goes down, TCP is tried at once, and media goes on there",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { tcp: true });
      await far.validate();
      await mediaOn(far, far.path);
      far.path.isAnswering = false;
      const { path, atMs } = await far.stage.arrival([far.stage.direct]);
      // Media takes a path until it is down.
      const before = far.log.entries.filter((heard) => isMediaOn(heard, far.path) && heard.atMs <= atMs);
      within(world, atMs - (before.at(-1)?.atMs ?? 0), { least: 0, most: AT_ONCE_MS }, "a TCP connection at once");
      await mediaOn(far, path);
    },
  },
  {
    id: "path/tcp-direct-caller",
    requirements: ["ARC-PATH-tcp-direct", "ARC-PATH-validated-only"],
    title:
      "A caller connects to the callee's port number, says a sealed HEARTBEAT first, and sends media when it is answered",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { tcp: true, pathsAreSilent: true });
      const { path } = await far.stage.arrival([far.stage.direct]);
      const first = await far.log.find(
        "a unit",
        0,
        (one) => one.path === path && one.kind !== "opened" ? one : undefined,
      );
      world.require(isProbe(first, path), "a sealed HEARTBEAT as the first unit", describe(first));
      await world.pass(300);
      const early = far.log.entries.find((heard) => isMediaOn(heard, path));
      world.require(early === undefined, "no media before an answer", describe(early));
      path.isAnswering = true;
      await mediaOn(far, path);
    },
  },
  {
    id: "path/tcp-direct-callee",
    requirements: ["ARC-PATH-tcp-direct"],
    title: "A callee listens on the port number that it has named, answers HEARTBEATs there, and sends media",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { tcp: true, pathsAreSilent: true });
      const connection = await far.stage.dial(far.listensAt);
      await far.fence(connection);
      await far.probed(connection, 0);
      await mediaOn(far, connection);
    },
  },
  {
    id: "path/tcp-first-unit",
    requirements: ["ARC-PATH-tcp-first-unit"],
    title: "A callee closes a connection whose first unit is anything but a sealed HEARTBEAT of its session",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { tcp: true, pathsAreSilent: true });
      const stream = far.makeAudio();
      const strangers: readonly (readonly [string, Uint8Array])[] = [
        ["media", stream.packet()],
        ["a sealed STREAM_START", far.seal(far.announcement(stream))],
        ["a sealed HEARTBEAT with a wrong tag", withTurnedBit(far.seal(far.heartbeat()))],
        ["a plain HEARTBEAT", utf8(JSON.stringify(far.heartbeat()))],
      ];
      for (const [what, unit] of strangers) {
        world.note(`first comes ${what}`);
        const connection = await far.stage.dial(far.listensAt);
        await connection.send(unit);
        await connection.line.closedByTarget();
        const heard = far.log.entries.find(({ path, kind }) =>
          path === connection && kind !== "opened" && kind !== "closed"
        );
        world.require(heard === undefined, `nothing after ${what}`, describe(heard));
      }
      await far.fence(await far.stage.dial(far.listensAt));
    },
  },
  {
    id: "path/tcp-relay",
    requirements: ["ARC-PATH-tcp-relay", "ARC-PATH-relay-order"],
    title:
      "Where nobody listens straight, relays over TCP are tried, the one with the lower priority first, and carry media",
    needs: "peer",
    run: async (world) => {
      const relays = [{ priority: 20, transport: "tcp" }, { priority: 10, transport: "tcp" }] as const;
      const far = await world.call("caller", { relays, pathsAreSilent: true });
      const [{ place: worse }, { place: better }] = far.relays;
      better.isAnswering = true;
      const { place, path } = await far.stage.arrival([worse, better]);
      world.require(place === better, `a connection to ${better.name} first`, `one to ${place.name}`);
      await mediaOn(far, path, 0);
    },
  },
  {
    id: "path/tcp-relay-tls",
    requirements: ["ARC-PATH-tcp-relay"],
    title: "A relay over TLS is tried when UDP does not pass, and carries media",
    needs: "peer",
    run: async (world) => void await relayedOverTls(world, "callee"),
  },
  {
    id: "path/tcp-head-start",
    requirements: ["ARC-PATH-tcp-head-start"],
    title: "Relays follow 300 ms after direct TCP, 250 ms apart, and direct TCP goes on being tried",
    needs: "peer",
    run: async (world) => {
      const relays = [{ priority: 10, transport: "tcp" }, { priority: 20, transport: "tcp" }] as const;
      const far = await world.call("caller", { tcp: true, relays, pathsAreSilent: true });
      const { direct } = far.stage;
      const [first, second] = far.relays;
      const straight = await far.stage.arrival([direct]);
      const one = await far.stage.arrival([first.place]);
      const two = await far.stage.arrival([second.place]);
      within(world, one.atMs - straight.atMs, HEAD_START_MS, "the first relay 300 ms after direct TCP");
      within(world, two.atMs - one.atMs, STAGGER_MS, "the second relay 250 ms after the first");
      straight.path.isAnswering = true;
      direct.isAnswering = true;
      await far.log.find(
        "media over direct TCP",
        0,
        (heard) => direct.connections.some((path) => isMediaOn(heard, path)) || undefined,
      );
    },
  },
  {
    id: "path/tcp-left-for-udp",
    requirements: ["ARC-PATH-first-valid"],
    title: "Media leaves TCP as soon as a path over UDP is valid",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { tcp: true, pathsAreSilent: true });
      const { path } = await far.stage.arrival([far.stage.direct]);
      path.isAnswering = true;
      await mediaOn(far, path);
      far.path.isAnswering = true;
      await mediaOn(far, far.path);
      await world.pass(SETTLED_MS);
      const { mark } = far.log;
      await mediaOn(far, far.path, mark);
      const strayed = far.log.all(mark, (heard) => isMediaOn(heard, path)).length;
      world.require(strayed === 0, "no more media over TCP", `${strayed} packets`);
    },
  },
  {
    id: "path/tcp-relay-once",
    requirements: ["ARC-PATH-tcp-relay-once"],
    title: "A peer that is bound at a relay over UDP does not bind there over TCP, and does at the others",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", {
        relays: [
          { id: "both-ways", priority: 10 },
          { id: "both-ways", priority: 10, transport: "tcp" },
          { id: "tcp-alone", priority: 20, transport: "tcp" },
        ],
        pathsAreSilent: true,
      });
      const [overUdp, overTcp, other] = far.relays;
      await binding(far, overUdp);
      await binding(far, other);
      // Its turn came before that of the other.
      const twice = far.log.entries.find(({ kind, path }) =>
        kind === "plain" && path !== undefined && overTcp.place.owns(path)
      );
      world.require(twice === undefined, "no RELAY_BIND over TCP at the relay that is bound over UDP", describe(twice));
    },
  },
];

/** A RELAY_BIND with a proof, on a path of the relay. */
function binding(far: FarPeer, { place }: PlayedRelay): Promise<true> {
  return far.log.find("a RELAY_BIND with a proof", 0, (heard) => {
    const isBinding = heard.kind === "plain" && heard.message.type === "RELAY_BIND" &&
      heard.message.proof !== undefined;
    return isBinding && heard.path !== undefined && place.owns(heard.path) || undefined;
  });
}

function within(
  world: PeerWorld,
  tookMs: number,
  { least, most }: { readonly least: number; readonly most: number },
  expected: string,
): void {
  world.require(tookMs >= least && tookMs <= most, expected, `it took ${Math.round(tookMs)} ms`);
}
