/** SPEC clause 6.4: who may join a server, and as whom a peer then speaks. */
import type { Case } from "../../case.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import type { TokenWish } from "../../drive/join_token.ts";
import { connect, said, streamStop } from "../messages.ts";
import { ANNA, at, BEN, CARL, OTHER_SESSION, script, sent, silent, T } from "../signaling/script.ts";

const FAR_S = 4_000_000_000;

export const CASES: readonly Case[] = [
  {
    id: "transport/server-peer-id",
    requirements: ["ARC-TRANSPORT-server-peer-id"],
    title: "A message with another peer_id than the one that joined is unauthorized, and reaches nobody",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const { caller, callee } = await world.pair(way);
        for (const peerId of [world.calleeId, world.sessionId]) {
          const imposter = { sessionId: world.sessionId, peerId };
          for (
            const message of [
              connect(imposter, 1),
              said("HEARTBEAT", imposter, 1, { sequence: 1 }),
              said("DISCONNECT", imposter, 1, { reason: "error" }),
            ]
          ) {
            await caller.say(message);
            await caller.nextMessage("ERROR", { code: "unauthorized" });
          }
        }
        await caller.say(streamStop(world.caller, 2));
        await callee.nextMessage("STREAM_STOP", { timestamp: 2 });
        caller.close();
        callee.close();
      }
    },
  },
  {
    id: "transport/server-session",
    requirements: ["ARC-TRANSPORT-server-session"],
    title: "A message for another session than the joined one is unauthorized, a CONNECT and a HEARTBEAT too",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const other = { sessionId: world.calleeId, peerId: world.callerId };
        const line = await world.joined("caller", world.caller, way);
        for (
          const message of [
            streamStop(other, 1),
            connect(other, 1, world.credentials(other)),
            world.heartbeat(other.peerId, 1, other.sessionId),
          ]
        ) {
          await line.say(message);
          // An own session may not be left by joining another, whatever the code says of it.
          await line.nextMessage("ERROR");
        }
        await line.say(world.heartbeat(world.callerId, 9));
        await line.nextMessage("HEARTBEAT_ACK", { sequence: 9 });
        line.close();
      }
    },
  },
  {
    id: "transport/server-session-script",
    requirements: ["ARC-TRANSPORT-server-session", "ARC-TRANSPORT-server-peer-id"],
    title: "Of joined and unjoined connections each foreign message is unauthorized, but an ERROR gets no answer",
    needs: "ops",
    checks: () => {
      const other = { sessionId: OTHER_SESSION, peerId: ANNA.peerId };
      const joins = [
        at(0, said("HEARTBEAT", ANNA, T, { sequence: 1 }), "a"),
        at(0, said("HEARTBEAT", BEN, T, { sequence: 1 }), "b"),
      ];
      const foreign = [
        streamStop(other, T),
        said("DISCONNECT", CARL, T, { reason: "error" }),
        said("HEARTBEAT", CARL, T, { sequence: 1 }),
      ];
      return [
        ...foreign.map((message) =>
          script(
            `${message.type} of ${message.peer_id ?? "another session"}`,
            { role: "server", inputs: [...joins, at(10, message, "a")] },
            sent("ERROR", { code: "unauthorized" }, { to: "a" }),
            silent({ fromMs: 10, to: "b" }),
          )
        ),
        script(
          "before a join",
          { role: "server", inputs: [at(0, streamStop(ANNA, T), "x")] },
          sent("ERROR", { code: "unauthorized", in_reply_to: { type: "STREAM_STOP" } }, { to: "x" }),
        ),
        script(
          "an ERROR before a join",
          { role: "server", inputs: [at(0, { type: "ERROR", code: "busy", message: "", timestamp: T }, "x")] },
          silent({}),
        ),
      ];
    },
  },
  {
    id: "transport/server-third-peer",
    requirements: ["ARC-SIG-state-two-peers"],
    title: "A third peer is refused with busy, over each transport, and hears nothing of the two",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const { caller, callee } = await world.pair();
        const third = { sessionId: world.sessionId, peerId: world.sessionId };
        const stranger = await world.connect("third", way);
        await stranger.say(world.heartbeat(third.peerId, 1));
        await stranger.nextMessage("ERROR", { code: "busy" });
        await caller.say(streamStop(world.caller, 1));
        await callee.nextMessage("STREAM_STOP");
        await world.nilHeartbeat(stranger, 2);
      }
    },
  },
  {
    id: "transport/server-third-peer-phoenix",
    requirements: ["ARC-SIG-state-two-peers", "ARC-TRANSPORT-phoenix-reply"],
    title: "A third peer's join of the topic is refused with busy",
    needs: "server",
    run: async (world) => {
      await world.phoenixPeer("caller", world.caller);
      await world.phoenixPeer("callee", world.callee);
      const third = { sessionId: world.sessionId, peerId: world.sessionId };
      const line = await world.phoenix("third", world.credentials(third).token);
      await line.refused("busy", `arcrtc:${world.sessionId}`, "phx_join", { peer_id: third.peerId });
    },
  },
  {
    id: "transport/server-comes-back",
    requirements: ["ARC-TRANSPORT-server-forward", "ARC-TRANSPORT-plain-join"],
    title: "A peer that joins again on another connection takes its place over",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const { caller, callee } = await world.pair(way);
        const again = await world.connect("callee again", way);
        await again.say(world.heartbeat(world.calleeId, 5));
        await caller.nextMessage("HEARTBEAT", { sequence: 5 });
        await caller.say(streamStop(world.caller, 6));
        await again.nextMessage("STREAM_STOP", { timestamp: 6 });
        for (const line of [caller, callee, again]) line.close();
      }
    },
  },
  authCase(
    "transport/server-jwt",
    "ARC-TRANSPORT-server-jwt",
    "A token for session and peer that has not expired lets in",
    [
      { name: "good", wish: {}, isGood: true },
      { name: "good for a second more", wish: (world) => ({ exp: world.nowS + 60 }), isGood: true },
      { name: "good, with claims of others", wish: { claims: { sub: "x", iat: 1, aud: "y" } }, isGood: true },
    ],
  ),
  authCase("transport/server-jwt-absent", "ARC-TRANSPORT-server-jwt", "Without a token nobody joins", [
    { name: "none", token: undefined },
    { name: "empty", token: "" },
    { name: "no JWT", token: "let-me-in" },
    { name: "three parts of nothing", token: ".." },
    { name: "JSON that is no header", token: "W10.W10.AAAA" },
  ]),
  authCase("transport/server-jwt-expired", "ARC-TRANSPORT-server-jwt", "A token whose exp has passed, or without one", [
    { name: "expired long ago", wish: { exp: 1 } },
    { name: "expired", wish: (world) => ({ exp: world.nowS - 3600 }) },
    { name: "without exp", wish: { exp: null } },
    { name: "with exp as text", wish: { exp: null, claims: { exp: String(FAR_S) } } },
  ]),
  authCase("transport/server-jwt-session", "ARC-TRANSPORT-server-jwt", "A token for another session does not let in", [
    { name: "another session", wish: (world) => ({ session: world.calleeId }) },
    { name: "no session", wish: { claims: { session: undefined } } },
    { name: "a list with the session", wish: (world) => ({ claims: { session: [world.sessionId] } }) },
  ]),
  authCase("transport/server-jwt-peer", "ARC-TRANSPORT-server-jwt", "A token for another peer does not let in", [
    { name: "the other peer", wish: (world) => ({ peer: world.calleeId }) },
    { name: "no peer", wish: { claims: { peer: undefined } } },
    { name: "in capitals", wish: (world) => ({ peer: world.callerId.toUpperCase() }) },
  ]),
  authCase("transport/server-jwt-foreign", "ARC-TRANSPORT-server-jwt", "A token that another key has signed", [
    { name: "another secret", wish: { secret: "another secret of thirty-two bytes or more" } },
    { name: "the empty secret", wish: { secret: "" } },
  ]),
  authCase(
    "transport/server-jwt-algorithm",
    "ARC-TRANSPORT-server-jwt-algorithm",
    "The token's header does not choose the algorithm",
    [
      { name: "none", wish: { alg: "none" } },
      { name: "HS384 with the same secret", wish: { alg: "HS384" } },
      { name: "HS512 with the same secret", wish: { alg: "HS512" } },
      { name: "ES256 over an HMAC", wish: { alg: "ES256" } },
      { name: "a name of no algorithm", wish: { alg: "hs256" } },
    ],
  ),
  {
    id: "transport/server-jwt-phoenix",
    requirements: ["ARC-TRANSPORT-server-jwt", "ARC-TRANSPORT-phoenix-reply"],
    title: "A Phoenix join without a good token is replied to with unauthorized, and one with it joins still",
    needs: "server",
    run: async (world) => {
      requireAuth(world);
      const topic = `arcrtc:${world.sessionId}`;
      const bare = await world.phoenix("no token");
      await bare.refused("unauthorized", topic, "phx_join", { peer_id: world.callerId });
      const foreign = await world.phoenix("of the other", world.credentials(world.callee).token);
      await foreign.refused("unauthorized", topic, "phx_join", { peer_id: world.callerId });
      await foreign.agreed(topic, "phx_join", { peer_id: world.calleeId });
    },
  },
];

