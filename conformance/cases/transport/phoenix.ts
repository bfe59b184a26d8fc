/** SPEC clause 6.1: Phoenix channels over WebSocket. */
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import type { Case } from "../../case.ts";
import { topicOf } from "../../drive/phoenix_frame.ts";
import type { PhoenixLine } from "../../drive/phoenix_line.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { connect, said, streamStop } from "../messages.ts";

export const CASES: readonly Case[] = [
  {
    id: "transport/phoenix-url",
    requirements: ["ARC-TRANSPORT-phoenix-url"],
    title: "A server takes WebSockets at /socket/websocket with vsn=2.0.0",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenix("caller");
      const { target: { phoenix } } = world;
      world.require(phoenix?.searchParams.get("vsn") === "2.0.0", "vsn=2.0.0 in the URL", String(phoenix));
      await line.agreed("phoenix", "heartbeat", {}, null);
    },
  },
  {
    id: "transport/phoenix-url-token",
    requirements: ["ARC-TRANSPORT-phoenix-url", "ARC-TRANSPORT-server-jwt"],
    title: "The token in the query lets in",
    needs: "server",
    run: async (world) => {
      requireAuth(world);
      await world.phoenixPeer("caller", world.caller);
    },
  },
  {
    id: "transport/phoenix-frame",
    requirements: ["ARC-TRANSPORT-phoenix-frame"],
    title: "A message is the payload of a frame whose event is its type, both ways",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await pair(world);
      const stop = streamStop(world.caller, world.timestamp);
      await caller.agreed(topicOf(world.sessionId), "STREAM_STOP", stop);
      const { topic, event, payload } = await callee.pushed("STREAM_STOP");
      const isSame = topic === topicOf(world.sessionId) && event === payload.type;
      world.require(isSame && sameJson(payload, stop), brief(stop), brief([topic, event, payload]));
    },
  },
  {
    id: "transport/phoenix-frame-malformed",
    requirements: ["ARC-TRANSPORT-phoenix-frame"],
    title: "What is no frame of five does no harm to the socket",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenixPeer("caller", world.caller);
      const topic = topicOf(world.sessionId);
      const frames = [
        "{}",
        "[]",
        "[1,2,3,4,5]",
        `["1","2","${topic}","HEARTBEAT"]`,
        `["1","2","${topic}","HEARTBEAT",{},{}]`,
        `["1","2","${topic}","HEARTBEAT",[]]`,
        `["1","2","${topic}",7,{}]`,
        `["1","2",null,"HEARTBEAT",{}]`,
        "not JSON",
      ];
      for (const frame of frames) await line.line.send(new TextEncoder().encode(frame));
      await line.agreed("phoenix", "heartbeat", {}, null);
      await line.agreed(topic, "HEARTBEAT", world.heartbeat(world.callerId, 3));
    },
  },
  {
    id: "transport/phoenix-frame-event",
    requirements: ["ARC-TRANSPORT-phoenix-frame", "ARC-TRANSPORT-server-validate"],
    title: "A frame whose event is not the type of its payload is refused and goes nowhere",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await pair(world);
      const stop = streamStop(world.caller, world.timestamp);
      await caller.refused("bad_message", topicOf(world.sessionId), "STREAM_START", stop);
      await fence(world, caller, callee);
      callee.requireNone("STREAM_START");
      callee.requireNone("STREAM_STOP");
    },
  },
  {
    id: "transport/phoenix-join",
    requirements: ["ARC-TRANSPORT-phoenix-join"],
    title: "phx_join with a peer_id joins the topic's session",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenixPeer("caller", world.caller);
      const beat = world.heartbeat(world.callerId, 5);
      await line.agreed(topicOf(world.sessionId), "HEARTBEAT", beat);
      const { payload } = await line.pushed("HEARTBEAT_ACK");
      world.require(payload.sequence === 5, "a HEARTBEAT_ACK of sequence 5", brief(payload));
    },
  },
  {
    id: "transport/phoenix-join-refused",
    requirements: ["ARC-TRANSPORT-phoenix-join"],
    title: "A join without a good peer_id, or of no session's topic, is refused",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenix("stranger", world.credentials(world.caller).token);
      const topic = topicOf(world.sessionId);
      for (const payload of [{}, { peer_id: 7 }, { peer_id: "x" }, { peer_id: world.callerId.toUpperCase() }]) {
        await refusedAnyhow(world, line, topic, payload);
      }
      const payload = { peer_id: world.callerId };
      const topics = [
        topicOf("x"),
        topicOf(NIL_UUID),
        `lobby:${world.sessionId}`,
        world.sessionId,
        topic.toUpperCase(),
      ];
      for (const other of topics) await refusedAnyhow(world, line, other, payload);
    },
  },
  {
    id: "transport/phoenix-join-first",
    requirements: ["ARC-TRANSPORT-phoenix-join", "ARC-TRANSPORT-server-session"],
    title: "A push on a topic that was not joined is unauthorized",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenix("stranger", world.credentials(world.caller).token);
      const stop = streamStop(world.caller, world.timestamp);
      await line.refused("unauthorized", topicOf(world.sessionId), "STREAM_STOP", stop);
      await line.refused("unauthorized", topicOf(world.sessionId), "CONNECT", connect(world.caller, world.timestamp));
    },
  },
  {
    id: "transport/phoenix-join-again",
    requirements: ["ARC-TRANSPORT-phoenix-join"],
    title: "A peer that joins its topic again goes on as the same peer, by the new reference",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await pair(world);
      await caller.agreed(topicOf(world.sessionId), "phx_join", { peer_id: world.callerId }, "9");
      await callee.agreed(topicOf(world.sessionId), "STREAM_STOP", streamStop(world.callee, world.timestamp));
      const { joinRef } = await caller.pushed("STREAM_STOP");
      world.require(joinRef === "9" || joinRef === null, "the reference of the latest join", brief(joinRef));
    },
  },
  {
    id: "transport/phoenix-join-token",
    requirements: ["ARC-TRANSPORT-phoenix-join-token"],
    title: "The token of the join's payload counts, and not the one in the query",
    needs: "server",
    run: async (world) => {
      requireAuth(world);
      const topic = topicOf(world.sessionId);
      const good = world.credentials(world.caller).token ?? "";
      const foreign = world.credentials(world.callee).token ?? "";
      const hasGoodPayload = await world.phoenix("good payload", foreign);
      await hasGoodPayload.agreed(topic, "phx_join", { peer_id: world.callerId, token: good });
      const hasGoodQuery = await world.phoenix("good query", good);
      await hasGoodQuery.refused("unauthorized", topic, "phx_join", { peer_id: world.callerId, token: foreign });
    },
  },
  {
    id: "transport/phoenix-reply",
    requirements: ["ARC-TRANSPORT-phoenix-reply"],
    title: "Each push is replied to by its own reference, in the topic and join that it came with",
    needs: "server",
    run: async (world) => {
      const { caller } = await pair(world);
      const topic = topicOf(world.sessionId);
      for (let i = 0; i < 5; i++) await caller.agreed(topic, "STREAM_STOP", streamStop(world.caller, i));
      const ref = await caller.tell(topic, "STREAM_STOP", streamStop(world.caller, 9), "1");
      const isReply = (unit: Uint8Array) => {
        const [joinRef, replied, at, event, payload] = JSON.parse(new TextDecoder().decode(unit));
        return joinRef === "1" && replied === ref && at === topic && event === "phx_reply" &&
          sameJson(payload, { status: "ok", response: {} });
      };
      await caller.line.next(`["1","${ref}","${topic}","phx_reply",{"status":"ok","response":{}}]`, isReply);
    },
  },
  {
    id: "transport/phoenix-reply-error",
    requirements: ["ARC-TRANSPORT-phoenix-reply", "ARC-TRANSPORT-server-validate"],
    title: "A faulty push is replied to with status error and an ERROR of the right code",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenixPeer("caller", world.caller);
      const topic = topicOf(world.sessionId);
      const stop = streamStop(world.caller, world.timestamp);
      const bad = await line.refused("bad_message", topic, "STREAM_STOP", { ...stop, reason: "bored" });
      world.require(String(bad.message).includes("$.reason"), "the path $.reason in the message", brief(bad.message));
      await line.refused("unknown_type", topic, "HELLO", { type: "HELLO" });
      await line.refused("unsupported_version", topic, "CONNECT", connect(world.caller, 1, { version: "2.0" }));
      await line.refused("unauthorized", topic, "STREAM_STOP", { ...stop, session_id: world.calleeId });
    },
  },
  {
    id: "transport/phoenix-unknown-event",
    requirements: ["ARC-TRANSPORT-phoenix-reply"],
    title: "Events of the channel that have no meaning for a server are refused, and the socket goes on",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenixPeer("caller", world.caller);
      const topic = topicOf(world.sessionId);
      for (const event of ["phx_close", "phx_error", "phx_reply"]) {
        const { status } = await line.ask(topic, event, {});
        world.require(status === "error", `a reply error to ${event}`, status);
      }
      await line.agreed(topic, "HEARTBEAT", world.heartbeat(world.callerId, 2));
    },
  },
  {
    id: "transport/phoenix-heartbeat",
    requirements: ["ARC-TRANSPORT-phoenix-heartbeat"],
    title: "The heartbeat of the topic phoenix is replied ok, before a join and after it",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenix("caller", world.credentials(world.caller).token);
      await line.agreed("phoenix", "heartbeat", {}, null);
      await line.agreed(topicOf(world.sessionId), "phx_join", { peer_id: world.callerId });
      await line.agreed("phoenix", "heartbeat", {}, null);
    },
  },
  {
    id: "transport/phoenix-push",
    requirements: ["ARC-TRANSPORT-phoenix-push"],
    title: "What the server forwards is a push: no reference that a reply could have, the topic, type and message",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await pair(world);
      const call = connect(world.caller, world.timestamp);
      await caller.agreed(topicOf(world.sessionId), "CONNECT", call);
      const frame = await callee.pushed("CONNECT");
      const isPush = frame.ref === null && frame.topic === topicOf(world.sessionId) && frame.payload.type === "CONNECT";
      world.require(isPush, "a push of CONNECT without a reference", brief(frame));
    },
  },
  {
    id: "transport/phoenix-push-own",
    requirements: ["ARC-TRANSPORT-phoenix-push", "ARC-TRANSPORT-server-lone-heartbeat"],
    title: "A server's own HEARTBEAT_ACK is a push too",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenixPeer("caller", world.caller);
      await line.agreed(topicOf(world.sessionId), "HEARTBEAT", world.heartbeat(world.callerId, 11));
      const { topic, payload } = await line.pushed("HEARTBEAT_ACK");
      world.require(topic === topicOf(world.sessionId) && payload.sequence === 11, "it on the topic", brief(payload));
    },
  },
  {
    id: "transport/phoenix-leave",
    requirements: ["ARC-TRANSPORT-phoenix-join"],
    title: "After phx_leave a peer is out: it says nothing more there, and the other is alone",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await pair(world);
      const topic = topicOf(world.sessionId);
      await caller.agreed(topic, "phx_leave", {});
      await caller.refused("unauthorized", topic, "STREAM_STOP", streamStop(world.caller, 1));
      await callee.agreed(topic, "HEARTBEAT", world.heartbeat(world.calleeId, 21));
      await callee.pushed("HEARTBEAT_ACK");
    },
  },
  {
    id: "transport/phoenix-topics",
    requirements: ["ARC-TRANSPORT-phoenix-join", "ARC-TRANSPORT-server-forward"],
    title: "One socket may join two sessions, and each message stays in its own",
    needs: "server",
    run: async (world) => {
      if (world.target.authSecret !== undefined) world.skip("needs an open server: a query holds one token");
      const both = await world.phoenix("both");
      const [first, second] = [world.sessionId, world.callerId];
      for (const sessionId of [first, second]) {
        await both.agreed(topicOf(sessionId), "phx_join", { peer_id: world.calleeId }, sessionId.slice(0, 8));
      }
      const other = await world.phoenixPeer("other", { sessionId: second, peerId: world.callerId });
      await both.agreed(topicOf(second), "STREAM_STOP", streamStop({ sessionId: second, peerId: "" }, 1));
      await other.pushed("STREAM_STOP");
      await both.refused(
        "unauthorized",
        topicOf(first),
        "STREAM_STOP",
        streamStop({ sessionId: second, peerId: "" }, 2),
      );
    },
  },
  {
    id: "transport/phoenix-plain",
    requirements: ["ARC-TRANSPORT-phoenix-push", "ARC-TRANSPORT-websocket-plain"],
    title: "A peer on Phoenix and one on another transport understand each other",
    needs: "server",
    run: async (world) => {
      const phoenix = await world.phoenixPeer("caller", world.caller);
      const plain = await world.connect("callee");
      await plain.say(world.heartbeat(world.calleeId, 1));
      await phoenix.pushed("HEARTBEAT");
      await phoenix.agreed(topicOf(world.sessionId), "STREAM_STOP", streamStop(world.caller, 3));
      await plain.nextMessage("STREAM_STOP", { timestamp: 3 });
      await plain.say(streamStop(world.callee, 4));
      const { payload } = await phoenix.pushed("STREAM_STOP");
      world.require(payload.timestamp === 4, "the other peer's STREAM_STOP", brief(payload));
    },
  },
  {
    id: "transport/phoenix-interop",
    requirements: ["ARC-TRANSPORT-phoenix-interop"],
    title: "The frames of the official JavaScript client are understood: references count up, and null before a join",
    needs: "server",
    run: async (world) => {
      // What phoenix 1.8 sends: join_ref of the join itself, each with the next reference of the socket.
      const line = await world.phoenix("client", world.credentials(world.caller).token);
      const topic = topicOf(world.sessionId);
      await line.agreed("phoenix", "heartbeat", {}, null);
      await line.agreed(topic, "phx_join", { peer_id: world.callerId }, "2");
      const nil = { type: "HEARTBEAT", session_id: NIL_UUID, sequence: 1, timestamp: world.timestamp };
      await line.agreed(topic, "HEARTBEAT", nil, "2");
      await line.pushed("HEARTBEAT_ACK");
      await line.agreed(topic, "phx_leave", {}, "2");
      await line.agreed(topic, "phx_join", { peer_id: world.callerId }, "5");
    },
  },
];

