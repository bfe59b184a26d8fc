/** SPEC clause 6.2: TCP, TLS, and how a connection without channels joins. */
import type { Case } from "../../case.ts";
import { connect, streamStop } from "../messages.ts";
import { unplayed } from "../unplayed.ts";

export const CASES: readonly Case[] = [
  {
    id: "transport/tcp",
    requirements: ["ARC-TRANSPORT-tcp", "ARC-UNIT-stream-framing"],
    title: "Two peers over TCP or TLS hear each other, large and small messages alike",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair("stream");
      for (const bytes of [0, 1000, 40_000]) {
        const stop = { ...streamStop(world.caller, bytes), x_pad: "p".repeat(bytes) };
        await caller.say(stop);
        await callee.nextMessage("STREAM_STOP", { timestamp: bytes, x_pad: stop.x_pad });
      }
    },
  },
  {
    id: "transport/tls-version",
    requirements: ["ARC-TRANSPORT-tcp"],
    title: "A TLS listener refuses a client that has nothing newer than TLS 1.2",
    needs: "server",
    run: async (world) => {
      const refusal = await world.tlsRefusal("TLSv1.2");
      world.require(refusal !== undefined, "no connection over TLS 1.2", "a connection");
    },
  },
  {
    id: "transport/plain-join-connect",
    requirements: ["ARC-TRANSPORT-plain-join"],
    title: "A connection joins with a CONNECT, which then reaches the other peer",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const callee = await world.joined("callee", world.callee, way);
        const caller = await world.connect("caller", way);
        await caller.say(connect(world.caller, 7, world.credentials(world.caller)));
        await callee.nextMessage("CONNECT", { peer_id: world.callerId, timestamp: 7 });
        caller.close();
        callee.close();
      }
    },
  },
  {
    id: "transport/plain-join-heartbeat",
    requirements: ["ARC-TRANSPORT-plain-join"],
    title: "A connection joins with a HEARTBEAT of the session that names its peer",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const line = await world.joined("callee", world.callee, way);
        await line.say(streamStop(world.callee, 1));
        await line.say(world.heartbeat(world.calleeId, 2));
        await line.nextMessage("HEARTBEAT_ACK", { sequence: 2 });
        line.close();
      }
    },
  },
  {
    id: "transport/plain-join-nothing-else",
    requirements: ["ARC-TRANSPORT-plain-join", "ARC-TRANSPORT-server-session"],
    title: "No other message joins: it is unauthorized, and so is a HEARTBEAT that names no peer",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const line = await world.connect("stranger", way);
        await line.say(streamStop(world.caller, 1));
        await line.nextMessage("ERROR", { code: "unauthorized" });
        const { peer_id: _nobody, ...beat } = world.heartbeat(world.callerId, 1);
        await line.say(beat);
        await line.nextMessage("ERROR", { code: "unauthorized" });
        line.close();
      }
    },
  },
  {
    id: "transport/plain-join-after-error",
    requirements: ["ARC-TRANSPORT-plain-join"],
    title: "A connection whose first message was refused may still join",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const line = await world.connect("caller", way);
        await line.say(streamStop(world.caller, 1));
        await line.nextMessage("ERROR", { code: "unauthorized" });
        await line.say(world.heartbeat(world.callerId, 4));
        await line.nextMessage("HEARTBEAT_ACK", { sequence: 4 });
        line.close();
      }
    },
  },
  {
    id: "transport/plain-join-query-token",
    requirements: ["ARC-TRANSPORT-plain-join", "ARC-TRANSPORT-server-jwt"],
    title: "On WebSocket the query's token lets in a message that has none",
    needs: "server",
    run: async (world) => {
      const { token } = world.credentials(world.caller);
      if (token === undefined) world.skip("needs --auth-secret of a server that wants tokens");
      const line = await world.webSocket("caller", "plain", { token });
      const { token: _left, ...beat } = world.heartbeat(world.callerId, 6);
      await line.say(beat);
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 6 });
    },
  },
  {
    id: "transport/udp-needs-dtls",
    requirements: ["ARC-SEAL-server-dtls", "ARC-TRANSPORT-dtls"],
    title: "A server's plain UDP port takes no signaling: neither a join nor a message is answered",
    needs: "server",
    run: async (world) => {
      const line = await world.udp("caller");
      await line.say(world.heartbeat(world.callerId, 1));
      await line.say(connect(world.caller, 1, world.credentials(world.caller)));
      await line.say(streamStop(world.caller, 2));
      await world.nilHeartbeat(line, 8);
    },
  },
  {
    id: "transport/udp-joins-nothing",
    requirements: ["ARC-SEAL-server-dtls"],
    title: "A CONNECT over plain UDP reaches nobody",
    needs: "server",
    run: async (world) => {
      const callee = await world.joined("callee", world.callee);
      const line = await world.udp("caller");
      await line.say(connect(world.caller, 1, world.credentials(world.caller)));
      await world.nilHeartbeat(line, 8);
      await callee.say(world.heartbeat(world.calleeId, 30));
      await callee.nextMessage("HEARTBEAT_ACK", { sequence: 30 });
    },
  },
  unplayed(
    "transport/dtls",
    "ARC-TRANSPORT-dtls",
    "Over UDP a server takes one message in each record of DTLS 1.3",
    "the suite has no DTLS 1.3 client",
  ),
  unplayed(
    "transport/quic",
    "ARC-TRANSPORT-quic",
    "A server takes framed messages on one bidirectional QUIC stream",
    "--target has no QUIC",
  ),
];