interface TokenTry {
  readonly name: string;
  /** How the token differs from a good one. */
  readonly wish?: Partial<TokenWish> | ((world: ServerWorld) => Partial<TokenWish>);
  /** Instead of one that is signed. */
  readonly token?: string | undefined;
  readonly isGood?: boolean;
}

function requireAuth(world: ServerWorld): void {
  if (world.target.authSecret === undefined) world.skip("needs --auth-secret of a server that wants tokens");
}

/** Joins with each of the tokens over each way, which lets in or is unauthorized. */
function authCase(id: string, requirement: string, title: string, tries: readonly TokenTry[]): Case {
  return {
    id,
    requirements: [requirement],
    title,
    needs: "server",
    run: async (world) => {
      requireAuth(world);
      for (const way of world.plainWays()) {
        for (const { name, wish, token, isGood = false } of tries) {
          const changed = typeof wish === "function" ? wish(world) : wish;
          const given = changed === undefined ? token : world.credentials(world.caller, changed).token;
          const line = await world.connect(name, way);
          await line.say(
            said("HEARTBEAT", world.caller, 1, { sequence: 1, ...(given === undefined ? {} : { token: given }) }),
          );
          if (isGood) await line.nextMessage("HEARTBEAT_ACK", { session_id: world.sessionId, sequence: 1 });
          else await line.nextMessage("ERROR", { code: "unauthorized" });
          line.close();
        }
      }
    },
  };
}
