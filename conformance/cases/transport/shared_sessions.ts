/** SPEC clause 6.3: a session over two servers. One is the target, with the caller; the suite is the other one. */
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import { parseStatus } from "../../../lib/signaling/parse_message.ts";
import type { Case } from "../../case.ts";
import type { Line } from "../../drive/line.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import { brief, differenceOf } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { connect, connectAck, relaysOf, said, streamStop } from "../messages.ts";
import { judgeRelays } from "./server_forwarding.ts";

const FOREIGN_RELAY = { id: "of-the-sender", address: "192.0.2.66", port: 6666, priority: 0 };

const MINUTE_MS = 60_000;

/** Longer than any server may wait before it sends something again that it should not. */
const REPETITION_MS = 2_500;

/** Of what comes every 5 s: the rest is what one waits for anything. */
const NEARLY_5_S = 4_000;

/** The caller at the target, and the subjects of its session as another server has them. */
interface Shared {
  readonly caller: Line;
  /** What the target has told of the caller's join. */
  readonly joined: Json;
  /** For both. */
  readonly all: Line;
  readonly toCaller: Line;
  readonly toCallee: Line;
}

async function withCaller(world: ServerWorld): Promise<Shared> {
  const on = (name: string, to: string) => world.onBus(name, `arcrtc.session.${world.sessionId}.${to}`);
  const all = await on("all", "all");
  const toCaller = await on("to the caller", world.callerId);
  const toCallee = await on("to the callee", world.calleeId);
  const caller = await world.joined("caller", world.caller);
  // Once it has told of the join the target listens: before that, what is published for it may be lost.
  const joined = await all.nextMessage("HEARTBEAT", { session_id: world.sessionId, peer_id: world.callerId });
  return { caller, joined, all, toCaller, toCallee };
}

/** As before, and the callee has joined the suite's server, which the target knows. */
async function withBoth(world: ServerWorld): Promise<Shared> {
  const shared = await withCaller(world);
  const { all } = shared;
  await all.say(presence(world, world.calleeId));
  await all.nextMessage("HEARTBEAT", { peer_id: world.callerId });
  return shared;
}

/** What a server says of a peer on the subject for both; a sequence of 0 says that it is not joined. */
function presence({ sessionId, timestamp }: ServerWorld, peerId: string, fields: Json = {}): Json {
  return said("HEARTBEAT", { sessionId, peerId }, timestamp, { sequence: 1, ...fields });
}

/** All that was published before has been dealt with, and nothing of it has reached the caller, once this has. */
async function fence(world: ServerWorld, { caller, toCaller }: Shared): Promise<void> {
  const timestamp = world.freshTimestamp();
  await toCaller.say(streamStop(world.callee, timestamp));
  await caller.nextMessage("STREAM_STOP", { timestamp });
}

function requireSame(world: ServerWorld, due: Json, got: Json): void {
  const difference = differenceOf(due, got);
  if (difference !== undefined) world.breach(`the message unchanged, ${brief(due)}`, difference);
}

