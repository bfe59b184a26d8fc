/** SPEC clause 6.4: what bounds a server. */
import { NIL_UUID, uuidV4 } from "../../../lib/base/uuid.ts";
import type { Case } from "../../case.ts";
import { messageOf } from "../../drive/line.ts";
import { said, streamStop } from "../messages.ts";
import { ANNA, at, BEN, due, messagesOf, type Run, script, sent, silent, T } from "../signaling/script.ts";

/** A flood that is beyond any limit of messages a second: sent at once. */
const FLOOD = 3000;
/** Sessions that one socket asks for; a server that has room for all of them is not shown to be bounded. */
const MANY_TOPICS = 200;
/** Of each message to a reader that reads nothing, and how many there are: 9 MB, more than sockets hold. */
const LARGE_BYTES = 60_000;
const LARGE_MESSAGES = 150;
const FLOOD_PAUSE_MS = 10;

export const CASES: readonly Case[] = [
  {
    id: "transport/server-rate",
    requirements: ["ARC-TRANSPORT-server-rate"],
    title: "A flood is answered with rate_limited, or ends with the connection, and others are served meanwhile",
    needs: "server",
    run: async (world) => {
      const bystander = await world.joined("bystander", world.callee);
      const line = await world.connect("flooder");
      for (let sequence = 0; sequence < FLOOD; sequence++) {
        await line.say({ type: "HEARTBEAT", session_id: NIL_UUID, sequence, timestamp: 1 });
      }
      await line.eventualMessage("ERROR", { code: "rate_limited" });
      await bystander.say(world.heartbeat(world.calleeId, 7));
      await bystander.nextMessage("HEARTBEAT_ACK", { sequence: 7 });
    },
  },
  {
    id: "transport/server-rate-faulty",
    requirements: ["ARC-TRANSPORT-server-rate"],
    title: "What is malformed counts too, and is not answered for ever",
    needs: "server",
    run: async (world) => {
      const line = await world.connect("flooder");
      for (let i = 0; i < FLOOD; i++) await line.send(new TextEncoder().encode("{"));
      await line.eventualMessage("ERROR", { code: "rate_limited" });
    },
  },
  {
    id: "transport/server-rate-phoenix",
    requirements: ["ARC-TRANSPORT-server-rate"],
    title: "A flood over Phoenix is replied to with rate_limited",
    needs: "server",
    run: async (world) => {
      const line = await world.phoenix("flooder", world.credentials(world.caller).token);
      for (let i = 0; i < FLOOD; i++) await line.tell("phoenix", "heartbeat", {}, null);
      await line.line.eventually("a reply with rate_limited", (unit) => {
        return new TextDecoder().decode(unit).includes('"rate_limited"');
      });
    },
  },
  {
    id: "transport/server-rate-script",
    requirements: ["ARC-TRANSPORT-server-rate"],
    title: "A server of ten messages a second limits each connection by itself, and lets the flooder back in later",
    needs: "ops",
    checks: () => {
      const beat = (sequence: number) => ({ type: "HEARTBEAT", session_id: NIL_UUID, sequence, timestamp: T });
      const flood = Array.from({ length: 60 }, (_, i) => at(100, beat(i), "a"));
      return [
        script(
          "sixty at once, one of another, and one after a minute",
          {
            role: "server",
            config: { messages_per_second: 10 },
            inputs: [...flood, at(100, beat(100), "b"), at(60_100, beat(101), "a2")],
          },
          sent("ERROR", { code: "rate_limited" }, { to: "a" }),
          due("at most 30 answers, and some", (run: Run) => {
            const count = messagesOf(run, "HEARTBEAT_ACK", { to: "a" }).length;
            return count >= 1 && count <= 30 ? undefined : `there are ${count}`;
          }),
          sent("HEARTBEAT_ACK", { sequence: 100 }, { to: "b" }),
          sent("HEARTBEAT_ACK", { sequence: 101 }, { to: "a2" }),
        ),
        script(
          "ten a second for a minute",
          {
            role: "server",
            config: { messages_per_second: 10 },
            inputs: Array.from({ length: 600 }, (_, i) => at(100 * i, beat(i), "a")),
          },
          silent({}, "ERROR"),
        ),
      ];
    },
  },
  {
    id: "transport/server-bounds",
    requirements: ["ARC-TRANSPORT-server-bounds"],
    title:
      "A join beyond the server's sessions is busy, a peer of a session that is there still joins, and room comes back",
    needs: "ops",
    checks: () => {
      const sessions = ["1", "2", "3"].map((n) => `${n.repeat(8)}-1111-4111-8111-111111111111`);
      const join = (ms: number, i: number, peerId: string, from: string) =>
        at(ms, said("HEARTBEAT", { sessionId: sessions[i], peerId }, T, { sequence: i }), from);
      const config = { max_sessions: 2 };
      const full = [join(0, 0, ANNA.peerId, "a"), join(10, 1, ANNA.peerId, "b"), join(20, 2, ANNA.peerId, "c")];
      return [
        script(
          "the third of two",
          { role: "server", config, inputs: full },
          sent("ERROR", { code: "busy" }, { to: "c" }),
        ),
        script(
          "the second peer of the first",
          { role: "server", config, inputs: [...full, join(30, 0, BEN.peerId, "d")] },
          sent("HEARTBEAT", { peer_id: BEN.peerId }, { to: "a" }),
          silent({ to: "d" }, "ERROR"),
        ),
        script(
          "one has ended",
          {
            role: "server",
            config,
            inputs: [...full, { at_ms: 40, from: "b", command: "close" }, join(50, 2, ANNA.peerId, "e")],
          },
          sent("HEARTBEAT_ACK", {}, { to: "e" }),
        ),
      ];
    },
  },
  {
    id: "transport/server-bounds-socket",
    requirements: ["ARC-TRANSPORT-server-bounds"],
    title: "One socket that asks for session after session is told busy before it has them all",
    needs: "server",
    run: async (world) => {
      if (world.target.authSecret !== undefined) world.skip("needs an open server: a query holds one token");
      const line = await world.phoenix("greedy");
      for (let i = 0; i < MANY_TOPICS; i++) {
        const topic = `arcrtc:${uuidV4(world.rng)}`;
        const { status, response } = await line.ask(topic, "phx_join", { peer_id: world.callerId });
        if (status === "ok") continue;
        return world.require(
          response.code === "busy" || response.code === "rate_limited",
          "busy",
          String(response.code),
        );
      }
      world.skip(`it has room for ${MANY_TOPICS} sessions, so its bound was not met`);
    },
  },
  {
    id: "transport/server-slow-reader",
    requirements: ["ARC-TRANSPORT-server-slow-reader"],
    title: "A peer that reads nothing is cut off, and its sender goes on",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair("stream");
      if (!callee.stopReading()) world.skip("needs --target tcp://HOST:PORT: over TLS the suite cannot stop reading");
      const x_pad = "p".repeat(LARGE_BYTES);
      for (let i = 0; i < LARGE_MESSAGES; i++) {
        await caller.say({ ...streamStop(world.caller, i), x_pad });
        await new Promise((resolve) => setTimeout(resolve, FLOOD_PAUSE_MS));
      }
      await world.untilAlone(caller, world.caller);
    },
  },
  {
    id: "transport/server-oversize",
    requirements: ["ARC-SIG-json-size", "ARC-TRANSPORT-server-validate"],
    title: "A WebSocket frame far beyond the limit is not taken: it is too_large or the end",
    needs: "server",
    run: async (world) => {
      const { caller } = await world.pair("plain");
      await caller.say({ ...streamStop(world.caller, 1), x_pad: "p".repeat(1_000_000) });
      const isOver = await caller.eventually(
        "too_large, or the end of the connection",
        (unit) => messageOf(unit).code === "too_large",
      ).then(() => false, () => true);
      if (isOver) await caller.closedByTarget();
    },
  },
];