function requireAuth(world: ServerWorld): void {
  if (world.target.authSecret === undefined) world.skip("needs --auth-secret of a server that wants tokens");
}

/** Both joined over Phoenix. */
async function pair(world: ServerWorld) {
  const caller = await world.phoenixPeer("caller", world.caller);
  const callee = await world.phoenixPeer("callee", world.callee);
  return { caller, callee };
}

/** What comes from the other peer later than all that was said before. */
async function fence(world: ServerWorld, from: PhoenixLine, to: PhoenixLine): Promise<void> {
  await from.agreed(topicOf(world.sessionId), "DISCONNECT", said("DISCONNECT", world.caller, 1, { reason: "error" }));
  await to.pushed("DISCONNECT");
}

/** A refusal with a code that is not pinned down: `bad_message`, and `unauthorized` where a token does not fit. */
async function refusedAnyhow(world: ServerWorld, line: PhoenixLine, topic: string, payload: Json): Promise<void> {
  const reply = await line.ask(topic, "phx_join", payload);
  const isRefused = reply.status === "error" && reply.response.type === "ERROR";
  world.require(isRefused, `an ERROR for the join of ${topic} with ${brief(payload)}`, brief(reply));
}

function sameJson(a: Json, b: Json): boolean {
  const sorted = (value: Json) => JSON.stringify(Object.entries(value).sort(([x], [y]) => x < y ? -1 : 1));
  return sorted(a) === sorted(b);
}