export const CASES: readonly Case[] = [
  {
    id: "transport/nats-subjects",
    requirements: ["ARC-TRANSPORT-nats-subjects", "ARC-TRANSPORT-nats-forward"],
    title: "What peers at two servers say to one another goes over the subject of the one that it is for, unchanged",
    needs: "server",
    run: async (world) => {
      const { caller, toCaller, toCallee } = await withBoth(world);
      const there = streamStop(world.caller, 1, { later: { field: [1, "ü"] } });
      await caller.say(there);
      requireSame(world, there, await toCallee.nextMessage("STREAM_STOP"));
      const back = streamStop(world.callee, 2, { later: null });
      await toCaller.say(back);
      requireSame(world, back, await caller.nextMessage("STREAM_STOP"));
    },
  },
  {
    id: "transport/nats-forward",
    requirements: ["ARC-TRANSPORT-nats-forward", "ARC-TRANSPORT-server-relays", "ARC-TRANSPORT-server-unchanged"],
    title: "A token stays with the server that it was for, and relay_servers are those of the recipient's server",
    needs: "server",
    run: async (world) => {
      const { caller, toCaller, toCallee } = await withBoth(world);
      const request = connect(world.caller, 1, { later: true });
      await caller.say({ ...request, token: "for.the.server" });
      requireSame(world, request, await toCallee.nextMessage("CONNECT"));
      const network_info = { nat_type: "unknown", relay_servers: [FOREIGN_RELAY] };
      await toCaller.say(connectAck(world.callee, 2, { network_info }));
      const answer = await caller.nextMessage("CONNECT_ACK");
      judgeRelays(world, answer, world.caller);
      if (world.target.relaySecret === undefined) return;
      world.require(relaysOf(answer).length > 0, "relays of the caller's server", brief(answer));
    },
  },
  {
    id: "transport/nats-hold-connect",
    requirements: ["ARC-TRANSPORT-server-hold-connect", "ARC-TRANSPORT-nats-forward"],
    title: "A held CONNECT is delivered once when the other peer joins at another server",
    needs: "server",
    run: async (world) => {
      const { caller, all, toCallee } = await withCaller(world);
      await caller.say(connect(world.caller, 1));
      await world.nilHeartbeat(caller, 1);
      await all.say(presence(world, world.calleeId));
      await all.nextMessage("HEARTBEAT", { peer_id: world.callerId });
      await toCallee.nextMessage("CONNECT", { timestamp: 1 });
      await all.say(presence(world, world.calleeId, { timestamp: world.timestamp + MINUTE_MS }));
      await all.nextMessage("HEARTBEAT", { peer_id: world.callerId });
      await caller.say(streamStop(world.caller, 2));
      await toCallee.nextMessage("STREAM_STOP", { timestamp: 2 });
    },
  },
  {
    id: "transport/nats-presence",
    requirements: ["ARC-TRANSPORT-nats-presence"],
    title:
      "A server tells on the subject for both that a peer has joined, again within 5 seconds, and that it has left",
    needs: "server",
    run: async (world) => {
      const { caller, joined, all } = await withCaller(world);
      const { timestamp, sequence } = joined;
      const isNow = Math.abs(Number(timestamp) - world.timestamp) < MINUTE_MS;
      world.require(Number(sequence) > 0 && isNow, "a sequence above 0 and the time of the join", brief(joined));
      await world.pass(NEARLY_5_S);
      const again = await all.nextMessage("HEARTBEAT", { peer_id: world.callerId, timestamp });
      world.require(Number(again.sequence) > 0, "a sequence above 0 as long as the peer is joined", brief(again));
      caller.close();
      await all.eventualMessage("HEARTBEAT", { peer_id: world.callerId, sequence: 0, timestamp });
    },
  },
  {
    id: "transport/nats-presence-answer",
    requirements: ["ARC-TRANSPORT-nats-presence-answer"],
    title: "A server answers news of a join with its own peers of the session, and with one that has left",
    needs: "server",
    run: async (world) => {
      const { all } = await withBoth(world);
      await all.say(presence(world, world.calleeId, { sequence: 0 }));
      await all.say(presence(world, world.otherId, { timestamp: world.timestamp + MINUTE_MS }));
      const told = [await all.nextMessage("HEARTBEAT"), await all.nextMessage("HEARTBEAT")];
      const is = (peerId: string, isJoined: boolean) =>
        told.some(({ peer_id, sequence }) => peer_id === peerId && Number(sequence) > 0 === isJoined);
      const isRight = is(world.callerId, true) && is(world.calleeId, false);
      world.require(isRight, "the caller joined, and the callee with a sequence of 0", brief(told));
    },
  },
  {
    id: "transport/nats-presence-end",
    requirements: ["ARC-TRANSPORT-nats-presence-end", "ARC-TRANSPORT-server-lone-heartbeat"],
    title: "A HEARTBEAT goes to the other server until that has told the end of the join, not of one before it",
    needs: "server",
    run: async (world) => {
      const shared = await withCaller(world);
      const { caller, all, toCallee } = shared;
      const since = world.timestamp;
      const tell = async (fields: Json) => {
        await all.say(presence(world, world.calleeId, fields));
        await fence(world, shared);
      };
      await tell({ timestamp: since });
      await caller.say(world.heartbeat(world.callerId, 11));
      await toCallee.nextMessage("HEARTBEAT", { sequence: 11, peer_id: world.callerId });
      await tell({ sequence: 0, timestamp: since - 1 });
      await caller.say(world.heartbeat(world.callerId, 12));
      await toCallee.nextMessage("HEARTBEAT", { sequence: 12 });
      await tell({ sequence: 0, timestamp: since });
      await caller.say(world.heartbeat(world.callerId, 13));
      await caller.nextMessage("HEARTBEAT_ACK", { session_id: world.sessionId, sequence: 13 });
    },
  },
  {
    id: "transport/nats-third",
    requirements: ["ARC-TRANSPORT-nats-third", "ARC-SIG-state-two-peers"],
    title: "A peer that came later than two at other servers is refused as busy, and its connection ends",
    needs: "server",
    run: async (world) => {
      const { caller, all } = await withCaller(world);
      for (const peerId of [world.calleeId, world.otherId]) {
        await all.say(presence(world, peerId, { timestamp: world.timestamp - MINUTE_MS }));
      }
      await caller.nextMessage("ERROR", { code: "busy" });
      await caller.closedByTarget();
    },
  },
  {
    id: "transport/nats-third-elsewhere",
    requirements: ["ARC-TRANSPORT-nats-third", "ARC-TRANSPORT-nats-validate"],
    title: "A third that came later at another server takes no place, and what it says reaches nobody",
    needs: "server",
    run: async (world) => {
      const shared = await withBoth(world);
      const { caller, all, toCaller, toCallee } = shared;
      const third = { sessionId: world.sessionId, peerId: world.otherId };
      await all.say(presence(world, third.peerId, { timestamp: world.timestamp + MINUTE_MS }));
      await toCaller.say(said("HEARTBEAT", third, world.timestamp, { sequence: 1 }));
      await fence(world, shared);
      await caller.say(streamStop(world.caller, 3));
      await toCallee.nextMessage("STREAM_STOP", { timestamp: 3 });
    },
  },
  {
    id: "transport/nats-moved",
    requirements: ["ARC-TRANSPORT-nats-moved"],
    title: "A peer that has joined elsewhere later loses its connection, and one that was there earlier does not",
    needs: "server",
    run: async (world) => {
      const shared = await withBoth(world);
      const { caller, all } = shared;
      await all.say(presence(world, world.callerId, { timestamp: world.timestamp - MINUTE_MS }));
      await all.say(presence(world, world.callerId, { sequence: 0, timestamp: world.timestamp + MINUTE_MS }));
      await fence(world, shared);
      await all.say(presence(world, world.callerId, { timestamp: world.timestamp + MINUTE_MS }));
      await caller.closedByTarget();
    },
  },
  {
    id: "transport/nats-validate",
    requirements: ["ARC-TRANSPORT-nats-validate"],
    title: "What is no message, of another session, or of the wrong sender is dropped off the bus without an answer",
    needs: "server",
    run: async (world) => {
      const shared = await withBoth(world);
      const { all, toCaller } = shared;
      const stop = streamStop(world.callee, 1);
      const faulty: readonly Uint8Array[] = [
        new Uint8Array(0),
        world.rng.fill(new Uint8Array(200)),
        new Uint8Array(70_000).fill(0x7b),
        ...[
          "{",
          "[]",
          '{"type":"STREAM_STOP","type":"STREAM_STOP"}',
          JSON.stringify({ ...stop, reason: "bored" }),
          JSON.stringify({ ...stop, type: "STREAM_HALT" }),
          JSON.stringify({ ...stop, pad: "x".repeat(66_000) }),
          JSON.stringify({ ...stop, session_id: world.otherId }),
          JSON.stringify(connect(world.callee, 1, { version: "2.0" })),
          JSON.stringify(said("HEARTBEAT", { sessionId: NIL_UUID, peerId: world.calleeId }, 1, { sequence: 1 })),
          JSON.stringify(said("HEARTBEAT", world.caller, 1, { sequence: 1 })),
        ].map((text) => new TextEncoder().encode(text)),
      ];
      for (const unit of faulty) {
        await toCaller.send(unit);
        await all.send(unit);
      }
      await toCaller.silence(fence(world, shared));
    },
  },
  {
    id: "transport/nats-no-return",
    requirements: ["ARC-TRANSPORT-nats-no-return"],
    title: "What came from the bus is not published again",
    needs: "server",
    run: async (world) => {
      const shared = await withBoth(world);
      const { caller, toCaller, toCallee } = shared;
      await fence(world, shared);
      await caller.say(streamStop(world.caller, 4));
      await toCaller.silence(toCallee.nextMessage("STREAM_STOP", { timestamp: 4 }));
    },
  },
  {
    id: "transport/nats-loss",
    requirements: ["ARC-TRANSPORT-nats-loss"],
    title: "A message is published once for each time that its sender says it, as if the bus had lost the first",
    needs: "server",
    run: async (world) => {
      const { caller, toCallee } = await withBoth(world);
      for (let time = 0; time < 2; time++) {
        await caller.say(streamStop(world.caller, 5));
        await toCallee.nextMessage("STREAM_STOP", { timestamp: 5 });
        if (time === 0) await world.pass(REPETITION_MS);
      }
      await caller.say(streamStop(world.caller, 6));
      await toCallee.nextMessage("STREAM_STOP", { timestamp: 6 });
    },
  },
  {
    id: "transport/nats-status-server",
    requirements: ["ARC-TRANSPORT-nats-status-server", "ARC-TRANSPORT-nats-status"],
    title: "A server publishes its status within 5 seconds, healthy, with the fields of the clause",
    needs: "server",
    run: async (world) => {
      const statuses = await world.onBus("status", "arcrtc.server.*.status");
      await world.joined("caller", world.caller);
      await world.pass(NEARLY_5_S);
      const unit = await statuses.next("a SERVER_STATUS", () => true);
      const status = parseStatus(unit);
      if (!status.ok) return world.breach("a SERVER_STATUS", status.fault.message);
      const { value } = status;
      if (value.type !== "SERVER_STATUS") return world.breach("a SERVER_STATUS", value.type);
      const isNow = Math.abs(value.timestamp - world.timestamp) < MINUTE_MS;
      const isRight = value.healthy && value.version === "1.0" && isNow && value.sessions >= 1 && value.peers >= 1;
      world.require(isRight, "healthy, version 1.0, now, with the session and peer of this case", brief(value));
    },
  },
];
