/** SPEC clauses 6.1 and 6.2 for a peer: the suite is its server over WebSocket, by a Phoenix channel or plain. */
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import type { Case } from "../../case.ts";
import { topicOf } from "../../drive/phoenix_frame.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";

const PHOENIX_URL = { pathname: "/socket/websocket", vsn: "2.0.0" };
/** In which a CONNECT that was not answered is repeated, after 2 s. */
const REPETITION_MS = 2500;
/** Of no frame that was sent. */
const FOREIGN_REF = "4294967296";

export const CASES: readonly Case[] = [
  {
    id: "transport/phoenix-url-peer",
    requirements: ["ARC-TRANSPORT-phoenix-url"],
    title: "A peer asks for its WebSocket at /socket/websocket with vsn=2.0.0",
    needs: "peer",
    run: async (world) => {
      const { path } = await world.startPhoenix("caller");
      const { pathname, searchParams } = new URL(path, "http://server");
      const asked = { pathname, vsn: searchParams.get("vsn") };
      world.require(brief(asked) === brief(PHOENIX_URL), brief(PHOENIX_URL), path);
    },
  },
  {
    id: "transport/phoenix-token-peer",
    requirements: ["ARC-TRANSPORT-phoenix-url", "ARC-SIG-heartbeat-token"],
    title: "A peer that has a token shows it in the query, or with its join, and in no HEARTBEAT of its channel",
    needs: "peer",
    run: async (world) => {
      const host = await world.startPhoenix("callee", { hasToken: true });
      const join = await host.join();
      const query = new URL(host.path, "http://server").searchParams;
      const isShown = query.get("token") === world.token || join.payload.token === world.token;
      world.require(
        isShown,
        "the token",
        `query ${brief([...query.keys()])}, join ${brief(Object.keys(join.payload))}`,
      );
      await host.reply(join);
      const pushes = await host.pushes(world.desk.silenceMs);
      const told = pushes.find(({ event, payload }) => event === "HEARTBEAT" && payload.token !== undefined);
      world.require(told === undefined, "HEARTBEATs without a token", brief(told));
    },
  },
  {
    id: "transport/phoenix-join-peer",
    requirements: ["ARC-TRANSPORT-phoenix-join", "ARC-TRANSPORT-phoenix-reply"],
    title: "A peer joins its session's topic with its peer_id, and pushes nothing before the join is answered",
    needs: "peer",
    run: async (world) => {
      const host = await world.startPhoenix("caller");
      const join = await host.join();
      await host.reply({ ...join, ref: FOREIGN_REF });
      await host.silence("nothing before the join is answered", world.desk.silenceMs);
      await host.reply(join);
      await host.pushed("CONNECT");
    },
  },
  {
    id: "transport/phoenix-join-refused-peer",
    requirements: ["ARC-TRANSPORT-phoenix-reply", "ARC-TRANSPORT-phoenix-join"],
    title: "A peer whose join is answered with status error has not joined: it pushes nothing",
    needs: "peer",
    run: async (world) => {
      const host = await world.startPhoenix("caller");
      const join = await host.join();
      const { timestamp } = world;
      await host.reply(join, "error", { type: "ERROR", code: "busy", message: "two peers are here", timestamp });
      await host.silence("no push after a refused join", world.desk.silenceMs);
    },
  },
  {
    id: "transport/phoenix-frame-peer",
    requirements: ["ARC-TRANSPORT-phoenix-frame", "ARC-TRANSPORT-phoenix-reply"],
    title: "A peer's pushes are named by their message's type, belong to its join and have references of their own",
    needs: "peer",
    run: async (world) => {
      const host = await world.startPhoenix("caller");
      const join = await host.join();
      await host.reply(join);
      const seen = new Set([join.ref]);
      // A reply that is ok is not the callee's answer, and one to another push is none at all: CONNECT is repeated.
      for (let i = 0; i < 2; i++) {
        const frame = await host.pushed("CONNECT");
        await host.reply(frame);
        await host.reply({ ...frame, ref: FOREIGN_REF }, "error", refusalOf(frame.payload));
        const { joinRef, ref, topic, event, payload } = frame;
        const isRight = joinRef === join.ref && ref !== null && !seen.has(ref) && topic === topicOf(world.sessionId) &&
          event === payload.type;
        world.require(isRight, `a new reference, the join's ${join.ref}, the topic, the type twice`, brief(frame));
        seen.add(ref);
      }
    },
  },
  {
    id: "transport/phoenix-reply-error-peer",
    requirements: ["ARC-TRANSPORT-phoenix-reply", "ARC-SIG-error-connect-either"],
    title:
      "A reply of status error is the ERROR of the push that has its reference: a CONNECT is not sent again for it",
    needs: "peer",
    run: async (world) => {
      const host = await world.startPhoenix("caller");
      await host.reply(await host.join());
      const connect = await host.pushed("CONNECT");
      await host.reply(connect, "error", refusalOf(connect.payload));
      await host.silence("nothing after the ERROR", REPETITION_MS);
    },
  },
  {
    id: "transport/phoenix-interop-client",
    requirements: ["ARC-TRANSPORT-phoenix-interop", "ARC-TRANSPORT-phoenix-push"],
    title: "A peer works with a Phoenix server: a whole call, whatever else a Phoenix server sends meanwhile",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { over: "phoenix" });
      await far.validate();
      const { host } = world;
      const topic = topicOf(world.sessionId);
      // Replies that nobody waits for: of no push, of another join, and without what a reply has.
      await host.tell(null, FOREIGN_REF, topic, "phx_reply", { status: "ok", response: {} });
      await host.tell(FOREIGN_REF, FOREIGN_REF, topic, "phx_reply", { status: "error", response: {} });
      await host.tell(null, null, "phoenix", "phx_reply", { status: "ok", response: {} });
      // What channels have besides: presence, and the ends of others.
      await host.push("presence_state", {});
      await host.push("presence_diff", { joins: {}, leaves: {} });
      await host.tell(FOREIGN_REF, null, topicOf(world.otherId), "phx_close", {});
      await host.tell(null, null, "lobby", "phx_error", {});
      await far.startAudio();
      await far.hears("media", far.log.mark);
    },
  },
  {
    id: "transport/phoenix-topic-peer",
    requirements: ["ARC-TRANSPORT-phoenix-push", "ARC-TRANSPORT-phoenix-join"],
    title: "A peer takes the messages of the topic that it has joined, and of no other",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { over: "phoenix" });
      const [elsewhere, here] = [far.makeAudio(), far.makeAudio()].map((stream) => far.announcement(stream));
      for (const topic of [topicOf(world.otherId), topicOf(NIL_UUID), "phoenix"]) {
        await world.host.tell(null, null, topic, "STREAM_START", elsewhere);
      }
      const answer = await far.ask(here);
      world.require(answer.type === "ACK", "an ACK of the one that came by its topic", brief(answer));
      const ids = far.log.all(0, (heard) => heard.kind === "signal" ? brief(heard.message.in_reply_to) : undefined);
      const isTaken = ids.some((text) => text.includes(String(elsewhere.stream_id)));
      world.require(!isTaken, "no answer to one of another topic", brief(ids));
    },
  },
  {
    id: "transport/phoenix-rejoin-peer",
    requirements: ["ARC-TRANSPORT-phoenix-interop", "ARC-PATH-reconnect"],
    title: "A peer whose channel breaks down, phx_error, joins again, by its socket or over a new one",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { over: "phoenix" });
      await far.validate();
      await world.breakChannel();
    },
  },
  {
    id: "transport/websocket-plain-peer",
    requirements: ["ARC-TRANSPORT-websocket-plain", "ARC-TRANSPORT-plain-join"],
    title:
      "A peer offers the subprotocol arcrtc.v1.json, joins by its first message and has a whole call, a frame each",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { over: "plain" });
      await far.validate();
      await far.startAudio();
      await far.hears("media", 0);
    },
  },
  ...(["caller", "callee"] as const).map((role): Case => ({
    id: `transport/plain-join-token-${role}`,
    requirements: ["ARC-TRANSPORT-plain-join"],
    title: `A ${role} that has a token joins over TCP with a first message that carries it`,
    needs: "peer",
    run: async (world) => {
      const line = await world.start(role, { over: "tcp", hasToken: true });
      const { token } = await line.nextMessage(role === "caller" ? "CONNECT" : "HEARTBEAT");
      world.require(token === world.token, "the token", token === undefined ? "none" : "another");
    },
  })),
  {
    id: "transport/websocket-binary-peer",
    requirements: ["ARC-TRANSPORT-websocket-binary"],
    title: "A peer answers a message in a binary frame with bad_json and does not act on it",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("caller", { over: "plain", binary: true });
      const { session_id, timestamp } = await line.nextMessage("CONNECT");
      const answer = { type: "CONNECT_ACK", version: "1.0", session_id, peer_id: world.calleeId, timestamp };
      await line.say({ ...answer, accepted: false, reason: "busy" });
      await line.nextMessage("ERROR", { code: "bad_json" });
      // It is not refused: it asks again.
      await line.nextMessage("CONNECT", { timestamp });
    },
  },
];

/** The server's ERROR for a CONNECT. */
function refusalOf({ type, session_id, timestamp }: Json): Json {
  const in_reply_to = { type, timestamp };
  return { type: "ERROR", code: "busy", message: "two peers are here", session_id, in_reply_to, timestamp };
}
